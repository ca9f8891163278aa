"""The report's first screen, and its tables, measured in a browser: boxes, contrast, keys."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.test_report_in_chromium import LAPTOP, PHONE, _errors, _open, _until
from tests.unit.views.html.made_store import MadePolicy, MadeWorld, write_made_store
from ttsgrid.analysis.frontier import analyse
from ttsgrid.views.html import write_report

SCREENS = [(size, scheme) for size in ((1280, 800), PHONE) for scheme in ("light", "dark")]
LEAST_CONTRAST = 4.5


class Size(NamedTuple):
    """Of a screen, in CSS pixels."""

    width: int
    height: int


TABLE = "#table-1"
LONG_NAMES = (
    "deepseek-r1-distill-qwen-1.5b",
    "llama-3.2-3b-instruct-turbo",
    "qwen2.5-math-7b-instruct",
    "qwen2.5-72b-instruct-awq",
)

_BOX = "const b = arguments[0].getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]"
_LABELS = """
  const labels = document.querySelectorAll(
    ".overview :is(.n_label_marks, .policy_label_marks, .reference_label_marks) text");
  return [...labels].filter((one) => one.getAttribute("opacity") !== "0").map((one) => {
    const b = one.getBoundingClientRect();
    return [one.textContent, b.left, b.top, b.right, b.bottom];
  });
