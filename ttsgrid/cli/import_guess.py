"""`ttsgrid import --guess FILE`: which layout reads a file, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from ttsgrid.importer.guess import Guess, guess_layout
from ttsgrid.importer.layout import layout_descriptions
from ttsgrid.views.tables.guessed import guessed_table
from ttsgrid.views.terminal.console import Console
from ttsgrid.views.terminal.render import as_rich, print_table


def show_guess(files: Sequence[Path], console: Console) -> None:
    """Name the layout, show three samples as it reads them, and the command that imports them."""
    guess = guess_layout(files)
    console.print(f"Layout {guess.layout}: {layout_descriptions()[guess.layout]}", highlight=False)
    print_table(console, as_rich(guessed_table(guess.layout, guess.rows)))
    if guess.differs_in:
        field, values = guess.differs_in
        console.print(
            f"Records of one problem differ in {field} ({', '.join(values)}). The command reads "
            "one of them; read another into a store of its own.",
            highlight=False,
        )
    console.print("To import it, with your own words for those in capitals:", highlight=False)
    # As typed, at whatever width: a command that is wrapped can't be copied.
    console.print("  " + " ".join(_command(files, guess)), highlight=False, soft_wrap=True)


def _command(files: Sequence[Path], guess: Guess) -> Iterator[str]:
    yield "ttsgrid import samples results/mine"
    yield shlex.join(map(str, files))
    yield f"--layout {guess.layout} --benchmark NAME --policy NAME --policy-parameters SIZE"
    yield "--temperature T"
    if guess.differs_in:
        field, values = guess.differs_in
        yield f"--field {shlex.quote(f'where={field}={values[0]}')}"
    if guess.has_scores:
        yield "--prm NAME --prm-parameters SIZE"
    if guess.is_search:
        yield "--strategy STRATEGY --budget N --beam-width M"
    elif not guess.has_tokens:
        yield "--chars-per-token 3.5"
