"""The tables of a store, in one place.

`problems` and `models` describe what a grid ran on; `units` holds one row per
committed work unit (done or failed); `solutions` and `scores` hold the rows of
units that are done. `benchmarks` says who judges the answers. `points` holds published
accuracies that come without their solutions, and may be empty.

A column that may be null says so here, and Parquet refuses a null anywhere else, so a
forgotten value is an error and not a hole.

Token columns follow `ttsgrid.core.records.Usage`: prompt tokens include the cached. Plain
ones are facts of a run; `*_lone_*` are prices (`ttsgrid.core.price`): what the unit costs
alone, whatever ran beside it.

`VERSION` goes into every file's metadata. It rises when a column is added; readers fill
what older files lack and refuse files of a later version. Files of `ADDED_TO_SINCE` and later
say the same of costs and identities, so they are rewritten as today's and added to.
"""

from __future__ import annotations

import pyarrow as pa

VERSION = 3
ADDED_TO_SINCE = 2
VERSION_KEY = b"ttsgrid_schema"  # absent in files of version 1

_TEXT = pa.string()
_INT = pa.int64()
_FLOAT = pa.float64()
# A list is nullable inside unless it says otherwise: [0.9, null] would pass for two scores.
# `element` is what Parquet calls it; pyarrow's own `item` would not survive a round trip.
_SCORES = pa.list_(pa.field("element", _FLOAT, nullable=False))
_KEYS = pa.list_(pa.field("element", pa.int64(), nullable=False))
_COUNTS = pa.list_(pa.field("element", pa.int32(), nullable=False))
_STEPS = pa.list_(pa.field("element", _TEXT, nullable=False))


def _required(name: str, dtype: pa.DataType) -> pa.Field:
    return pa.field(name, dtype, nullable=False)


def _tokens(prefix: str = "") -> list[pa.Field]:
    kinds = ("prompt", "cached", "generated")
    return [_required(f"{prefix}{kind}_tokens", _INT) for kind in kinds]


def _prices(prefix: str) -> list[pa.Field]:
    """The same, for what a unit costs run alone (`ttsgrid.core.price`)."""
    return [field.with_nullable(True) for field in _tokens(prefix)]


PROBLEMS = pa.schema(
    [
        _required("problem_id", _TEXT),
        _required("benchmark", _TEXT),
        _required("index", _INT),
        _required("question", _TEXT),
        _required("answer", _TEXT),
        pa.field("level", _INT),
        pa.field("subject", _TEXT),
    ]
)

MODELS = pa.schema(
    [
        _required("model_id", _TEXT),
        _required("role", _TEXT),  # policy | prm
        _required("name", _TEXT),
        _required("model", _TEXT),
        _required("revision", _TEXT),
        _required("format", _TEXT),
        pa.field("num_parameters", _INT),
        pa.field("pretraining_tokens", _FLOAT),
        # Since schema 2.
        pa.field("format_name", _TEXT),
        pa.field("dtype", _TEXT),  # as resolved, never `auto`
        pa.field("is_fake", pa.bool_()),  # the fake engine's rows enter no cell with real ones
        # Of a policy that is asked at an endpoint; prices of a million tokens.
        pa.field("endpoint", _TEXT),
        pa.field("input_price", _FLOAT),
        pa.field("cached_input_price", _FLOAT),
        pa.field("output_price", _FLOAT),
    ]
)

UNITS = pa.schema(
    [
        _required("unit_id", _TEXT),
        _required("kind", _TEXT),  # sample | score | search
        _required("family", _TEXT),
        _required("status", _TEXT),  # done | failed
        pa.field("error", _TEXT),
        _required("problem_id", _TEXT),
        _required("benchmark", _TEXT),
        _required("policy", _TEXT),
        _required("policy_id", _TEXT),
        pa.field("prm", _TEXT),
        pa.field("prm_id", _TEXT),
        _required("spec", _TEXT),  # canonical JSON of what determines the outcome
        pa.field("start", _INT),
        pa.field("stop", _INT),
        _required("attempt", _INT),
        _required("seconds", _FLOAT),
        *_tokens("policy_"),
        *_tokens("prm_"),
        _required("provenance", _TEXT),  # JSON
        pa.field("trace", _TEXT),  # JSON of a search tree
        _required("run_id", _TEXT),
        _required("committed_at", pa.timestamp("us", tz="UTC")),
        # Since schema 2; readers fill them from `spec` and `provenance` of older files.
        pa.field("sampling", _TEXT),  # canonical JSON
        pa.field("temperature", _FLOAT),
        pa.field("strategy", _TEXT),  # of a search
        pa.field("budget", _INT),  # of a search that has one; null for subtrees
        pa.field("subtree", _INT),
        pa.field("beam_width", _INT),
        pa.field("preset", _TEXT),
        pa.field("params", _TEXT),  # canonical JSON of a search's settings, without the subtree
        pa.field("host", _TEXT),
        pa.field("device", _TEXT),
        pa.field("num_gpus", _INT),
        pa.field("process", _TEXT),  # tells workers of one host apart
        # Since schema 2; null in older files: the price is then unknown.
        *_prices("policy_lone_"),
        *_prices("prm_lone_"),
        pa.field("question_tokens", _INT),
        pa.field("policy_block_tokens", _INT),
        pa.field("prm_block_tokens", _INT),
        pa.field("prm_prefix_keys", _KEYS),  # of a search
        pa.field("prm_prefix_tokens", _COUNTS),
        # Since schema 3: which attempt is the latest follows from these, not from a clock.
        pa.field("epoch", _INT),
        pa.field("commit_number", _INT),
    ]
)

