"""`python -m ttsgrid.frontier`: the frontier of a store; and the library's door to advice.

The command is loaded when it runs: whoever imports `recommend` needs no data frames.
"""

from collections.abc import Sequence
from importlib import import_module

from ttsgrid.analysis.advice.recommend import predict_pass_rate, recommend, recommend_within

__all__ = ["main", "predict_pass_rate", "recommend", "recommend_within"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; arguments are those of the process unless given."""
    return int(import_module("ttsgrid.cli.frontier").main(arguments))


if __name__ == "__main__":
    raise SystemExit(main())
