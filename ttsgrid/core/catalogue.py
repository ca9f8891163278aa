"""A catalogue: entries by name, in order, to which a module from outside may add its own.

What is in a catalogue is said there and nowhere else. Code asks an entry for its
properties and never compares names, so that an entry added from outside is as good as a
shipped one. `docs/extending.md` says how a person adds one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from ttsgrid.core.checks import require_choice
from ttsgrid.core.errors import ConfigError


class Named(Protocol):
    """An entry: frozen, and known by its name."""

    @property
    def name(self) -> str:
        """The name in configs, stores and tables."""


Entry = TypeVar("Entry", bound=Named)


class Catalogue(Generic[Entry]):
    """Entries by name, in the order in which they were added.

    Args:
        noun: what an entry is, for messages.
        entries: those that ttsgrid ships.
    """

    def __init__(self, noun: str, entries: Iterable[Entry]) -> None:
        self._noun = noun
        self._entries = {entry.name: entry for entry in entries}

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all entries, in order."""
        return tuple(self._entries)

    def add(self, entry: Entry) -> Entry:
        """Add an entry and return it.

        The same entry may be added again: a module that adds it may be loaded twice.

        Raises:
            ConfigError: another entry has that name.
        """
        known = self._entries.setdefault(entry.name, entry)
        if known != entry and type(known) is type(entry):
            raise ConfigError(f"there is a {self._noun} {entry.name!r} already; give yours another")
        return known

    def find(self, setting: str, name: str) -> Entry:
        """Return the entry that a setting names.

        Raises:
            ConfigError: there is none; the message has the setting and the choices.
        """
        require_choice(setting, name, self.names)
        return self._entries[name]

    def get(self, name: str) -> Entry | None:
        """Return an entry; None where nobody added it, as in a store of somebody else's."""
        return self._entries.get(name)
