"""Inputs on which votes compare programs: the calls that a prompt shows, or generated ones.

Programs that behave alike on them count as one answer. Where a prompt shows calls of its
function (`>>> f([1, 2])`, `f(2) == 4`), their arguments are the inputs. Where it shows none,
inputs are generated from the signature: by annotation, else by what a parameter's name
usually holds. They depend on the prompt alone, so every solution meets the same.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable, Iterator
from itertools import islice

NUM_GENERATED = 8
MAX_EXAMPLES = 16
_MAX_CALL_CHARS = 2000

Arguments = tuple[object, ...]
Draw = Callable[[random.Random], object]


def vote_inputs(setup: str, entry_point: str, text: str = "") -> str:
    """Return the inputs of a problem, as source of a list of argument tuples.

    Args:
        setup: the prompt's code with the function's stub.
        entry_point: the function's name.
        text: of a prompt in words, where calls may be shown, too.
    """
    shown = shown_calls(setup + "\n" + text, entry_point)
    return repr(shown or generated_calls(setup, entry_point))


def shown_calls(text: str, entry_point: str) -> list[Arguments]:
    """Return the arguments of the calls that a prompt shows, each once."""
    found: list[Arguments] = []
    for match in re.finditer(rf"(?<![\w.]){re.escape(entry_point)}\s*\(", text):
        if text[: match.start()].rstrip().endswith("def"):
            continue
        arguments = _arguments(text[match.start() :][:_MAX_CALL_CHARS])
        if arguments is not None and repr(arguments) not in map(repr, found):
            found.append(arguments)
    return found[:MAX_EXAMPLES]


def _arguments(text: str) -> Arguments | None:
    """Return the literal arguments of the call with which a text begins."""
    for end in (match.end() for match in re.finditer(r"\)", text)):
        try:
            call = ast.parse(text[:end], mode="eval").body
        except (SyntaxError, ValueError):
            continue
        if not isinstance(call, ast.Call) or call.keywords or not call.args:
            return None
        try:
            return tuple(ast.literal_eval(argument) for argument in call.args)
        except (ValueError, TypeError):
            return None
    return None


def generated_calls(setup: str, entry_point: str) -> list[Arguments]:
    """Return arguments drawn from a function's signature; none where there is no function."""
    parameters = _parameters(setup, entry_point)
    if parameters is None:
        return []
    rng = random.Random(f"ttsgrid-inputs-{entry_point}")
    draws = [_draw_for(parameter) for parameter in parameters]
    calls = (tuple(draw(rng) for draw in draws) for _ in range(20 * NUM_GENERATED))
    return list(islice(_distinct(calls), NUM_GENERATED))


def _distinct(calls: Iterator[Arguments]) -> Iterator[Arguments]:
    seen = set()
    for call in calls:
        if repr(call) not in seen:
            seen.add(repr(call))
            yield call


def _parameters(setup: str, entry_point: str) -> list[ast.arg] | None:
    try:
        tree = ast.parse(setup)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == entry_point:
            return [given for given in node.args.args if given.arg != "self"]
    return None


def _draw_for(parameter: ast.arg) -> Draw:
    if parameter.annotation is not None:
        return _of_type(parameter.annotation)
    name = parameter.arg.lower()
    for pattern, draw in _USUAL:
        if re.search(pattern, name):
            return draw
    return _integer


def _of_type(annotation: ast.expr) -> Draw:
    if isinstance(annotation, ast.Subscript):
        outer = _type_name(annotation.value)
        inner = annotation.slice
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if outer == "optional":
            return _of_type(parts[0])
        if outer == "tuple":
            draws = [_of_type(part) for part in parts]
            return lambda rng: tuple(draw(rng) for draw in draws)
        if outer == "dict" and len(parts) > 1:
            return _dict_of(_of_type(parts[0]), _of_type(parts[1]))
        return _list_of(_of_type(parts[0]))
    return _BY_NAME.get(_type_name(annotation), _integer)


def _type_name(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2].strip("'\"").lower()


def _integer(rng: random.Random) -> int:
    return rng.choice([0, 1, 2, 3, 5, 8, 10, 12, 17, 25, 100])


def _real(rng: random.Random) -> float:
    return round(rng.uniform(0, 20), 2)


def _text(rng: random.Random) -> str:
    words = ["abc", "Hello", "racecar", "a", "level", "data set", "xyz123", "()", "1 2 3"]
    return " ".join(rng.choices(words, k=rng.randint(1, 3)))


def _boolean(rng: random.Random) -> bool:
    return rng.random() < 0.5


def _list_of(draw: Draw) -> Draw:
    return lambda rng: [draw(rng) for _ in range(rng.randint(1, 6))]


def _dict_of(key: Draw, value: Draw) -> Draw:
    return lambda rng: {key(rng): value(rng) for _ in range(rng.randint(1, 4))}


_BY_NAME: dict[str, Draw] = {
    "int": _integer,
    "float": _real,
    "str": _text,
    "bool": _boolean,
    "list": _list_of(_integer),
    "dict": _dict_of(_text, _integer),
    "tuple": lambda rng: tuple(_integer(rng) for _ in range(3)),
}

_USUAL: tuple[tuple[str, Draw], ...] = (
    (r"dict|dic$|map$", _dict_of(_text, _integer)),
    (r"tup", lambda rng: tuple(_integer(rng) for _ in range(rng.randint(2, 5)))),
    (r"matrix|grid|mat$|lists|arrays", _list_of(_list_of(_integer))),
    (r"words|strings|strs|names", _list_of(_text)),
    (r"lst|list|arr|nums|numbers|l\d?$|li$|array|seq|operations|values|items", _list_of(_integer)),
    (r"^s\d?$|str|text|word|string|char|sentence|message|txt|date|file", _text),
    (r"float|rate|threshold|radius", _real),
)
