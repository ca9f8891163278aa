"""The picture as a Vega specification, and the library that draws it.

Vega, for it gives crisp SVG that prints and that CSS can colour (so dark mode and
paper need no second chart), redraws from signals (so filters are a line each), and
comes whole in the wheel of vl-convert: a page of 1 MB that needs no network. The chart
is written in Vega-Lite and compiled here, not in the reader's browser.

The specification holds no data: the page adds its benchmark's points to the dataset
`points` and sets the signals `policies`, `strategies`, `prm`, `bin` and `measure`.
The Pareto frontier is computed in the page, over the points that are shown.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import vl_convert

from ttsgrid.views.html.channels import Spec, colour, dash, shape, size
from ttsgrid.views.html.view import Picture

POINTS, REFERENCE = "points", "reference"
SEEN, HIT = "seen", "hit"  # their groups in the SVG have the classes `seen_marks`, `hit_marks`
HEIGHT_PX: Final = 430
HIT_AREA_PX = 500  # a circle 25 px wide: WCAG 2.2 asks for targets of 24 px

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
_X: Spec = {
    "field": "cost",
    "type": "quantitative",
    "scale": {"type": "log", "nice": False, "padding": 18},
    "axis": {
        "title": None,
        "format": "~s",
        # At a phone's width the labels of a log scale would run into each other.
        "labelOverlap": "greedy",
        "labelSeparation": 14,
        "tickCount": 6,
    },
}
_Y: Spec = {
    "field": "accuracy",
    "type": "quantitative",
    "scale": {"zero": False, "nice": True},
    "axis": {"title": None, "format": ".0%", "tickCount": 6},
}
# A hovered line stays as it is and the others fade; with none hovered, none fades.
_HOVER = "hover"


@cache
def library() -> str:
    """Return the JavaScript of Vega, which defines `window.vegaEmbed`; 0.9 MB."""
    # Not the smaller `window.vega = vega`: in vl-convert 1.9 that `vega` is null.
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")


def specification(picture: Picture) -> Spec:
    """Return the Vega specification of a picture, without its data."""
    layers = [
        _frontier(),
        _reference(),
        _errors(picture),
        _lines(picture),
        _seen(picture),
        _reference_label(),
        _policy_labels(picture),
        _hit(),
    ]
    chart: Spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "description": picture.summary,
        "background": None,
        "width": "container",
        "height": HEIGHT_PX,
        # The width follows the page; a fixed height keeps slopes alike from page to page.
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": {"left": 0, "right": 6, "top": 6, "bottom": 2},
        "params": _signals(picture),
        "data": {"name": POINTS},
        "transform": _shown(),
        "layer": layers,
        "config": _config(),
    }
    return vl_convert.vegalite_to_vega(chart)


def _signals(picture: Picture) -> list[Spec]:
    return [
        {"name": "policies", "value": [mark.option.value for mark in picture.policies]},
        {"name": "strategies", "value": [mark.option.value for mark in picture.strategies]},
        {"name": "prm", "value": ""},
        {"name": "bin", "value": picture.bins[0].value},
        {"name": "measure", "value": picture.measures[0].value},
    ]


def _shown() -> list[Spec]:
    """The points that the filters let through, with their cost in the measure chosen."""
    return [
        {"filter": "datum.bin === bin"},
        {"filter": "indexof(policies, datum.policy) >= 0"},
        {"filter": "indexof(strategies, datum.strategy) >= 0"},
        {"filter": "prm === '' ? datum.best_prm : (datum.prm === null || datum.prm === prm)"},
        {"calculate": "datum[measure]", "as": "cost"},
        {"filter": "isValid(datum.cost) && datum.cost > 0"},
        {"calculate": "datum.policy + ' ' + datum.strategy + ' ' + datum.variant", "as": "line"},
    ]


def _frontier() -> Spec:
    """Stairs under the lines, for nothing measured lies between two points."""
    # Vega's frames can't end before the current row, so the record is taken, then lagged.
    record = {"op": "max", "field": "accuracy", "as": "record"}
    earlier = {"op": "lag", "field": "record", "as": "earlier"}
    order = [{"field": "cost"}, {"field": "accuracy", "order": "descending"}]
    return {
        "transform": [
            # Bins are each policy's own problems, and N is no common currency of policies.
            {"filter": "bin === 'all' && (measure !== 'n' || length(policies) === 1)"},
            {"window": [record], "frame": [None, 0], "ignorePeers": True, "sort": order},
            {"window": [earlier], "sort": order},
            {"filter": "!isValid(datum.earlier) || datum.accuracy > datum.earlier"},
        ],
        "mark": {
            "type": "line",
            "interpolate": "step-after",
            "strokeWidth": 9,
            "strokeCap": "round",
            "strokeJoin": "round",
            "color": "var(--frontier)",
            "aria": False,
        },
        "encoding": {"x": _X, "y": _Y},
    }


def _reference() -> Spec:
    return {
        "data": {"name": REFERENCE},
        "transform": [{"filter": "bin === 'all'"}],
        "mark": {"type": "rule", "color": "var(--ink)", "strokeDash": [2, 3], "aria": False},
        "encoding": {"y": _Y},
    }


def _reference_label() -> Spec:
    return {
        "name": "reference_label",
        "data": {"name": REFERENCE},
        "transform": [{"filter": "bin === 'all'"}],
        "mark": _label("left", "var(--ink)"),
        "encoding": {"y": _Y, "x": {"value": 6}, "text": {"field": "label", "type": "nominal"}},
    }


def _policy_labels(picture: Picture) -> Spec:
    """Each policy's name at its highest point."""
    rank = {"op": "row_number", "as": "rank"}
    order = [{"field": "accuracy", "order": "descending"}, {"field": "cost"}]
    return {
        "name": "policy_label",
        "transform": [
            {"window": [rank], "groupby": ["policy"], "sort": order},
            {"filter": "datum.rank === 1"},
        ],
        "mark": {**_label("right", "var(--ink)"), "dx": -7, "fontWeight": "bold"},
        "encoding": {
            "x": _X,
            "y": _Y,
            "text": {"field": "policy", "type": "nominal"},
            "color": colour(picture),
            "opacity": _unless_another_is_hovered(1, 0.2),
        },
    }


