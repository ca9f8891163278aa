"""`ttsgrid import --guess FILE` names the layout and shows what to type next."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.unit.importer.made import PROBLEMS, write_lines
from tests.unit.store.driver import commit_groups
from ttsgrid.cli.importer import main
from ttsgrid.core.errors import ConfigError
from ttsgrid.importer.guess import guess_layout
from ttsgrid.store import scan

WRITTEN = Path(__file__).parent / "written"


@pytest.mark.parametrize(
    ("file", "layout"),
    [
        ("lm_eval/samples_scripted.jsonl", "lm_eval"),
        ("lm_eval/samples_repeated.jsonl", "lm_eval_repeats"),
        ("inspect_ai/log.json.gz", "inspect"),
        ("inspect_ai/log.eval", "inspect"),
        ("evalscope/gsm8k_main.jsonl", "evalscope"),
        ("nemo_skills/output-rs0.jsonl", "nemo_skills"),
        ("thinkbooster/results.json", "thinkbooster"),
        ("its_hub/best_of_n.jsonl", "its_hub"),
        ("its_hub/self_consistency.jsonl", "its_hub"),
        ("search_and_learn/best_of_n_completions.jsonl", "search_and_learn"),
        ("search_and_learn/beam_search_completions.jsonl", "search_and_learn_search"),
        ("search_and_learn/dvts_completions.jsonl", "search_and_learn_search"),
        ("compute_optimal_tts/beam", "compute_optimal_tts"),
    ],
)
def test_what_a_tool_wrote_is_known(file: str, layout: str) -> None:
    assert guess_layout([WRITTEN / file]).layout == layout


def test_our_own_layout_is_known_and_its_samples_shown(tmp_path: Path) -> None:
    guess = guess_layout([write_lines(tmp_path / "run.jsonl", PROBLEMS)])
    assert guess.layout == "default"
    assert guess.rows["answer"].to_list() == ["0.5", "2", "2"]
    assert guess.rows["verdict"].to_list() == ["right", "wrong", "wrong"]
    assert guess.rows["tokens"].to_list() == [10, 12, 14]


def test_a_search_and_a_filter_are_told(tmp_path: Path) -> None:
    assert guess_layout([WRITTEN / "compute_optimal_tts/beam"]).is_search
    lm_eval = guess_layout([WRITTEN / "lm_eval/samples_scripted.jsonl"])
    assert lm_eval.differs_in == ("filter", ("flexible-extract", "strict-match"))


def test_a_pool_is_not_told_to_be_a_search_by_its_tools_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = WRITTEN / "search_and_learn/best_of_n_completions.jsonl"
    assert not guess_layout([file]).is_search
    assert main(["--guess", str(file)]) == 0
    assert "--strategy" not in capsys.readouterr().out


def test_a_record_that_the_layout_does_not_fit_says_how_to_find_one_that_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = WRITTEN / "nemo_skills/output-rs0.jsonl"
    told = [str(tmp_path / "s"), str(file), "--benchmark=gsm8k", "--policy=m", "--temperature=1"]
    assert main(["samples", *told]) == 2
    assert f"`ttsgrid import --guess {file}` says which layout" in capsys.readouterr().err


def test_files_of_two_tools_are_told_apart() -> None:
    files = [WRITTEN / "lm_eval/samples_scripted.jsonl", WRITTEN / "nemo_skills/output-rs0.jsonl"]
    with pytest.raises(
        ConfigError, match=r"is of layout lm_eval and .* nemo_skills\): import each"
    ):
        guess_layout(files)


def test_a_store_with_its_analysis_is_no_recorded_run(tmp_path: Path) -> None:
    commit_groups(tmp_path / "store", 0, 1)
    (tmp_path / "store/frontier").mkdir()
    (tmp_path / "store/frontier/made_with.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"is a store, .* `ttsgrid frontier "):
        guess_layout([tmp_path / "store"])


def test_a_file_that_no_layout_reads_is_one_sentence(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x.jsonl", [{"prompt": "1+1?", "said": "2"}])
    with pytest.raises(ConfigError, match=r"no shipped layout reads .*holds prompt, said; write a"):
        guess_layout([path])


def test_a_table_of_accuracies_is_told_from_samples(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("strategy,n,accuracy\nmajority,4,0.5\n")
    with pytest.raises(ConfigError, match=r"is a table: .* `ttsgrid import points STORE FILE`"):
        guess_layout([path])


def test_the_command_to_type_next_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = WRITTEN / "lm_eval/samples_scripted.jsonl"
    assert main(["--guess", str(file)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Layout lm_eval: ")
    assert "Half of a number" not in said, "three samples are shown, this would be the fourth"
    (command,) = (line for line in said.splitlines() if "import samples" in line)
    for ours, mine in (
        ("results/mine", str(tmp_path)),
        ("--benchmark NAME", "--benchmark gsm8k"),
        ("--policy NAME", "--policy p"),
        ("SIZE", "1e9"),
        ("--temperature T", "--temperature 0"),
    ):
        command = command.replace(ours, mine)
    program, door, *arguments = shlex.split(command)
    assert (program, door) == ("ttsgrid", "import")
    assert main(arguments) == 0
    assert len(scan(tmp_path, "solutions").collect()) == 5


def test_no_word_at_all_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([])
    assert "say samples, points or --guess FILE" in capsys.readouterr().err
