"""When so few solutions state an answer that an accuracy says nothing of the policy.

Usually the answers are there, but marked in another way than the benchmark reads: a small
model that was told to use a box boxed none of 340 answers, and some of its last numbers
were right. An accuracy of 0 % would look like a result.
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
    """Return the warning: a sentence that names the setting to change."""
    share = "none" if not num_answered else f"only {num_answered:,}"
    return (
        f"Of {num_solutions:,} solutions {whose}, {share} state an answer that counts, so their "
        f"accuracy says nothing of the policy. Name the forms in which it marks its answers in "
        f"benchmark.answer_forms (`last_number` takes the last number), or look at what cuts the "
        f"solutions off."
    )
