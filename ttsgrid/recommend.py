"""`python -m ttsgrid.recommend`: the best cell or rule of a store within a budget."""

from ttsgrid.cli.recommend import main

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
