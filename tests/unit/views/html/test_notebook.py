"""The notebook runs from first cell to last: on a made store, on it behind S3, on the default."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from pyarrow import fs as arrow_fs

from tests.s3 import bucket_on_a_server
from tests.unit.views.html.made_store import MadeWorld, write_made_store

ROOT = Path(__file__).resolve().parents[4]
NOTEBOOK = ROOT / "notebooks" / "frontier.ipynb"
DEFAULT_STORE = ROOT / "results" / "zoo"


@pytest.fixture(scope="module")
def small_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "store"
    write_made_store(path, MadeWorld(num_problems=16, pool_size=8))
    return path


@pytest.fixture(scope="module")
def store_on_s3(small_store: Path) -> Iterator[str]:
    """The address of the small store's copy behind an S3 interface."""
    with bucket_on_a_server() as bucket:
        address = bucket.format(name="made")
        there, folder = arrow_fs.FileSystem.from_uri(address)
        arrow_fs.copy_files(
            str(small_store),
            folder,
            source_filesystem=arrow_fs.LocalFileSystem(),
            destination_filesystem=there,
        )
        yield address


def _texts(notebook: nbformat.NotebookNode) -> str:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    plain = [output.get("data", {}).get("text/plain", "") for output in outputs]
    return "\n".join([*plain, *(output.get("text", "") for output in outputs)])


def _warns(output: nbformat.NotebookNode) -> bool:
    return output.get("name") == "stderr"


def _run(store: Path | str, monkeypatch: pytest.MonkeyPatch) -> nbformat.NotebookNode:
    monkeypatch.setenv("TTSGRID_STORE", str(store))
    notebook: nbformat.NotebookNode = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(
        notebook, timeout=240, resources={"metadata": {"path": NOTEBOOK.parent}}
    ).execute()
    return notebook


def _assert_whole(notebook: nbformat.NotebookNode) -> None:
    said = _texts(notebook)
    for word in ("pass@1", "easy", "hard", "quantile", "optimism", "Right answer:"):
        assert word in said
    assert not [o for cell in notebook.cells for o in cell.get("outputs", []) if _warns(o)]
    images = [o for cell in notebook.cells for o in cell.get("outputs", []) if "data" in o]
    assert any("image/png" in output["data"] for output in images)


def _table(notebook: nbformat.NotebookNode, cell_id: str) -> str:
    """What a cell shows in a browser."""
    (cell,) = (cell for cell in notebook.cells if cell["id"] == cell_id)
    (output,) = cell["outputs"]
    text: str = output["data"]["text/html"]
    return text


def test_the_notebook_shows_difficulty_frontier_prms_rules_and_a_problem_wherever_the_store_lies(
    small_store: Path, store_on_s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = _run(small_store, monkeypatch), _run(store_on_s3, monkeypatch)
    _assert_whole(here)
    for words, cell_id in (
        (("judge", "critic", "min", "prod"), "cell-prms"),
        (("pooled_area", "made-l"), "cell-prms-sure"),
        (("adaptive", "threshold", "generated_share"), "cell-rules"),
    ):
        assert [word for word in words if word not in _table(here, cell_id)] == []
    assert _texts(there) == _texts(here)


def test_the_notebook_runs_on_the_default_store(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (DEFAULT_STORE / "solutions").is_dir():
        pytest.skip("needs results/zoo, which `make sweep` fills")
    _assert_whole(_run(DEFAULT_STORE, monkeypatch))


def test_the_committed_notebook_is_small() -> None:
    assert NOTEBOOK.stat().st_size < 400_000
