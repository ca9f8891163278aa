"""Options and files that can't describe a run are refused in a sentence, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from ttsgrid.cli.importer import main

GIVEN = {"--policy": "m", "--policy-parameters": "1e9", "--temperature": "0.7"}
LINE = '{"question": "q", "answer": "1", "samples": [{"answer": "1", "tokens": 3}]}'


def refused(tmp_path: Path, line: str, **changed: str) -> int:
    file, store = tmp_path / "run.jsonl", tmp_path / "store"
    file.write_text(line)
    options = GIVEN | {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
    written = [f"{name}={value}" for name, value in options.items()]
    code = main(["samples", str(store), str(file), "--benchmark=math500", *written])
    assert not list(store.glob("*/*.parquet"))
    return code


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("policy", " "),
        ("temperature", "-1"),
        ("temperature", "nan"),
        ("top_p", "7"),
        ("top_p", "0"),
        ("max_tokens", "-1"),
        ("first_sample", "-3"),
        ("chars_per_token", "0"),
        ("chars_per_token", "nan"),
    ],
)
def test_an_option_out_of_its_range_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    assert refused(tmp_path, LINE, **{option: value}) == 2
    assert f"ttsgrid: --{option.replace('_', '-')}: must be" in capsys.readouterr().err


@pytest.mark.parametrize("size", ["large", "-5", "nan", "inf"])
def test_a_size_that_is_no_number_is_refused_with_an_example(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], size: str
) -> None:
    with pytest.raises(SystemExit):
        refused(tmp_path, LINE, policy_parameters=size)
    assert f"{size!r}: a number of parameters, e.g. 1.5e9" in capsys.readouterr().err


def test_a_problem_without_samples_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(tmp_path, LINE.replace('[{"answer": "1", "tokens": 3}]', "[]")) == 2
    assert "problem 'q': it has no samples" in capsys.readouterr().err
