"""The terminal that every command prints to: what it shows comes from stores and files.

Solutions may hold escape sequences that clear a screen, retitle a window or worse. rich
takes out a few control characters but lets the escape character pass, so they are spelled
out in whatever is rendered; rich's own styling is added after that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import rich.console
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment

from ttsgrid.views.words.control import visible


class Console(rich.console.Console):
    """rich's console, on which text can't steer the terminal."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - rich has thirty of them
        """Take rich's settings, but for markup.

        In a message `my_module:X:` is a path, not the emoji of X, and `budgets=[1,4]` is a
        setting, not a style.
        """
        super().__init__(emoji=False, markup=False, **settings)

    def on_broken_pipe(self) -> None:
        """Let the command end as when `print` finds its reader gone."""
        raise BrokenPipeError

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render as rich does, with control characters in texts spelled out."""
        for segment in super().render(renderable, options):
            # rich's own, such as moving the cursor in a live display: no text of a store's.
            if segment.control:
                yield segment
            else:
                yield Segment(visible(segment.text), segment.style)
