"""`python -m ttsgrid.importer`: results of other tools, into a store."""

from ttsgrid.cli.importer import main

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
