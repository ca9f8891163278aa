"""`python -m ttsgrid.sweep`: plan a grid, run what is missing, report."""

from ttsgrid.cli.sweep import main

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
