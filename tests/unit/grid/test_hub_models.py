"""A model of the hub: its commit is resolved, recorded, kept in the cache and found there again."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import snapshot_download

from tests.own.many_commands import Ended, Line, run_all
from tests.own.stub_hub import StubHub, stub_hub
from tests.unit.grid.broken import copied, with_config

OLD, NEW = "a" * 40, "b" * 40
GRID = (
    "policies=[{name: mine, model: org/tiny, format: zoo, sampling: {max_tokens: 100}}]",
    "prms=[]",
    "strategies=[majority]",
    "budgets=[4]",
    "benchmark.num_problems=3",
)
PLAN = Line("sweep", (*GRID, "plan_only=true"))
CHECK = Line("check", GRID)
OFFLINE = {"HF_HUB_OFFLINE": "1"}
# What a plan says where it could not look: lengths of solutions it assumes here, too.
ASSUMED = re.compile(r"Assumed: (commit|\d+ problem)")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[StubHub]:
    """A hub whose branch `main` is at the old commit, and on which a data set lies."""
    with stub_hub() as hub:
        hub.push("org/tiny", OLD, copied(tmp_path / "old"))
        sums = tmp_path / "sums"
        sums.mkdir()
        rows = [{"question": f"What is {n} + 1?", "answer": str(n + 1)} for n in range(5)]
        (sums / "test.jsonl").write_text("\n".join(map(json.dumps, rows)))
        hub.push("org/sums", "c" * 40, sums)
        yield hub


def run(tmp_path: Path, url: str, *lines: Line, **environment: str) -> list[Ended]:
    """Run command lines against a hub, with a cache of their own."""
    folder = tmp_path / "work"
    folder.mkdir(exist_ok=True)
    caches = {"HF_HOME": str(tmp_path / "cache"), "XDG_CACHE_HOME": str(tmp_path / "hashes")}
    return run_all(folder, list(lines), caches | {"HF_ENDPOINT": url, "HF_TOKEN": ""} | environment)


def flat(text: str) -> str:
    return " ".join(text.split())


def test_the_commit_is_resolved_and_found_again_offline_after_the_branch_has_moved(
    tmp_path: Path, hub: StubHub
) -> None:
    planned, checked = run(tmp_path, hub.url, PLAN, CHECK)
    assert planned.status == checked.status == 0, planned.err + checked.err
    assert f"Commits of hub models: mine at {OLD[:12]}." in flat(planned.out)
    assert f"org/tiny, commit {OLD[:12]}" in flat(checked.out)
    assert not any("model.safetensors" in request for request in hub.asked)
    # What the check reads, it reads at the commit and not at the branch.
    read = [one for one in hub.asked if "/resolve/" in one and "tokenizer" in one]
    assert read
    assert all(OLD in one for one in read)

    moved = with_config(copied(tmp_path / "new"), vocab_size=400)
    hub.push("org/tiny", NEW, moved)
    offline, again = run(tmp_path, hub.url, PLAN, CHECK, **OFFLINE)
    assert f"mine at {OLD[:12]}" in flat(offline.out)
    # The weights were never fetched: a check offline says so, and a plan does without them.
    assert again.status == 2
    assert f"the cache holds no weights of org/tiny at commit {OLD}" in again.err
    snapshot_download("org/tiny", revision=OLD, endpoint=hub.url, cache_dir=tmp_path / "cache/hub")
    [filled] = run(tmp_path, hub.url, CHECK, **OFFLINE)
    assert filled.status == 0, filled.err
    assert "Nothing is wrong." in filled.out

    # A hub that takes calls and answers none costs one time-out, and not one for each file.
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        [unheard] = run(tmp_path, f"http://127.0.0.1:{deaf.getsockname()[1]}", CHECK)
        assert unheard.status == 0, unheard.err
        deaf.settimeout(0.5)
        deaf.accept()
        with pytest.raises(TimeoutError):
            deaf.accept()
    [online] = run(tmp_path, hub.url, PLAN)
    assert f"mine at {NEW[:12]}" in flat(online.out)


def test_a_revision_is_kept_whatever_the_branch_does(tmp_path: Path, hub: StubHub) -> None:
    hub.push("org/tiny", NEW, with_config(copied(tmp_path / "new"), vocab_size=400))
    named = [argument.replace("org/tiny", f"org/tiny, revision: {OLD}") for argument in GRID]
    [planned] = run(tmp_path, hub.url, Line("sweep", (*named, "plan_only=true")))
    assert f"mine at {OLD[:12]}" in flat(planned.out)


def test_a_data_set_of_the_hub_is_loaded_and_kept_in_the_cache(
    tmp_path: Path, hub: StubHub
) -> None:
    sums = ("benchmark=math500", "benchmark.dataset=org/sums", "benchmark.num_problems=5")
    settings = [one for one in GRID if "num_problems" not in one]
    line = Line("sweep", (*settings, *sums, "plan_only=true"))
    [online] = run(tmp_path, hub.url, line)
    assert "over 5 problems" in flat(online.out), online.err
    assert not ASSUMED.search(flat(online.out))
    [offline] = run(tmp_path, hub.url, line, **OFFLINE)
    assert "over 5 problems" in flat(offline.out), offline.err
    assert not ASSUMED.search(flat(offline.out))
