"""The page itself: one file, escaped, valid, offline; and the command that writes it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.unit.views.html.conftest import own_picture
from ttsgrid.analysis.findings.unanswered import FewAnswers
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.cli.report import main
from ttsgrid.views.html import Report, build_report, render, write_report
from ttsgrid.views.html.page import prose, unbroken
from ttsgrid.views.html.view import FilterOption
from ttsgrid.views.words.answer import Topic

VOID = {"meta", "link", "input", "br", "img", "path", "circle", "rect", "line"}


class _Outline(HTMLParser):
    """Collects elements, ids and unclosed tags."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def html(report: Report) -> str:
    return render(report)


@pytest.fixture(scope="module")
def outline(html: str) -> _Outline:
    parser = _Outline()
    parser.feed(html)
    return parser


def test_every_element_is_closed_and_every_id_is_one_elements(outline: _Outline) -> None:
    assert outline.open == []
    ids = [attributes["id"] for _, attributes in outline.found if "id" in attributes]
    assert len(ids) == len(set(ids)) > 10


def test_what_is_labelled_or_linked_by_id_is_there(outline: _Outline) -> None:
    ids = {attributes.get("id") for _, attributes in outline.found}
    for name in ("aria-labelledby", "aria-describedby"):
        for _, attributes in outline.found:
            assert set((attributes.get(name) or "").split()) <= ids
    links = {str(link["href"])[1:] for link in outline.all("a")}
    assert {"answer", "picture", "tables", "examples", "traces", "sureness"} <= links <= ids


def test_nothing_is_loaded_from_anywhere(outline: _Outline) -> None:
    loaded = [str(a["src"]) for _, a in outline.found if "src" in a]
    assert loaded
    assert all(source.startswith("data:image/svg+xml;base64,") for source in loaded)
    assert [link["href"] for link in outline.all("link")] == ["data:,"]
    policy = next(m for m in outline.all("meta") if m.get("http-equiv"))["content"]
    assert str(policy).startswith("default-src 'none'")
    assert "http" not in str(policy)


def test_tables_are_real_tables_with_headings(outline: _Outline, report: Report) -> None:
    verdicts = report.sections[0].verdicts
    assert verdicts is not None
    tables = (verdicts, *report.sections[0].tables, *report.runs)
    assert len(outline.all("table")) == len(tables)
    scopes = [attributes["scope"] for attributes in outline.all("th")]
    assert scopes.count("row") == sum(len(table.rows) for table in tables)
    assert scopes.count("col") == sum(len(table.headings) for table in tables)


def test_the_page_is_small_enough_to_send(html: str) -> None:
    assert len(html.encode()) < 2_000_000


def test_text_from_the_store_cannot_become_markup(report: Report) -> None:
    bad = "</script><script>alert(1)</script>"
    section, picture = report.sections[0], own_picture(report)
    policies = (replace(picture.policies[0], option=FilterOption(bad, bad)),)
    hostile = replace(
        section,
        name=bad,
        question=bad,
        answer=(Topic(bad, (bad,)),),
        picture=replace(picture, summary=bad, policies=policies),
        examples=(replace(section.examples[0], question=bad, gold=bad),),
    )
    page = render(replace(report, store=bad, sections=(hostile,)))
    assert bad not in page
    assert page.count("&lt;/script&gt;&lt;script&gt;alert(1)") >= 5


