"""A user's own code, named in a setting as `package.module:Name`.

What YAML can't say (a grader, a format, a search method, an engine) is a class or an
object in a module of the user's own. `load_own` imports it and checks it against the
protocol that it must satisfy, so that what is wrong is one sentence before an engine
starts: no such module, no such name, a missing method, an error of its own.

A class is called with its options; any other object is taken as it is. A class is checked
before it is called: a store from somebody else names code too, and must not call just anything.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import sysconfig
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ttsgrid.core.errors import ConfigError

SEPARATOR = ":"
INSTALLED = {"site-packages", "dist-packages"}


def is_dotted(name: str) -> bool:
    """Say whether a setting's value names a user's own code rather than a catalogue entry."""
    module, colon, attribute = name.partition(SEPARATOR)
    return bool(colon) and all(part.isidentifier() for part in (*module.split("."), attribute))


def load_named(path: str, setting: str) -> Any:  # noqa: ANN401 - whatever the user wrote
    """Import what `package.module:Name` names.

    Args:
        path: the dotted path.
        setting: where it stands, e.g. `benchmark.grader`.

    Raises:
        ConfigError: there is no such module or name, or importing it fails.
    """
    if not is_dotted(path):
        raise ConfigError(f"{setting}: {path!r} is no dotted path; write package.module:Name")
    module_name, _, name = path.partition(SEPARATOR)
    module = _imported(module_name, path, setting)
    if not hasattr(module, name):
        raise ConfigError(f"{setting}: {path}: {module_name} has no name {name!r}")
    return getattr(module, name)


def load_own(
    path: str, setting: str, protocol: type, options: Mapping[str, object] | None = None
) -> Any:  # noqa: ANN401 - an object that satisfies `protocol`
    """Import a class or an object, make one of a class, and check it against a protocol.

    Args:
        path: the dotted path.
        setting: where it stands.
        protocol: the protocol class whose members it must have.
        options: keyword arguments of a class.

    Raises:
        ConfigError: it can't be imported or made, or lacks a member of the protocol.
    """
    found = load_named(path, setting)
    require_members(found, path, setting, protocol)
    if not inspect.isclass(found):
        if options:
            raise ConfigError(f"{setting}: {path} is an object, not a class; it takes no options")
        return found
    try:
        made = found(**(options or {}))
    except Exception as error:
        raise ConfigError(
            f"{setting}: {path} can't be made: {type(error).__name__}: {error}"
        ) from error
    require_members(made, path, setting, protocol)
    return made


def callable_of(code: str | Callable[..., Any], setting: str) -> Callable[..., Any]:
    """Return a catalogue entry's code: itself, or what its dotted path names.

    Raises:
        ConfigError: the path leads to nothing that can be called.
    """
    found = load_named(code, setting) if isinstance(code, str) else code
    if not callable(found):
        raise ConfigError(f"{setting}: {code} can't be called")
    return found


def load_plugins(modules: Iterable[str], setting: str = "plugins") -> None:
    """Import modules for what they add to catalogues; one imported before is not run again.

    Raises:
        ConfigError: a module is not found, or fails when it is imported.
    """
    for module in modules:
        _imported(module, module, setting)


def members_of(protocol: type) -> tuple[str, ...]:
    """Return the public names that a protocol asks for, sorted."""
    bases = [base for base in protocol.__mro__ if getattr(base, "_is_protocol", False)]
    names: set[str] = set()
    for base in bases:
        names |= {*vars(base), *vars(base).get("__annotations__", ())}
    return tuple(sorted(name for name in names if not name.startswith("_")))


def add_to_path(folders: Iterable[Path]) -> None:
    """Let modules in these folders be imported, after all others."""
    for folder in folders:
        # Last, so that a user's `math.py` or `types.py` doesn't hide the library's.
        if str(folder.resolve()) not in sys.path:
            sys.path.append(str(folder.resolve()))


def files_to_ship(paths: Iterable[str]) -> list[str]:
    """Return the packages and modules that workers on other nodes need, as files.

    Args:
        paths: dotted paths, or names of modules.

    Each is the folder of a top-level package or the file of a top-level module. The standard
    library and what is installed are on every node already, and so is ttsgrid.
    """
    roots = {path.partition(SEPARATOR)[0].partition(".")[0] for path in paths} - {"ttsgrid"}
    places = [place for root in sorted(roots) if (place := _place(root))]
    return sorted(str(place) for place in places if not _is_everywhere(place))


def _place(root: str) -> Path | None:
    """Return a module's folder or file; None where it is built into Python."""
    module = importlib.import_module(root)
    folders = list(getattr(module, "__path__", ()))
    file = folders[0] if folders else getattr(module, "__file__", None)
    return Path(file) if file else None


def _is_everywhere(place: Path) -> bool:
    """Say whether a module lies in the standard library or among installed packages.

    By place, not by name: `math` is built in here and a file of `lib-dynload` there, Debian
    installs to `dist-packages`, and a user's own module may be called as one of Python's is.
    """
    resolved = place.resolve()
    if not INSTALLED.isdisjoint(resolved.parts):
        return True
    library = (Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib"))
    return any(resolved.is_relative_to(folder) for folder in library)


def _imported(module: str, path: str, setting: str) -> Any:  # noqa: ANN401 - a module
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # The name tells a missing module from a module whose own import is missing.
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            raise ConfigError(
                f"{setting}: {path}: there is no module {error.name!r} beside the config folder, "
                f"in the working directory or on PYTHONPATH"
            ) from error
        raise ConfigError(f"{setting}: {path}: importing it fails: {error}") from error
    except Exception as error:
        raise ConfigError(
            f"{setting}: {path}: importing it fails: {type(error).__name__}: {error}"
        ) from error


def require_members(found: object, path: str, setting: str, protocol: type) -> None:
    """Check an object, or a class that is yet to be made, against a protocol.

    Raises:
        ConfigError: it lacks a member.
    """
    # Attributes that a class sets in __init__ are there only once it is made.
    is_class = inspect.isclass(found)
    fields = getattr(found, "__annotations__", {}) if is_class else {}
    for name in members_of(protocol):
        if is_class and not inspect.isfunction(inspect.getattr_static(protocol, name, None)):
            continue
        if not hasattr(found, name) and name not in fields:
            raise ConfigError(f"{setting}: {path} lacks {name!r}, which a {protocol.__name__} has")
