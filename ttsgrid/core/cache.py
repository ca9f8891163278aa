"""Where ttsgrid keeps what it can make again: the user's cache folder."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder; it need not exist yet."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ttsgrid"


def smollm2_folder() -> Path:
    """Return where SmolLM2's checkpoints are built, one folder per member."""
    return cache_folder() / "smollm2"
