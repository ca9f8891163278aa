#!/usr/bin/env bash
# A sweep on Slurm: sbatch jobs/slurm.sh [settings of the sweep]
# The same command goes on where this job ended. Change partition and sizes to yours.
#SBATCH --job-name=ttsgrid
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=32
#SBATCH --time=24:00:00
#SBATCH --signal=B:TERM@120
# cluster.grace_s below: what is in flight then has 90 of these 120 s. Stop the job yourself with
# `scancel --batch --signal=TERM JOB`: plain `scancel` ends Ray at once, and with it what is in
# flight.
#SBATCH --output=ttsgrid-%j.log
set -euo pipefail

# A gated model's token: a file that only you can read, on a file system that all nodes share.
if [ -r "$HOME/.config/ttsgrid.env" ]; then
  set -a
  # shellcheck source=/dev/null
  . "$HOME/.config/ttsgrid.env"
  set +a
fi

head_node=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
# One port per job: two jobs may share a node.
address="$head_node:$((20000 + SLURM_JOB_ID % 20000))"

# Starts Ray on every node, runs the sweep on the first, and stops Ray. Nodes whose file system is
# slow take longer to import Ray than the 30 s that symmetric-run waits.
export RAY_SYMMETRIC_RUN_CLUSTER_WAIT_TIMEOUT=300
driver_file=$(mktemp)  # the sweep's process id: this script and the sweep share the first node
# shellcheck disable=SC2016  # the inner bash shall expand these
srun --kill-on-bad-exit=1 ray symmetric-run --address "$address" --min-nodes "$SLURM_NNODES" -- \
  bash -c 'echo $$ > "$0"; exec "$@"' "$driver_file" \
  python -m ttsgrid.sweep cluster=ray "cluster.address=$address" cluster.grace_s=90 engine=gpu \
  "store=${STORE:-$PWD/results/$SLURM_JOB_NAME}" "$@" &
# In the background, so that bash hears Slurm's signal at once and hands it on: to the sweep alone.
# srun would give it to Ray and symmetric-run as well, which end at once and take the sweep along.
# The signal ends bash's `wait` too, and Slurm kills what is left when this script ends: wait for
# the sweep itself.
sweep=$!
echo "$sweep" > "$driver_file"  # to whom before there is a sweep
trap 'kill -TERM "$(cat "$driver_file")"' TERM
status=0
wait "$sweep" || status=$?
while kill -0 "$sweep" 2>/dev/null; do
  status=0
  wait "$sweep" || status=$?
done
exit "$status"
