"""What a store says of problems, models and published points, for another store."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ttsgrid.core.identity import content_id
from ttsgrid.store.files import Files
from ttsgrid.store.layout import snapshot
from ttsgrid.store.parquet import as_today, encode_table
from ttsgrid.store.places import Change, as_recorded
from ttsgrid.store.read import scan
from ttsgrid.store.schema import SCHEMAS

_ONE_FILE_EACH = ("models", "points")
"""Tables that have one file for each thing described, named by what it is."""


def missing_descriptions(
    files: Files, source: Files, change: Change = as_recorded
) -> dict[str, pa.Buffer]:
    """Return path to file of what a source describes and a store doesn't; what it has stands.

    Args:
        files: of the store.
        source: of another.
        change: what is done to the rows of models and points on the way.
    """
    found = _problems(files, source)
    for table in _ONE_FILE_EACH:
        known = files.sizes(table)
        for file in snapshot(source, table):
            if file.path.rpartition("/")[2] not in known:
                content = as_today(source.read_table(file.path), SCHEMAS[table])
                found[file.path] = encode_table(table, change(table, content))
    return found


def _problems(files: Files, source: Files) -> dict[str, pa.Buffer]:
    """Return a file of the problems that a store lacks: in each store a problem stands once."""
    known = scan(files, "problems").select("problem_id").collect()["problem_id"].to_arrow()
    parts = [source.read_table(file.path) for file in snapshot(source, "problems")]
    if not parts:
        return {}
    rows = pa.concat_tables([as_today(part, SCHEMAS["problems"]) for part in parts])
    held = pc.is_in(rows["problem_id"], value_set=known.cast(pa.string()))
    rows = rows.filter(pc.invert(held))
    if not rows.num_rows:
        return {}
    name = content_id(sorted(rows["problem_id"].to_pylist()))
    return {f"problems/{name}.parquet": encode_table("problems", rows)}
