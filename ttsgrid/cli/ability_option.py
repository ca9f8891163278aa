"""The option `--prm-ability` of commands that set TTS against how able the PRMs are."""

from __future__ import annotations

import argparse
from pathlib import Path

from ttsgrid.analysis.judging.ability import RESULT, SETTING


def add_ability_option(parser: argparse.ArgumentParser) -> None:
    """Let a command take a file with the PRMs' abilities."""
    parser.add_argument(
        SETTING,
        type=Path,
        metavar="FILE",
        help="how well PRMs find first wrong steps: the prm_bench.json of "
        f"`python -m ttsgrid.prm_bench` or a CSV with prm and f1 (default: STORE/{RESULT})",
    )
