"""A Grafana dashboard of a running sweep, from the catalogue of metrics.

Ray's agents offer our metrics, its own, and those of vLLM where engines tell them
(`engine.vllm_metrics`). A panel's description is the metric's meaning.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ttsgrid.core.metrics import (
    ATTEMPTS,
    BUSY_SECONDS,
    COMMIT_SECONDS,
    DEATHS,
    LIVE_REQUESTS,
    RUN_TAG,
    SOLUTIONS,
    TOKENS,
    UNITS,
    WORKERS,
    Metric,
)

Json = dict[str, Any]
COLUMNS, PANEL_WIDTH, PANEL_HEIGHT = 3, 8, 8
OF_RUN = f'{RUN_TAG}=~"$run"'
SOURCE = {"type": "prometheus", "uid": "${source}"}
TITLE = "ttsgrid: a running sweep"


@dataclass(frozen=True)
class Panel:
    """One chart.

    Attributes:
        queries: PromQL and the legend of its lines.
        unit: as Grafana calls it.
    """

    title: str
    meaning: str
    queries: Sequence[tuple[str, str]]
    unit: str = "short"


def _now(metric: Metric, *by: str) -> str:
    return f"sum by ({', '.join(by)}) ({metric.scraped}{{{OF_RUN}}})"


def _rate(metric: Metric, *by: str, part: str = "", where: str = "") -> str:
    matching = ", ".join([OF_RUN, *([where] if where else [])])
    series = f"rate({metric.scraped}{part}{{{matching}}}[$__rate_interval])"
    return f"sum by ({', '.join(by)}) ({series})"


def _slowest(metric: Metric, quantile: float) -> str:
    return f"histogram_quantile({quantile}, {_rate(metric, 'le', part='_bucket')})"


def _of_vllm(name: str) -> str:
    return f"sum by (model_name, WorkerId) (ray_vllm_{name})"


CACHED, READ = 'kind="cached"', 'kind!="generated"'
RIGHT = f'sum by (model) ({SOLUTIONS.scraped}{{{OF_RUN}, verdict="right"}})'
PANELS = (
    Panel("Units by state", UNITS.meaning, [(_now(UNITS, "state"), "{{state}}")]),
    Panel(
        "Units left, by model",
        UNITS.meaning,
        [
            (
                f'sum by (model) ({UNITS.scraped}{{{OF_RUN}, state=~"waiting|running"}})',
                "{{model}}",
            )
        ],
    ),
    Panel(
        "Accuracy so far",
        SOLUTIONS.meaning,
        [(f"{RIGHT} / {_now(SOLUTIONS, 'model')}", "{{model}}")],
        "percentunit",
    ),
    Panel(
        "Tokens per second",
        TOKENS.meaning,
        [(_rate(TOKENS, "model", "kind"), "{{model}} {{kind}}")],
    ),
    Panel(
        "Prompt tokens read from the cache",
        TOKENS.meaning,
        [
            (
                f"{_rate(TOKENS, 'model', where=CACHED)} / {_rate(TOKENS, 'model', where=READ)}",
                "{{model}}",
            )
        ],
        "percentunit",
    ),
    Panel("Live requests", LIVE_REQUESTS.meaning, [(_now(LIVE_REQUESTS, "worker"), "{{worker}}")]),
    Panel(
        "Engine busy share",
        BUSY_SECONDS.meaning,
        [(_rate(BUSY_SECONDS, "worker"), "{{worker}}")],
        "percentunit",
    ),
    Panel("Workers", WORKERS.meaning, [(_now(WORKERS, "model", "state"), "{{model}} {{state}}")]),
    Panel(
        "Worker deaths", DEATHS.meaning, [(_now(DEATHS, "model", "cause"), "{{model}} {{cause}}")]
    ),
    Panel("Attempts per second", ATTEMPTS.meaning, [(_rate(ATTEMPTS, "model"), "{{model}}")]),
    Panel(
        "Commit latency",
        COMMIT_SECONDS.meaning,
        [(_slowest(COMMIT_SECONDS, q), f"{q:.0%} take at most") for q in (0.5, 0.99)],
        "s",
    ),
)
VLLM_PANELS = (
    Panel(
        "vLLM: requests running and waiting",
        "vLLM's own, where engine.vllm_metrics is set.",
        [
            (_of_vllm("num_requests_running"), "{{model_name}} running"),
            (_of_vllm("num_requests_waiting"), "{{model_name}} waiting"),
        ],
    ),
    Panel(
        "vLLM: KV cache in use",
        "Share of its blocks.",
        [("max by (model_name, WorkerId) (ray_vllm_kv_cache_usage_perc)", "{{model_name}}")],
        "percentunit",
    ),
    Panel(
        "vLLM: preemptions per second",
        "Sequences that were thrown out of a full KV cache and computed again.",
        [
            (
                "sum by (model_name, WorkerId) "
                "(rate(ray_vllm_num_preemptions_total[$__rate_interval]))",
                "{{model_name}}",
            )
        ],
    ),
)


def dashboard() -> str:
    """Return the dashboard as the JSON that Grafana imports."""
    panels = [_panel(place, panel) for place, panel in enumerate((*PANELS, *VLLM_PANELS))]
    whole = {
        "uid": "ttsgrid",
        "title": TITLE,
        "schemaVersion": 39,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [_source(), _runs()]},
        "panels": panels,
    }
    return json.dumps(whole, indent=1) + "\n"


def _source() -> Json:
    return {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _runs() -> Json:
    asked = f"label_values({UNITS.scraped}, {RUN_TAG})"
    return {
        "name": RUN_TAG,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": asked, "refId": "runs"},
        "definition": asked,
        "refresh": 2,
        "includeAll": True,
        "multi": True,
    }


def _panel(place: int, panel: Panel) -> Json:
    row, column = divmod(place, COLUMNS)
    at = {"x": column * PANEL_WIDTH, "y": row * PANEL_HEIGHT, "w": PANEL_WIDTH, "h": PANEL_HEIGHT}
    return {
        "id": place + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.meaning,
        "datasource": SOURCE,
        "gridPos": at,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + number), "expr": query, "legendFormat": legend}
            for number, (query, legend) in enumerate(panel.queries)
        ],
    }
