"""`python -m ttsgrid.frontier`: what is wrong is said in a sentence, without a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ttsgrid.cli.frontier import main
from ttsgrid.cli.importer import main as import_file
from ttsgrid.cli.report import main as report


@pytest.mark.parametrize("budgets", ["junk", "1.5", "0", "4,-1", "", "4,,8"])
def test_budgets_that_are_no_whole_numbers_are_refused_with_an_example(
    budgets: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["a-store", f"--budgets={budgets}"])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "argument --budgets" in said
    assert f"{budgets!r}: whole numbers from 1, with commas: 1,2,8,32" in said


@pytest.mark.parametrize("price", ["-1", "0", "nan", "inf", "cheap"])
@pytest.mark.parametrize("command", [main, report])
def test_a_price_that_is_none_is_refused(
    command: Callable[[list[str]], int], price: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        command(["a-store", f"--price-per-gpu-hour={price}"])
    assert stopped.value.code == 2
    assert f"--price-per-gpu-hour: {price!r}: a number above 0" in capsys.readouterr().err


def test_a_folder_for_the_files_that_is_a_file_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, recorded = tmp_path / "store", tmp_path / "run.jsonl"
    recorded.write_text(
        '{"question": "q", "answer": "1", "samples": [{"answer": "1", "tokens": 3}]}'
    )
    named = "--benchmark math500 --policy m --policy-parameters 1e9 --temperature 0.7"
    assert import_file(["samples", str(store), str(recorded), *named.split()]) == 0
    taken = tmp_path / "taken"
    taken.write_text("mine")
    assert main([str(store), "--out", str(taken)]) == 2
    assert str(taken) in capsys.readouterr().err
    assert taken.read_text() == "mine"


def test_a_name_of_long_cot_that_is_no_policys_is_refused_with_the_choices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, recorded = tmp_path / "store", tmp_path / "run.jsonl"
    recorded.write_text(
        '{"question": "q", "answer": "1", "samples": [{"answer": "1", "tokens": 3}]}'
    )
    named = "--benchmark math500 --policy thinker --policy-parameters 1e9 --temperature 0.7"
    assert import_file(["samples", str(store), str(recorded), *named.split()]) == 0
    assert main([str(store), "--long-cot", "thinkr"]) == 2
    said = capsys.readouterr().err
    assert "--long-cot: 'thinkr' is not one of: thinker" in said
    assert main([str(store), "--long-cot", "thinker", "--out", str(tmp_path / "out")]) == 0
