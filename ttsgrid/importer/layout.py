"""How a file of recorded runs is laid out: which path holds what.

A layout is a small YAML mapping, one shipped under a name (`layouts/`) or your own
file, and single fields may be given on the command line. Only what a run recorded needs
a path; `ttsgrid.importer.records` says what follows from what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import takewhile
from pathlib import Path
from typing import Any

from ttsgrid.core.errors import ConfigError
from ttsgrid.core.search_presets import PRESETS
from ttsgrid.core.voting import AGGREGATIONS
from ttsgrid.importer.layout_file import read_layout_file
from ttsgrid.importer.paths import parse_path

KEYED = "{}"
STEPS = "steps"
PAPER_PRESET = PRESETS[0]
SCALES = ("probability", "logit", "raw")
SCORES_ARE = (STEPS, *AGGREGATIONS.names)
DEFAULT_FILES = ("*.json", "*.jsonl", "*.json.gz", "*.jsonl.gz")
SHIPPED = Path(__file__).parent / "layouts"
_LISTS = ("files", "no_answer", "right", "wrong", "samples_differ_in")
_NOT_PATHS = (
    *_LISTS,
    "preset",
    "records",
    "answer_after",
    "scores_are",
    "scale",
    "where",
    "independent",
)


@dataclass(frozen=True)
class Layout:
    """Where a file keeps what; None where it doesn't.

    Attributes:
        files: which files of a folder hold records, as globs.
        records: path to the list of problems in a JSON document; None for JSON lines or
            a plain list; `{}` where the document's mappings share their keys, one key per
            problem (the record is then what each holds there, and `key`).
        id: names a problem; without it the question and the gold answer do.
        question, gold, level, subject: of the problem.
        text: a sample's solution.
        step_mark: what the tool writes where a step of the text ends, beside the policy's own
            words: it is taken out, and a blank line stands there.
        steps: its steps, a list; without it the text falls apart at blank lines.
        answer: its final answer; without it the grader extracts one from the text.
        answer_after: words in the text after which, up to the line's end, the answer stands.
        correct: its verdict; without it the grader gives one.
        scores: a list of step scores, or one number.
        scores_are: `steps`, or how one number was made of them: `min`, `last`, `avg`,
            `prod`. A reward of the whole solution is `last`.
        scale: `probability` (in [0, 1]), `logit` (a sigmoid is applied), `raw`.
        tokens: tokens generated; a number, or the list of them.
        prompt_tokens: tokens of the prompt.
        no_answer: values of `answer` or `correct` that say there is no answer.
        right, wrong: values of `correct`, besides true and 1, false and 0.
        where: path to the value that a record must have there, e.g. {filter: strict-match};
            other records are left out.
        samples_differ_in: fields in which the samples of one problem may differ though their
            name speaks of another filter, scorer, budget or retry.
        search_tokens: tokens that all of a search generated, what it dropped included.
        preset: whose rules a search of this layout follows (`ttsgrid.core.search_presets`).
        independent: `yes` says that samples which look like a search's answers are none.
    """

    files: tuple[str, ...] = DEFAULT_FILES
    records: str | None = None
    id: str | None = None
    question: str | None = None
    gold: str | None = None
    level: str | None = None
    subject: str | None = None
    text: str | None = None
    step_mark: str | None = None
    steps: str | None = None
    answer: str | None = None
    answer_after: str | None = None
    correct: str | None = None
    scores: str | None = None
    scores_are: str = STEPS
    scale: str = "probability"
    tokens: str | None = None
    prompt_tokens: str | None = None
    no_answer: tuple[str, ...] = ()
    right: tuple[str, ...] = ("C",)
    wrong: tuple[str, ...] = ("I",)
    where: tuple[tuple[str, str], ...] = ()
    samples_differ_in: tuple[str, ...] = ()
    search_tokens: str | None = None
    preset: str = PAPER_PRESET
    independent: str = "no"

    def __post_init__(self) -> None:
        _one_of("scores_are", self.scores_are, SCORES_ARE)
        _one_of("scale", self.scale, SCALES)
        _one_of("preset", self.preset, PRESETS)
        _one_of("independent", self.independent, ("no", "yes"))
        for path, _ in self.where:
            parse_path(path)
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in _NOT_PATHS and value is not None:
                parse_path(value)
        if self.id is None and self.question is None:
            raise ConfigError("layout: give id or question, so that problems can be told apart")
        if self.text is None and self.steps is None and self.answer is None:
            raise ConfigError("layout: give answer, or text or steps to extract it from")


def shipped_layouts() -> list[str]:
    """Return the names of the layouts that come with the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def layout_descriptions() -> dict[str, str]:
    """Return what each shipped layout reads: the comment that its file opens with."""
    described = {}
    for name in shipped_layouts():
        lines = (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
        comment = takewhile(lambda line: line.startswith("#"), lines)
        described[name] = " ".join(line.removeprefix("#").strip() for line in comment)
    return described


def load_layout(name_or_path: str, changes: Mapping[str, str]) -> Layout:
    """Read a layout and change single fields of it.

    Args:
        name_or_path: a shipped layout's name, or a YAML file.
        changes: field to value, as on the command line; an empty value removes a field.

    Raises:
        ConfigError: there is no such layout or field, or a value is wrong.
    """
    path = SHIPPED / f"{name_or_path}.yaml"
    if not path.is_file():
        path = Path(name_or_path)
    if not path.is_file():
        choices = ", ".join(shipped_layouts())
        raise ConfigError(f"--layout: no file {name_or_path!r}; shipped layouts: {choices}")
    content = read_layout_file(path)
    return make_layout({**content, **{name: text or None for name, text in changes.items()}})


def make_layout(content: Mapping[str, Any]) -> Layout:
    """Return a layout from plain data.

    Raises:
        ConfigError: an unknown field, or a wrong value.
    """
    known = {field.name for field in fields(Layout)}
    unknown = sorted(set(content) - known)
    if unknown:
        raise ConfigError(f"layout: no field {unknown[0]!r}; choices: {', '.join(sorted(known))}")
    given = {name: value for name, value in content.items() if value is not None}
    lists: dict[str, Any] = {name: _listed(given.pop(name)) for name in _LISTS if name in given}
    where = _conditions(given.pop("where", {}))
    if isinstance(given.get("independent"), bool):  # YAML reads yes and no as booleans
        given["independent"] = "yes" if given["independent"] else "no"
    wrong = [name for name, value in given.items() if not isinstance(value, str)]
    if wrong:
        raise ConfigError(f"layout: {wrong[0]} must be text, not {given[wrong[0]]!r}")
    return Layout(**given, **lists, where=where)


def _listed(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    return tuple(str(part) for part in parts)


def _conditions(value: Any) -> tuple[tuple[str, str], ...]:
    """Read {path: value}, or path=value of the command line."""
    if isinstance(value, str):
        pairs = [part.partition("=") for part in value.split(",")]
        if not all(sign and path for path, sign, _ in pairs):
            raise ConfigError(f"layout: write where as PATH=VALUE, not {value!r}")
        return tuple((path, wanted) for path, _, wanted in pairs)
    if not isinstance(value, dict):
        raise ConfigError(f"layout: where must map paths to values, not {value!r}")
    return tuple((str(path), str(wanted)) for path, wanted in value.items())


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"layout: {name} must be one of {', '.join(choices)}, not {value!r}")
