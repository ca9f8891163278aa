"""`python -m ttsgrid.check`: what each model is given to read, and what would fail."""

from ttsgrid.cli.check import main

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
