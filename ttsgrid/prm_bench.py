"""`python -m ttsgrid.prm_bench`: PRMs judged on labelled steps."""

from ttsgrid.cli.prm_bench import main

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
