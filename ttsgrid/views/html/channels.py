"""What the charts share: axes, signals, filters, and how models and strategies look."""

from __future__ import annotations

from typing import Any

from ttsgrid.views.html.view import Picture

Spec = dict[str, Any]
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"


def colour(picture: Picture) -> Spec:
    """One colour per policy."""
    names = [mark.option.value for mark in picture.policies]
    scale = {"domain": names, "range": [mark.colour for mark in picture.policies]}
    return {"field": "policy", "type": "nominal", "scale": scale, "legend": None}


def shape(picture: Picture) -> Spec:
    """One symbol per strategy."""
    names = [mark.option.value for mark in picture.strategies]
    scale = {"domain": names, "range": [mark.shape for mark in picture.strategies]}
    return {"field": "strategy", "type": "nominal", "scale": scale, "legend": None}


def size(picture: Picture) -> Spec:
    """One size per strategy, so that all symbols look equally large."""
    # Vega gives shapes of one size one area of bounding box: pointed ones then look small.
    names = [mark.option.value for mark in picture.strategies]
    sizes = [75 if mark.shape in ("circle", "square") else 150 for mark in picture.strategies]
    scale = {"type": "ordinal", "domain": names, "range": sizes}
    return {"field": "strategy", "type": "nominal", "scale": scale, "legend": None}


def dash(picture: Picture) -> Spec:
    """One dash pattern per strategy."""
    # [1, 0] is dashes without gaps: a solid line.
    names = [mark.option.value for mark in picture.strategies]
    scale = {"domain": names, "range": [list(mark.dash) or [1, 0] for mark in picture.strategies]}
    return {"field": "strategy", "type": "nominal", "scale": scale, "legend": None}


def policy_shape(picture: Picture) -> Spec:
    """One symbol per policy, for pictures with one line each."""
    names = [mark.option.value for mark in picture.policies]
    scale = {"domain": names, "range": [mark.shape for mark in picture.policies]}
    return {"field": "policy", "type": "nominal", "scale": scale, "legend": None}


def policy_dash(picture: Picture) -> Spec:
    """One dash pattern per policy, likewise."""
    names = [mark.option.value for mark in picture.policies]
    scale = {"domain": names, "range": [list(mark.dash) or [1, 0] for mark in picture.policies]}
    return {"field": "policy", "type": "nominal", "scale": scale, "legend": None}


# Papers write pre-training as 3.65e25; zetta and yotta are known to few.
_WITH_PREFIX = (
    "datum.value < 1e21 ? format(datum.value, '~s') : replace(format(datum.value, '.0e'), '+', '')"
)
# What a log scale labels: 1, 2 and 5 of each power of ten, where those are too close 1 and 3,
# else 1 alone. Labels left out at will, as 100M between 80M and 200M, say no scale.
_DECADE_PX = "(LN10 * width / log(domain('x')[1] / domain('x')[0]))"
_LEADING = "round(datum.value / pow(10, floor(log(datum.value) / LN10 + 1e-9)))"
_LABELLED = (
    f"{_LEADING} == 1 || ({_DECADE_PX} < 180 ? {_DECADE_PX} >= 90 && {_LEADING} == 3"
    f" : {_LEADING} == 2 || {_LEADING} == 5 || {_DECADE_PX} >= 700)"
)


def cost_axis(fixed: bool = False) -> Spec:
    """The horizontal channel; `fixed` to the signals `xmin` and `xmax`."""
    scale: Spec = {"type": "log", "nice": False, "padding": 18}
    if fixed:
        scale = {"type": "log", "nice": False, "domain": [{"expr": "xmin"}, {"expr": "xmax"}]}
    return {
        "field": "cost",
        "type": "quantitative",
        "scale": scale,
        "axis": {
            "title": None,
            "labelExpr": f"{_LABELLED} ? ({_WITH_PREFIX}) : ''",
            # Where many powers of ten are drawn, labels would run into each other.
            "labelOverlap": "greedy",
            "labelSeparation": 6,
            "tickCount": 6,
        },
    }


def share_axis(fixed: bool = False) -> Spec:
    """The vertical channel; `fixed` to the signals `ymin` and `ymax`."""
    scale: Spec = {"zero": False, "nice": True}
    if fixed:
        scale = {"zero": False, "nice": False, "domain": [{"expr": "ymin"}, {"expr": "ymax"}]}
    return {
        "field": "accuracy",
        "type": "quantitative",
        "scale": scale,
        "axis": {"title": None, "format": ".0%", "tickCount": 6},
    }


def signals(picture: Picture) -> list[Spec]:
    """What the page sets: which points to show, and what compute is counted in."""
    return [
        {"name": "policies", "value": [mark.option.value for mark in picture.policies]},
        {"name": "strategies", "value": [mark.option.value for mark in picture.strategies]},
        {"name": "prm", "value": ""},
        {"name": "bin", "value": picture.bins[0].value},
        {"name": "measure", "value": picture.measures[0].value},
    ]


def shown() -> list[Spec]:
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


def hovered(value: float, faded: float) -> Spec:
    """A value where the line is hovered, or none is; another where another line is."""
    return {"condition": {"param": "hover", "empty": True, "value": value}, "value": faded}


def chart_config() -> Spec:
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
