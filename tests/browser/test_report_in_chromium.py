"""The report as a reader opens it: drawn, filtered, hovered, on a laptop and a phone."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from ttsgrid.analysis.frontier import analyse
from ttsgrid.cli.gallery import ROOT, study_store
from ttsgrid.views.html import write_report

POINTS = ".small .seen_marks path"
LAPTOP, PHONE = (1280, 900), (390, 844)
PAPER = (688, 970)  # A4 less the margins, in CSS pixels
# CoT, two strategies at N = 1, 4 and 16, and a beam search at N = 4.
PER_POLICY = 1 + 2 * 3 + 1


def _open(browser: Chrome, page: Path, size: tuple[int, int], scheme: str = "light") -> None:
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.get(page.as_uri())
    _until(browser, lambda: _points(browser) > 0)


def _until(browser: Chrome, condition: Callable[[], Any]) -> None:
    WebDriverWait(browser, 20).until(lambda _: condition())


def _points(browser: Chrome) -> int:
    return len(browser.find_elements(By.CSS_SELECTOR, POINTS))


def _click(browser: Chrome, value: str) -> None:
    box = browser.find_element(By.CSS_SELECTOR, f"input[value='{value}']")
    browser.execute_script("arguments[0].click()", box)


def _choose(browser: Chrome, name: str, value: str) -> None:
    Select(browser.find_element(By.NAME, name)).select_by_value(value)


def _said(browser: Chrome, selector: str) -> str:
    return browser.find_element(By.CSS_SELECTOR, selector).text


def _errors(browser: Chrome) -> list[dict[str, Any]]:
    entries = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [entry for entry in entries if entry["level"] != "INFO"]


@pytest.fixture
def laptop(browser: Chrome, page: Path) -> Chrome:
    _open(browser, page, LAPTOP)
    return browser


def test_the_picture_is_drawn_and_the_console_stays_silent(laptop: Chrome) -> None:
    assert _points(laptop) == 3 * PER_POLICY
    assert _said(laptop, ".count") == "24 points shown"
    assert len(laptop.find_elements(By.CSS_SELECTOR, ".overview .policy_label_marks text")) == 3
    assert len(laptop.find_elements(By.CSS_SELECTOR, ".overview .band_marks path")) == 3
    assert len(laptop.find_elements(By.CSS_SELECTOR, ".overview .reference_marks line")) == 1
    assert "made-l with CoT" in _said(laptop, ".caption")
    assert _errors(laptop) == []


def test_published_points_are_drawn_without_a_reference_or_an_error(
    browser: Chrome, tmp_path: Path
) -> None:
    store = study_store(ROOT, tmp_path / "study")
    page = write_report(store, analyse(store), tmp_path / "report.html")
    _open(browser, page, LAPTOP)
    names = browser.find_elements(By.CSS_SELECTOR, ".overview .policy_label_marks text")
    shown = {one.text for one in names if one.get_attribute("opacity") != "0"}
    assert "★ Qwen2.5-0.5B 76%, N = 256" in shown  # what the title is about
    box = browser.find_element(By.CSS_SELECTOR, ".overview svg").rect
    assert box["y"] + box["height"] < LAPTOP[1]
    assert _errors(browser) == []


def test_leaving_a_policy_out_takes_its_points_away_and_back(laptop: Chrome) -> None:
    _click(laptop, "made-m")
    _until(laptop, lambda: _points(laptop) == 2 * PER_POLICY)
    assert _said(laptop, ".count") == "16 points shown"
    _click(laptop, "made-m")
    _until(laptop, lambda: _points(laptop) == 3 * PER_POLICY)


def test_strategies_prms_and_bins_filter_too(laptop: Chrome) -> None:
    _click(laptop, "majority")
    _until(laptop, lambda: _points(laptop) == 3 * 5)
    before = _heights(laptop)
    _choose(laptop, "prm", "critic")
    _until(laptop, lambda: _heights(laptop) != before)
    assert _points(laptop) == 3 * 4  # the critic guided no search
    _choose(laptop, "bin", "hard")
    _until(laptop, lambda: laptop.find_element(By.CSS_SELECTOR, ".by-bin").is_displayed())
    assert laptop.find_elements(By.CSS_SELECTOR, ".reference_marks line") == []
    assert _errors(laptop) == []


def _heights(browser: Chrome) -> list[str]:
    marks = browser.find_elements(By.CSS_SELECTOR, POINTS)
    return [str(mark.get_attribute("transform")) for mark in marks]


def test_the_frontier_follows_what_is_shown(laptop: Chrome) -> None:
    lines = ".overview .stairs_marks path"
    whole = [one.get_attribute("d") for one in laptop.find_elements(By.CSS_SELECTOR, lines)]
    assert len(whole) == 3
    _click(laptop, "best_of_n")
    _until(laptop, lambda: _points(laptop) == 3 * (1 + 3 + 1))
    now = [one.get_attribute("d") for one in laptop.find_elements(By.CSS_SELECTOR, lines)]
    assert now != whole


def test_compute_can_be_counted_in_tokens(laptop: Chrome) -> None:
    before = _heights(laptop)
    _choose(laptop, "measure", "policy_generated_tokens")
    _until(laptop, lambda: "tokens" in _said(laptop, ".measure"))
    assert _heights(laptop) != before


def test_filtering_everything_away_is_no_error(laptop: Chrome) -> None:
    for policy in ("made-s", "made-m", "made-l"):
        _click(laptop, policy)
    _until(laptop, lambda: _points(laptop) == 0)
    assert _said(laptop, ".count") == "0 points shown"
    assert _errors(laptop) == []


def test_a_point_under_the_pointer_says_what_it_is(laptop: Chrome) -> None:
    def tooltip_is_shown() -> bool:
        # Again and again: a chart that is still being drawn takes no notice of a pointer.
        target = laptop.find_elements(By.CSS_SELECTOR, ".small .hit_marks path")[0]
        laptop.execute_script("arguments[0].scrollIntoView({block: 'center'})", target)
        ActionChains(laptop).move_to_element(target).move_by_offset(1, 1).perform()
        return laptop.find_element(By.CSS_SELECTOR, ".tooltip").is_displayed()

    _until(laptop, tooltip_is_shown)
    said = _said(laptop, ".tooltip")
    assert "made-" in said
    assert "on 40 problems" in said
    assert "FLOPs" in said


def test_the_filters_work_from_the_keyboard(laptop: Chrome) -> None:
    box = laptop.find_element(By.CSS_SELECTOR, "input[value='made-s']")
    laptop.execute_script("arguments[0].focus()", box)
    ActionChains(laptop).send_keys(" ").perform()
    _until(laptop, lambda: _points(laptop) == 2 * PER_POLICY)


@pytest.mark.parametrize(
    ("name", "size", "scheme"),
    [("laptop", LAPTOP, "light"), ("phone", PHONE, "light"), ("laptop-dark", LAPTOP, "dark")],
)
def test_the_page_fits_its_window_and_leaves_a_screenshot(
    browser: Chrome, page: Path, screenshots: Path, name: str, size: tuple[int, int], scheme: str
) -> None:
    _open(browser, page, size, scheme)
    root = "document.documentElement"
    assert browser.execute_script(f"return {root}.scrollWidth") <= size[0]
    if size == LAPTOP:
        tables = browser.find_elements(By.CSS_SELECTOR, ".table .scroll")
        assert [table for table in tables if browser.execute_script(_TOO_WIDE, table)] == []
    drawn = browser.find_element(By.CSS_SELECTOR, ".overview svg").size["width"]
    assert size[0] * (0.5 if size == LAPTOP else 0.8) < drawn <= size[0]
    height = browser.execute_script(f"return {root}.scrollHeight")
    clip = {"x": 0, "y": 0, "width": size[0], "height": height, "scale": 1}
    shot = browser.execute_cdp_cmd(
        "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
    )
    file = screenshots / f"report-{name}.png"
    file.write_bytes(base64.b64decode(shot["data"]))
    assert file.stat().st_size > 50_000
    assert _errors(browser) == []


def test_paper_shows_everything_in_dark_ink(browser: Chrome, page: Path) -> None:
    _open(browser, page, PAPER, "dark")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    colour = browser.execute_script("return getComputedStyle(document.body).color")
    assert colour == "rgb(20, 24, 31)"
    assert not browser.find_element(By.CSS_SELECTOR, ".choices").is_displayed()
    assert browser.find_element(By.CSS_SELECTOR, ".glyph").is_displayed()  # the legend
    tables = browser.find_elements(By.CSS_SELECTOR, ".scroll")
    assert {browser.execute_script(_CUT_OFF, table) for table in tables} == {False}
    assert [table for table in tables if browser.execute_script(_TOO_WIDE, table)] == []


_TOO_WIDE = "return arguments[0].scrollWidth > arguments[0].clientWidth + 2"
_CUT_OFF = "return arguments[0].scrollHeight > arguments[0].clientHeight + 2"
