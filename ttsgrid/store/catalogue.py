"""The tables that say what a grid ran on: problems and models.

Both may be written again and again. Problems are added once each, by id, in
files named by their content. Models have one file each, replaced when their
description changes (a size that was unknown, a new path): their ids, not their
descriptions, are what results hang on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ttsgrid.core.identity import content_id
from ttsgrid.core.records import Problem
from ttsgrid.core.units import ModelIdentity
from ttsgrid.store.files import Files
from ttsgrid.store.parquet import encode_rows
from ttsgrid.store.read import scan
from ttsgrid.store.rows import Row


@dataclass(frozen=True)
class ModelRecord:
    """A model of the grid as table `models` describes it.

    Attributes:
        role: `policy` or `prm`.
        num_parameters, pretraining_tokens: for FLOPs; None where unknown.
        format_name: of its prompt or PRM format, as configured; None where it has none.
        endpoint: URL of the server that answers; None for an engine of ours.
        input_price, cached_input_price, output_price: of a million tokens there; None where
            unknown.
    """

    identity: ModelIdentity
    role: str
    num_parameters: int | None = None
    pretraining_tokens: float | None = None
    format_name: str | None = None
    endpoint: str | None = None
    input_price: float | None = None
    cached_input_price: float | None = None
    output_price: float | None = None


def write_problems(files: Files, problems: Iterable[Problem]) -> int:
    """Add the problems that the store lacks; return how many were added."""
    known = set(scan(files, "problems").select("problem_id").collect()["problem_id"])
    missing = {p.id: p for p in problems if p.id not in known}
    if missing:
        name = f"{content_id(sorted(missing))}.parquet"
        rows = [_problem_row(problem) for problem in missing.values()]
        files.put(f"problems/{name}", encode_rows("problems", rows))
    return len(missing)


def write_models(files: Files, models: Iterable[ModelRecord]) -> None:
    """Write one file per model; a model described as before is left as it is."""
    for model in models:
        path = f"models/{model.role}-{model.identity.id}.parquet"
        encoded = encode_rows("models", [_model_row(model)])
        if files.read(path) != encoded.to_pybytes():
            files.put(path, encoded)


def _problem_row(problem: Problem) -> Row:
    return {
        "problem_id": problem.id,
        "benchmark": problem.benchmark,
        "index": problem.index,
        "question": problem.question,
        "answer": problem.answer,
        "level": problem.level,
        "subject": problem.subject,
    }


def _model_row(model: ModelRecord) -> Row:
    identity = model.identity
    return {
        "model_id": identity.id,
        "role": model.role,
        "name": identity.name,
        "model": identity.model,
        "revision": identity.revision,
        "format": identity.format,
        "num_parameters": model.num_parameters,
        "pretraining_tokens": model.pretraining_tokens,
        "format_name": model.format_name,
        "dtype": identity.dtype,
        "is_fake": identity.is_fake,
        "endpoint": model.endpoint,
        "input_price": model.input_price,
        "cached_input_price": model.cached_input_price,
        "output_price": model.output_price,
    }