def _label(align: str, colour: str) -> Spec:
    """Text above its place, with a halo that the style sheet draws behind it."""
    return {
        "type": "text",
        "align": align,
        "baseline": "bottom",
        "dy": -5,
        "fontSize": 12.5,
        "color": colour,
        "aria": False,
    }


def _errors(picture: Picture) -> Spec:
    return {
        "mark": {"type": "rule", "strokeWidth": 1.5, "aria": False},
        "encoding": {
            "x": _X,
            "y": {**_Y, "field": "low"},
            "y2": {"field": "high"},
            "color": colour(picture),
            "opacity": _unless_another_is_hovered(0.45, 0.08),
        },
    }


def _lines(picture: Picture) -> Spec:
    return {
        # Hidden from screen readers, as are whiskers and labels: the points say all of it once.
        "mark": {"type": "line", "strokeWidth": 2.2, "aria": False},
        "encoding": {
            "x": _X,
            "y": _Y,
            "color": colour(picture),
            "strokeDash": dash(picture),
            "detail": {"field": "line"},
            "order": {"field": "cost"},
            "opacity": _unless_another_is_hovered(1, 0.15),
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
            "x": _X,
            "y": _Y,
            "fill": colour(picture),
            "shape": shape(picture),
            "size": size(picture),
            "fillOpacity": _unless_another_is_hovered(1, 0.2),
            "description": {"field": "label"},
        },
    }


def _hit() -> Spec:
    """Wide unseen points over all else, that a finger can hit."""
    hovered = {"type": "point", "fields": ["line"], "on": "pointerover", "clear": "pointerout"}
    return {
        "name": HIT,
        "params": [{"name": _HOVER, "select": hovered}],
        "mark": {
            "type": "point",
            "shape": "circle",
            "filled": True,
            "size": HIT_AREA_PX,
            "opacity": 0,
            "tooltip": {"content": "data"},
            "aria": False,
        },
        "encoding": {"x": _X, "y": _Y},
    }


def _unless_another_is_hovered(value: float, faded: float) -> Spec:
    return {"condition": {"param": _HOVER, "empty": True, "value": value}, "value": faded}


def _config() -> Spec:
    """Colours are the page's CSS variables, so that dark mode and print follow by themselves."""
    return {
        "font": _FONT,
        "view": {"stroke": None},
        "axis": {
            "domainColor": "var(--rule)",
            "gridColor": "var(--grid)",
            "tickColor": "var(--rule)",
            "labelColor": "var(--muted)",
            "labelFontSize": 12,
            "labelPadding": 6,
        },
        "axisY": {"domain": False, "ticks": False},
        "axisX": {"grid": False},
    }
