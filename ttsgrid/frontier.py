"""`python -m ttsgrid.frontier`: the frontier of a store; and the library's door to advice."""

from ttsgrid.analysis.advice.recommendation_file import predict_pass_rate, recommend
from ttsgrid.cli.frontier import main

__all__ = ["main", "predict_pass_rate", "recommend"]

if __name__ == "__main__":
    raise SystemExit(main())
