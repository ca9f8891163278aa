r"""What a benchmark is, as its YAML file says it: source, fields, grader, instruction.

`conf/benchmark/NAME.yaml` holds one, and so does a file in a user's own config folder;
no benchmark is known to the code by its name. The least that a file says:

    name: mine
    path: problems.jsonl
    grader: math

Problems come from one of three sources: a file (`path`), files of a hub data set
(`dataset`), or a function that makes them (`generator`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ttsgrid.core.errors import ConfigError
from ttsgrid.core.identity import canonical_json

GOLD_FORMS = ("auto", "plain", "hashes", "boxed")


@dataclass(frozen=True)
class FieldNames:
    """Which field of a row holds what; None finds it by its usual names.

    Attributes:
        unit: of the answer: the question then asks for it, and it is part of the gold answer.
            Looked for by itself only where the grader is `numeric`.
        options: of multiple choice: one field that holds all, or one for each. Looked for by
            itself only where the grader is `choice`.
    """

    question: str | None = None
    answer: str | None = None
    level: str | None = None
    subject: str | None = None
    unit: str | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class BenchmarkConfig:
    r"""One benchmark, and how many of its problems to run.

    Attributes:
        name: in tables, in the store and in the default store's path.
        path: a file of problems: JSON lines, a JSON array, CSV or Parquet, gzipped or not.
        dataset: a data set of the Hugging Face hub, e.g. `openai/gsm8k`.
        revision: its commit, tag or branch; None for the newest.
        split: takes the files whose names begin with it, e.g. `test`.
        folder: where in the data set those files lie; "" anywhere, `*` in several at once.
        generator: dotted path of a function (num_problems, seed) to rows.
        read_row: dotted path of a function from a row of the file to a row with question and
            answer, for files whose answers are no field of theirs (tests of code, say).
        fields: of a row.
        gold_form: how the answer field marks the gold answer: `plain`, `hashes` (`#### 42`),
            `boxed`, or `auto` (whichever of the latter two is there, else plain).
        grader: a name (`ttsgrid.benchmarks.graders`) or the dotted path of a custom one.
        grader_options: keyword arguments of the grader.
        answer_forms: how solutions mark their answers, in order; empty for the grader's own.
        instruction: what a prompt asks for, in the place of the policy format's own words.
        step_labels: dotted path of a class that labels steps (`ttsgrid.benchmarks.labels`).
        num_problems: how many; None for all.
        seed: which test set of a generated benchmark, or which shuffle of a file; None
            takes the first problems in file order.
        option_seed: shuffles the options of multiple choice; None keeps the file's order.
        positions_from: 0 or 1, the first option's number where the answers of multiple choice
            are positions; None takes 0 where one of them is 0, and else refuses them.
        size: how many problems its source holds, as published; for plans where neither the
            hub, nor its cache, nor a file gives them.
        search_problems: searches run on the first so many problems; None for all. A
            strategy's own `num_problems` goes before it.
    """

    name: str
    path: str | None = None
    dataset: str | None = None
    revision: str | None = None
    split: str = "test"
    folder: str = ""
    generator: str | None = None
    read_row: str | None = None
    fields: FieldNames = field(default_factory=FieldNames)
    gold_form: str = "auto"
    grader: str = "math"
    grader_options: dict[str, Any] = field(default_factory=dict)
    answer_forms: tuple[str, ...] = ()
    instruction: str | None = None
    step_labels: str | None = None
    num_problems: int | None = None
    seed: int | None = None
    option_seed: int | None = 0
    positions_from: int | None = None
    size: int | None = None
    search_problems: int | None = None

    def __post_init__(self) -> None:
        for setting in ("num_problems", "search_problems", "size"):
            number = getattr(self, setting)
            if number is not None and number < 1:
                raise ConfigError(f"benchmark.{setting}={number} must be above 0")
        if self.positions_from not in (None, 0, 1):
            raise ConfigError(f"benchmark.positions_from={self.positions_from} must be 0 or 1")
        if self.gold_form not in GOLD_FORMS:
            choices = ", ".join(GOLD_FORMS)
            raise ConfigError(f"benchmark.gold_form: {self.gold_form!r} is not one of: {choices}")

    @property
    def source(self) -> str:
        """Where its problems come from."""
        return self.path or self.dataset or self.generator or self.name

    @property
    def options(self) -> dict[str, Any]:
        """All keyword arguments of the grader, forms of answers included."""
        forms = {"answer_forms": self.answer_forms} if self.answer_forms else {}
        return {**self.grader_options, **forms}

    @property
    def options_json(self) -> str:
        """The same as canonical JSON: what a store keeps."""
        return canonical_json(self.options)
