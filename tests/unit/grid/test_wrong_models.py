"""What can be wrong with a model, a revision, a tokenizer, a template or a context: the list.

Each is one sentence that names the setting, from `check` and from the sweep alike, and before an
engine starts. The hub is a stub at HF_ENDPOINT.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.own.many_commands import Ended, Line, run_all
from tests.own.stub_hub import Refusal, StubHub, stub_hub
from tests.unit.grid.broken import (
    copied,
    renamed,
    that_loses_spaces,
    with_config,
    with_shards_missing,
    with_template,
    with_tokens_taken,
    without,
)

GOOD_POLICY = "{name: good, model: 'zoo:zoo-s', format: zoo, sampling: {max_tokens: 100}}"
TURNS = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
ASSISTANT = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
NO_SYSTEM = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
)
USERS_ALONE = TURNS.replace("for m in messages", "for m in messages if m.role != 'system'")


@dataclass(frozen=True)
class Wrong:
    """One thing that is wrong.

    Attributes:
        settings: of the model named `mine`.
        said: what the sentence says.
        role: whether `mine` is the policy or the PRM.
        more: further settings of the grid.
    """

    settings: str
    said: str
    role: str = "policy"
    more: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def line(self, door: str) -> Line:
        mine = f"{{name: mine, {self.settings}}}"
        policy = mine if self.role == "policy" else GOOD_POLICY
        models = (f"policies=[{policy}]", f"prms=[{mine if self.role == 'prm' else 'zoo-prm'}]")
        few = ("benchmark.num_problems=3", "strategies=[best_of_n]", "budgets=[4]")
        return Line(door, (*models, *few, *self.more), self.environment)


ON_THE_HUB = {
    "gated, without a token": Wrong(
        "model: org/gated, format: qwen",
        "policies.mine.model=org/gated: org/gated is gated: accept its terms on",
    ),
    "gated, and the token's account is not let in": Wrong(
        "model: org/gated-too, format: qwen",
        "is gated, and HF_TOKEN's account has no access; ask for it on",
        environment={"HF_TOKEN": "hf_someone"},
    ),
    "a token that the hub doesn't know": Wrong(
        "model: org/bad-token, format: qwen",
        "the hub doesn't know the token in HF_TOKEN",
        environment={"HF_TOKEN": "hf_nobody"},
    ),
    "no such model": Wrong(
        "model: org/no-such, format: qwen",
        "the hub has no model org/no-such; check the name, or else it is private: set HF_TOKEN",
    ),
    "no such model, said with 404": Wrong(
        "model: org/gone, format: qwen", "the hub has no model org/gone; check the name"
    ),
    "forbidden": Wrong(
        "model: org/forbidden, format: qwen", "the hub denies access to org/forbidden (403)"
    ),
    "no such revision": Wrong(
        "model: org/fine, revision: v9, format: zoo",
        "org/fine has no revision v9; set policies.mine.revision to a branch, tag or commit",
    ),
    "no checkpoint": Wrong("model: org/gguf, format: qwen", "org/gguf holds no config.json"),
    "a hub in trouble": Wrong("model: org/busy, format: qwen", "the hub answers 503 for now"),
    "a path of three parts": Wrong(
        "model: runs/mine/last, format: qwen",
        "policies.mine.model=runs/mine/last is neither a path that exists here nor an id",
    ),
    "a PRM of the wrong revision": Wrong(
        "model: org/fine, revision: v9, format: qwen", "set prms.mine.revision to", role="prm"
    ),
    "a gated data set": Wrong(
        "model: 'zoo:zoo-s', format: zoo",
        "benchmark.dataset=org/gated: org/gated is gated: accept its terms on",
        more=("benchmark=math500", "benchmark.dataset=org/gated"),
    ),
    "a data set without that revision": Wrong(
        "model: 'zoo:zoo-s', format: zoo",
        "org/fine has no revision v9; set benchmark.revision to a branch, tag or commit",
        more=("benchmark=math500", "benchmark.dataset=org/fine", "benchmark.revision=v9"),
    ),
}
REFUSALS = {
    "org/gated": Refusal(401, "GatedRepo"),
    "org/gated-too": Refusal(403, "GatedRepo"),
    "org/bad-token": Refusal(401, "", "Invalid credentials in Authorization header"),
    "org/no-such": Refusal(401, "RepoNotFound"),
    "org/gone": Refusal(404, "RepoNotFound"),
    "org/forbidden": Refusal(403),
    "org/busy": Refusal(503),
}

HERE = {
    "no config": Wrong("model: ./no-config, format: zoo", "holds no checkpoint (no config.json"),
    "a broken config": Wrong("model: ./bad-config, format: zoo", "config.json is not JSON"),
    "a pointer for weights": Wrong("model: ./pointer, format: zoo", "is no safetensors file"),
    "no weights": Wrong("model: ./no-weights, format: zoo", "holds no weights"),
    "half of the weights": Wrong("model: ./half, format: zoo", "lacks 1 of the files that its"),
    "an adapter": Wrong("model: ./adapter, format: zoo", "is an adapter (LoRA) without its base"),
    "GGUF": Wrong("model: ./gguf, format: zoo", "holds weights in GGUF alone"),
    "a revision of a folder": Wrong(
        "model: ./good, revision: main, format: zoo", "policies.mine.revision=main is for models"
    ),
    "no tokenizer": Wrong("model: ./no-tokenizer, format: zoo", "has no tokenizer that"),
    "a tokenizer that loses spaces": Wrong(
        "model: ./spaces, format: zoo", '"tokenizer_class": "PreTrainedTokenizerFast" in its'
    ),
    "another model's tokenizer": Wrong(
        "model: ./small, format: zoo", "and the model knows 260 tokens; the tokenizer is another"
    ),
    "no template": Wrong("model: ./no-template, format: zoo", "has no chat template; put"),
    "a template without system turns": Wrong(
        "model: ./no-system, format: qwen", "does not take a system turn (no system role)"
    ),
    "a template that drops system turns": Wrong(
        "model: ./drops-system, format: qwen", "leaves the system turn out"
    ),
    "two BOS": Wrong("model: ./two-bos, format: zoo", "the input begins with <s> twice"),
    "a PRM as policy": Wrong(
        "model: 'zoo:zoo-prm', format: zoo", "is a Qwen2ForProcessRewardModel, which writes no text"
    ),
    "a policy as PRM": Wrong(
        "model: 'zoo:zoo-s', format: qwen", "is a LlamaForCausalLM without one", role="prm"
    ),
    "a PRM read as a causal LM": Wrong(
        "model: 'zoo:zoo-prm', format: math_shepherd", "has no logits of tokens", role="prm"
    ),
    "a head of three classes": Wrong(
        "model: ./three, format: qwen", "has a head of 3 classes", role="prm"
    ),
    "a PRM without its step mark": Wrong(
        "model: ./no-extra, format: qwen", "'<extra_0>' is", role="prm"
    ),
    "a PRM without its tag": Wrong("model: ./no-tag, format: math_shepherd", "'ки' is", role="prm"),
    "a context below every prompt": Wrong(
        "model: 'zoo:zoo-s', format: zoo, max_model_len: 9",
        "policies.mine.max_model_len: mine reads 9 tokens, and the shortest prompt has",
    ),
    "a PRM's context below every question": Wrong(
        "model: 'zoo:zoo-prm', format: qwen, max_model_len: 20",
        "prms.mine.max_model_len: mine reads 20 tokens, and the shortest question",
        role="prm",
    ),
    "another quantization than stored": Wrong(
        "model: ./fp8, format: zoo, quantization: awq",
        "policies.mine.quantization=awq: ./fp8 is stored as fp8",
    ),
    "a quantization that vLLM doesn't know": Wrong(
        "model: 'zoo:zoo-s', format: zoo, quantization: fp7",
        "policies.mine.quantization: 'fp7' is not one of",
    ),
    "a PRM's quantization that vLLM doesn't know": Wrong(
        "model: 'zoo:zoo-prm', format: qwen, quantization: fp7",
        "prms.mine.quantization: 'fp7' is not one of",
        role="prm",
    ),
    "a quantization that the weights lack": Wrong(
        "model: 'zoo:zoo-s', format: zoo, quantization: awq",
        "policies.mine.quantization=awq: zoo:zoo-s is not stored so; leave quantization out",
    ),
    "a quantization for transformers": Wrong(
        "model: 'zoo:zoo-s', format: zoo, quantization: fp8, engine: transformers",
        "policies.mine.quantization=fp8 is for engine.kind=vllm; leave it out",
    ),
    "weights above a GPU's memory": Wrong(
        "model: 'zoo:zoo-s', format: zoo",
        "num_gpus=1: the weights of",
        more=("engine.gpu_memory_gib=0.0001",),
    ),
}

SILENT = {
    "a hub that says nothing": Wrong(
        "model: org/fine, format: qwen", "does not hold this model, and the hub"
    ),
    "no asking at all": Wrong(
        "model: org/fine, revision: v9, format: qwen", "does not hold this model at revision v9"
    ),
}


def make_folders(root: Path) -> None:
    """Make the checkpoints that HERE names."""
    copied(root / "good")
    without(copied(root / "no-config"), "config.json")
    (copied(root / "bad-config") / "config.json").write_text("{")
    (copied(root / "pointer") / "model.safetensors").write_text("version https://git-lfs.github")
    without(copied(root / "no-weights"), "model.safetensors")
    with_shards_missing(copied(root / "half"))
    renamed(copied(root / "adapter"), "model.safetensors", "adapter_model.safetensors")
    renamed(copied(root / "gguf"), "model.safetensors", "model.gguf")
    without(copied(root / "no-tokenizer"), "tokenizer.json", "tokenizer_config.json")
    that_loses_spaces(copied(root / "spaces"))
    with_config(copied(root / "small"), vocab_size=260)
    without(copied(root / "no-template"), "chat_template.jinja")
    with_template(copied(root / "no-system"), NO_SYSTEM + TURNS + ASSISTANT)
    with_template(copied(root / "drops-system"), USERS_ALONE + ASSISTANT)
    with_template(copied(root / "two-bos"), "{{ bos_token }}{{ bos_token }}" + TURNS + ASSISTANT)
    with_config(copied(root / "three", "zoo-prm"), num_labels=3)
    with_tokens_taken(copied(root / "no-extra", "zoo-prm"), "<extra_0>")
    with_tokens_taken(copied(root / "no-tag", "zoo-shepherd"), "ки")
    with_config(copied(root / "fp8"), quantization_config={"quant_method": "fp8"})


def make_hub(hub: StubHub, root: Path) -> None:
    """Let the stub say what ON_THE_HUB expects."""
    hub.refusals |= REFUSALS
    hub.push("org/fine", "a" * 40, root / "good")
    hub.push("org/gguf", "b" * 40, root / "no-config")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Ended]:
    """What each command said of each wrong thing, by door and name."""
    root = tmp_path_factory.mktemp("wrong")
    make_folders(root)
    caches = {"HF_HOME": str(root / "hub"), "XDG_CACHE_HOME": str(root / "cache"), "HF_TOKEN": ""}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    ended: dict[tuple[str, str], Ended] = {}
    with stub_hub() as hub:
        make_hub(hub, root)
        for wrongs, endpoint in ((ON_THE_HUB | HERE, hub.url), (SILENT, nobody)):
            asked = [(door, name) for name in wrongs for door in ("check", "sweep")]
            lines = [wrongs[name].line(door) for door, name in asked]
            said = run_all(root, lines, caches | {"HF_ENDPOINT": endpoint})
            ended |= dict(zip(asked, said, strict=True))
    assert not (root / "results").exists()
    return ended


@pytest.mark.parametrize("door", ["check", "sweep"])
@pytest.mark.parametrize("name", [*ON_THE_HUB, *HERE, *SILENT])
def test_what_is_wrong_is_a_sentence_before_anything_is_loaded(
    answers: dict[tuple[str, str], Ended], name: str, door: str
) -> None:
    wrong, ended = (ON_THE_HUB | HERE | SILENT)[name], answers[door, name]
    assert ended.status == 2, ended.out
    [sentence] = ended.err.splitlines()
    assert sentence.startswith("ttsgrid: ")
    assert wrong.said in sentence
    assert not ended.ray
