"""One sweep over all families, as the README says it, on problems of MATH-500 and GSM8K."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.conftest import SHARED_DATA
from tests.families.checkpoints import POLICIES, PRMS, Family

# For where the data set's files are absent: a problem of each kind, in the files' own layout.
WRITTEN = {
    "math500.jsonl": [
        {"problem": "What is $\\frac{1}{2} + \\frac{1}{4}$?", "answer": "\\frac{3}{4}",
         "level": "Level 1", "subject": "Prealgebra"},
        {"problem": "Find $x$ if $3x + 5 = 26$.", "answer": "7", "level": "Level 1",
         "subject": "Algebra"},
    ],
    "gsm8k_test.jsonl": [
        {"question": "Ann has 3 bags of 4 apples and eats 5. How many are left?",
         "answer": "She has 3*4=12 apples.\n12-5=7 are left.\n#### 7"},
        {"question": "A pen costs $2 and a book $9. What do 2 pens and a book cost?",
         "answer": "2*2=4\n4+9=13\n#### 13"},
    ],
}  # fmt: skip


def problems(name: str, folder: Path) -> Path:
    """Return a data set's file, or a few problems in its layout."""
    real = SHARED_DATA / "problems" / name
    if real.is_file():
        return real
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in WRITTEN[name]))
    return path


def arguments(
    folders: dict[str, Path], policies: Iterable[str], prms: Iterable[str], *more: str
) -> tuple[str, ...]:
    """Return what `python -m ttsgrid.sweep` is told: every strategy on checkpoints of one's own."""
    root = next(iter(folders.values())).parent
    math, gsm8k = problems("math500.jsonl", root), problems("gsm8k_test.jsonl", root)
    return (
        "~benchmark",
        f"benchmarks=[{{name: math500, path: {math}, num_problems: 1, grader: math}},"
        f"{{name: gsm8k, path: {gsm8k}, num_problems: 1, grader: math, gold_form: hashes}}]",
        f"policies=[{','.join(_said(name, POLICIES[name], folders[name]) for name in policies)}]",
        f"prms=[{','.join(_said(name, PRMS[name], folders[name]) for name in prms)}]",
        "strategies=[cot,majority,best_of_n,beam,dvts]", "budgets=[4]", "sampling.max_tokens=60",
        "engine.start_timeout_s=1500",  # a machine may be busy
        "cluster.dashboard=false", f"store={root / 'store'}", *more,
    )  # fmt: skip


def sweep(folders: dict[str, Path], policies: Iterable[str], prms: Iterable[str]) -> Path:
    """Run the command as the README says it; return the store."""
    told = arguments(folders, policies, prms)
    ran = subprocess.run(
        [sys.executable, "-m", "ttsgrid.sweep", *told], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return next(iter(folders.values())).parent / "store"


def _said(name: str, family: Family, folder: Path) -> str:
    return f"{{name: {name}, model: {folder}, format: {family.format}}}"
