"""The stronger the policy, the smaller the gain of TTS: arXiv 2502.06703, section 5.2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ttsgrid.analysis.study.summary import Optimal, Study
from ttsgrid.views.figures.panels import dress, percent_ticks
from ttsgrid.views.palette import GREY, INK, MARKERS, series_colour

APART = 0.012  # PRMs of one policy, in accuracy: their CoT is the same, so they would coincide


@dataclass(frozen=True)
class _Gain:
    """What one policy gains with one PRM, in points, with its interval."""

    policy: str
    prm: str
    cot: float
    gain: float
    low: float
    high: float


def draw_strength(study: Study, benchmark: str) -> Figure:
    """Gain of compute-optimal TTS over CoT, in points, against CoT's accuracy."""
    optimal = [best for best in study.optimal if best.point["benchmark"] == benchmark]
    gains = [gain for best in optimal for gain in _gains(study, best)]
    figure = Figure((6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    dress(axes)
    axes.axhline(0, color=GREY, linewidth=1)
    axes.margins(0.12, 0.12)
    _draw_gains(axes, gains)
    percent_ticks(axes.xaxis)
    axes.set_xlabel("accuracy of the policy's CoT", fontsize=9.5, color=INK)
    axes.set_ylabel("gain of compute-optimal TTS, points", fontsize=9.5, color=INK)
    axes.set_title(
        f"{benchmark}: gain against policy strength", loc="left", fontweight="bold", fontsize=12
    )
    return figure


def _gains(study: Study, optimal: Optimal) -> Iterator[_Gain]:
    """Yield the gain, where the policy's CoT was run."""
    point = optimal.point
    cot = study.cot(point["benchmark"], point["policy"])
    if cot is None:
        return
    interval = study.gain_interval(optimal, cot)
    yield _Gain(
        policy=point["policy"],
        prm=point["prm"] or "none",
        cot=cot["accuracy"],
        gain=100 * (point["accuracy"] - cot["accuracy"]),
        low=100 * float(interval.low),
        high=100 * float(interval.high),
    )


def _draw_gains(axes: Axes, gains: Sequence[_Gain]) -> None:
    """Points with intervals, one marker per PRM side by side, each policy named once above."""
    prms = sorted({gain.prm for gain in gains})
    for i, prm in enumerate(prms):
        mine = [gain for gain in gains if gain.prm == prm]
        x = [gain.cot + APART * (i - (len(prms) - 1) / 2) for gain in mine]
        reach = [[g.gain - g.low for g in mine], [g.high - g.gain for g in mine]]
        marker, colour = MARKERS[i % len(MARKERS)], series_colour(i)
        axes.errorbar(
            x, [g.gain for g in mine], yerr=reach, fmt=marker, color=colour, capsize=2, label=prm
        )
    for policy in dict.fromkeys(gain.policy for gain in gains):
        mine = [gain for gain in gains if gain.policy == policy]
        top = mine[0].cot, max(gain.high for gain in mine)
        axes.annotate(
            policy, top, (0, 5), textcoords="offset points", ha="center", fontsize=8.5, color=INK
        )
    if prms:
        axes.legend(title="PRM", frameon=False, fontsize=8.5, title_fontsize=8.5)
