"""`python -m ttsgrid.report`: a store as one HTML page."""

from ttsgrid.cli.report import main

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