SOLUTIONS = pa.schema(
    [
        _required("unit_id", _TEXT),
        _required("family", _TEXT),
        _required("kind", _TEXT),  # sample | search
        _required("problem_id", _TEXT),
        _required("benchmark", _TEXT),
        _required("policy", _TEXT),
        _required("policy_id", _TEXT),
        pa.field("prm", _TEXT),
        pa.field("strategy", _TEXT),
        _required("temperature", _FLOAT),
        pa.field("budget", _INT),
        _required("sample", _INT),
        _required("text", _TEXT),
        _required("steps", _STEPS),
        _required("num_steps", _INT),
        _required("finish_reason", _TEXT),
        pa.field("answer", _TEXT),
        _required("correct", pa.bool_()),
        *_tokens(),
        _required("seed", _INT),
        pa.field("step_scores", _SCORES),
        # Since schema 2.
        pa.field("outcome", _TEXT),  # of graders that run something
        pa.field("outcome_detail", _TEXT),
        pa.field("reasoning", _TEXT),
        pa.field("reasoning_tokens", _INT),
    ]
)

SCORES = pa.schema(
    [
        _required("unit_id", _TEXT),
        _required("family", _TEXT),
        _required("pool_family", _TEXT),
        _required("block_id", _TEXT),
        _required("problem_id", _TEXT),
        _required("policy", _TEXT),
        _required("prm", _TEXT),
        _required("prm_id", _TEXT),
        _required("sample", _INT),
        _required("step_scores", _SCORES),  # empty: unscored
        *_tokens(),
        # Since schema 2.
        pa.field("unscored", _TEXT),  # why there is no score
        pa.field("input_tokens", _INT),
        pa.field("prefix_keys", _KEYS),
        pa.field("prefix_tokens", _COUNTS),
    ]
)

BENCHMARKS = pa.schema(
    [
        _required("benchmark", _TEXT),
        _required("grader", _TEXT),
        # Since schema 2.
        pa.field("grader_options", _TEXT),  # canonical JSON
        pa.field("step_labels", _TEXT),
        pa.field("instruction", _TEXT),
        pa.field("source", _TEXT),
    ]
)

POINTS = pa.schema(
    [
        _required("benchmark", _TEXT),
        _required("policy", _TEXT),
        pa.field("prm", _TEXT),
        _required("strategy", _TEXT),
        _required("n", _INT),
        pa.field("setting", _TEXT),  # what else tells the points apart, e.g. beam=50
        pa.field("seed", _TEXT),
        _required("accuracy", _FLOAT),
        pa.field("tokens", _FLOAT),  # the policy generates per problem
        pa.field("policy_parameters", _INT),
        pa.field("prm_parameters", _INT),
        pa.field("total_flops", _FLOAT),  # pre-training and all inference
        _required("source", _TEXT),
    ]
)

_METADATA = {VERSION_KEY: str(VERSION).encode()}
SCHEMAS: dict[str, pa.Schema] = {
    "problems": PROBLEMS.with_metadata(_METADATA),
    "models": MODELS.with_metadata(_METADATA),
    "units": UNITS.with_metadata(_METADATA),
    "solutions": SOLUTIONS.with_metadata(_METADATA),
    "scores": SCORES.with_metadata(_METADATA),
    "benchmarks": BENCHMARKS.with_metadata(_METADATA),
    "points": POINTS.with_metadata(_METADATA),
}
"""Table to its columns; the metadata goes into each file that is written with them."""

DATA_TABLES = ("solutions", "scores")
"""Tables whose files count only beside a units file of the same name."""

TARGET_BYTES = 128 * 2**20
"""Size of a commit at which compaction closes it; commits of half that size are left alone."""

COMMITTED_TABLES = (*DATA_TABLES, "units")
"""Tables that commits fill, in the order in which a commit writes them."""
