#!/usr/bin/env bash
# How output-rs*.jsonl and printed.json came about, with NeMo-Skills, which PyPI has not, at
# commit 8b18f39 of NVIDIA-NeMo/Skills: clone it, install requirements/main.txt, then
#   PYTHONPATH=path/of/the/clone bash make.sh
# Its cluster code (nemo_run, mcp) was replaced by empty modules; nothing here calls it.
set -euo pipefail
cd "$(dirname "$0")"
export OPENAI_API_KEY=none NEMO_SKILLS_DISABLE_UNCOMMITTED_CHANGES_CHECK=1
python - > questions.jsonl <<'PYTHON'
import json, sys
sys.path.insert(0, "..")
from scripted import QUESTIONS
for i, (question, (gold, _)) in enumerate(QUESTIONS.items()):
    print(json.dumps({"id": f"q{i}", "problem": question, "expected_answer": gold}))
PYTHON
cat > generate.sh <<'BASH'
for seed in 0 1 2 3; do
  python -m nemo_skills.inference.generate ++input_file=questions.jsonl \
    ++output_file="output-rs$seed.jsonl" ++prompt_config=generic/math \
    ++server.server_type=openai ++server.base_url=http://127.0.0.1:8804/v1 \
    ++server.model=scripted ++inference.temperature=0.7 ++inference.random_seed="$seed" \
    ++max_concurrent_requests=1
done
BASH
bash ../served.sh 8804 bash generate.sh
python -m nemo_skills.evaluation.evaluate_results '++input_files=output-rs*.jsonl' ++eval_type=math
python - > printed.json <<'PYTHON'
import glob, json
from nemo_skills.evaluation.metrics import ComputeMetrics
metrics = ComputeMetrics("gsm8k", metric_type="math")
print(json.dumps(metrics.compute_metrics(sorted(glob.glob("output-rs*.jsonl"))), indent=1))
PYTHON
rm questions.jsonl generate.sh