def test_control_characters_are_spelled_out_alike_in_texts_and_in_the_pictures_data(
    report: Report,
) -> None:
    bad = "\x1b[2J\u202emodel\x08"
    section, picture = report.sections[0], own_picture(report)
    columns = dict(picture.points.columns)
    columns["policy"] = [bad for _ in columns["policy"]]
    hostile = replace(
        section,
        answer=(Topic(bad, (bad,)),),
        picture=replace(
            picture,
            points=replace(picture.points, columns=columns),
            policies=(replace(picture.policies[0], option=FilterOption(bad, bad)),),
        ),
        examples=(replace(section.examples[0], question=bad, gold=bad),),
    )
    page = render(replace(report, sections=(hostile,)))
    shown = "\\x1b[2J\\u202emodel\\x08"
    assert not set(page) & set(bad[:1] + bad[4] + bad[-1])
    assert f'value="{shown}"' in page
    found = re.search(r'class="picture-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found
    assert set(json.loads(found.group(1))["datasets"]["points"]["policy"]) == {shown}


def test_a_policy_that_states_no_answers_is_warned_of_before_its_figures(
    made_store: Path, frontier: Frontier
) -> None:
    silent = replace(frontier, few_answers=(FewAnswers("zoo", "small", 340, 0),))
    page = render(build_report(made_store, silent))
    warning = page.index("Of 340 solutions of small to zoo, none state an answer")
    assert warning < page.index('class="lead"')
    assert "benchmark.answer_forms" in page
    assert "Warning:" not in render(build_report(made_store, frontier))


def test_two_benchmarks_share_a_page_without_sharing_ids(report: Report) -> None:
    other = replace(report.sections[0], name="other")
    parser = _Outline()
    parser.feed(render(replace(report, sections=(report.sections[0], other))))
    ids = [attributes["id"] for _, attributes in parser.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {"picture-1", "picture-2", "benchmark-2"} <= set(ids)
    assert "#benchmark-2" in {link["href"] for link in parser.all("a")}


def test_a_report_is_plain_data(report: Report) -> None:
    assert json.loads(json.dumps(asdict(report)))["sections"][0]["name"] == "zoo"


def test_the_picture_data_can_be_read_back(html: str, report: Report) -> None:
    found = re.search(r'class="picture-data"[^>]*>(.*?)</script>', html, re.DOTALL)
    assert found
    datasets = json.loads(found.group(1))["datasets"]
    columns = own_picture(report).points.columns
    assert len(datasets["points"]["policy"]) == len(columns["policy"])


def test_numbers_stay_with_their_units() -> None:
    space = "\N{NO-BREAK SPACE}"
    assert unbroken("95 % and 3.2 points at N = 4") == (
        f"95{space}% and 3.2{space}points at N{space}={space}4"
    )
    assert unbroken("567 k tokens in 10 min 16 s so far") == (
        f"567{space}k{space}tokens in 10{space}min 16{space}s so far"
    )


def test_a_short_name_stays_on_one_line_and_a_long_one_may_break() -> None:
    said = prose("<b> zoo-m's best-of-16 and deepseek-r1-distill-qwen-1.5b, 3-4")
    whole = [f'<span class="name">{name}</span>' for name in ("zoo-m&#39;s", "best-of-16", "3-4")]
    assert said == (
        f"&lt;b&gt; {whole[0]} {whole[1]} and deepseek-r1-distill-qwen-1.5b, {whole[2]}"
    )


def test_the_page_goes_into_a_folder_that_is_made_for_it(
    made_store: Path, frontier: Frontier, tmp_path: Path
) -> None:
    path = write_report(made_store, frontier, tmp_path / "new" / "page.html")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_command_works_where_torch_vllm_and_ray_cannot_be_imported(
    made_store: Path, tmp_path: Path
) -> None:
    out = tmp_path / "page.html"
    # A finder that refuses, not None in `sys.modules`, which scipy takes for a loaded torch.
    program = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in ('torch', 'vllm', 'ray', 'transformers'):\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from ttsgrid.cli.report import main\n"
        f"sys.exit(main([{str(made_store)!r}, '--out', {str(out)!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "works offline" in done.stdout
    assert out.stat().st_size > 500_000


def test_a_store_without_solutions_is_an_error_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "nothing")]) == 2
    assert "no finished solutions" in capsys.readouterr().err


def test_a_remote_store_needs_a_place_for_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["s3://bucket/store"])
    assert "--out" in capsys.readouterr().err
