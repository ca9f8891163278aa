"""A program with one operator changed, as a script would change it: what tests should notice."""

from __future__ import annotations

import ast
import random

_OTHER: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


class _Change(ast.NodeTransformer):
    """Counts operators, and changes the one with a number."""

    def __init__(self, chosen: int | None = None) -> None:
        self.count, self._chosen = 0, chosen

    def generic_visit(self, node: ast.AST) -> ast.AST:
        visited = super().generic_visit(node)
        if type(visited) not in _OTHER:
            return visited
        self.count += 1
        return _OTHER[type(visited)]() if self.count - 1 == self._chosen else visited


def mutant(program: str, seed: int) -> str | None:
    """Return a program with one operator changed; None where it has none."""
    counter = _Change()
    counter.visit(ast.parse(program))
    if not counter.count:
        return None
    change = _Change(random.Random(seed).randrange(counter.count))
    return ast.unparse(ast.fix_missing_locations(change.visit(ast.parse(program))))
