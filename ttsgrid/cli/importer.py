"""Import results from elsewhere: `python -m ttsgrid.importer samples|points STORE FILE`."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from ttsgrid.analysis.frames.equivalence import store_equivalence
from ttsgrid.analysis.frames.load import load
from ttsgrid.benchmarks import shipped_benchmark, shipped_benchmarks
from ttsgrid.benchmarks.graders.forms import FORMS
from ttsgrid.cli.exits import command
from ttsgrid.cli.import_guess import show_guess
from ttsgrid.cli.import_meant import needs_a_kind, what_to_type
from ttsgrid.cli.options import Parser
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.identity import canonical_json
from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.stated import few_answers_warning, too_few_state_answers
from ttsgrid.core.strategies import STRATEGIES
from ttsgrid.core.tally import counted
from ttsgrid.core.units import SamplingIdentity
from ttsgrid.importer.figures import recorded_figures
from ttsgrid.importer.layout import Layout, layout_descriptions, load_layout, shipped_layouts
from ttsgrid.importer.points import SCALES, import_points, load_points_layout
from ttsgrid.importer.run import RecordedRun, recorded_policy, recorded_prm, recorded_search
from ttsgrid.importer.samples import ImportSummary, import_samples
from ttsgrid.views.tables.recorded import recorded_table
from ttsgrid.views.terminal.console import Console
from ttsgrid.views.terminal.render import as_rich, print_table


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Import a file and say what is in it now."""
    told = list(sys.argv[1:] if arguments is None else arguments)
    if needs_a_kind(told):
        raise ConfigError(what_to_type(told))
    parser = _parser()
    options = parser.parse_args(told)
    if options.guess:
        show_guess(options.guess, Console())
    elif options.what is None:
        parser.error("say samples, points or --guess FILE")
    elif options.what == "samples":
        _samples(options, Console())
    else:
        _points(options)
    return 0


def _samples(options: argparse.Namespace, console: Console) -> None:
    layout = load_layout(options.layout, _pairs(options.field, "--field"))
    grader = options.grader or _shipped_grader(options.benchmark)
    if grader is None:
        raise ConfigError(f"--grader: ttsgrid has none for {options.benchmark!r}; name one")
    if options.prm is not None and layout.scores is None:
        raise ConfigError("--prm: the layout has no `scores`")
    run = RecordedRun(
        benchmark=options.benchmark,
        grader=grader,
        policy=recorded_policy(options.policy, options.policy_parameters),
        prm=options.prm and recorded_prm(options.prm, options.prm_parameters, layout),
        sampling=SamplingIdentity(
            options.temperature, options.top_p, options.max_tokens, options.seed
        ),
        chars_per_token=options.chars_per_token,
        first_sample=options.first_sample,
        grader_options=_grader_options(options),
        search=_search(options, layout),
    )
    done = import_samples(options.store, options.files, layout, run)
    what = "samples" if run.search is None else f"answers of {run.search.kind} searches"
    console.print(
        f"problems: {done.num_problems:,}, {what}: {done.num_samples:,}, without an answer: "
        f"{done.num_without_answer:,}, new units: {done.num_new_units:,}. {_judged(done, grader)}",
        highlight=False,
    )
    for sentence in _remarks(done, options):
        console.print(sentence, highlight=False)
    figures = recorded_figures(load(options.store, store_equivalence(options.store)))
    if not figures.is_empty():
        print_table(console, as_rich(recorded_table(figures)))


def _judged(done: ImportSummary, grader: str) -> str:
    """Whose the verdicts are."""
    if not done.num_recorded:
        return f"The grader {grader} gave the verdicts."
    return (
        f"Of {counted(done.num_recorded, 'recorded verdict')} the grader {grader} doesn't share "
        f"{done.num_differing:,}; they stand."
    )


def _search(options: argparse.Namespace, layout: Layout) -> SearchSettings | None:
    if options.strategy is None:
        return None
    if options.budget is None:
        raise ConfigError("--strategy: a search needs --budget, its N")
    return recorded_search(options.strategy, options.budget, options.beam_width, layout.preset)


def _remarks(done: ImportSummary, options: argparse.Namespace) -> Iterator[str]:
    """What the import did that a reader may not expect."""
    if done.num_dropped_scores:
        yield (
            f"Dropped {counted(done.num_dropped_scores, 'score')} of the empty step after a text's "
            "trailing blank line."
        )
    if not done.has_costs:
        remedy = (
            "; --chars-per-token estimates them from the texts' lengths (about 3.5 for mathematics "
            "in English)"
        )
        yield (
            "The file states no numbers of tokens, so costs are unknown"
            f"{remedy if options.strategy is None else ''}."
        )
    if done.is_signed:
        yield (
            "These scores are raw numbers that can be negative, so they get no weighted vote and "
            "no product; --field scale=logit or probability gives both."
        )
    if options.strategy is not None:
        yield f"What searches score is in `ttsgrid frontier {options.store}`, not in pools."
    num_answered = done.num_samples - done.num_without_answer
    if too_few_state_answers(done.num_samples, num_answered):
        whose = f"of {options.policy} to {options.benchmark}"
        warning = few_answers_warning(whose, done.num_samples, num_answered)
        yield f"Warning: {warning} For an import it is --answer-forms."


