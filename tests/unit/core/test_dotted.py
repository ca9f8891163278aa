"""A user's own code by its dotted path: loaded, checked, or refused in one sentence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from ttsgrid.core.dotted import add_to_path, files_to_ship, is_dotted, load_own, members_of
from ttsgrid.core.errors import ConfigError


class Greeter(Protocol):
    name: str

    @property
    def loud(self) -> bool: ...

    def greet(self, whom: str) -> str: ...


CODE = """
class Polite:
    def __init__(self, word="Hello"):
        self.name, self.loud, self.word = "polite", False, word
    def greet(self, whom):
        return f"{self.word}, {whom}"

class Mute:
    name, loud = "mute", False

class Nameless:
    loud = False
    def greet(self, whom):
        return whom

READY = Polite("Hi")
"""


@pytest.fixture
def my_code(tmp_path: Path) -> Iterator[Path]:
    package = tmp_path / "my_words"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "greet.py").write_text(CODE)
    (package / "broken.py").write_text("import no_such_library")
    (package / "wrong.py").write_text("1 / 0")
    before = list(sys.path)
    add_to_path([tmp_path])
    yield package
    sys.path[:] = before
    for name in [name for name in sys.modules if name.startswith("my_words")]:
        del sys.modules[name]


@pytest.mark.usefixtures("my_code")
def test_a_class_is_made_with_its_options_and_an_object_is_taken_as_it_is() -> None:
    made = load_own("my_words.greet:Polite", "x", Greeter, {"word": "Good day"})
    assert made.greet("you") == "Good day, you"
    assert load_own("my_words.greet:READY", "x", Greeter).greet("you") == "Hi, you"


@pytest.mark.usefixtures("my_code")
@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("my_wrods.greet:Polite", "there is no module 'my_wrods'"),
        ("my_words.grete:Polite", "there is no module 'my_words.grete'"),
        ("my_words.greet:Rude", "my_words.greet has no name 'Rude'"),
        ("my_words.greet:Mute", "lacks 'greet', which a Greeter has"),
        ("my_words.greet:Nameless", "lacks 'name', which a Greeter has"),
        ("my_words.broken:Polite", "importing it fails: No module named 'no_such_library'"),
        ("my_words.wrong:Polite", "importing it fails: ZeroDivisionError"),
        ("my words:Polite", "is no dotted path; write package.module:Name"),
        ("subprocess:Popen", "lacks 'greet'"),
    ],
)
def test_what_is_wrong_is_one_sentence_that_names_the_setting(path: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_own(path, "benchmark.greeter", Greeter)
    assert str(caught.value).startswith("benchmark.greeter: ")
    assert complaint in str(caught.value)


@pytest.mark.usefixtures("my_code")
def test_options_that_a_class_does_not_take_are_refused() -> None:
    with pytest.raises(ConfigError, match="can't be made: TypeError"):
        load_own("my_words.greet:Polite", "x", Greeter, {"wrod": "Hi"})
    with pytest.raises(ConfigError, match="takes no options"):
        load_own("my_words.greet:READY", "x", Greeter, {"word": "Hi"})


def test_a_dataclass_may_say_a_member_as_a_field() -> None:
    assert members_of(Greeter) == ("greet", "loud", "name")
    assert load_own(f"{__name__}:Fielded", "x", Greeter).greet("you") == "you"


@dataclass
class Fielded:
    name: str = "fielded"
    loud: bool = True

    def greet(self, whom: str) -> str:
        return whom


def test_only_what_is_not_installed_is_shipped(my_code: Path) -> None:
    assert is_dotted("my_words.greet:Polite")
    assert not is_dotted("math")
    assert not is_dotted("zoo:zoo-s")
    paths = ["my_words.greet:Polite", "math", "numpy:array"]
    assert files_to_ship(paths) == [str(my_code)]


def test_no_module_of_the_standard_library_is_shipped_whatever_it_is_made_of() -> None:
    # One built in, two of C (some Pythons build them in, too), a folder and a file.
    assert files_to_ship(["sys", "math", "_ctypes", "json", "statistics:mean"]) == []


def test_ones_own_module_is_shipped_though_it_has_the_name_of_one_of_pythons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "colorsys.py"
    mine.write_text("READY = 1")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    assert files_to_ship(["colorsys:READY"]) == [str(mine)]
    del sys.modules["colorsys"]
