"""The page's colours can be read in light and dark, after WCAG 2.1's contrast ratio."""

from __future__ import annotations

import re
from importlib import resources

import pytest

STYLE = (resources.files("ttsgrid.views.html") / "templates" / "style.css").read_text("utf-8")
LIGHT, DARK = STYLE.split("@media screen and (prefers-color-scheme: dark)", 1)
TEXT = ("ink", "muted", "accent", *(f"series-{i}" for i in range(8)))


def _colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css))


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("css", [LIGHT, DARK], ids=["light", "dark"])
def test_text_stands_out_from_its_background(css: str) -> None:
    colours = _colours(css)
    ratios = {name: _contrast(colours[name], colours["paper"]) for name in TEXT}
    ratios |= {name: _contrast(colours[name], colours[f"{name}-paper"]) for name in ("good", "bad")}
    assert min(ratios.values()) >= 4.5, ratios


def test_black_on_white_has_the_contrast_that_the_standard_says() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)


def test_dark_mode_changes_every_colour() -> None:
    assert _colours(LIGHT).keys() == _colours(DARK).keys()
