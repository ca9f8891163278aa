"""Which records of a file are samples of one pool, and which are something else.

A pool holds independent samples of one policy at one setting. Many tools write several
records of one solution (one per filter or scorer), or several runs (one per budget or
retry), or a search's answers, whose beams share their steps. Counting those as samples
gives a pool that nobody drew, so they are refused, with the setting that decides.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

from ttsgrid.core.errors import ConfigError
from ttsgrid.importer.documents import Located, Record
from ttsgrid.importer.layout import Layout
from ttsgrid.importer.paths import parse_path, pick

# Fields whose names say that records were made in different ways.
_CONDITION = re.compile(
    r"(?:^|_)(?:filters?|scorers?|metrics?|graders?|budgets?|retry|retries|attempts?|temperature"
    r"|top_p|max_tokens|num_shots|n_shot|approach|strategy|method|prompt_name)$"
)
# What searches write beside an answer: the paths and step records of their beams.
_SEARCH = re.compile(r"^(?:path_idx|beam_idx|beam_index|beam_width|reward_history|token_history)$")

# How search-and-learn names the files of its searches, whose records don't say what they are.
_SEARCH_FILE = re.compile(r"^(?:beam_search|dvts)_completions")


def selected(records: Iterable[Located], layout: Layout) -> Iterator[Located]:
    """Yield the records that the layout's `where` names.

    Raises:
        ConfigError: `where` names none of them.
    """
    seen: dict[str, set[str]] = {path: set() for path, _ in layout.where}
    num_selected = 0
    for located in records:
        values = {path: str(pick(located.record, parse_path(f"{path}?"))) for path in seen}
        for path, value in values.items():
            seen[path].add(value)
        if all(values[path] == wanted for path, wanted in layout.where):
            num_selected += 1
            yield located
    if layout.where and not num_selected:
        told = "; ".join(f"{path} is {_some(values)}" for path, values in seen.items())
        raise ConfigError(f"layout: where leaves no record; in the file {told}")


def require_one_pool(
    problems: Mapping[Hashable, Sequence[Record]], layout: Layout, name: str
) -> None:
    """Refuse records of one problem that were made in different ways.

    Raises:
        ConfigError: there are some; names the field, its values and the setting.
    """
    found = differing(problems.values(), layout)
    if found is None:
        return
    field, values = found
    raise ConfigError(
        f"{name}: records of one problem differ in {field} ({_some(values)}), so they "
        f"are no samples of one pool; name one: layout `where: {{{field}: ...}}` or "
        f"--field where={field}=... (or list {field} under `samples_differ_in`)"
    )


def differing(
    problems: Iterable[Sequence[Record]], layout: Layout
) -> tuple[str, tuple[str, ...]] | None:
    """Return a field in which records of one problem differ, and its values."""
    chosen = {path for path, _ in layout.where} | set(layout.samples_differ_in)
    for records in problems:
        for field in dict.fromkeys(key for record in records for key in record):
            if not _CONDITION.search(field) or field in chosen:
                continue
            values = {_scalar(record.get(field)) for record in records} - {None}
            if len(values) > 1:
                return field, tuple(sorted(str(value) for value in values))
    return None


def require_independent(located: Located, layout: Layout) -> None:
    """Refuse the answers of a search.

    Raises:
        ValueError: the record holds what searches write, or its file is named as theirs are.
    """
    if layout.independent == "yes" or not is_of_search(located):
        return
    marks = _search_marks(located.record)
    why = f"it has {', '.join(marks)}" if marks else f"the file is {located.path.name}"
    raise ValueError(
        f"these are answers of a search ({why}): beams share steps, so they are no pool of "
        f"independent samples. Import them as a search with --strategy and --budget, or say "
        f"--field independent=yes if they are independent after all (best-of-n, CoT)"
    )


def is_of_search(located: Located) -> bool:
    """Say whether a record is a search's, by what it holds or by its file's name."""
    return bool(_search_marks(located.record) or _SEARCH_FILE.match(located.path.name))


def _search_marks(record: Record) -> list[str]:
    return sorted({key for key in _keys(record, depth=3) if _SEARCH.match(key)})


def _keys(value: object, depth: int) -> Iterator[str]:
    if depth and isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _keys(inner, depth - 1)
    elif depth and isinstance(value, list):
        for element in value[:1]:
            yield from _keys(element, depth)


def _scalar(value: object) -> str | None:
    """Return a value to compare; None for what is absent or no plain value."""
    return str(value) if isinstance(value, str | int | float) else None


def _some(values: Iterable[str | None]) -> str:
    told = sorted(str(value) for value in values if value is not None)
    return ", ".join([*told[:5], *(["..."] if len(told) > 5 else [])])
