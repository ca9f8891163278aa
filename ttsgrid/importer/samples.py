"""Import a file of recorded solutions into a store.

The store is a real one: everything that reads a sweep's store reads this one, and a
sweep may add to it. The same file again adds nothing. A different file that claims the
same samples (same policy, settings, seed and numbers) is refused, not merged, and so is
the same file read in another way.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from ttsgrid import __version__
from ttsgrid.core.errors import StoreError
from ttsgrid.core.identity import content_id
from ttsgrid.importer.convert import Converted, convert
from ttsgrid.importer.layout import Layout
from ttsgrid.importer.pairing import known_problems
from ttsgrid.importer.records import RecordedProblem, read_records
from ttsgrid.importer.run import RecordedRun
from ttsgrid.store import BenchmarkRecord, Store, StorePath, latest_units, provenance


@dataclass(frozen=True)
class ImportSummary:
    """What an import did.

    Attributes:
        num_new_units: units that the store lacked.
        num_without_answer: samples that state no answer.
        num_differing: recorded verdicts that our grader doesn't share; they stand.
        num_dropped_scores: scores of the empty step after a trailing blank line.
        is_signed: whether the PRM's scores can be negative.
    """

    num_problems: int
    num_samples: int
    num_new_units: int
    num_without_answer: int
    num_differing: int
    num_dropped_scores: int
    is_signed: bool


def import_samples(store: StorePath, path: Path, layout: Layout, run: RecordedRun) -> ImportSummary:
    """Import a JSON or JSON-lines file of recorded solutions.

    Args:
        store: folder or URI; made if absent.
        path: the file.
        layout: where the file keeps what.
        run: what made it.

    Raises:
        ConfigError: the file, the layout and the run don't fit; names the setting.
        StoreError: the store holds these samples already, from another file.
    """
    problems = read_records(path, layout)
    source = _source(path, layout, run)
    provenance = _provenance(path.name, source, problems, run)
    converted = list(convert(problems, run, provenance, known_problems(store, run.benchmark)))
    with Store.open(store, run_id=f"import {path.name}") as opened:
        _refuse_overlap(opened, converted, source)
        opened.write_problems(item.problem for item in converted)
        opened.write_models([run.policy, *([run.prm] if run.prm else [])])
        opened.write_benchmark(
            BenchmarkRecord(run.benchmark, run.grader, run.grader_options, source=path.name)
        )
        num_new = opened.commit([commit for item in converted for commit in item.commits])
    return _summary(converted, num_new, run)


def _source(path: Path, layout: Layout, run: RecordedRun) -> str:
    """Identify a file's solutions: its bytes, and how they are read, scores aside."""
    # A file may be imported once per PRM: its solutions are the same, whichever scores are read.
    about_scores = ("scores", "scores_are", "scale")
    fields = {name: value for name, value in asdict(layout).items() if name not in about_scores}
    reading = {
        "layout": fields,
        "grader": [run.grader, run.grader_options],
        "chars": run.chars_per_token,
    }
    bytes_read = hashlib.sha256(path.read_bytes()).hexdigest()
    return content_id({"file": bytes_read, "reading": reading})


def _provenance(
    name: str, source: str, problems: list[RecordedProblem], run: RecordedRun
) -> dict[str, str]:
    samples = [sample for problem in problems for sample in problem.samples]
    estimate = f"estimated where not recorded, {run.chars_per_token} characters per token"
    unknown = "not recorded, counted as none" if run.chars_per_token is None else estimate
    has_tokens = all(sample.tokens is not None for sample in samples)
    has_prompts = all(sample.prompt_tokens is not None for sample in samples)
    return {
        "imported_from": name,
        "source": source,
        "importer": f"ttsgrid {__version__}",
        "tokens": "recorded" if has_tokens else estimate,
        "prompt_tokens": "recorded" if has_prompts else unknown,
        "prm_tokens": "not recorded, prompt and solution counted once",
    }


def _refuse_overlap(store: Store, converted: list[Converted], source: str) -> None:
    """Refuse samples that are there already, unless they came from the same source."""
    known = (
        latest_units(store.files)
        .filter(pl.col("kind") == "sample", pl.col("status") == "done")
        .select("family", "start", "stop", provenance("source"))
        .collect()
    )
    held: dict[str, list[tuple[int, int]]] = {}
    for family, start, stop, came_from in known.iter_rows():
        if came_from != source:
            held.setdefault(family, []).append((start, stop))
    for item in converted:
        block = item.commits[0].unit.block
        assert block is not None
        for start, stop in held.get(block.family, []):
            if start < block.stop and block.start < stop:
                raise StoreError(
                    f"the store holds samples {start} to {stop - 1} of {block.policy.name} on "
                    f"problem {item.problem.id} from another file, or read in another way; give "
                    f"--seed or --first-sample, another --policy name, or a new store"
                )


def _summary(converted: list[Converted], num_new: int, run: RecordedRun) -> ImportSummary:
    solutions = [s for item in converted for s in item.commits[0].result.solutions]
    return ImportSummary(
        num_problems=len(converted),
        num_samples=len(solutions),
        num_new_units=num_new,
        num_without_answer=sum(solution.answer is None for solution in solutions),
        num_differing=sum(item.num_differing for item in converted),
        num_dropped_scores=sum(item.num_dropped_scores for item in converted),
        is_signed=run.prm is not None and '"scale":"raw"' in run.prm.identity.format,
    )
