"""What labelled solutions say of PRMs as files: tables, one JSON file, the picture."""

from __future__ import annotations

import json
from pathlib import Path

from ttsgrid.analysis.judging.bench import PrmBench
from ttsgrid.views.figures.calibration import draw_calibration
from ttsgrid.views.figures.panels import settings
from ttsgrid.views.files.export import write_tables

DPI = 170
NAME = "prm_bench"


def write_prm_bench(bench: PrmBench, folder: Path) -> list[Path]:
    """Write everything into a folder and return the paths.

    `prm_bench.json` holds the same figures as the tables; `python -m ttsgrid.frontier` reads
    it with `--prm-ability`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        NAME: bench.summary,
        "first_errors_by_place": bench.places,
        "calibration": bench.reliability,
        "unscored": bench.reasons,
    }
    written = write_tables(tables, folder)
    whole = {name: frame.to_dicts() for name, frame in tables.items()}
    path = folder / f"{NAME}.json"
    path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    return [*written, path, *_pictures(bench, folder)]


def _pictures(bench: PrmBench, folder: Path) -> list[Path]:
    if bench.reliability.is_empty():
        return []
    paths = [folder / f"calibration.{kind}" for kind in ("png", "svg")]
    with settings():
        figure = draw_calibration(bench)
        figure.savefig(paths[0], dpi=DPI, metadata={"Software": None})
        figure.savefig(paths[1], metadata={"Date": None})
    return paths
