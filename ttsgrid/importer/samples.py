"""Import files of recorded solutions into a store.

The store is a real one: everything that reads a sweep's store reads this one, and a
sweep may add to it. The same file again adds nothing. A different file that claims the
same samples (same policy, settings, seed and numbers) is refused, not merged, and so is
the same file read in another way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import polars as pl

from ttsgrid import __version__
from ttsgrid.core.errors import StoreError
from ttsgrid.core.identity import content_id
from ttsgrid.importer.convert import Converted, convert
from ttsgrid.importer.documents import found_files
from ttsgrid.importer.layout import Layout
from ttsgrid.importer.pairing import known_problems
from ttsgrid.importer.records import RecordedProblem, RecordedSample, read_records
from ttsgrid.importer.run import RecordedRun
from ttsgrid.store import BenchmarkRecord, Store, StorePath, latest_units, provenance

# Fields of a layout that older stores don't know; where one changes how samples read, it is
# added when it is set.
_NOT_READ = ("files", "search_tokens", "preset", "step_mark")
_FROM_ELSEWHERE = (
    "from another file, or read in another way; give --seed or --first-sample, another --policy "
    "name, or a new store"
)


@dataclass(frozen=True)
class ImportSummary:
    """What an import did.

    Attributes:
        num_new_units: units that the store lacked.
        num_without_answer: samples that state no answer.
        num_recorded: verdicts that the file gave.
        num_differing: recorded verdicts that our grader doesn't share; they stand.
        num_dropped_scores: scores of the empty step after a trailing blank line.
        is_signed: whether the PRM's scores can be negative.
        has_costs: whether tokens are known, recorded or estimated.
    """

    num_problems: int
    num_samples: int
    num_new_units: int
    num_without_answer: int
    num_recorded: int
    num_differing: int
    num_dropped_scores: int
    is_signed: bool
    has_costs: bool


def import_samples(
    store: StorePath, paths: Path | Sequence[Path], layout: Layout, run: RecordedRun
) -> ImportSummary:
    """Import JSON or JSON-lines files of recorded solutions.

    Args:
        store: folder or URI; made if absent.
        paths: the file, or several that are read as one; a folder stands for those in it.
        layout: where the files keep what.
        run: what made them.

    Raises:
        ConfigError: a file, the layout and the run don't fit; names the setting.
        StoreError: the store holds these samples already, from another file.
    """
    if run.search is not None:
        layout = replace(layout, independent="yes")  # a search's answers are welcome as such
    files = found_files([paths] if isinstance(paths, Path) else paths, layout)
    problems = read_records(files, layout)
    source, name = _source(files, layout, run), _told(files)
    provenance = _provenance(name, source, problems, run)
    converted = list(convert(problems, run, provenance, known_problems(store, run.benchmark)))
    with Store.open(store, run_id=f"import {name}") as opened:
        _refuse_overlap(opened, converted, source)
        opened.write_problems(item.problem for item in converted)
        opened.write_models([run.policy, *([run.prm] if run.prm else [])])
        opened.write_benchmark(
            BenchmarkRecord(run.benchmark, run.grader, run.grader_options, source=name)
        )
        num_new = opened.commit([commit for item in converted for commit in item.commits])
    return _summary(problems, converted, num_new, run)


def _told(files: Sequence[Path]) -> str:
    """Name the files in a few words."""
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return files[0].name + more


def _source(files: Sequence[Path], layout: Layout, run: RecordedRun) -> str:
    """Identify the files' solutions: their bytes, and how they are read, scores aside."""
    # A file may be imported once per PRM: its solutions are the same, whichever scores are read.
    about_scores = ("scores", "scores_are", "scale", *_NOT_READ)
    fields = {name: value for name, value in asdict(layout).items() if name not in about_scores}
    reading = {
        "layout": fields,
        "grader": [run.grader, run.grader_options],
        "chars": run.chars_per_token,
        **({"step_mark": layout.step_mark} if layout.step_mark else {}),
    }
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    # A single file goes by the name that older stores know it by.
    named = {"file": digests[0]} if len(digests) == 1 else {"files": digests}
    return content_id({**named, "reading": reading})


def _provenance(
    name: str, source: str, problems: list[RecordedProblem], run: RecordedRun
) -> dict[str, str]:
    samples = [sample for problem in problems for sample in problem.samples]
    return {
        "imported_from": name,
        "source": source,
        "importer": f"ttsgrid {__version__}",
        **_counted(samples, run.chars_per_token),
    }


def _counted(samples: Sequence[RecordedSample], chars_per_token: float | None) -> dict[str, str]:
    """Say where the numbers of tokens come from."""
    has_tokens = all(sample.tokens is not None for sample in samples)
    has_prompts = all(sample.prompt_tokens is not None for sample in samples)
    if chars_per_token is None and not has_tokens:
        unknown = "not recorded: the costs are unknown"
        return dict.fromkeys(("tokens", "prompt_tokens", "prm_tokens"), unknown)
    estimate = f"estimated where not recorded, {chars_per_token} characters per token"
    no_prompts = "not recorded, counted as none" if chars_per_token is None else estimate
    return {
        "tokens": "recorded" if has_tokens else estimate,
        "prompt_tokens": "recorded" if has_prompts else no_prompts,
        "prm_tokens": "not recorded, prompt and solution counted once",
    }


def _refuse_overlap(store: Store, converted: list[Converted], source: str) -> None:
    """Refuse samples and searches that are there already, unless they came from this source."""
    others = (
        latest_units(store.files)
        .filter(pl.col("kind") != "score", pl.col("status") == "done")
        .filter(provenance("source").fill_null("") != source)
        .select("unit_id", "family", "start", "stop")
        .collect()
    )
    searches = set(others.filter(pl.col("start").is_null())["unit_id"])
    held: dict[str, list[tuple[int, int]]] = {}
    for _, family, start, stop in others.drop_nulls("start").iter_rows():
        held.setdefault(family, []).append((start, stop))
    for item in converted:
        unit = item.commits[0].unit
        block, whose = unit.block, f"{unit.policy.name} on problem {item.problem.id}"
        if block is None and unit.id in searches:
            raise StoreError(f"the store holds this search of {whose} {_FROM_ELSEWHERE}")
        for start, stop in held.get(unit.family, []) if block else []:
            if block and start < block.stop and block.start < stop:
                raise StoreError(
                    f"the store holds samples {start} to {stop - 1} of {whose} {_FROM_ELSEWHERE}"
                )


def _summary(
    problems: list[RecordedProblem], converted: list[Converted], num_new: int, run: RecordedRun
) -> ImportSummary:
    commits = [commit for item in converted for commit in item.commits]
    solutions = [solution for commit in commits for solution in commit.result.solutions]
    return ImportSummary(
        num_problems=len(converted),
        num_samples=len(solutions),
        num_new_units=num_new,
        num_without_answer=sum(solution.answer is None for solution in solutions),
        num_recorded=sum(s.correct is not None for item in problems for s in item.samples),
        num_differing=sum(item.num_differing for item in converted),
        num_dropped_scores=sum(item.num_dropped_scores for item in converted),
        has_costs=any(commit.result.price for commit in commits),
        is_signed=run.prm is not None and '"scale":"raw"' in run.prm.identity.format,
    )
