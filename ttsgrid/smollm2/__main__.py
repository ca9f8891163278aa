"""`python -m ttsgrid.smollm2`: build SmolLM2's checkpoints, sweep GSM8K with them, report."""

from ttsgrid.cli.smollm2 import main

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
