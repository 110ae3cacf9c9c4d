"""Answers to too little memory by the last frames: where the tensor was to be made."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case
from .names import smaller_step

_FULL_AT_FIRST_USE = Answer(
    "the card had no memory left when this process first used it",
    (
        "nvidia-smi   names the processes on each card; end those left from earlier runs",
        "or another card: CUDA_VISIBLE_DEVICES=1 before the command",
    ),
    why="the driver keeps some hundred MiB for each process on a card, and had not even those",
    known="the last frame chooses the card, before anything lies on it",
)
_STATES = Answer(
    "out of memory in the optimizer's first step, where it makes its states",
    (
        "train an adapter (LoRA): states are kept for what is trained, and for nothing else",
        'or optim="adamw_8bit"   a quarter of AdamW\'s states',
        "or shard them over several cards: FSDP, DeepSpeed ZeRO-2",
    ),
    why="AdamW keeps two numbers for each weight that is trained, made at the first step: forward "
    "and backward passes before it fit",
    known="the frames are those of the optimizer making its states; how much each part holds is "
    "not in the log",
    settles=False,
)
_OPTIMIZING = Answer(
    "out of memory in the optimizer's step",
    (
        'optim="adamw_torch_fused"   which makes no copies of what it updates',
        "train an adapter (LoRA): a step updates what is trained, and nothing else",
        "or shard what is trained over several cards: FSDP, DeepSpeed ZeRO-2",
    ),
    why="AdamW that is not fused makes temporary tensors as large as the weights that it updates",
    known="the last frame is the optimizer's; how much each part holds is not in the log",
    settles=False,
)
_ATTENTION = Answer(
    "out of memory where attention is computed",
    (
        "a shorter max_length, or a smaller batch",
        'attn_implementation="sdpa" in place of eager, and no mask that is given whole',
    ),
    why="eager attention holds the scores of all pairs of tokens, and a mask that is handed over "
    "whole has as many entries: both grow with the square of the row's length",
    known="the last frame is that of attention; how much each part holds is not in the log",
    settles=False,
)
_RESIZING = Answer(
    "out of memory while the embeddings are resized",
    (
        "model.resize_token_embeddings(len(tokenizer), mean_resizing=False)",
        "or resize before the model is moved to the card",
    ),
    why="new rows are drawn around the mean of the old ones, for which the whole table is copied "
    "in float32",
    known="the frames are those of resizing; read in transformers 5.23.0",
)
_BACKWARD = Answer(
    "out of memory in the backward pass",
    (
        "per_device_train_batch_size=1 with more gradient_accumulation_steps",
        "gradient_checkpointing=True",
        "a shorter max_length",
    ),
    why="the gradients of the logits and of all weights that are trained come on top of what the "
    "forward pass kept",
    known="the last frame is that of the backward pass; how much each part holds is not in the log",
    settles=False,
)
_ATTENDS = r"\bin (?:sdpa|eager)_attention_forward|scaled_dot_product_attention\("
_TOWER = Answer(
    "out of memory in the tower for images or sound",
    (
        "fewer or smaller images a row, or a smaller batch",
        "freeze the tower where it is not to be trained: its activations are then not kept",
        "do_pan_and_scan=False   (Gemma 3: each crop counts as an image)",
    ),
    why="each image goes through the tower whole, whatever max_length says",
    known="the last frames are the tower's; how much each part holds is not in the log",
    settles=False,
)


_LOGITS = (
    r"cross_entropy|loss_function|fixed_cross_entropy|logits = |logits\.float|lm_head|"
    r"selective_log_softmax|log_softmax"
)
# A layer of the model: what called it assigns logits too, ``logits = model(...).logits``.
_OF_A_LAYER = re.compile(
    r"self\.(?:mlp|self_attn|attention|\w{0,30}layernorm|(?:gate|up|down|[qkvo])_proj)\(|"
    r"\bdecoder_layer\(|\blayer\(|_attention_forward\b"
)
_REPLICAS = re.compile(r"parallel[/\\]data_parallel\.py|parallel_apply|in replica \d")


def in_the_loss(frames: str) -> bool:
    """Return whether the innermost frames compute logits or the loss, and no layer."""
    found = [match.end() for match in re.finditer(_LOGITS, frames)]
    return bool(found) and _OF_A_LAYER.search(frames, found[-1]) is None


def in_replicas(case: Case) -> Answer | None:
    """Answer an error of a step that one process runs over several cards."""
    if not _REPLICAS.search(f"{case.above}{case.around}"):
        return None
    return Answer(
        "out of memory in a step that one process runs over several cards (DataParallel)",
        (
            "torchrun --nproc_per_node GPUS SCRIPT   (or accelerate launch): a process per card",
            "or CUDA_VISIBLE_DEVICES=0   : one card alone",
            *smaller_step(case),
        ),
        why="DataParallel copies the model to each card at each step, and gathers all logits on "
        "the first: that one is full long before the others",
        known="the frames are DataParallel's; how much each part holds is not in the log",
        settles=False,
    )


def at_first_use(case: Case) -> Answer | None:
    """Answer an error that came as the process chose its card, before it made a tensor."""
    last = "\n".join(case.frames.splitlines()[-2:])
    chooses = re.search(r"_cuda_setDevice|\bin set_device\b|\bin _lazy_init\b|_cuda_init\(", last)
    return _FULL_AT_FIRST_USE if chooses and "Tried to allocate" not in case.message else None


def at_place(case: Case) -> Answer | None:
    """Answer by the last frames: where the tensor was to be made."""
    lines = case.frames.splitlines()
    last = "\n".join(lines[-3:])
    if re.search(r"in _init_group|state\d? = torch\.zeros_like", last):
        return _STATES
    if re.search(r"exp_avg|_(?:single|multi)_tensor_adamw?\b|\bin _(?:foreach|fused)_", last):
        return _OPTIMIZING
    if re.search(r"siglip|vision_tower|audio_tower", case.frames[-1500:]):
        return _TOWER
    if re.search(_ATTENDS, last) or (
        "softmax" in last and re.search(_ATTENDS, "\n".join(lines[-7:]))
    ):
        return _ATTENTION
    return _RESIZING if "embeddings_weights_with_mean" in last else None


def in_backward(case: Case) -> Answer | None:
    """Answer an error of the backward pass, whose last frame does not tell what was made."""
    last = "\n".join(case.frames.splitlines()[-3:])
    if not re.search(r"_engine_run_backward|run_backward\(", last):
        return None
    return _BACKWARD.replace(do=smaller_step(case))
