"""The wheel is whole: what it holds is enough to plan a grid away from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ttsgrid.zoo.family import TRUNK

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as pip does and unpack it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", str(folder), str(ROOT)]
    built = subprocess.run(build, capture_output=True, text=True, check=False)
    if "hatchling" in built.stderr and built.returncode:
        pytest.skip("needs hatchling, which pip can't get here to build the wheel")
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("ttsgrid-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def files_below(folder: Path) -> set[str]:
    return {f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file()}


def test_the_wheel_holds_every_config_and_every_weight(unpacked: Path) -> None:
    package = unpacked / "ttsgrid"
    assert files_below(package / "conf") == files_below(ROOT / "conf")
    weights = Path("zoo", "weights")
    present = files_below(ROOT / "ttsgrid" / weights)
    # `make zoo` leaves the PRMs' starting point there; git and the wheel leave it out.
    shipped = {name for name in present if not name.startswith(TRUNK.name)}
    assert any(name.endswith(".safetensors") for name in shipped)
    assert files_below(package / weights) == shipped


def test_a_grid_is_planned_from_the_wheel_alone(unpacked: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "ttsgrid.cli.sweep", "plan_only=true"]
    # The path comes first, so the wheel wins over an installed checkout.
    there = os.environ | {"PYTHONPATH": str(unpacked)}
    ended = subprocess.run(
        command, cwd=tmp_path, env=there, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "To generate: 19,500 solutions and 3,600 search trees" in " ".join(ended.stdout.split())
    where = [sys.executable, "-P", "-c", "import ttsgrid; print(ttsgrid.__file__)"]
    found = subprocess.run(
        where, cwd=tmp_path, env=there, capture_output=True, text=True, check=True
    )
    assert Path(found.stdout.strip()).is_relative_to(unpacked)
