"""Tables 1 and 2 and the ability figure, against computations by hand on a made store."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from matplotlib.collections import PathCollection

from tests.unit.analysis.conftest import by_string
from ttsgrid.analysis.frontier import analyse
from ttsgrid.analysis.judging.ability import Ability, read_abilities
from ttsgrid.analysis.study import TABLES, Study, make_study
from ttsgrid.analysis.study.paper import training_tokens
from ttsgrid.cli.frontier import main
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.records import FinishReason, Problem, Solution, StepScores, UnitResult, Usage
from ttsgrid.core.units import ModelIdentity, SampleBlock, SamplingIdentity, ScoreBlock
from ttsgrid.store import Commit, ModelRecord, Store
from ttsgrid.views.figures.ability import draw_ability

POLICY = ModelIdentity("writer", "m", "w", "{}")
# Name and number of parameters; the study has figures of the first one's training data.
PRMS = {"rlhflow-8b-mistral": 8_000_000, "keen": 1_000_000, "blind": 2_000_000}
Sample = tuple[str, int, dict[str, list[float]]]
"""An answer ("0" is right), tokens, and each PRM's step scores (none: unscored)."""
POOLS: list[list[Sample]] = [
    [
        ("0", 30, {"rlhflow-8b-mistral": [0.9, 0.65], "keen": [0.9, 0.8], "blind": [0.11, 0.5]}),
        ("1", 50, {"rlhflow-8b-mistral": [0.7, 0.8], "keen": [0.2, 0.1], "blind": [0.12, 0.4]}),
        ("1", 40, {"rlhflow-8b-mistral": [0.2, 0.9], "keen": [0.3, 0.2], "blind": [0.13, 0.3]}),
        ("0", 60, {"rlhflow-8b-mistral": [0.5, 0.1], "keen": [0.7, 0.9], "blind": [0.15, 0.25]}),
    ],
    [
        ("2", 20, {"rlhflow-8b-mistral": [0.8], "keen": [0.1], "blind": [0.9]}),
        ("0", 80, {"rlhflow-8b-mistral": [0.5, 0.5, 0.6], "keen": [0.9, 0.7, 0.8], "blind": []}),
        ("2", 10, {"rlhflow-8b-mistral": [0.4], "keen": [0.2], "blind": [0.8]}),
        ("3", 90, {"rlhflow-8b-mistral": [0.9, 0.85, 0.95], "keen": [0.5] * 3, "blind": [0.7] * 3}),
    ],
    [
        ("0", 44, {"rlhflow-8b-mistral": [0.6, 0.6], "keen": [0.95, 0.85], "blind": [0.2, 0.2]}),
        ("0", 33, {"rlhflow-8b-mistral": [0.3, 0.95], "keen": [0.8, 0.9], "blind": [0.3, 0.3]}),
        ("4", 22, {"rlhflow-8b-mistral": [0.7, 0.2], "keen": [0.4, 0.1], "blind": [0.9, 0.9]}),
        ("4", 11, {"rlhflow-8b-mistral": [0.1, 0.15], "keen": [0.3, 0.3], "blind": [0.4, 0.4]}),
    ],
]
HOW: dict[str, Callable[[list[float]], float]] = {
    "min": min,
    "last": lambda scores: scores[-1],
    "avg": lambda scores: sum(scores) / len(scores),
    "prod": math.prod,
}
ABILITIES = {"rlhflow-8b-mistral": 0.4, "keen": 0.8, "blind": 0.2}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prms") / "store"
    with Store.open(path, run_id="test") as opened:
        identities = {name: ModelIdentity(name, "m", name, "{}") for name in PRMS}
        opened.write_models(
            [
                ModelRecord(POLICY, "policy", 3_000_000),
                *(ModelRecord(identities[name], "prm", size) for name, size in PRMS.items()),
            ]
        )
        for index, pool in enumerate(POOLS):
            problem = Problem(f"p{index}", "zoo", index, f"question {index}", "0")
            opened.write_problems([problem])
            block = SampleBlock(problem.id, POLICY, SamplingIdentity(0.7, 1.0, 99, 0), 0, len(pool))
            solutions = tuple(
                Solution(
                    number, "text", ("step",) * len(scores["keen"]), FinishReason.STOP,
                    answer, answer == "0", Usage(5, 0, tokens), number,
                )
                for number, (answer, tokens, scores) in enumerate(pool)
            )  # fmt: skip
            commits = [Commit(block, UnitResult(block.id, solutions=solutions), problem)]
            for name, identity in identities.items():
                unit = ScoreBlock(block, identity)
                scored = tuple(
                    StepScores(
                        number, tuple(scores[name]), Usage(),
                        unscored=None if scores[name] else "too long",
                    )
                    for number, (_, _, scores) in enumerate(pool)
                )  # fmt: skip
                commits.append(Commit(unit, UnitResult(unit.id, scores=scored), problem))
            opened.commit(commits)
    return path


