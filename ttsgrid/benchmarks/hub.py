"""Files of a data set of the Hugging Face hub: a revision, a split, the user's own cache.

With `HF_HUB_OFFLINE=1` the cache alone is asked. Only files whose names begin with the
split are fetched, so of a data set with many parts only the needed ones are downloaded.
"""

from __future__ import annotations

from pathlib import Path

from ttsgrid.benchmarks.config import BenchmarkConfig
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.hub import HubRepository, hub_silence, refusal, require_id, unreachable

EVERY_FOLDER = "*"
KINDS = (".jsonl", ".json", ".parquet", ".csv", ".tsv", ".jsonl.gz", ".json.gz", ".csv.gz")


def hub_files(benchmark: BenchmarkConfig) -> list[Path]:
    """Return the files of a benchmark's data set, fetched where the cache lacks them.

    Raises:
        UnreachableError: the hub gives no answer, and the cache doesn't hold it.
        ConfigError: the hub refuses it, or it has no such split.
    """
    dataset = str(benchmark.dataset)
    folder = _snapshot(benchmark, dataset)
    if files := files_of_split(folder, benchmark.split, benchmark.folder):
        return files
    inside = f" in folder {benchmark.folder}" if benchmark.folder else ""
    raise ConfigError(f"benchmark.split: {dataset} has no file of split {benchmark.split}{inside}")


def _snapshot(benchmark: BenchmarkConfig, dataset: str) -> Path:
    instead = "give its file in benchmark.path"
    asked = HubRepository("data set", "benchmark.dataset", dataset, benchmark.revision, instead)
    require_id(asked)
    # Only benchmarks of the hub need its client, which takes half a second to import.
    from huggingface_hub import snapshot_download  # noqa: PLC0415

    silence = hub_silence()
    try:
        folder = snapshot_download(
            dataset,
            repo_type="dataset",
            revision=benchmark.revision,
            allow_patterns=[f"*{benchmark.split}*"],
            local_files_only=silence is not None,
        )
    # Whatever its transport raises, and what it raises of itself.
    except Exception as error:
        raise (unreachable(asked, silence) if silence else refusal(error, asked)) from error
    return Path(folder)


def files_of_split(root: Path, split: str, folder: str = "") -> list[Path]:
    """Return the data files under `root/folder` whose names begin with the split, sorted.

    Args:
        root: of the data set.
        split: e.g. `test`.
        folder: below the root; "" anywhere, as long as it is one, and `*` in all of them.

    Raises:
        ConfigError: they lie in several folders, so that `benchmark.folder` must choose.
    """
    inside = root if folder == EVERY_FOLDER else root / folder
    files = sorted(
        file
        for file in inside.rglob(f"{split}*")
        if file.name.endswith(KINDS) and not file.name[len(split)].isalnum()
    )
    folders = sorted({str(file.parent.relative_to(root)) for file in files})
    if len(folders) > 1 and folder != EVERY_FOLDER:
        raise ConfigError(
            f"benchmark.folder: split {split} lies in several: {', '.join(folders)}; name one, "
            f"or {EVERY_FOLDER} for all"
        )
    return files
