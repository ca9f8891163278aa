"""The graders by name, and custom ones by dotted path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from ttsgrid.benchmarks.graders.choice import ChoiceGrader
from ttsgrid.benchmarks.graders.code import CodeGrader
from ttsgrid.benchmarks.graders.integer import IntegerGrader
from ttsgrid.benchmarks.graders.math import MathGrader
from ttsgrid.benchmarks.graders.numeric import NumericGrader
from ttsgrid.benchmarks.graders.protocol import Grader
from ttsgrid.benchmarks.graders.text import TextGrader
from ttsgrid.core.checks import refuse_unknown, require_choice
from ttsgrid.core.dotted import is_dotted, load_own

GRADERS: dict[str, Callable[..., Grader]] = {
    "math": MathGrader,
    "integer": IntegerGrader,
    "numeric": NumericGrader,
    "choice": ChoiceGrader,
    "text": TextGrader,
    "code": CodeGrader,
}


def make_grader(name: str, options: Mapping[str, Any] | None = None) -> Grader:
    """Return a grader.

    Args:
        name: one of `GRADERS`, or the dotted path of a custom one, `package.module:Name`.
        options: its keyword arguments; lists become tuples.

    Raises:
        ConfigError: there is no such grader, or it takes no such option.
    """
    given = {key: _frozen(value) for key, value in (options or {}).items()}
    if is_dotted(name):
        grader: Grader = load_own(name, "benchmark.grader", Grader, given)
        return grader
    require_choice("benchmark.grader", name, GRADERS)
    known = [option for option in signature(GRADERS[name]).parameters if option != "name"]
    refuse_unknown(f"benchmark.grader_options of {name}", given, known)
    return GRADERS[name](**given)


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
