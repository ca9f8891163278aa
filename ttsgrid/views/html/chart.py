"""The pictures as Vega specifications, and the library that draws them.

Vega, for it gives crisp SVG that prints and that CSS can colour (so dark mode and
paper need no second chart), redraws from signals (so filters are a line each), and
comes whole in the wheel of vl-convert: a page of 1 MB that needs no network. Charts
are written in Vega-Lite and compiled here, not in the reader's browser.

A specification holds no data: the page adds its benchmark's points to the dataset
`points` and sets the signals `policies`, `strategies`, `prm`, `bin` and `measure`. What lies
on a frontier is computed in the page, over the points that are shown.

`overview` has one line and band per policy: the best it reaches for its compute.
`strategy_chart` has a policy's strategies; the page draws one per policy, on the overview's
scales.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import vl_convert

from ttsgrid.views.html.channels import (
    Spec,
    chart_config,
    colour,
    cost_axis,
    dash,
    hovered,
    policy_dash,
    policy_shape,
    shape,
    share_axis,
    shown,
    signals,
    size,
)
from ttsgrid.views.html.labels import LABELLED, REFERENCE, TOPS, with_labels
from ttsgrid.views.html.view import Picture

POINTS = "points"
SEEN, HIT = "seen", "hit"  # their groups in the SVG have the classes `seen_marks`, `hit_marks`
HEIGHT_PX, SMALL_HEIGHT_PX = 400, 190
HIT_AREA_PX = 500  # a circle 25 px wide: WCAG 2.2 asks for targets of 24 px
SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v6.json"
_BAND_OPACITY = 0.14


@cache
def library() -> str:
    """Return the JavaScript of Vega, which defines `window.vegaEmbed`; 0.9 MB."""
    # Not the smaller `window.vega = vega`: in vl-convert 1.9 that `vega` is null.
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")


def overview(picture: Picture) -> Spec:
    """Return the Vega specification of the picture with one line per policy."""
    layers = [
        _reach(),
        _reference(),
        _of_frontier(_band(picture)),
        _of_frontier(_stairs(picture)),
        _winner(),
        {"name": LABELLED, **_of_frontier(_policy_points(picture))},
        {"name": TOPS, **_of_frontier(_unseen(), highest_only=True)},
        _hit(),
    ]
    names = [mark.option.value for mark in picture.policies]
    return with_labels(_compiled(picture, layers, HEIGHT_PX), names)


def strategy_chart(picture: Picture) -> Spec:
    """Return the specification of one policy's strategies; the page says which policy's."""
    layers = [_reference(), _lines(picture), _seen(picture), _hit()]
    domains = [
        {"name": name, "value": value}
        for name, value in (("xmin", 1), ("xmax", 10), ("ymin", 0), ("ymax", 1))
    ]
    return _compiled(picture, layers, SMALL_HEIGHT_PX, domains)


def _compiled(
    picture: Picture, layers: list[Spec], height_px: int, more_signals: list[Spec] | None = None
) -> Spec:
    fixed = more_signals is not None
    chart: Spec = {
        "$schema": SCHEMA,
        "description": picture.summary,
        "background": None,
        "width": "container",
        "height": height_px,
        # The width follows the page; a fixed height keeps slopes alike from page to page.
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": {"left": 0, "right": 6, "top": 6, "bottom": 2},
        "params": [*signals(picture), *(more_signals or [])],
        "data": {"name": POINTS},
        "transform": shown(),
        "layer": [_scaled(layer, fixed) for layer in layers],
        "config": chart_config(),
    }
    compiled: Spec = vl_convert.vegalite_to_vega(chart)
    return compiled


def _scaled(layer: Spec, fixed: bool) -> Spec:
    """A layer with the axes of its chart; a text or rule may have but one of them."""
    axes = {"x": cost_axis(fixed), "y": share_axis(fixed)}
    return {**layer, "encoding": {**axes, **layer.get("encoding", {})}}


def _of_frontier(layer: Spec, *, highest_only: bool = False) -> Spec:
    """A layer of each policy's own frontier: no other of its points is as good for as little."""
    # Vega's frames can't end before the current row, so the record is taken, then lagged.
    record = {"op": "max", "field": "accuracy", "as": "record"}
    earlier = {"op": "lag", "field": "record", "as": "earlier"}
    order = [{"field": "cost"}, {"field": "accuracy", "order": "descending"}]
    by: Spec = {"groupby": ["policy"], "sort": order}
    steps: list[Spec] = [
        {"window": [record], "frame": [None, 0], "ignorePeers": True, **by},
        {"window": [earlier], **by},
        {"filter": "!isValid(datum.earlier) || datum.accuracy > datum.earlier"},
    ]
    if highest_only:
        top = [{"field": "accuracy", "order": "descending"}]
        rank = {"op": "row_number", "as": "rank"}
        steps += [
            {"window": [rank], "groupby": ["policy"], "sort": top},
            {"filter": "datum.rank === 1"},
        ]
    return {**layer, "transform": steps}


