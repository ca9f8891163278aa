"""The colours and marks of all pictures, and what is drawn with which.

A strategy's own look is in the catalogue (`ttsgrid.core.strategies`), as a name of a colour
here, a shape and a dash pattern. What has none, a strategy from outside or a variant of
another, gets the spare ones in order. Policies and PRMs have no looks of their own: they
take colours and marks in the order in which they are listed. The page's own colours are in
its style sheet, where dark mode and paper can change them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

from ttsgrid.core.strategies import Look, rank_of, strategy_of

COLOURS: Mapping[str, str] = {
    "blue": "#2f6fc4",
    "orange": "#dd6b20",
    "green": "#218c5f",
    "plum": "#a63d7d",
    "violet": "#6b4fbb",
    "ochre": "#8a6a1f",
    "teal": "#16808f",
    "red": "#c23b3b",
    "graphite": "#444444",
    "silver": "#bbbbbb",
    "ink": "#222222",
    "grey": "#777777",
    "pale": "#e6e6e6",
    "pareto": "#bdbdbd",
}
INK, GREY, PALE, PARETO = (COLOURS[name] for name in ("ink", "grey", "pale", "pareto"))
SERIES = tuple(list(COLOURS.values())[:8])
"""Colours of policies or PRMs, in the order in which they are listed."""
MARKERS = "osD^vP*X"
"""Matplotlib's markers of PRMs, likewise."""
SERIES_MARKERS = MARKERS
SERIES_DASHES: tuple[LineStyle, ...] = (
    "-",
    (0, (6, 2)),
    (0, (1.2, 1.2)),
    (0, (6, 2, 1.2, 2)),
    (0, (9, 3)),
    (0, (3, 1, 1, 1, 1, 1)),
)
"""Lines of policies, in the order in which they are listed: told apart in grey, too."""
PAGE_SHAPES = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross")
"""Vega's symbols of policies, likewise."""
PAGE_DASHES: tuple[tuple[float, ...], ...] = (
    (),
    (8, 3),
    (2, 2),
    (8, 3, 2, 3),
    (12, 4),
    (4, 2, 2, 2, 2, 2),
)
FULL, DASHED, DOTTED = "-", (0, (3, 2)), (0, (2, 2))
GREEDY_MARKER = "D"

_SPARE_COLOURS = ("plum", "violet", "ochre", "teal", "red")
_SPARE_SHAPES: tuple[tuple[str, tuple[float, ...]], ...] = (
    ("cross", (1, 4)),
    ("triangle-left", (10, 4)),
    ("triangle-right", (4, 2, 1, 2)),
    ("stroke", (6, 3, 2, 3)),
)
_MARKERS: Mapping[str, str] = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "triangle-up": "^",
    "triangle-down": "v",
    "triangle-left": "<",
    "triangle-right": ">",
    "cross": "P",
}
_PIXELS_PER_WIDTH = (
    1.5  # the catalogue gives dashes in pixels of the page; matplotlib counts line widths
)
LineStyle = str | tuple[int, tuple[float, ...]]


def series_colour(index: int) -> str:
    """Return the colour of what is listed at this place."""
    return SERIES[index % len(SERIES)]


def looks(labels: Sequence[str]) -> dict[str, Look]:
    """Return a whole look for each strategy of a picture, in the usual order.

    Args:
        labels: strategies as in `Cells.frame`; a variant names its settings in brackets.
    """
    colours, shapes = cycle(_SPARE_COLOURS), cycle(_SPARE_SHAPES)
    whole = {}
    for label in sorted(set(labels), key=rank_of):
        entry = strategy_of(label)
        own = entry.look if label == entry.name else Look()
        shape, dash = (own.shape, own.dash) if own.shape else next(shapes)
        colour = own.colour or next(colours)
        whole[label] = Look(colour, shape, dash if own.dash is None else own.dash)
    return whole


def colour_of(label: str, labels: Sequence[str]) -> str:
    """Return the colour of one strategy among those of a picture."""
    colour = looks(labels)[label].colour
    return COLOURS.get(colour or "", colour or GREY)


def line_style(look: Look) -> LineStyle:
    """Return matplotlib's line style of a look."""
    if not look.dash:
        return FULL
    return 0, tuple(length / _PIXELS_PER_WIDTH for length in look.dash)


def marker(look: Look) -> str:
    """Return matplotlib's marker of a look."""
    return _MARKERS.get(look.shape or "", "X")
