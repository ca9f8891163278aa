"""How sure the report is: the method and its limits, in sentences a reader can check."""

from __future__ import annotations

from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.frames.competing import competes
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.views.words.prices import unpriced_note

_PUBLISHED = (
    "Published points: they come without results per problem, so nobody can say how they would "
    "vary with other problems. They have no interval, and no test can compare them with what ran "
    "here."
)


def sureness(frontier: Frontier, num_failed: int) -> tuple[str, ...]:
    """Return the method and its limits, one paragraph per topic, led by the topic and a colon.

    Args:
        frontier: for the Monte Carlo error and the number of comparisons.
        num_failed: units that failed and were not done since.
    """
    if not frontier.benchmarks:
        return (_PUBLISHED,)
    overall = frontier.cells.frame.filter(bin=Bin.ALL.value)
    error = 100 * float(overall["standard_error_mc"].to_numpy().max(initial=0))
    own = _own(error, _failures(num_failed), unpriced_note(overall.filter(competes())))
    return own if frontier.external.is_empty() else (*own, _PUBLISHED)


def _failures(number: int) -> str:
    if not number:
        return "None failed here."
    units = "1 unit failed here and is" if number == 1 else f"{number:,} units failed here and are"
    return f"{units} left out; running the same sweep again tries what failed once more."


def _own(error: float, failed: str, unpriced: str) -> tuple[str, ...]:
    return (
        "Intervals: 95 %, over problems, since the problems are a sample of many like them: all "
        "values that a score test does not reject (Wilson's for an accuracy, Tango's for a "
        "difference paired by problem). Where all problems score alike, such an interval still "
        "leaves room for some that don't. It holds for problems like these, not for other "
        "benchmarks.",
        "Picking the best: the best of many is partly lucky. So claims of small against large rest "
        "on intervals that hold for all comparisons together, and the compute-optimal curve is "
        "cross-fitted over random halves of the problems. Where a figure is chosen and scored on "
        "the same problems, its table says so.",
        "Budgets: accuracy at a small N is estimated from the whole pool of samples, not from its "
        f"first N; the Monte Carlo error of an accuracy is at most {error:.2f} points.",
        "Difficulty: a policy's own pass@1 over its pool. Measuring it takes the right answers, "
        "which a deployed system does not have, and the bins of two policies hold different "
        "problems.",
        "Compute: 2 P D FLOPs for P parameters and D tokens, prompts and PRM included; tokens from "
        "a prefix cache are free, attention over long contexts is left out, and pre-training is "
        f"counted separately. A cell costs what it would take run alone. {unpriced}".rstrip(),
        f"Failures: a unit that fails is kept with its error and never scored 0. {failed}",
        "Repeating it: the same seeds give the same distribution, not the same texts, because an "
        "engine's batches change the last digits of its numbers.",
    )