def _band(picture: Picture) -> Spec:
    """The 95 % interval of what the policy reaches; stairs, as the line is."""
    return {
        "name": "band",
        "mark": {
            "type": "area",
            "interpolate": "step-after",
            "opacity": _BAND_OPACITY,
            "aria": False,
        },
        "encoding": {
            "y": {**share_axis(), "field": "low"},
            "y2": {"field": "high"},
            "color": colour(picture),
        },
    }


def _stairs(picture: Picture) -> Spec:
    """Stairs, for nothing measured lies between two points."""
    return {
        "name": "stairs",
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2.2, "aria": False},
        "encoding": {"color": colour(picture), "strokeDash": policy_dash(picture)},
    }


def _policy_points(picture: Picture) -> Spec:
    return {
        "mark": {"type": "point", "filled": True, "opacity": 1, "size": 70},
        "encoding": {
            "fill": colour(picture),
            "shape": policy_shape(picture),
            "description": {"field": "label"},
        },
    }


def _unseen() -> Spec:
    return {"mark": {"type": "point", "opacity": 0, "size": 60, "aria": False}}


def _reach() -> Spec:
    """All that is shown, unseen: so that the scales fit the small charts, too."""
    return {"name": "reach", **_unseen()}


def _winner() -> Spec:
    """A ring around the point that the page's first sentence is about."""
    ring = {"type": "point", "filled": False, "size": 330, "strokeWidth": 1.8, "aria": False}
    return {
        "name": "winner",
        "transform": [{"filter": "datum.winner && bin === 'all'"}],
        "mark": {**ring, "color": "var(--ink)"},
    }


def _reference() -> Spec:
    return {
        "name": "reference",
        "data": {"name": REFERENCE},
        "transform": [{"filter": "bin === 'all'"}],
        "mark": {"type": "rule", "color": "var(--ink)", "strokeDash": [2, 3], "aria": False},
        "encoding": {"x": {"value": 0}, "x2": {"value": "width"}},
    }


def _lines(picture: Picture) -> Spec:
    return {
        # Hidden from screen readers, as are bands and labels: the points say all of it once.
        "mark": {"type": "line", "strokeWidth": 1.8, "aria": False},
        "encoding": {
            "color": colour(picture),
            "strokeDash": dash(picture),
            "detail": {"field": "line"},
            "order": {"field": "cost"},
            "opacity": hovered(1, 0.2),
        },
    }


def _seen(picture: Picture) -> Spec:
    return {
        "name": SEEN,
        "mark": {
            "type": "point",
            "filled": True,
            "stroke": "var(--paper)",
            "strokeWidth": 1,
            "opacity": 1,
        },
        "encoding": {
            "fill": colour(picture),
            "shape": shape(picture),
            "size": size(picture),
            "fillOpacity": hovered(1, 0.2),
            "description": {"field": "label"},
        },
    }


def _hit() -> Spec:
    """Wide unseen points over all else, that a finger can hit."""
    hover: dict[str, Any] = {
        "type": "point",
        "fields": ["line"],
        "on": "pointerover",
        "clear": "pointerout",
    }
    return {
        "name": HIT,
        "params": [{"name": "hover", "select": hover}],
        "mark": {
            "type": "point",
            "shape": "circle",
            "filled": True,
            "size": HIT_AREA_PX,
            "opacity": 0,
            "tooltip": {"content": "data"},
            "aria": False,
        },
    }
