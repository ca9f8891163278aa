"""Files of a data set of the Hugging Face hub: a revision, a split, the user's own cache.

With `HF_HUB_OFFLINE=1` the cache alone is asked. Only files whose names begin with the
split are fetched, so of a data set with many parts only the needed ones are downloaded.
"""

from __future__ import annotations

from pathlib import Path

from ttsgrid.benchmarks.config import BenchmarkConfig
from ttsgrid.core.errors import ConfigError

KINDS = (".jsonl", ".json", ".parquet", ".csv", ".tsv", ".jsonl.gz", ".json.gz", ".csv.gz")


def hub_files(benchmark: BenchmarkConfig) -> list[Path]:
    """Return the files of a benchmark's data set, fetched where the cache lacks them.

    Raises:
        ConfigError: the hub doesn't answer for it, or it has no such split.
    """
    # Only benchmarks of the hub need its client, which takes half a second to import.
    from huggingface_hub import snapshot_download  # noqa: PLC0415
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415

    dataset, where = str(benchmark.dataset), f"benchmark.dataset: {benchmark.dataset}"
    try:
        folder = Path(
            snapshot_download(
                dataset,
                repo_type="dataset",
                revision=benchmark.revision,
                allow_patterns=[f"*{benchmark.split}*"],
            )
        )
    except (HfHubHTTPError, OSError, ValueError) as error:
        revision = f" at revision {benchmark.revision}" if benchmark.revision else ""
        raise ConfigError(
            f"{where}{revision} can't be fetched ({type(error).__name__}); check the name, set "
            f"HF_TOKEN for a gated data set, or give its file in benchmark.path"
        ) from error
    if files := files_of_split(folder, benchmark.split, benchmark.folder):
        return files
    inside = f" in folder {benchmark.folder}" if benchmark.folder else ""
    raise ConfigError(f"benchmark.split: {dataset} has no file of split {benchmark.split}{inside}")


def files_of_split(root: Path, split: str, folder: str = "") -> list[Path]:
    """Return the data files under `root/folder` whose names begin with the split, sorted.

    Raises:
        ConfigError: they lie in several folders, so that `benchmark.folder` must choose.
    """
    files = sorted(
        file
        for file in (root / folder).rglob(f"{split}*")
        if file.name.endswith(KINDS) and not file.name[len(split)].isalnum()
    )
    folders = sorted({str(file.parent.relative_to(root)) for file in files})
    if len(folders) > 1:
        raise ConfigError(
            f"benchmark.folder: split {split} lies in several: {', '.join(folders)}; name one"
        )
    return files
