"""Write the reference of settings and tables: `python -m ttsgrid.cli.reference`.

For those who work on ttsgrid. What it writes comes from the code alone: settings from the
dataclasses that check them and their docstrings, tables from the store's schema.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from ttsgrid.grid.compose import SECTIONS
from ttsgrid.grid.config import GridConfig, ModelConfig, SamplingConfig, StrategyConfig
from ttsgrid.grid.model_config import EndpointSettings
from ttsgrid.store.columns import COLUMNS, TABLES
from ttsgrid.store.schema import SCHEMAS

ROOT = Path(__file__).parents[2]
REFERENCE = Path("docs/reference.md")
HEAD = """# Reference

Settings are given on the command line as `name=value`, or in YAML files of your own below
`--config-dir`. `python -m ttsgrid.sweep --cfg job` prints all of them with their values.
This page is written by `make figures`.
"""
_ENTRY = re.compile(r"^    ([a-z_, ]+): (.*)$")


def main() -> int:
    """Write the page; return the exit status."""
    (ROOT / REFERENCE).write_text(reference(), encoding="utf-8")
    print(f"written: {REFERENCE}")
    return 0


def reference() -> str:
    """Return the page as Markdown."""
    return "\n".join([HEAD, "## Settings\n", *_settings(), "## Tables of a store\n", *_tables()])


def _settings() -> Iterator[str]:
    yield _section("The grid", "", GridConfig)
    for name, kind in SECTIONS.items():
        yield _section(f"`{name}`", f"{name}.", kind)
    yield _section("A policy or PRM", "", ModelConfig)
    if "sampling" not in SECTIONS:
        yield _section("`sampling` of a policy", "sampling.", SamplingConfig)
    yield _section("`endpoint` of a policy", "endpoint.", EndpointSettings)
    yield _section("A strategy", "", StrategyConfig)


def _section(title: str, prefix: str, kind: type) -> str:
    docs = attribute_docs(kind)
    rows = [
        f"| `{prefix}{field.name}` | {_default(field)} | {docs.get(field.name, '')} |"
        for field in dataclasses.fields(kind)
    ]
    summary = (inspect.getdoc(kind) or "").splitlines()[0]
    head = "| setting | default | meaning |\n|---|---|---|"
    return f"### {title}\n\n{summary}\n\n{head}\n" + "\n".join(rows) + "\n"


def attribute_docs(kind: type) -> dict[str, str]:
    """Return what the docstrings of a dataclass and its bases say of each attribute."""
    docs: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        doc = inspect.cleandoc(base.__doc__ or "") if base is not object else ""
        _, _, attributes = doc.partition("Attributes:\n")
        for text in re.split(r"\n(?=    [a-z_, ]+: )", f"\n{attributes}"):
            match = _ENTRY.match(" ".join(text.strip("\n").split("\n        ")))
            if match:
                docs |= dict.fromkeys(match[1].split(", "), match[2].strip())
    return docs


def _default(field: dataclasses.Field[object]) -> str:
    if field.default is not dataclasses.MISSING:
        return "null" if field.default is None else f"`{field.default}`"
    return "" if field.default_factory is not dataclasses.MISSING else "required"


def _tables() -> Iterator[str]:
    for table, schema in SCHEMAS.items():
        rows = [
            f"| `{field.name}` | {_type(str(field.type))} | "
            f"{COLUMNS[table][field.name]}{'' if field.nullable else ' (never null)'} |"
            for field in schema
        ]
        head = "| column | type | meaning |\n|---|---|---|"
        yield f"### `{table}`\n\nOne row is {TABLES[table]}.\n\n{head}\n" + "\n".join(rows) + "\n"


def _type(name: str) -> str:
    """Arrow's name of a type without what only writers care about."""
    return name.replace("element: ", "").replace(" not null", "")


if __name__ == "__main__":
    sys.exit(main())
