"""Every protocol at a seam carries a whole example in its docstring, and it runs as it says."""

from __future__ import annotations

import subprocess
import sys

import pytest

SEAMS = {
    "a search method": "ttsgrid.strategies.search.method",
    "a strategy of the catalogue": "ttsgrid.core.strategies",
    "a vote, an aggregation": "ttsgrid.core.voting",
}
# In a process of its own: an example adds to the catalogues, which all other tests read.
PROGRAM = """
import doctest, importlib, sys
result = doctest.testmod(importlib.import_module(sys.argv[1]))
sys.exit(0 if result.attempted and not result.failed else 1)
"""


@pytest.mark.parametrize("seam", SEAMS)
def test_the_example_of_a_seam_runs_and_gives_what_it_shows(seam: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, SEAMS[seam]], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, f"{SEAMS[seam]}:\n{ran.stdout}{ran.stderr}"
