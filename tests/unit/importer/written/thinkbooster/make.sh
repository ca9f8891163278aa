#!/usr/bin/env bash
# How results.json and printed.json (its metrics.json) came about, with ThinkBooster at commit
# 51ca08e of IINemo/thinkbooster, whose PyPI package (0.1.1) leaves out the script that runs
# evaluations: clone it, install its requirements but vllm, then
#   CLONE=path/of/the/clone bash make.sh
# Packages for estimators that a baseline doesn't use (such as diskcache, sacrebleu and evalplus)
# were empty modules, and tiktoken's encoding, which is downloaded, one that splits at spaces.
set -euo pipefail
cd "$(dirname "$0")"
here=$PWD
mkdir data
python - > data/test.jsonl <<'PYTHON'
import json, sys
sys.path.insert(0, "..")
from scripted import QUESTIONS
for question, (gold, _) in QUESTIONS.items():
    print(json.dumps({"question": question, "answer": f"So it is.\n#### {gold}"}))
PYTHON
cat > run.sh <<'BASH'
cd "$CLONE"
baseline=experiments/baseline/gpqa_diamond/baseline_openai_gpt4o_mini_gpqa_diamond
PYTHONPATH=. OPENAI_API_KEY=none python scripts/run_tts_eval.py --config-path=../config \
  --config-name=$baseline model.model_path=scripted model.model_short_name=scripted \
  +model.base_url=http://127.0.0.1:8806/v1 model.supports_logprobs=false report_to=none \
  dataset.data_name=gsm8k dataset.dataset_path="$HERE/data" dataset.dataset_config=null \
  dataset.answer_format=numeric evaluation.batch_evaluators=[] hydra.run.dir="$HERE/out"
BASH
HERE=$here CLONE=$CLONE bash ../served.sh 8806 bash run.sh
mv out/results.json results.json
mv out/metrics.json printed.json
rm -r out data run.sh
