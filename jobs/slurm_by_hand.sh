#!/usr/bin/env bash
# As slurm.sh, for a Ray before 2.49, which has no symmetric-run: sbatch jobs/slurm_by_hand.sh
#SBATCH --job-name=ttsgrid
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=32
#SBATCH --time=24:00:00
#SBATCH --signal=B:TERM@120
#SBATCH --output=ttsgrid-%j.log
set -euo pipefail

mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
port=$((20000 + SLURM_JOB_ID % 20000))
address="${nodes[0]}:$port"

srun --nodes=1 --ntasks=1 --nodelist="${nodes[0]}" --overlap \
  ray start --head --port="$port" --num-cpus="$SLURM_CPUS_PER_TASK" --block &
sleep 20
for node in "${nodes[@]:1}"; do
  srun --nodes=1 --ntasks=1 --nodelist="$node" --overlap \
    ray start --address="$address" --num-cpus="$SLURM_CPUS_PER_TASK" --block &
done

srun --nodes=1 --ntasks=1 --nodelist="${nodes[0]}" --overlap \
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
