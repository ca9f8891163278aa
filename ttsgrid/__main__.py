"""`python -m ttsgrid`: the same as the command `ttsgrid`."""

from ttsgrid.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
