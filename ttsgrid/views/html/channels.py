"""How a picture's models and strategies look: Vega channels from the marks of the catalogue."""

from __future__ import annotations

from typing import Any

from ttsgrid.views.html.view import Picture

Spec = dict[str, Any]


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