"""
# Each text on the screen, with its colour and that of the nearest painted element behind it.
_COLOURS = """
  const alike = (colour) => colour === "rgba(0, 0, 0, 0)" || colour === "transparent";
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim()) continue;
    if (parent.closest("script, style, .hidden") || !parent.checkVisibility()) continue;
    const style = getComputedStyle(parent);
    if (style.visibility === "hidden") continue;
    if (parent.getAttribute("opacity") === "0") continue;
    let behind = parent;
    while (behind && alike(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
    const colour = parent.closest("svg") ? style.fill : style.color;
    const paper = getComputedStyle(behind ?? document.body).backgroundColor;
    found.push([walker.currentNode.textContent.trim().slice(0, 40), colour, paper]);
  }
  return found;
"""
_STAYING = """
  return [...document.querySelectorAll(".table:not(.brief) tbody th")]
    .map((one) => one.getBoundingClientRect().width);
"""
_AXES = """
  return [...document.querySelectorAll(".chart svg")].map((chart) =>
    [...chart.querySelectorAll(".role-axis-label text")]
      .filter((one) => one.getAttribute("opacity") !== "0").map((one) => one.textContent)
      .filter((text) => text && !text.includes("%")));
"""
_CONTROLS = """
  return [...document.querySelectorAll(
    "a[href], button, input, select, summary, [tabindex='0']")]
    .filter((one) => one.checkVisibility()).map((one) => {
      one.dataset.seen ??= String(Math.random()); return one.dataset.seen; });
"""


def _box(browser: Chrome, selector: str) -> list[float]:
    found = browser.find_element(By.CSS_SELECTOR, selector)
    box: list[float] = browser.execute_script(_BOX, found)
    return box


@pytest.fixture(scope="module", params=SCREENS, ids=lambda at: f"{at[0][0]}-{at[1]}")
def screen(browser: Chrome, page: Path, request: pytest.FixtureRequest) -> Size:
    """The size of the screen on which the page is open."""
    size, scheme = request.param
    _open(browser, page, size, scheme)
    return Size(*size)


def test_the_first_screen_holds_sentences_verdicts_and_the_whole_chart(
    browser: Chrome, screen: Size
) -> None:
    for selector in (".lead", "#verdicts", ".overview svg"):
        left, top, right, bottom = _box(browser, selector)
        assert 0 <= left < right <= screen.width, selector
        assert 0 <= top < bottom <= screen.height, selector


def test_no_label_covers_another_and_each_line_is_named(browser: Chrome, screen: Size) -> None:
    labels = browser.execute_script(_LABELS)
    names = [text for text, *_ in labels if "made-" in text and "%" in text]
    assert len(names) == 3
    assert "made-l, one answer" in {text for text, *_ in labels}
    assert {"4", "16"} <= {text for text, *_ in labels}
    assert _touching(labels) == []


def _touching(labels: list[list[Any]]) -> list[tuple[str, str]]:
    """Pairs of labels whose boxes have more in common than an edge."""
    boxes = [(text, box) for text, *box in labels]
    return [
        (one, other)
        for i, (one, a) in enumerate(boxes)
        for other, b in boxes[i + 1 :]
        if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
    ]


@pytest.fixture(scope="module")
def long_named_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on four policies with names as long as people's own."""
    slips = (0.12, 0.1, 0.08, 0.06)
    policies = tuple(
        MadePolicy(name, slip, slip, 100_000 * 4**i)
        for i, (name, slip) in enumerate(zip(LONG_NAMES, slips, strict=True))
    )
    folder = tmp_path_factory.mktemp("long")
    write_made_store(folder / "store", MadeWorld(policies=policies))
    return write_report(folder / "store", analyse(folder / "store"), folder / "report.html")


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_long_names_touch_nothing_and_each_line_keeps_one(
    browser: Chrome, long_named_page: Path, size: tuple[int, int]
) -> None:
    _open(browser, long_named_page, size)
    labels = browser.execute_script(_LABELS)
    assert _touching(labels) == []
    names = [text for text, *_ in labels if "%" in text]
    for beginning in ("deepseek-r1", "llama-3.2-3b", "qwen2.5-math-7b", "qwen2.5-72b"):
        assert len([text for text in names if beginning in text]) == 1, beginning
    right = max(right for _, _, _, right, _ in labels)
    assert right <= size[0]


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_verdicts_between_long_names_read_without_scrolling(
    browser: Chrome, long_named_page: Path, size: tuple[int, int]
) -> None:
    _open(browser, long_named_page, size)
    box = browser.find_element(By.CSS_SELECTOR, ".brief .scroll")
    assert browser.execute_script(
        "return arguments[0].scrollWidth <= arguments[0].clientWidth", box
    )
    rows = browser.find_elements(By.CSS_SELECTOR, "#verdicts tbody tr")
    assert len(rows) == 6
    for row in rows:
        cells = row.find_elements(By.CSS_SELECTOR, "th, td")
        assert {cells[0].text, cells[2].text} <= set(LONG_NAMES)  # whole, and none cut off
        boxes = [browser.execute_script(_BOX, cell) for cell in cells]
        assert all(0 <= left < right <= size[0] for left, _, right, _ in boxes)
        assert _touching([[cell.text, *at] for cell, at in zip(cells, boxes, strict=True)]) == []


def test_what_stays_as_a_table_is_scrolled_leaves_most_of_a_phone(
    browser: Chrome, long_named_page: Path
) -> None:
    _open(browser, long_named_page, PHONE)
    widths = browser.execute_script(_STAYING)
    assert len(widths) > 5
    assert max(widths) < PHONE[0] / 2


@pytest.mark.parametrize("width", [390, 1280])
def test_the_axis_names_every_power_of_ten_that_it_has(
    browser: Chrome, page: Path, width: int
) -> None:
    _open(browser, page, (width, 900))
    charts = browser.execute_script(_AXES)
    assert len(charts) == 4
    for texts in charts:
        named = {_number(text) for text in texts}
        whole = {10.0**i for i in range(12) if min(named) <= 10.0**i <= max(named)}
        assert whole
        assert whole <= named
        assert {f"{number:e}"[0] for number in named} <= set("1235")


def _number(text: str) -> float:
    """E.g. 200M as 2e8."""
    prefix = {"k": 1e3, "M": 1e6, "G": 1e9}.get(text[-1])
    return float(text[:-1]) * prefix if prefix else float(text)


def _luminance(colour: str) -> float:
    parts = [float(x) / 255 for x in re.findall(r"[\d.]+", colour)[:3]]
    red, green, blue = (x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_text_stands_out_from_what_is_behind_it(browser: Chrome, screen: Size) -> None:
    texts: list[list[str]] = browser.execute_script(_COLOURS)
    assert len(texts) > 200
    weak = set()
    for text, colour, paper in texts:
        low, high = sorted((_luminance(colour), _luminance(paper)))
        if (high + 0.05) / (low + 0.05) < LEAST_CONTRAST:
            weak.add((text, colour, paper))
    assert weak == set()


@pytest.fixture
def laptop(browser: Chrome, page: Path) -> Chrome:
    _open(browser, page, LAPTOP)
    return browser


def test_the_keyboard_reaches_every_control_of_the_page(laptop: Chrome) -> None:
    controls: list[str] = laptop.execute_script(_CONTROLS)
    assert len(controls) > 40
    reached = set()
    laptop.execute_script("document.activeElement.blur(); window.scrollTo(0, 0)")
    for _ in range(len(controls) + 20):
        ActionChains(laptop).send_keys(Keys.TAB).perform()
        reached.add(laptop.execute_script("return document.activeElement.dataset.seen"))
        if set(controls) <= reached:
            break
    assert set(controls) - reached == set()


def _column(browser: Chrome, index: int) -> list[str]:
    cells = f"return [...document.querySelectorAll('{TABLE} tbody tr:not([hidden])')]"
    read = ".map((row) => (row.cells[arguments[0]].querySelector('.text')).textContent)"
    texts: list[str] = browser.execute_script(cells + read, index)
    return texts


def test_a_table_sorts_by_a_column_both_ways(laptop: Chrome) -> None:
    heading = laptop.find_elements(By.CSS_SELECTOR, f"{TABLE} thead th")[4]
    button = heading.find_element(By.TAG_NAME, "button")
    before = _column(laptop, 4)
    for way, down in (("ascending", False), ("descending", True)):
        button.send_keys(Keys.ENTER)
        assert heading.get_attribute("aria-sort") == way
        shares = [float(text) for text in _column(laptop, 4) if text != "–"]
        assert shares == sorted(shares, reverse=down)
        assert sorted(_column(laptop, 4)) == sorted(before)


def test_a_table_shows_the_rows_with_a_word(laptop: Chrome) -> None:
    word = laptop.find_element(By.CSS_SELECTOR, ".tools input")
    word.send_keys("best-of-N")
    rows = _column(laptop, 1)
    assert rows == ["best-of-N"] * 3
    assert "3 of" in laptop.find_element(By.CSS_SELECTOR, ".tools .rows").text


def test_a_table_is_saved_as_csv(laptop: Chrome, tmp_path: Path) -> None:
    behaviour: dict[str, Any] = {"behavior": "allow", "downloadPath": str(tmp_path)}
    laptop.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    laptop.find_element(By.CSS_SELECTOR, ".tools .save").send_keys(Keys.ENTER)
    _until(laptop, lambda: list(tmp_path.glob("*.csv")))
    (file,) = tmp_path.glob("*.csv")
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"))))
    assert [row["strategy"] for row in rows] == _column(laptop, 1)
    assert [row["N = 4"] for row in rows] == _column(laptop, 3)
    assert rows[1]["N = 4: interval"]
    assert _errors(laptop) == []
