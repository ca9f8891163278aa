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
# cluster.grace_s below: what is in flight then has 90 of these 120 s. `scancel` leaves KillWait,
# 30 s where nobody changed it: set cluster.grace_s=20 if that is how your jobs end.
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

# Starts Ray on every node, runs the sweep on the first, and stops Ray.
srun --kill-on-bad-exit=1 ray symmetric-run --address "$address" --min-nodes "$SLURM_NNODES" -- \
  python -m ttsgrid.sweep cluster=ray "cluster.address=$address" cluster.grace_s=90 engine=gpu \
  "store=${STORE:-$PWD/results/$SLURM_JOB_NAME}" "$@" &
# In the background, so that bash hears Slurm's signal at once and hands it on. The signal ends
# bash's `wait` too, and Slurm kills what is left when this script ends: wait for the sweep itself.
sweep=$!
trap 'kill -TERM "$sweep"' TERM
status=0
wait "$sweep" || status=$?
while kill -0 "$sweep" 2>/dev/null; do
  status=0
  wait "$sweep" || status=$?
done
exit "$status"
