#!/usr/bin/env bash
# How log.json.gz, log.eval and printed.txt came about, with inspect_ai 0.3.285:
#   pip install inspect_ai==0.3.285 openai; bash make.sh
set -euo pipefail
cd "$(dirname "$0")"
for format in json eval; do
  OPENAI_API_KEY=none bash ../served.sh 8802 inspect eval task.py --model openai/scripted \
    --model-base-url http://127.0.0.1:8802/v1 -M responses_api=false --epochs 3 \
    --epochs-reducer mean,pass_at_2 --max-connections 1 --max-samples 1 --limit 4 \
    --log-format "$format" --log-dir logs --display plain | grep accuracy | tail -1 > printed.txt
done
gzip -9 -n -c logs/*.json > log.json.gz
mv logs/*.eval log.eval
rm -r logs
