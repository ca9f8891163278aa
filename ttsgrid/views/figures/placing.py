"""Small labels beside points, each where it covers no other label and no point.

Where a label has no free place it is left out: two labels on top of each other say less than
one. Places are measured in pixels of the laid-out figure, so place labels last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

POINT_RADIUS_PT = 3.6
_GAP_PT = 2.0
# Above first: a label below a rising line would lie on it.
_SIDES = ((0, 1), (0, -1), (-1, 0.6), (1, -0.6), (1, 0.6), (-1, -0.6), (1, 0), (-1, 0))


@dataclass(frozen=True)
class PointLabel:
    """A text wanted beside a point of the data; an empty one only keeps others off the point."""

    axes: Axes
    at: tuple[float, float]
    text: str
    colour: str
    radius_pt: float = POINT_RADIUS_PT


def place(figure: Figure, labels: Sequence[PointLabel], size_pt: float = 7.5) -> list[Annotation]:
    """Write the labels that have room, earlier ones first; return what was written."""
    figure.draw_without_rendering()
    scale = figure.dpi / 72
    points = [(label.axes, _point(label, scale)) for label in labels]
    taken: dict[Axes, list[Bbox]] = {}
    for axes, box in points:
        taken.setdefault(axes, [text.get_window_extent() for text in axes.texts]).append(box)
    written = []
    for label, (axes, box) in zip(labels, points, strict=True):
        if not label.text:
            continue
        text = _write(label, size_pt)
        for offset in _offsets(text, scale, label.radius_pt):
            text.set_position(offset)
            found = text.get_window_extent()
            others = [other for other in taken[axes] if other is not box]
            if _inside(axes, found) and not any(found.overlaps(other) for other in others):
                taken[axes].append(found)
                written.append(text)
                break
        else:
            text.remove()
    return written


def _inside(axes: Axes, found: Bbox) -> bool:
    frame = axes.bbox.padded(1)
    return bool(frame.contains(found.x0, found.y0) and frame.contains(found.x1, found.y1))


def _point(label: PointLabel, scale: float) -> Bbox:
    x, y = label.axes.transData.transform(label.at)
    radius = label.radius_pt * scale
    return Bbox.from_extents(x - radius, y - radius, x + radius, y + radius)


def _write(label: PointLabel, size_pt: float) -> Annotation:
    text = label.axes.annotate(
        label.text,
        label.at,
        (0, 0),
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=size_pt,
        color=label.colour,
        zorder=8,
        path_effects=[withStroke(linewidth=2, foreground="white")],  # lines run behind it
    )
    text.set_in_layout(False)
    return text


def _offsets(text: Annotation, scale: float, radius_pt: float) -> Iterator[tuple[float, float]]:
    """Offsets of the label's middle from its point, in points, nearest places first."""
    extent = text.get_window_extent()
    width, height = extent.width / scale, extent.height / scale
    for far in (0.0, 4.0):
        reach = radius_pt + _GAP_PT + far
        for across, up in _SIDES:
            yield across * (reach + width / 2), up * (reach + height / 2)
