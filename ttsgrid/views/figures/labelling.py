"""Where to put labels so that none overlaps another."""

from __future__ import annotations

from collections.abc import Sequence


def spread(wanted: Sequence[float], gap: float, top: float) -> list[float]:
    """Move positions apart as little as needed.

    Args:
        wanted: positions in ascending order.
        gap: least distance between neighbours.
        top: highest position allowed; if all don't fit below it, the lowest go lower.

    Returns:
        Positions in the same order, at least `gap` apart, each block of crowded ones
        centred on what they wanted (pool adjacent violators).
    """
    blocks: list[tuple[float, int]] = []  # (mean of position minus i * gap, members)
    for i, position in enumerate(wanted):
        mean, size = position - i * gap, 1
        while blocks and blocks[-1][0] > mean:
            other, others = blocks.pop()
            mean, size = (other * others + mean * size) / (others + size), others + size
        blocks.append((mean, size))
    bases = [mean for mean, size in blocks for _ in range(size)]
    ceiling = top - (len(wanted) - 1) * gap
    return [min(base, ceiling) + i * gap for i, base in enumerate(bases)]
