"""The option `--price-per-gpu-hour` of the commands that count compute in money."""

from __future__ import annotations

import argparse
import math


def add_price_option(parser: argparse.ArgumentParser, purpose: str) -> None:
    """Let a command take what an hour of a device costs, in any currency."""
    parser.add_argument("--price-per-gpu-hour", type=_price, metavar="PRICE", help=purpose)


def _price(text: str) -> float:
    try:
        price = float(text)
    except ValueError:
        price = math.nan
    if not (math.isfinite(price) and price > 0):
        raise argparse.ArgumentTypeError(f"{text!r}: a number above 0, e.g. 2.5")
    return price