@pytest.fixture(scope="module")
def study(store: Path) -> Study:
    abilities = {name: Ability(name, f1) for name, f1 in ABILITIES.items()}
    return make_study(store, analyse(store, by_string), abilities=abilities)


def best_of(pool: list[Sample], prm: str, how: str) -> Sample:
    scored = [sample for sample in pool if sample[2][prm]]
    return max(scored, key=lambda sample: HOW[how](sample[2][prm]))


def voted(pool: list[Sample], prm: str, how: str) -> str:
    sums: dict[str, float] = defaultdict(float)
    for answer, _, scores in pool:
        if scores[prm]:
            sums[answer] += HOW[how](scores[prm])
    return max(sums, key=lambda answer: sums[answer])


@pytest.mark.parametrize("prm", PRMS)
@pytest.mark.parametrize("how", HOW)
def test_preferred_lengths_are_those_of_the_highest_scored_samples(
    study: Study, prm: str, how: str
) -> None:
    frame = TABLES["preferred-lengths"].build(study)
    row = frame.filter(prm=prm, aggregation=how).row(0, named=True)
    scored = [[sample for sample in pool if sample[2][prm]] for pool in POOLS]
    steps = [[len(sample[2]["keen"]) for sample in pool] for pool in scored]
    tokens = [[sample[1] for sample in pool] for pool in scored]
    chosen = [best_of(pool, prm, how) for pool in POOLS]
    mean_tokens, mean_steps = [np.mean(t) for t in tokens], [np.mean(s) for s in steps]
    chosen_steps = [len(sample[2]["keen"]) for sample in chosen]

    assert row["num_problems"] == len(POOLS)
    assert row["num_unscored"] == (1 if prm == "blind" else 0)
    assert row["response_tokens"] == pytest.approx(np.mean(mean_tokens))
    assert row["preferred_response_tokens"] == pytest.approx(np.mean([s[1] for s in chosen]))
    difference = np.array([s[1] for s in chosen]) - np.array(mean_tokens)
    assert row["response_difference"] == pytest.approx(difference.mean())
    reach = 4.302653 * difference.std(ddof=1) / np.sqrt(3)  # Student's 97.5 % of 2 degrees
    assert row["response_difference_high"] == pytest.approx(difference.mean() + reach, rel=1e-5)
    per_step, preferred = sum(mean_tokens) / sum(mean_steps), sum(s[1] for s in chosen)
    assert row["step_tokens"] == pytest.approx(per_step)
    assert row["preferred_step_tokens"] == pytest.approx(preferred / sum(chosen_steps))
    assert row["step_difference"] == pytest.approx(preferred / sum(chosen_steps) - per_step)


def test_among_right_samples_only_a_preference_for_length_is_left(study: Study) -> None:
    """Right ones of 30 and 60, and of 44 and 33 tokens; `keen` takes by its lowest step 30 and 44,
    and on the second problem there is one right sample alone: (-15 + 5.5) / 2."""
    frame = TABLES["preferred-lengths"].build(study)
    row = frame.filter(prm="keen", aggregation="min").row(0, named=True)
    assert row["num_problems_right"] == 2
    assert row["right_difference"] == pytest.approx((-15 + 5.5) / 2)


def test_the_studys_training_data_stand_beside_the_prms_that_it_names(study: Study) -> None:
    frame = TABLES["preferred-lengths"].build(study)
    columns = ["paper_response_tokens", "paper_step_tokens"]
    named = frame.filter(prm="rlhflow-8b-mistral").select(columns).unique()
    assert named.rows() == [(236.9, 46.6)]
    assert frame.filter(prm="keen").select(columns).unique().rows() == [(None, None)]
    assert training_tokens("rlhflow-8b-deepseek") == {"response": 333.1, "step": 58.4}


def test_each_prm_has_each_way_to_score_and_to_vote(study: Study) -> None:
    frame = TABLES["votes"].build(study)
    assert frame.select("prm", "strategy", "n").rows() == [
        (prm, "best_of_n", 4) for prm in sorted(PRMS)
    ]
    for row in frame.iter_rows(named=True):
        prm, differences = row["prm"], []
        for how in HOW:
            highest = [best_of(pool, prm, how)[0] == "0" for pool in POOLS]
            elected = [voted(pool, prm, how) == "0" for pool in POOLS]
            assert row[f"accuracy_{how}_max"] == pytest.approx(np.mean(highest)), (prm, how)
            assert row[f"accuracy_{how}_weighted"] == pytest.approx(np.mean(elected)), (prm, how)
            low, high = (row[f"accuracy_{how}_max_{end}"] for end in ("low", "high"))
            assert low <= row[f"accuracy_{how}_max"] <= high
            differences.append(np.mean(elected) - np.mean(highest))
        assert row["vote_difference"] == pytest.approx(np.mean(differences))
        assert row["num_unscored"] == (1 if prm == "blind" else 0)
        # Two right of four, ties; "2" twice; two of four, ties: (1/2 + 0 + 1/2) / 3.
        assert row["accuracy_majority"] == pytest.approx(1 / 3)


