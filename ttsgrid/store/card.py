"""The card of a store that is exported: README.md as the Hugging Face hub reads it.

The YAML at its head names one config for each table, so that `datasets.load_dataset(FOLDER,
TABLE)` finds its Parquet files (huggingface.co/docs/hub/datasets-manual-configuration). A
folder without such a head would pass for one table, and its schemas differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl
import yaml

from ttsgrid.core.tally import counted
from ttsgrid.store.columns import TABLES
from ttsgrid.store.files import Files
from ttsgrid.store.read import generated, scan
from ttsgrid.store.schema import SCHEMAS

FIRST = "solutions"  # what load_dataset takes where no table is named
_ROLES = {"policy": "Policies", "prm": "PRMs"}
_TAGS = ["ttsgrid", "test-time-scaling", "process-reward-model"]
_USE = """\
## Read it

```python
from datasets import load_dataset

{table} = load_dataset("{name}", "{table}", split="train")
```

Any tool that reads Parquet does, too: `{table}/*.parquet` is table `{table}`. The folder is
a store of ttsgrid as well:

```console
$ ttsgrid frontier {name}
$ ttsgrid store merge my_store {name}
```
"""
_LICENCES = """\
Questions, golds and texts have the licences of their benchmarks and models: state yours at the
head of this file before you publish it.
"""
_PLACES = {
    False: """\
Hosts and endpoints are numbered in place of named, and paths of models and files are cut to
their last part. Why a unit failed, and where its log lay, is left out.
""",
    True: """\
Hosts, endpoints, paths and errors are in tables `units`, `models` and `benchmarks` as they were
recorded: this export is for yourself rather than for publication.
""",
}


def card(files: Files, name: str, *, with_places: bool = False) -> str:
    """Return the card of an exported store.

    Args:
        files: of the export.
        name: of its folder.
        with_places: whether it names hosts, folders and addresses.
    """
    num_rows = {table: scan(files, table).select(pl.len()).collect().item() for table in SCHEMAS}
    filled = [table for table in SCHEMAS if num_rows[table]]
    first = FIRST if FIRST in filled else next(iter(filled), FIRST)
    head = yaml.safe_dump(_head(name, filled, first), sort_keys=False)
    use = _USE.format(name=name, table=first)
    about = (_about(files, num_rows), _tables(num_rows))
    parts = (f"# {name}", *about, use, _PLACES[with_places], _LICENCES)
    return f"---\n{head}---\n\n" + "\n\n".join(part.strip() for part in parts) + "\n"


def _head(name: str, tables: Sequence[str], first: str) -> dict[str, object]:
    configs = [
        {"config_name": table, "data_files": f"{table}/*.parquet"}
        | ({"default": True} if table == first else {})
        for table in tables
    ]
    return {"pretty_name": name, "tags": _TAGS, "configs": configs}


def _about(files: Files, num_rows: Mapping[str, int]) -> str:
    sentences = []
    if num_rows["solutions"]:
        sentences += [f"{_asked(files)}.", *_models(files), f"{_solutions(num_rows)}."]
    if num_rows["points"]:
        published = counted(num_rows["points"], "accuracy")
        sentences.append(f"{published} published elsewhere, without solutions.")
    return " ".join(sentences)


def _asked(files: Files) -> str:
    benchmarks = scan(files, "problems").group_by("benchmark").len().sort("benchmark").collect()
    asked = ", ".join(f"{name} ({counted(n, 'problem')})" for name, n in benchmarks.iter_rows())
    return f"Results of a test-time-scaling grid: {generated(files)} on {asked}"


def _models(files: Files) -> Iterator[str]:
    models = scan(files, "models").sort("role", "name").collect()
    for role, heading in _ROLES.items():
        found = models.filter(role=role)["name"].unique(maintain_order=True)
        if len(found):
            yield f"{heading}: {', '.join(found)}."


def _solutions(num_rows: Mapping[str, int]) -> str:
    scores = ", the PRMs' score of each step," if num_rows["scores"] else ""
    return f"Solutions with their steps{scores} and a verdict on each answer"


def _tables(num_rows: Mapping[str, int]) -> str:
    rows = [f"| `{name}` | {TABLES[name]} | {n:,} |" for name, n in num_rows.items() if n]
    return "\n".join(["| table | one row is | rows |", "| --- | --- | --- |", *rows])
