"""Labels of the overview: N beside points, policies' names at their best, the dotted line's name.

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
REFERENCE = "reference"  # the dataset of the dotted line: one row or none
NAMES, NUMBERS = "policy_label_marks", "n_label_marks"
REFERENCE_NAME, _LINE_END = "reference_label_marks", "reference_end_marks"
PLACED_PX = 13  # a little more than the style sheet shows, so that labels have space between them
LEAST_ROOMY_PX = 400  # a phone's chart is narrower
MOST_ON_PHONE = 16  # characters of a name; four of 24 to 30 found no room for all
_NUMBER = "'' + datum.datum.n"
_ROOMY = f"width > {LEAST_ROOMY_PX}"
_LINE = f"data('{REFERENCE}')[0]"
_HAS_LINE = f"bin === 'all' && length(data('{REFERENCE}')) > 0"
_BESIDE = ["top", "bottom", "left", "right", "top-left", "top-right", "bottom-left", "bottom-right"]
_ALONG = ["top-right", "bottom-right"]  # within the chart: the line's end is its left edge
_OVER = ["top-left", "top", "left", "bottom-left", "bottom", "top-right", "right", "bottom-right"]


def with_labels(compiled: Spec, policies: Collection[str]) -> Spec:
    """Return a compiled specification with the labels of its layers `labelled` and `tops`.

    Args:
        compiled: of the overview.
        policies: their names, which are shortened on a phone.
    """
    points = [f"{LABELLED}_marks", f"{TOPS}_marks"]
    name_boxes, line_boxes = f"{NAMES}_boxes", f"{REFERENCE_NAME}_boxes"
    # Before the dotted line's, which the caption names as well.
    names = _texts(NAMES, points[1], _name(policies), _OVER, points[:1], (6, 14, 26))
    names["encode"]["update"]["fontWeight"] = {"value": "bold"}
    # The one that the title is about finds its place first.
    names["transform"][0]["sort"] = {"field": "datum.datum.winner", "order": "descending"}
    line = _texts(
        REFERENCE_NAME,
        _LINE_END,
        f"{_HAS_LINE} ? {_policy(policies, _LINE + '.policy')} + ', one answer' : ''",
        _ALONG,
        [*points, name_boxes],
        (2, 8),
    )
    line["encode"]["update"]["fill"] = {"value": "var(--muted)"}
    avoided = [name_boxes, line_boxes, points[1]]
    numbers = _texts(NUMBERS, points[0], _NUMBER, _BESIDE, avoided)
    added = [
        *(_line_end(), names, _boxes(name_boxes, NAMES)),
        *(line, _boxes(line_boxes, REFERENCE_NAME), numbers),
    ]
    return {**compiled, "marks": [*compiled["marks"], *added]}


def _line_end() -> Spec:
    """The dotted line's left end, unseen: small models are there, which seldom reach its height."""
    # Of no dataset, so always one mark: the transform fails where it is given none at first.
    height = {"signal": f"{_HAS_LINE} ? scale('y', {_LINE}.accuracy) : 0"}
    return {
        "type": "symbol",
        "name": _LINE_END,
        "interactive": False,
        "aria": False,
        "encode": {"update": {"x": {"value": 0}, "y": height, "opacity": {"value": 0}}},
    }


def _name(policies: Collection[str]) -> str:
    """The expression of a policy's label."""
    return (
        "(datum.datum.winner && bin === 'all' ? '★ ' : '') + "
        f"{_policy(policies)} + ' ' + format(datum.datum.accuracy, '.0%') + "
        # A phone's chart has no room for more: the sentence above says it.
        f"(datum.datum.winner && {_ROOMY} ? ', ' + datum.datum.at_n : '')"
    )


def _policy(policies: Collection[str], whole: str = "datum.datum.policy") -> str:
    """The expression of a policy's name, short on a phone."""
    short = json.dumps(shortened(policies, MOST_ON_PHONE))
    return f"({_ROOMY} ? {whole} : {short}[{whole}])"


def _boxes(name: str, texts: str) -> Spec:
    """Boxes around some texts: of a text the transform avoids the strokes, not their gaps."""
    edges = {"x": "x1 - 3", "x2": "x2 + 3", "y": "y1 - 1", "y2": "y2 + 1"}
    placed: Spec = {
        channel: {"signal": f"datum.opacity ? datum.bounds.{edge} : 0"}
        for channel, edge in edges.items()
    }
    return {
        "type": "rect",
        "name": name,
        "from": {"data": texts},
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
