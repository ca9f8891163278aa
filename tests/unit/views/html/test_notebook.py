"""The notebook runs from its first cell to its last, on a made store and on the default one."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[4]
NOTEBOOK = ROOT / "notebooks" / "frontier.ipynb"
DEFAULT_STORE = ROOT / "results" / "zoo"


@pytest.fixture(params=["made", "default"])
def store(request: pytest.FixtureRequest, made_store: Path) -> Path:
    if request.param == "made":
        return made_store
    if not (DEFAULT_STORE / "solutions").is_dir():
        pytest.skip("needs results/zoo, which `make sweep` fills")
    return DEFAULT_STORE


def _texts(notebook: nbformat.NotebookNode) -> str:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    plain = [output.get("data", {}).get("text/plain", "") for output in outputs]
    return "\n".join([*plain, *(output.get("text", "") for output in outputs)])


def _warns(output: nbformat.NotebookNode) -> bool:
    return output.get("name") == "stderr"


def test_the_notebook_shows_difficulty_frontier_and_a_problem(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTSGRID_STORE", str(store))
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(
        notebook, timeout=240, resources={"metadata": {"path": NOTEBOOK.parent}}
    )
    client.execute()
    said = _texts(notebook)
    for word in ("pass@1", "easy", "hard", "quantile", "optimism", "Right answer:"):
        assert word in said
    assert not [o for cell in notebook.cells for o in cell.get("outputs", []) if _warns(o)]
    images = [o for cell in notebook.cells for o in cell.get("outputs", []) if "data" in o]
    assert any("image/png" in output["data"] for output in images)


def test_the_committed_notebook_is_small() -> None:
    assert NOTEBOOK.stat().st_size < 400_000
