"""When so few solutions state an answer that an accuracy says nothing of the policy.

Mostly the answers are there and marked in another way than the benchmark reads: a small
model told to use a box states none of 340, while its last numbers are right now and then.
A figure of 0 % would then look like a result.
"""

from __future__ import annotations

MIN_SOLUTIONS = 20  # from here on a share is a finding; below it, only none at all is
MIN_SHARE = 0.05


def too_few_state_answers(num_solutions: int, num_answered: int) -> bool:
    """Say whether (nearly) no solution states an answer."""
    if not num_answered:
        return num_solutions > 0
    return num_solutions >= MIN_SOLUTIONS and num_answered < MIN_SHARE * num_solutions


def few_answers_warning(whose: str, num_solutions: int, num_answered: int) -> str:
    """Say so in a sentence that names the setting to change."""
    share = "none" if not num_answered else f"only {num_answered:,}"
    return (
        f"Of {num_solutions:,} solutions {whose}, {share} state an answer that counts, so their "
        f"accuracy says nothing of the policy. Name the forms in which it marks its answers in "
        f"benchmark.answer_forms (`last_number` takes the last number), or look at what cuts the "
        f"solutions off."
    )
