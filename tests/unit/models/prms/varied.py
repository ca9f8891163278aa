"""Fifty solutions as different as policies write them, for every PRM alike."""

from __future__ import annotations

import random

from ttsgrid.models import split_steps

QUESTION = "A train covers $x$ km in 3 h.\nHow far does it go in $\\frac{x}{2}$ h? (Round.)"
SNIPPETS = (
    "We have $x = 4$.",
    "So\n\\[ \\frac{a+b}{2} \\geq \\sqrt{ab} \\]\nby AM-GM.",
    "+ 5 is added, - 3 taken away",
    "- first\n- second\n- third",
    "  padded on both sides  ",
    "\ttabbed\tand\r\nreturned",
    "1, 12, 123, 1234, 12345.6789",
    "Ответ: 5 (не 7).",
    "答案是 42。",
    "日本語、한국어, العربية, עברית",
    "café = cafe\u0301, naïve, Å",
    "emoji 🧮➕🤖 and 𝔸𝕃𝔾𝔼𝔹ℝ𝔸",
    "non-breaking\u00a0space, zero\u200bwidth",
    "```python\nprint(1 +\n      2)\n```",
    "a | b || c & d ^ e % f # g @ h ~ `i`",
    "\\boxed{\\dfrac{1}{2}}",
    "The answer is \\boxed{12}.",
    "x",
    "+",
    "-",
    "?!",
    "## Step 3: Conclude",
    "He walks 5 километр north.",
    "ки",
    "a tag ки in the text ки",
)
EMPTY, LONG, MARKED = "empty", "long", "marked"


def varied_solutions() -> list[tuple[str, ...]]:
    """Return the solutions, each a tuple of steps."""
    one = [(snippet,) for snippet in SNIPPETS]
    texts = ("So 1.\n\nSo 2.\n\n", "\n\nSo 1.\n\n\n\nSo 2.\n\n \n\n", "Inner\nlines\n\nlast\n")
    from_texts = [split_steps(text) for text in texts]
    special = [
        ("Fine.", ""),
        (" \n", "Fine."),
        tuple(f"Step {i}: add {i} to get {i * (i + 1) // 2}." for i in range(60)),
        ("It goes on and on. " * 600, "So 5."),
        ("Fine.", "It says <extra_0> itself.", "So 5."),
        ("Fine.", "It says <|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n itself."),
        ("Ends in a blank line.\n\n", "And so does this.\n\n"),
    ]
    rng = random.Random(0)
    mixed = [
        tuple(rng.choice(SNIPPETS) for _ in range(rng.randint(2, 12)))
        for _ in range(50 - len(one) - len(from_texts) - len(special))
    ]
    return one + from_texts + special + mixed


def why_unscored(steps: tuple[str, ...], mark: str | None) -> str | None:
    """Return a part of the reason for which no PRM of a mark can score a solution."""
    if not all(step.strip() for step in steps):
        return "is empty"
    if any(len(step) > 10_000 for step in steps):
        return "tokens, the PRM reads"
    if mark is not None and any(mark in step for step in steps):
        return "contain the mark"
    return None
