"""Labels of the overview: N beside each point, and each policy's name at its best one.

Vega's `label` transform finds places where no label covers another or a point; it wants the
marks that are labelled, so these texts are added to the compiled specification. A label
without a free place is left out: its point still says all of it on hover.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from ttsgrid.views.html.channels import Spec
from ttsgrid.views.words.shortening import shortened

LABELLED, TOPS = "labelled", "tops"  # layers whose marks have names, and N, beside them
NAMES, NUMBERS = "policy_label_marks", "n_label_marks"
PLACED_PX = 13  # a little more than the style sheet shows, so that labels have space between them
LEAST_ROOMY_PX = 400  # a phone's chart is narrower
MOST_ON_PHONE = 16  # characters of a name; four of 24 to 30 found no room for all
_NUMBER = "'' + datum.datum.n"
_BOXES = "name_box_marks"
_BESIDE = ["top", "bottom", "left", "right", "top-left", "top-right", "bottom-left", "bottom-right"]
_OVER = ["top-left", "top", "left", "bottom-left", "bottom", "top-right", "right", "bottom-right"]


def with_labels(compiled: Spec, policies: Collection[str]) -> Spec:
    """Return a compiled specification with the labels of its layers `labelled` and `tops`.

    Args:
        compiled: of the overview.
        policies: their names, which are shortened on a phone.
    """
    names = _texts(
        NAMES, f"{TOPS}_marks", _name(policies), _OVER, [f"{LABELLED}_marks"], (6, 14, 26)
    )
    names["encode"]["update"]["fontWeight"] = {"value": "bold"}
    avoided = [_BOXES, f"{TOPS}_marks"]
    numbers = _texts(NUMBERS, f"{LABELLED}_marks", _NUMBER, _BESIDE, avoided)
    return {**compiled, "marks": [*compiled["marks"], names, _boxes(), numbers]}


def _name(policies: Collection[str]) -> str:
    """The expression of a policy's label."""
    roomy = f"width > {LEAST_ROOMY_PX}"
    short = json.dumps(shortened(policies, MOST_ON_PHONE))
    return (
        "(datum.datum.winner && bin === 'all' ? '★ ' : '') + "
        f"({roomy} ? datum.datum.policy : {short}[datum.datum.policy]) + ' ' + "
        "format(datum.datum.accuracy, '.0%') + "
        # A phone's chart has no room for more: the sentence above says it.
        f"(datum.datum.winner && {roomy} ? ', ' + datum.datum.at_n : '')"
    )


def _boxes() -> Spec:
    """Boxes around the names: of a text the transform avoids the strokes, not their gaps."""
    edges = {"x": "x1 - 3", "x2": "x2 + 3", "y": "y1 - 1", "y2": "y2 + 1"}
    placed: Spec = {
        channel: {"signal": f"datum.opacity ? datum.bounds.{edge} : 0"}
        for channel, edge in edges.items()
    }
    return {
        "type": "rect",
        "name": _BOXES,
        "from": {"data": NAMES},
        "interactive": False,
        "aria": False,
        # Seen by the transform, which asks for any ink, and by nobody else.
        "encode": {
            "enter": {"fill": {"value": "black"}, "fillOpacity": {"value": 0.01}},
            "update": placed,
        },
    }


def _texts(
    name: str,
    base: str,
    text: str,
    anchors: list[str],
    avoided: list[str],
    distances_px: tuple[int, ...] = (6, 14),
) -> Spec:
    # The transform tries the anchors in turn, each at each distance from the point.
    tried = [anchor for _ in distances_px for anchor in anchors]
    distances = [px for px in distances_px for _ in anchors]
    return {
        "type": "text",
        "name": name,
        "from": {"data": base},
        "interactive": False,
        "aria": False,
        "encode": {
            "enter": {"fontSize": {"value": PLACED_PX}},
            "update": {
                "text": {"signal": text},
                "fill": {"signal": "scale('color', datum.datum.policy)"},
            },
        },
        "transform": [
            {
                "type": "label",
                # A container that is not laid out yet is 0 wide, and a canvas must not be.
                "size": {"signal": "[max(width, 1), height]"},
                "anchor": tried,
                "offset": distances,
                "avoidMarks": avoided,
                "avoidBaseMark": True,
                "padding": 4,
            }
        ],
    }
