"""Labels of the overview: N beside each point, and each policy's name at its best one.

Vega's `label` transform finds places where no label covers another or a point; it wants the
marks that are labelled, so these texts are added to the compiled specification. A label
without a free place is left out: its point still says all of it on hover.
"""

from __future__ import annotations

from ttsgrid.views.html.channels import Spec

LABELLED, TOPS = "labelled", "tops"  # layers whose marks have names, and N, beside them
NAMES, NUMBERS = "policy_label_marks", "n_label_marks"
FONT_PX = 12
_NAME = (
    "(datum.datum.winner && bin === 'all' ? '★ ' : '') + datum.datum.policy + ' ' + "
    "format(datum.datum.accuracy, '.0%') + "
    # A phone's chart has no room for more: the sentence above says it.
    "(datum.datum.winner && width > 400 ? ', ' + datum.datum.at_n : '')"
)
_NUMBER = "'' + datum.datum.n"
_BOXES = "name_box_marks"
_BESIDE = ["top", "bottom", "left", "right", "top-left", "top-right", "bottom-left", "bottom-right"]
_OVER = ["top-left", "top", "left", "bottom-left", "bottom", "top-right", "right", "bottom-right"]


def with_labels(compiled: Spec) -> Spec:
    """Return a compiled specification with the labels of its layers `labelled` and `tops`."""
    names = _texts(NAMES, f"{TOPS}_marks", _NAME, _OVER, [f"{LABELLED}_marks"])
    names["encode"]["update"]["fontWeight"] = {"value": "bold"}
    avoided = [_BOXES, f"{TOPS}_marks"]
    numbers = _texts(NUMBERS, f"{LABELLED}_marks", _NUMBER, _BESIDE, avoided)
    return {**compiled, "marks": [*compiled["marks"], names, _boxes(), numbers]}


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


def _texts(name: str, base: str, text: str, anchors: list[str], avoided: list[str]) -> Spec:
    # The transform tries the anchors in turn, each at each distance from the point.
    tried = [anchor for _ in (6, 14) for anchor in anchors]
    distances = [px for px in (6, 14) for _ in anchors]
    return {
        "type": "text",
        "name": name,
        "from": {"data": base},
        "interactive": False,
        "aria": False,
        "encode": {
            "enter": {"fontSize": {"value": FONT_PX}},
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
