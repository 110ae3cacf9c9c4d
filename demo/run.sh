#!/usr/bin/env bash
# The failures and their cures, for real: `make demo`. Stops with an error at the first step that
# does not show what it says. Needs a CPU, pip and a few minutes. The models are tiny and random;
# REAL=1 takes the published Gemma 3 270M for the evaluation (250 MB more to download).
#
#     PYTHON=python3.11 TORCH_INDEX=URL REAL=1 demo/run.sh
set -euo pipefail
cd "$(dirname "$0")/.."

OLD=4.50.3
NEW=5.23.0
VENV=.demo

step() { printf '\n[%3d s] %s\n' "$SECONDS" "$*"; }

# Torch first and alone, as in the Makefile; nothing after it may replace it.
install() {
    "${PYTHON:-python3}" -m venv --clear "$VENV"
    local pip=("$VENV/bin/python" -m pip install --quiet --disable-pip-version-check)
    "${pip[@]}" ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -r requirements/torch.txt
    "${pip[@]}" --constraint requirements/torch.txt numpy packaging psutil nvidia-ml-py
    cp requirements/torch.txt "$VENV/.torch"
}

# with RELEASE COMMAND...: a command that sees this release of transformers.
with() {
    local release=$1
    shift
    PYTHONPATH="$PWD/.environments/transformers-$release:$PWD" "$@"
}

export OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONWARNINGS=ignore
# The demo is for a CPU: with a GPU in sight, Trainer would wrap the model for it.
export CUDA_VISIBLE_DEVICES=

step "a virtual environment with torch in $VENV: about 200 MB to download on the first run"
cmp --silent requirements/torch.txt "$VENV/.torch" || install
step "transformers $OLD and $NEW, as overlays on it: about 120 MB on the first run"
"$VENV/bin/python" -m tools.environments "$OLD" "$NEW"
if [ "${REAL:-}" = 1 ]; then
    step "the published Gemma 3 270M: about 250 MB on the first run"
    GEMMA_DEMO_MODEL=$("$VENV/bin/python" -m benchmarks.real.weights)
    export GEMMA_DEMO_MODEL
fi

step "1. a stack that breaks, found before anything runs: Gemma 3 in bf16 on transformers $OLD"
status=0
with "$OLD" "$VENV/bin/python" -m gemma_compat report --model google/gemma-3-270m \
    --dtype bfloat16 --bf16 --evaluates --gpu L4 || status=$?
# 1: an error was found, as there is one.
[ "$status" = 1 ] || { echo "demo: the report ended with $status, not 1" >&2; exit 1; }

step "2. that run, for real: an evaluation on transformers $OLD, without and with the patch"
with "$OLD" "$VENV/bin/python" demo/show.py evaluation

step "3. gradients with shared keys and values under reentrant checkpointing, on $NEW"
with "$NEW" "$VENV/bin/python" demo/show.py gradients

step "4. a training run with evaluation, on $NEW"
with "$NEW" "$VENV/bin/python" demo/show.py training

step "done: every step showed what it says"
