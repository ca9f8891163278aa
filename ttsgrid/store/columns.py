"""What each column of a store holds, in words, for readers of its files.

`docs/reference.md` is made of this and of `ttsgrid.store.schema`; a test holds that every
column is described and nothing else is.
"""

from __future__ import annotations

from collections.abc import Mapping

_TOKENS = {
    "prompt_tokens": "tokens in the engine's inputs, those from the prefix cache included",
    "cached_tokens": "of those, read from the prefix cache",
    "generated_tokens": "tokens sampled",
}


def _of(prefix: str, whose: str) -> dict[str, str]:
    return {f"{prefix}{name}": f"{whose}: {text}" for name, text in _TOKENS.items()}


_WHOSE = {
    "problem_id": "hash of benchmark, question and answer",
    "benchmark": "name of the benchmark",
    "policy": "short name of the policy",
    "policy_id": "the policy's `model_id`",
    "prm": "short name of the PRM, null where there is none",
    "prm_id": "the PRM's `model_id`",
    "unit_id": "hash of what determines the unit's outcome",
    "family": "hash that the units of one pool, or of one search, share",
}
_PREFIXES = {
    "keys": "content keys of the distinct blocks of the PRM's input",
    "tokens": "tokens that computing each block takes",
}

TABLES: Mapping[str, str] = {
    "problems": "a question with its gold answer",
    "models": "a policy or PRM",
    "units": "an attempt at a work unit that was committed, done or failed",
    "solutions": "a solution",
    "scores": "one PRM's step scores of one solution of a pool",
    "benchmarks": "a benchmark, and who grades it",
    "points": "an accuracy published elsewhere, without its solutions",
}
"""What one row of each table is."""

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "problems": {
        **{name: _WHOSE[name] for name in ("problem_id", "benchmark")},
        "index": "position in the benchmark as loaded",
        "question": "the question",
        "answer": "the gold answer",
        "level": "the benchmark's own level of difficulty, where it has one",
        "subject": "the benchmark's own subject, where it has one",
    },
    "models": {
        "model_id": "hash of what changes the model's outputs",
        "role": "`policy` or `prm`",
        "name": "short name",
        "model": "folder or hub id, as configured",
        "revision": "hash of the checkpoint's files, or the hub's commit",
        "format": "the prompt or PRM format with its parameters, JSON",
        "num_parameters": "number of parameters",
        "pretraining_tokens": "tokens it was pre-trained on",
        "format_name": "name of the format",
        "dtype": "precision, as resolved (never `auto`)",
        "is_fake": "the fake engine of tests stood in for it",
        "endpoint": "URL of the server that answers; null for an engine of ttsgrid's own",
        "input_price": "of a million prompt tokens at the endpoint; null where unknown",
        "cached_input_price": "of a million prompt tokens that the endpoint's cache held",
        "output_price": "of a million generated tokens at the endpoint",
    },
    "units": {
        "unit_id": _WHOSE["unit_id"],
        "kind": "`sample`, `score` or `search`",
        "family": _WHOSE["family"],
        "status": "`done` or `failed`",
        "error": "why it failed",
        **{n: _WHOSE[n] for n in ("problem_id", "benchmark", "policy", "policy_id")},
        "prm": _WHOSE["prm"],
        "prm_id": _WHOSE["prm_id"],
        "spec": "what determines the outcome, canonical JSON",
        "start": "first sample of a block",
        "stop": "one past its last sample",
        "attempt": "how often it was handed out",
        "seconds": "from hand-out to result, waiting in the engine included",
        **_of("policy_", "policy, a fact of this run"),
        **_of("prm_", "PRM, a fact of this run"),
        "provenance": "where and with what it ran, JSON",
        "trace": "a search's tree, JSON",
        "run_id": "the run that committed it",
        "committed_at": "when",
        "sampling": "sampling settings, canonical JSON",
        "temperature": "sampling temperature, 0 for greedy",
        "strategy": "kind of a search",
        "budget": "N of a search that has one; null for subtrees",
        "subtree": "which subtree of its run",
        "beam_width": "M of a search",
        "preset": "whose rules a search follows; null for rules that are no preset's",
        "params": "a search's settings without the subtree, canonical JSON",
        "host": "host of the worker",
        "device": "device of the worker",
        "num_gpus": "GPUs of the worker",
        "process": "tells workers of one host apart",
        **_of("policy_lone_", "policy, run alone (price)"),
        **_of("prm_lone_", "PRM, run alone (price)"),
        "question_tokens": "length of the policy's prompt",
        "policy_block_tokens": "block size of the policy's prefix cache",
        "prm_block_tokens": "block size of the PRM's prefix cache",
        **{f"prm_prefix_{name}": f"of a search: {text}" for name, text in _PREFIXES.items()},
        "epoch": "number of the driver that committed it, among those that held the store",
        "commit_number": "number of the commit among that driver's",
    },
    "solutions": {
        "unit_id": _WHOSE["unit_id"],
        "family": _WHOSE["family"],
        "kind": "`sample` or `search`",
        **{n: _WHOSE[n] for n in ("problem_id", "benchmark", "policy", "policy_id")},
        "prm": "PRM of a search",
        "strategy": "kind of a search",
        "temperature": "sampling temperature, 0 for greedy",
        "budget": "N of a search that has one",
        "sample": "index in its pool, or among the search's answers",
        "text": "the whole solution",
        "steps": "its non-empty steps, separators stripped",
        "num_steps": "how many steps",
        "finish_reason": "`stop` at its own end, `length` where a limit cut it off, "
        "`prompt_too_long` where the prompt fills the policy's context, `content_filter` where an "
        "endpoint withheld it",
        "answer": "the extracted answer; null where there is none",
        "correct": "the grader's verdict",
        **_TOKENS,
        "seed": "seed of its (first) request",
        "step_scores": "the PRM's scores, of a search's answers",
        "outcome": "what running it came to, of benchmarks whose answers are run: `passed`, "
        "`failed assertion`, `error`, `time-out`, `memory`, `output`, `early exit` or "
        "`escape refused`; of others `undecided` where comparing met the grader's limits",
        "outcome_detail": "the assertion, exception or limit, in words",
        "reasoning": "what an endpoint tells of the thoughts before the answer, apart from `text`",
        "reasoning_tokens": "of the tokens written, those of thoughts, their marks included; null "
        "where unknown",
    },
    "scores": {
        "unit_id": _WHOSE["unit_id"],
        "family": _WHOSE["family"],
        "pool_family": "`family` of the pool that was scored",
        "block_id": "`unit_id` of the block that was scored",
        **{n: _WHOSE[n] for n in ("problem_id", "policy", "prm", "prm_id")},
        "sample": "index in its pool",
        "step_scores": "one score in [0, 1] per step, or one per solution; empty where unscored",
        **_of("", "a fact of this run"),
        "unscored": "why there is no score, in words",
        "input_tokens": "length of the PRM's input",
        **{f"prefix_{name}": text for name, text in _PREFIXES.items()},
    },
    "benchmarks": {
        "benchmark": _WHOSE["benchmark"],
        "grader": "name or dotted path of its grader",
        "grader_options": "the grader's options, canonical JSON",
        "step_labels": "who can label its steps",
        "instruction": "what its prompts ask for",
        "source": "the file or data set it was read from",
    },
    "points": {
        "benchmark": _WHOSE["benchmark"],
        "policy": _WHOSE["policy"],
        "prm": _WHOSE["prm"],
        "strategy": "name of the strategy",
        "n": "budget N",
        "setting": "what else tells points apart, e.g. `beam=50`",
        "seed": "seed of the run, where it was published",
        "accuracy": "in [0, 1]",
        "tokens": "tokens the policy generated per problem",
        "policy_parameters": "size of the policy",
        "prm_parameters": "size of the PRM",
        "total_flops": "FLOPs of pre-training and all inference together, as published",
        "source": "where it was published",
    },
}
