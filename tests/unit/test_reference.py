"""The reference describes every setting and every column, and is written by the code."""

from __future__ import annotations

from ttsgrid.cli.reference import REFERENCE, ROOT, reference
from ttsgrid.store.columns import COLUMNS, TABLES
from ttsgrid.store.schema import SCHEMAS


def test_every_column_is_described_and_nothing_else() -> None:
    assert {table: list(columns) for table, columns in COLUMNS.items()}.keys() == SCHEMAS.keys()
    for table, schema in SCHEMAS.items():
        assert set(COLUMNS[table]) == set(schema.names), table
    assert TABLES.keys() == SCHEMAS.keys()


def test_every_setting_has_a_meaning() -> None:
    silent = [line for line in reference().splitlines() if line.endswith("|  |")]
    assert not silent


def test_the_page_is_as_the_code_writes_it() -> None:
    assert (ROOT / REFERENCE).read_text(encoding="utf-8") == reference()
