"""Planning, importing and analysing need nothing that Unix alone has, as on Windows.

Windows itself is not at hand: a fresh interpreter, and each that it starts, runs without the
modules, functions and signals that are missing there (`sitecustomize`). `os.uname` stays, since
the wheels of numpy and polars for Linux ask for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.importer.made import PROBLEMS, write_lines
from ttsgrid.store import Store, holder

ROOT = Path(__file__).resolve().parents[3]
LIKE_WINDOWS = """
import os, signal, sys
for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "readline"):
    sys.modules[name] = None
for name in ("fork", "forkpty", "killpg", "setsid", "getuid", "geteuid", "sysconf", "O_DIRECTORY"):
    delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGALRM", "SIGPROF", "SIGSTOP", "SIGUSR1", "setitimer"):
    delattr(signal, name)
"""
COMMANDS = """
import sys
from contextlib import suppress
from ttsgrid.cli.main import main
store, file = sys.argv[1:]
for name in ("plan", "import", "frontier", "report", "store"):
    with suppress(SystemExit):  # argparse's way to end
        main([name, "--help"])
few = ["benchmark.num_problems=2", "policies=[zoo-s]", "prms=[]", "strategies=[cot,majority]"]
assert main(["plan", f"store={store}-planned", *few]) == 0
recorded = ["--benchmark=by-hand", "--policy=writer", "--temperature=0.7", "--prm=judge"]
assert main(["import", "samples", store, file, *recorded, "--grader=math"]) == 0
assert main(["frontier", store]) == 0
assert main(["report", store]) == 0
assert main(["store", "verify", store]) == 0
"""
JUDGE = r"""
from ttsgrid.benchmarks.graders.judge import MathJudge
from ttsgrid.core.errors import UndecidedError
judge = MathJudge(cpu_seconds=1.0)
assert judge.equivalent("1/2", "0.5")
try:
    judge.equivalent("9", "9^{9^{9^9}} + 1")
except UndecidedError:
    print("undecided")
assert not judge.equivalent("1/2", "x + 1")
judge.close()
"""


def _run(program: str, folder: Path, arguments: Sequence[str] = ()) -> str:
    (folder / "sitecustomize.py").write_text(LIKE_WINDOWS)
    paths = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    command = [sys.executable, "-P", "-c", program, *arguments]
    ended = subprocess.run(
        command, cwd=folder, env=paths, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_plan_import_frontier_and_report_run_without_what_unix_alone_has(tmp_path: Path) -> None:
    store = tmp_path / "store"
    file = write_lines(tmp_path / "run.jsonl", PROBLEMS)
    said = _run(COMMANDS, tmp_path, [str(store), str(file)])
    assert "over 2 problems" in said
    assert "writer majority-4  75.0 %" in said  # 0.5 and 1/2 vote together: the judge answered
    assert (store / "report.html").is_file()
    assert not (tmp_path / "store-planned").exists()


def test_the_judge_of_mathematics_keeps_its_time_without_forks(tmp_path: Path) -> None:
    assert _run(JUDGE, tmp_path) == "undecided\n"


def test_where_processes_can_t_be_seen_none_is_asked_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holder, "sees_processes", lambda: False)
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("Ctrl-C on Windows"))
    heard: list[str] = []
    for run_id in ("first", "second"):
        Store.open(tmp_path / "store", run_id=run_id, tell=heard.append).close()
    assert heard == []
    assert not holder.Holder.me("third", 0.0, 60.0).is_here
