#!/usr/bin/env bash
# How gsm8k_main.jsonl and printed.txt came about, with evalscope 1.14.1:
#   pip install evalscope==1.14.1; bash make.sh
set -euo pipefail
cd "$(dirname "$0")"
mkdir data
python - > data/questions.jsonl <<'PYTHON'
import json, sys
sys.path.insert(0, "..")
from scripted import QUESTIONS
for question, (gold, _) in QUESTIONS.items():
    print(json.dumps({"question": question, "answer": f"So it is.\n#### {gold}"}))
PYTHON
cat > data/README.md <<'CARD'
---
configs:
- config_name: main
  data_files:
  - {split: test, path: questions.jsonl}
---
CARD
bash ../served.sh 8803 evalscope eval --model scripted --eval-type openai_api --api-key none \
  --api-url http://127.0.0.1:8803/v1 --datasets gsm8k --repeats 4 --eval-batch-size 1 \
  --dataset-args '{"gsm8k": {"local_path": "data", "few_shot_num": 0}}' \
  --work-dir out --no-timestamp 2>&1 | grep '│ scripted' | tail -1 > printed.txt
mv out/reviews/scripted/gsm8k_main.jsonl .
rm -r out data
