"""Where the configuration that ttsgrid ships lies."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent.parent

# A checkout keeps conf/ at the top level; the wheel packs it inside the package.
CONF = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else _PACKAGE.parent / "conf"
