"""Classes of models, made known to vLLM by the process that will load them.

vLLM looks into a class that it meets for the first time on a machine in yet another process, lest
CUDA begin in its own; it keeps what it found in its cache. On CPU cores there is no CUDA to begin,
and the look costs 13 CPU seconds and more, for which every first sweep of a machine waited. A
class that is registered as a class, as vLLM's plugins do it, needs no such look.
"""

from __future__ import annotations

from contextlib import suppress

from transformers import PretrainedConfig
from vllm import ModelRegistry

from ttsgrid.engines.spec import EngineSpec


def look_here(spec: EngineSpec) -> None:
    """Load a checkpoint's class of models in this process and register it with vLLM.

    What can't be found out is left to vLLM, which then looks in its own way, or says why not.
    """
    with suppress(Exception):
        config, _ = PretrainedConfig.get_config_dict(spec.source, revision=spec.revision)
        for name in config.get("architectures") or ():
            known = ModelRegistry.models.get(name)
            if known is not None:
                ModelRegistry.register_model(name, known.load_model_cls())