def test_ability_stands_beside_the_accuracy_with_that_prm(study: Study) -> None:
    frame = TABLES["prm-ability"].build(study)
    assert dict(frame.select("prm", "f1").iter_rows()) == ABILITIES
    assert dict(frame.select("prm", "num_parameters").iter_rows()) == PRMS
    for row in frame.iter_rows(named=True):
        best = next(b.point for b in study.optimal if b.point["prm"] == row["prm"])
        assert row["accuracy"] == best["accuracy"]
        assert row["num_problems"] == len(POOLS)
    # Least squares by the normal equations.
    x, y = np.log(frame["f1"].to_numpy()), frame["accuracy"].to_numpy()
    slope = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
    assert frame["fit_slope"].to_list() == pytest.approx([slope] * 3)
    assert frame["fitted"].to_list() == pytest.approx(list(y.mean() + slope * (x - x.mean())))


def test_the_picture_has_a_mark_per_prm_larger_for_more_parameters(study: Study) -> None:
    axes = draw_ability(study, "zoo").axes[0]
    (marks,) = (one for one in axes.collections if isinstance(one, PathCollection))
    frame = TABLES["prm-ability"].build(study)
    drawn = sorted((float(x), float(y)) for x, y in np.asarray(marks.get_offsets()))
    expected = sorted(frame.select("f1", "accuracy").rows())
    np.testing.assert_allclose(drawn, expected)
    areas = dict(zip(frame["prm"], marks.get_sizes(), strict=True))
    assert areas["keen"] < areas["blind"] < areas["rlhflow-8b-mistral"]
    assert {text.get_text() for text in axes.texts} == set(PRMS)


def test_two_prms_have_no_curve(study: Study, store: Path) -> None:
    two = {name: Ability(name, f1) for name, f1 in ABILITIES.items() if name != "blind"}
    frame = TABLES["prm-ability"].build(make_study(store, study.frontier, abilities=two))
    assert set(frame["prm"]) == set(two)
    assert frame["fit_slope"].null_count() == 2


def test_a_file_gives_abilities_and_one_in_the_store_is_found(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    csv = tmp_path / "f1.csv"
    csv.write_text("prm,f1\nkeen,0.8\nelsewhere,0.5\n")
    command = [str(store), "--table", "prm-ability", "--out", str(tmp_path)]
    assert main([*command, "--prm-ability", str(csv)]) == 0
    assert pl.read_csv(tmp_path / "prm_ability.csv")["f1"].to_list() == [0.8]
    assert main(command) == 2
    assert "no file says how well blind, keen, rlhflow-8b-mistral" in capsys.readouterr().err

    (store / "prm_bench").mkdir()
    rows = [{"prm": "keen", "data": "gsm8k", "f1": 0.5, "f1_held_out": 0.7}]
    written = store / "prm_bench" / "prm_bench.json"
    written.write_text(json.dumps({"prm_bench": rows}))
    assert main([*command, "--figure", "prm-ability"]) == 0
    assert pl.read_csv(tmp_path / "prm_ability.csv")["f1"].to_list() == [0.7]
    assert (tmp_path / "prm-ability-zoo.svg").is_file()
    written.unlink()


def test_of_several_sets_the_mean_counts(tmp_path: Path) -> None:
    path = tmp_path / "f1.csv"
    path.write_text("prm,data,f1\na,gsm8k,0.6\na,math,0.8\na,mean of sets,0.7\nb,math,0.3\n")
    assert read_abilities(path) == {"a": Ability("a", 0.7), "b": Ability("b", 0.3)}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("f1.csv", "prm,f1\na,70\n", r"f1 of a is 70; it must be in \[0, 1\]"),
        ("f1.csv", "prm,f1\na,0.7\na,0.8\n", "names a twice"),
        ("f1.csv", "prm,score\na,0.7\n", "each row needs `prm`"),
        ("f1.csv", "prm,f1\n", "holds no PRM"),
        ("f1.json", "{}", "is neither a prm_bench.json nor a CSV"),
        ("f1.json", "no json", "is neither a prm_bench.json nor a CSV"),
        ("none.csv", None, "No such file"),
    ],
)
def test_a_wrong_file_is_a_sentence(
    tmp_path: Path, name: str, text: str | None, words: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_abilities(tmp_path / name)
