"""What a table of the study is: words for people, and how its frame is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from ttsgrid.analysis.study.summary import Study


@dataclass(frozen=True)
class StudyTable:
    """One table to print and to write.

    Attributes:
        title, note: for people.
        build: makes the frame.
        number: of the study's table; None where it has none of the sort.
    """

    title: str
    note: str
    build: Callable[[Study], pl.DataFrame]
    number: int | None = None
