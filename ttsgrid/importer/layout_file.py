"""The YAML file of a layout, of samples or of points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ttsgrid.core.errors import ConfigError


def read_layout_file(path: Path) -> dict[str, Any]:
    """Return what a layout's file maps.

    Raises:
        ConfigError: it can't be read, is no YAML, or maps nothing.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f" line {mark.line + 1}" if mark else ""
        raise ConfigError(f"--layout: {path}{line} is no YAML: {error.problem}") from error
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        said = str(error).splitlines()[0]
        raise ConfigError(f"--layout: {path} can't be read: {said}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"--layout: {path} must map fields to paths")
    return content
