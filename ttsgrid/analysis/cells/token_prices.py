"""What an endpoint charges for tokens, and what a cell costs there.

Prices are those of the configuration, of a million tokens each, as providers state them.
Tokens are a cell's price run alone (`ttsgrid.analysis.cells.prices`): prompts count in full
unless the endpoint's prefix cache was told, and generated tokens include hidden reasoning.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ttsgrid.analysis.cells.flops import Spent
from ttsgrid.core.voting import Floats

PER_TOKENS = 1_000_000


@dataclass(frozen=True)
class TokenPrices:
    """Prices of a million tokens, in the currency of the configuration.

    Attributes:
        cached_input: of prompt tokens that the endpoint's prefix cache held.
    """

    input: float
    cached_input: float
    output: float

    def money(self, spent: Spent) -> Floats:
        """Return what each problem costs, shape (P,); NaN where its tokens are unknown."""
        uncached = spent.policy_prompt - spent.policy_cached
        total = (
            self.input * uncached
            + self.cached_input * spent.policy_cached
            + self.output * spent.policy_generated
        )
        return total / PER_TOKENS


def token_prices(models: pl.DataFrame) -> dict[str, TokenPrices]:
    """Return the prices that are known, by model_id, from `StoreFrames.models`."""
    known = pl.col("input_price").is_not_null() & pl.col("output_price").is_not_null()
    columns = models.filter(known).select(
        "model_id",
        "input_price",
        pl.coalesce("cached_input_price", "input_price"),
        "output_price",
    )
    return {model_id: TokenPrices(*prices) for model_id, *prices in columns.iter_rows()}
