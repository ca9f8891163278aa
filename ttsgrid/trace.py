"""`python -m ttsgrid.trace`: search trees to look at."""

from ttsgrid.cli.trace import main

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
