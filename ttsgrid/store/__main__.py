"""`python -m ttsgrid.store`: what a store holds."""

from ttsgrid.cli.store import main

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
