"""From a store to everything the frontier writes, where the heavy libraries can't be had."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.analysis.synthetic import Policy, Prm, World, write_store

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("torch", "vllm", "ray", "transformers", "tokenizers", "safetensors")
WORLD = World((Policy("a", 0.5, 10), Policy("b", 2.0, 40)), (Prm("p", 3.0),), 24, 8)

PROGRAM = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {heavy!r}:
            raise ModuleNotFoundError(f"{{name}} is blocked", name=name)

sys.meta_path.insert(0, Blocker())
try:
    import torch
except ModuleNotFoundError:
    print("blocked")
{body}
"""


def _run(body: str) -> str:
    program = PROGRAM.format(heavy=HEAVY, body=body)
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("blocked\n")
    return ran.stdout


def test_reading_a_store_and_writing_its_frontier_needs_no_engine(tmp_path: Path) -> None:
    write_store(tmp_path / "store", replace(WORLD, benchmark="integer"))
    said = _run(
        "from ttsgrid.cli.store import main as show\n"
        "from ttsgrid.cli.frontier import main as frontier\n"
        f"assert show([{str(tmp_path / 'store')!r}]) == 0\n"
        f"assert frontier([{str(tmp_path / 'store')!r}, '--all']) == 0\n"
    )
    assert "solutions" in said
    assert "optimal" in said
    written = {path.name for path in (tmp_path / "store/frontier").iterdir()}
    assert {"cells.parquet", "optimism.csv", "recommendation.yaml", "frontier.png"} <= written


def test_importing_results_from_elsewhere_needs_no_engine(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("benchmark,policy,strategy,n,accuracy\nsums,big,majority,4,0.5\n")
    said = _run(
        "from ttsgrid.cli.importer import main\n"
        f"assert main(['points', {str(tmp_path / 'store')!r}, {str(path)!r}]) == 0\n"
        "from ttsgrid.cli.frontier import main as frontier\n"
        f"assert frontier([{str(tmp_path / 'store')!r}, '--all']) == 0\n"
    )
    assert "published elsewhere" in said


def test_the_report_needs_no_engine(tmp_path: Path) -> None:
    write_store(tmp_path / "store", replace(WORLD, benchmark="integer"))
    _run(f"from ttsgrid.cli.report import main\nassert main([{str(tmp_path / 'store')!r}]) == 0\n")
    assert (tmp_path / "store/report.html").stat().st_size > 0


@pytest.mark.timeout(300)
def test_an_environment_with_the_base_packages_alone_reads_a_store(tmp_path: Path) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        pytest.skip("needs uv, which `make setup` puts beside this Python")
    write_store(tmp_path / "store", replace(WORLD, benchmark="integer"))
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    python = str(bare / "bin" / "python")
    install = [uv, "pip", "install", "-q", "--python", python, str(ROOT)]
    installed = subprocess.run(install, capture_output=True, text=True, check=False)
    if "Failed to fetch" in installed.stderr:
        pytest.skip("needs a package index, or uv's cache of the base packages")
    assert installed.returncode == 0, installed.stderr
    look = f"import importlib.util as u; print([n for n in {HEAVY!r} if u.find_spec(n)])"
    found = subprocess.run([python, "-c", look], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
    for module in ("ttsgrid.store", "ttsgrid.frontier", "ttsgrid.report"):
        command = [python, "-P", "-m", module, str(tmp_path / "store")]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "store/report.html").stat().st_size > 0
