"""The arguments of `python -m ttsgrid.prm_bench`: its own, and the sweep's for models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ttsgrid.core.checks import did_you_mean
from ttsgrid.core.errors import ConfigError

HELP = """Judge PRMs on solutions whose first wrong step is known, as ProcessBench does.

  python -m ttsgrid.prm_bench prm=zoo-prm data=zoo
  python -m ttsgrid.prm_bench 'prm=[qwen2.5-math-prm-7b,math-shepherd-7b]' \\
      'data=[gsm8k.jsonl,math.jsonl]' engine=gpu

  prm=NAME or [A,B]    PRMs, as in a sweep's `prms`: names, or definitions inline
  data=FILE or [A,B]   JSON lines, a JSON array or Parquet, gzipped or not, with `problem`,
                       `steps` and `label` (index of the first wrong step, -1 for none);
                       zoo: the solutions that ship with the package
  limit=N              only the first N solutions of each file
  tuned_on=NAME        choose a threshold on this file for all (default: the one whose name
                       holds gsm8k, as ProcessBench does; its name is that of the file)
  out=FOLDER           where the results go (default: results/prm_bench); solutions that were
                       scored there before are not scored again

All other arguments are the sweep's: engine=gpu, engine.cpus=2, cluster.address=auto,
--config-dir FOLDER. See python -m ttsgrid.sweep --help.
"""
OWN = ("prm", "data", "limit", "tuned_on", "out")
FIXED = (
    *("prms", "policies", "policy", "strategies", "strategy", "budgets"),
    *("benchmark", "benchmarks", "store"),
)


@dataclass(frozen=True)
class PrmBenchOptions:
    """What was asked for.

    Attributes:
        data: paths, or `zoo`.
        limit: solutions of each file; None for all.
        tuned_on: name of the set that a threshold is chosen on; None for the usual one.
        out: folder of the results.
        sweep_arguments: what composes the configuration.
    """

    data: tuple[str, ...]
    limit: int | None
    tuned_on: str | None
    out: Path
    sweep_arguments: tuple[str, ...]


def read_options(arguments: Sequence[str]) -> PrmBenchOptions:
    """Sort the command's own arguments from the sweep's.

    Raises:
        ConfigError: one is missing, is given twice or has a wrong value.
    """
    own: dict[str, str] = {}
    rest: list[str] = []
    for argument in arguments:
        name, sign, value = argument.partition("=")
        if sign and name in OWN:
            if name in own:
                raise ConfigError(f"{name} is given twice; several values are a list: {name}=[A,B]")
            own[name] = value.strip()
            continue
        _require_of_the_sweep(name)
        rest.append(argument)
    for name in ("prm", "data"):
        if not own.get(name):
            raise ConfigError(f"{name} is missing; e.g. prm=zoo-prm data=zoo (see --help)")
    prms = own["prm"] if own["prm"].startswith("[") else f"[{own['prm']}]"
    return PrmBenchOptions(
        data=_items(own["data"]),
        limit=_limit(own.get("limit")),
        tuned_on=own.get("tuned_on"),
        out=Path(own.get("out") or "results/prm_bench").expanduser(),
        sweep_arguments=(*rest, f"prms={prms}"),
    )


def _require_of_the_sweep(name: str) -> None:
    top = name.lstrip("+~").split(".")[0]
    if top in FIXED:
        hint = did_you_mean(top, OWN)
        raise ConfigError(f"{name} does nothing here; known are {', '.join(OWN)}.{hint}")


def _items(text: str) -> tuple[str, ...]:
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    items = tuple(item.strip().strip("'\"") for item in inner.split(","))
    if not all(items):
        raise ConfigError(f"data={text}: name a file, or several as data=[A,B]")
    return items


def _limit(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or int(text) == 0:
        raise ConfigError(f"limit={text} must be a whole number above 0")
    return int(text)