def _grader_options(options: argparse.Namespace) -> str:
    """The grader's options: the benchmark's own, and the forms that were named."""
    own = {}
    if options.benchmark in shipped_benchmarks() and options.grader is None:
        own = shipped_benchmark(options.benchmark).options
    forms = {"answer_forms": options.answer_forms.split(",")} if options.answer_forms else {}
    return canonical_json({**own, **forms})


def _points(options: argparse.Namespace) -> None:
    given = {
        "benchmark": options.benchmark,
        "policy": options.policy,
        "prm": options.prm,
        "policy_parameters": options.policy_parameters,
        "prm_parameters": options.prm_parameters,
    }
    constants = {name: str(value) for name, value in given.items() if value is not None}
    columns = _pairs(options.column, "--column")
    layout = load_points_layout(options.layout, columns, constants, options.scale)
    print(f"points imported: {import_points(options.store, options.file, layout):,}")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="ttsgrid import",
        description="Put results from elsewhere into a store.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_about_layouts(),
    )
    parser.add_argument(
        "--guess",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="say which layout reads a file, show its first samples and what to type next",
    )
    kinds = parser.add_subparsers(dest="what")
    samples = kinds.add_parser(
        "samples",
        help="recorded solutions: JSON, JSON lines or an inspect_ai log",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_about_layouts(),
    )
    points = kinds.add_parser("points", help="accuracies without solutions: CSV")
    for kind in (samples, points):
        kind.add_argument("store", help="folder or URI of the store; made if absent")
        kind.add_argument("--prm", help="name of the PRM that gave the scores")
        kind.add_argument("--policy-parameters", type=_size, help="its size, e.g. 1.5e9")
        kind.add_argument("--prm-parameters", type=_size, help="the PRM's size, e.g. 7e9")
    _sample_options(samples)
    points.add_argument("file", type=Path)
    points.add_argument("--layout", default="default", help="a shipped layout or a YAML file")
    points.add_argument("--column", action="append", default=[], help="FIELD=COLUMN")
    points.add_argument("--scale", choices=SCALES, help="of accuracies; default: fraction")
    points.add_argument("--benchmark", help="of all points, where no column says it")
    points.add_argument("--policy", help="of all points, where no column says it")
    return parser


def _about_layouts() -> str:
    """What a layout is, and those that ship."""
    about = (
        "A layout is a small YAML file that says where a file of recorded runs keeps what: "
        "question, gold, text, answer, correct, scores, tokens, each a path such as "
        "samples[].text. --field NAME=PATH changes one of them (an empty PATH takes it out), "
        "and --field where=filter=strict-match keeps the records with that value alone. "
        "Layouts for samples that come with ttsgrid:"
    )
    shipped = [
        textwrap.fill(
            f"{name}: {about_layout}", 90, initial_indent="  ", subsequent_indent="      "
        )
        for name, about_layout in layout_descriptions().items()
    ]
    return "\n".join([textwrap.fill(about, 90), *shipped])


def _sample_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="file",
        help="read as one, such as one file per seed; a folder stands for the files in it",
    )
    parser.add_argument(
        "--benchmark", required=True, help="its name; a shipped one brings its grader"
    )
    parser.add_argument("--policy", required=True, help="name of the policy")
    parser.add_argument("--temperature", required=True, type=float, help="0: greedy (CoT)")
    parser.add_argument(
        "--layout",
        default="default",
        help=f"a YAML file, or one of {', '.join(shipped_layouts())}",
    )
    parser.add_argument(
        "--field", action="append", default=[], help="NAME=PATH: changes a field of the layout"
    )
    searches = [entry.name for entry in STRATEGIES if entry.is_search]
    parser.add_argument("--strategy", choices=searches, help="the search that found the answers")
    parser.add_argument("--budget", type=int, help="N of the search")
    parser.add_argument("--beam-width", type=int, default=4, help="M of the search; 4")
    parser.add_argument("--grader", help="judges answers; a known benchmark has its own")
    parser.add_argument(
        "--answer-forms",
        help=f"how solutions mark their answers, in order, with commas: {', '.join(FORMS)}",
    )
    parser.add_argument("--top-p", type=float, default=1.0, help="as it was sampled; 1: all")
    parser.add_argument("--max-tokens", type=int, default=0, help="0: not known")
    parser.add_argument("--seed", type=int, default=0, help="keeps several runs apart")
    parser.add_argument("--first-sample", type=int, default=0, help="adds to a pool from here")
    parser.add_argument(
        "--chars-per-token",
        type=float,
        help="estimates token counts that the file lacks (about 3.5)",
    )


def _shipped_grader(benchmark: str) -> str | None:
    known = benchmark in shipped_benchmarks()
    return shipped_benchmark(benchmark).grader if known else None


def _pairs(texts: list[str], option: str) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise ConfigError(f"{option}: write NAME=VALUE, not {text!r}")
        pairs[name] = value
    return pairs


def _size(text: str) -> int:
    try:
        number = round(float(text))
    except (ValueError, OverflowError):
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: a number of parameters, e.g. 1.5e9")
    return number


if __name__ == "__main__":
    sys.exit(main())
