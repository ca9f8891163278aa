#!/usr/bin/env bash
# Run a command beside the scripted model, on 127.0.0.1:$1: `served.sh PORT COMMAND...`.
set -euo pipefail
port=$1
shift
python "$(dirname "$0")/scripted.py" "$port" &
trap 'kill $!' EXIT
sleep 1
"$@"
