"""Units answer for themselves, so nobody asks for their class."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

import ttsgrid
from ttsgrid.core.identity import canonical_json, content_id
from ttsgrid.core.search_presets import PRESETS
from ttsgrid.core.search_settings import SearchSettings, preset
from ttsgrid.core.units import (
    ModelIdentity,
    SampleBlock,
    SamplingIdentity,
    ScoreBlock,
    SearchTree,
    Unit,
)

POLICY = ModelIdentity("small", "org/small", "r1", "plain")
PRM = ModelIdentity("judge", "org/judge", "r1", "token")
SAMPLING = SamplingIdentity(0.7, 1.0, 64, 0)
BLOCK = SampleBlock("p", POLICY, SAMPLING, 4, 8)
SCORES = ScoreBlock(BLOCK, PRM)
TREE = SearchTree("p", POLICY, PRM, SAMPLING, SearchSettings("beam", 16))
UNITS: tuple[Unit, ...] = (BLOCK, SCORES, TREE)
UNIT_CLASSES = {"SampleBlock", "ScoreBlock", "SearchTree"}


def test_each_kind_says_where_it_runs_and_what_must_be_there() -> None:
    assert [unit.runs_on for unit in UNITS] == [POLICY, PRM, POLICY]
    assert [unit.models for unit in UNITS] == [(POLICY,), (PRM,), (POLICY, PRM)]
    assert [unit.awaits for unit in UNITS] == [None, BLOCK.id, None]


def test_each_kind_says_what_it_asks_and_brings() -> None:
    assert [unit.num_requests for unit in UNITS] == [4, 4, 16]
    assert [unit.num_solutions for unit in UNITS] == [4, 0, 0]
    assert [unit.problem_id for unit in UNITS] == ["p"] * 3
    assert [unit.block for unit in UNITS] == [BLOCK, BLOCK, None]
    assert [unit.tree for unit in UNITS] == [None, None, TREE]


def test_specs_of_different_units_differ_and_can_be_hashed() -> None:
    specs = {canonical_json(unit.spec) for unit in (*UNITS, replace(TREE, subtree=0))}
    assert len(specs) == len(UNITS) + 1


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("kind", ["beam", "dvts"])
def test_a_search_names_the_preset_that_its_rules_are_of(name: str, kind: str) -> None:
    settings = SearchSettings(kind, 4, rules=preset(name, kind))
    assert replace(TREE, settings=settings).preset == name
    own = replace(settings, rules=replace(settings.rules, max_tries=7))
    assert replace(TREE, settings=own).preset is None


def test_nobody_outside_core_asks_for_the_class_of_a_unit() -> None:
    package = Path(ttsgrid.__file__).parent
    asked = [
        f"{file.relative_to(package)}:{node.lineno}"
        for file in package.rglob("*.py")
        if "core" not in file.relative_to(package).parts
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "isinstance"
        and UNIT_CLASSES
        & {name.id for name in ast.walk(node.args[1]) if isinstance(name, ast.Name)}
    ]
    assert asked == []


@pytest.mark.parametrize("problem", ["p0", 'a "quoted"\\one', "дом\n\u2028", "\x1f\x7f"])
def test_ids_are_addresses_of_what_determines_a_unit(problem: str) -> None:
    block, tree = replace(BLOCK, problem_id=problem), replace(TREE, problem_id=problem)
    score = ScoreBlock(block, tree.prm)
    common = {
        "problem": problem,
        "policy": block.policy.id,
        "sampling": block.sampling.as_json(),
    }
    family = content_id({"kind": "sample", **common})
    assert block.family == family
    assert block.id == content_id({"family": family, "start": block.start, "stop": block.stop})
    of_prm = {"kind": "score", "prm": tree.prm.id}
    assert score.family == content_id({**of_prm, "pool": family})
    assert score.id == content_id({**of_prm, "block": block.id})
    run = {"kind": "search", **common, "prm": tree.prm.id, "params": tree.settings.id}
    assert tree.family == content_id(run)
    for subtree in (None, 0, 63):
        address = content_id({"family": tree.family, "subtree": subtree})
        assert replace(tree, subtree=subtree).id == address
