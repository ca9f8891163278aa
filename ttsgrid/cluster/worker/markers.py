"""The tokens by which a PRM says right and wrong: looked up in its worker, by its tokenizer."""

from __future__ import annotations

from dataclasses import replace

from transformers import AutoTokenizer

from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.models.prms import prm_format


def with_markers(spec: WorkerSpec) -> EngineSpec:
    """Return a worker's engine, with the ids of its two tokens if it is a PRM that scores so."""
    engine = spec.engine
    if engine.role != "prm" or engine.head != "marker_logits":
        return engine
    tokenizer = AutoTokenizer.from_pretrained(engine.source, revision=engine.revision)
    markers = prm_format(spec.format).marker_ids(tokenizer)
    return replace(engine, marker_tokens=None if markers is None else (markers[1], markers[0]))
