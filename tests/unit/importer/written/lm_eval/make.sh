#!/usr/bin/env bash
# How samples_scripted.jsonl and printed.txt came about, with lm_eval 0.4.13:
#   pip install 'lm_eval[api]==0.4.13'; bash make.sh
# The task is GSM8K's in small: the same two filters, over the questions of scripted.py.
set -euo pipefail
cd "$(dirname "$0")"
python - > questions.jsonl <<'PYTHON'
import json, sys
sys.path.insert(0, "..")
from scripted import QUESTIONS
for question, (gold, _) in QUESTIONS.items():
    print(json.dumps({"question": question, "answer": f"So it is.\n#### {gold}"}))
PYTHON
model=base_url=http://127.0.0.1:8801/v1/completions,model=scripted,tokenized_requests=False
bash ../served.sh 8801 lm_eval --model local-completions --tasks "${TASK:-scripted}" \
  --model_args "$model,tokenizer_backend=None,num_concurrent=1" \
  --include_path . --log_samples --output_path out | grep '|' > "printed${TASK:-}.txt"
mv out/scripted/samples_*.jsonl "samples_${TASK:-scripted}.jsonl"
rm -r out questions.jsonl
