"""Too little memory before any step, or as sharded weights are put together for a layer."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case
from .names import smaller_step

_PINNED = Answer(
    "CUDA could not lock (pin) memory of the machine: this is not the card's memory",
    (
        '"pin_memory": false   in offload_optimizer and offload_param of the DeepSpeed config',
        "dataloader_pin_memory=False   where the data loader pins it",
        "WSL: [wsl2] memory=... in .wslconfig; a container or Slurm: ulimit -l unlimited, a higher "
        "limit of memory",
    ),
    why="what is offloaded is kept in locked memory, of which Windows, WSL and containers give a "
    "process a part only",
    known="the last frame pins memory; how much it may, the system says",
    settles=False,
)
_WRAPPED = Answer(
    "out of memory while DDP wraps the model, before any step",
    (
        "train less: an adapter without embed_tokens and lm_head   (DDP's buffers are as large as "
        "all gradients)",
        "FSDP or DeepSpeed ZeRO-3   : DDP keeps the whole model on every card",
        "nvidia-smi   : does another process hold the card?",
    ),
    why="the weights are on the card already, and DDP adds buffers for the gradients of all that "
    "is trained; batch and length do not matter yet",
    known="the frames are those of DDP's set-up",
    settles=False,
)
_MOVED_WHOLE = Answer(
    "out of memory as DeepSpeed moves the whole model onto one card, before any step",
    (
        "ZeRO-3 with the model made under it: TrainingArguments(deepspeed=...) before "
        "from_pretrained, or HfDeepSpeedConfig; deepspeed.zero.Init() for a model of your own",
        "no ZeRO-3: a smaller model, or 4 bits with an adapter   (ZeRO-1 and 2 keep all weights on "
        "each card)",
    ),
    why="a model that was loaded before ZeRO-3 was set up is whole, and is cut only after the move",
    known="the frames are DeepSpeed's, moving the module",
    settles=False,
)
_OPTIMIZER_MADE = Answer(
    "out of memory as DeepSpeed makes its optimizer, before any step",
    (
        "train an adapter (LoRA): float32 copies and states are made of what is trained alone",
        '"offload_optimizer": {"device": "cpu"}, or ZeRO-3 in place of 1 and 2',
        "fewer weights a card: more cards",
    ),
    why="beside the 16-bit weights it keeps a float32 copy and two states for each weight that is "
    "trained, divided by the number of cards; batch and length do not matter yet",
    known="the frames are those of ZeRO's set-up",
    settles=False,
)
_FOR_GENERATION = Answer(
    "out of memory as ZeRO-3's weights are put together on every card for generation",
    (
        "ds3_gather_for_generation=False   (TRL): weights stay cut, and generation is much slower",
        "use_vllm=True   : an engine generates in place of the trained model",
        "ZeRO-2, where all weights fit beside the step",
    ),
    why="generation runs the whole model for each token, so all its weights are gathered first: "
    "each card has to hold them all for that time",
    known="the frames gather the model's parameters",
)
_BY_THE_DRIVER = (
    "nvidia-smi   while it runs: is the card full, and of which processes?",
    "the card has room: it is the machine's locked memory (offload, pinned batches): "
    '"pin_memory": false, dataloader_pin_memory=False; WSL: memory=... in .wslconfig',
)


def by_the_driver(case: Case) -> Answer | None:
    """Answer CUDA's own error of memory, which PyTorch's allocator did not raise."""
    text = f"{case.hit.text}\n{case.around}"
    if not re.search(r"CUDA [Ee]rror: out of memory", case.hit.text):
        return None
    if "Tried to allocate" in text:
        return None
    free = re.search(
        r"(?i)\bWSL|\bunused\b|\bplenty\b|\bfree\b[^\n]{0,20}(?:v?ram|memory)", case.near
    )
    return Answer(
        "a call of CUDA itself ran out of memory; it is not PyTorch's allocator that was refused",
        (
            *(reversed(_BY_THE_DRIVER) if free else _BY_THE_DRIVER),
            *smaller_step(case),
        ),
        why="a card that others fill, memory of the machine that is to be locked, or code that is "
        "loaded onto a full card ask the driver directly",
        known="CUDA's words; PyTorch's own error names what was refused and what is held",
        settles=False,
    )


_WHY_GATHERED = (
    "a layer's weights are put together on each card as it runs, beside what the step holds: "
    "the card was full of other things"
)


def _gathered_by_zero(case: Case) -> Answer:
    return Answer(
        "out of memory as ZeRO-3 gathers a layer's weights",
        (
            '"stage3_max_live_parameters": 1e8, "stage3_max_reuse_distance": 1e8, '
            '"stage3_prefetch_bucket_size": 1e7   : fewer whole weights at a time',
            *smaller_step(case),
            "was the model loaded before DeepSpeed was set up? Then each card holds all of it: "
            "TrainingArguments(deepspeed=...) first, and no device_map",
        ),
        why=_WHY_GATHERED,
        known="the last frames are ZeRO-3's; what else the card holds is not in the log",
        settles=False,
    )


def _gathered_by_fsdp(case: Case) -> Answer:
    return Answer(
        "out of memory as FSDP gathers a layer's weights",
        (
            "fsdp_transformer_layer_cls_to_wrap: the decoder layer's class   : a unit per layer",
            *smaller_step(case),
            "fsdp_backward_prefetch: NO_PREFETCH, fsdp_forward_prefetch: false",
        ),
        why=_WHY_GATHERED,
        known="the last frames are FSDP's; what else the card holds is not in the log",
        settles=False,
    )


# What the last frames show, then what any frame shows.
_LAST = (
    (r"pin_memory\(|\bin pin_memory\b|cudaHostAlloc|cudaHostRegister", lambda case: _PINNED),
    (
        r"_ddp_init_helper|dist\.Reducer\(|in _sync_module_states|_sync_params_and_buff",
        lambda case: _WRAPPED,
    ),
    (r"fetch_sub_module|_all_gather_params?\b|in _allgather_params", _gathered_by_zero),
    (
        r"_alloc_padded_unsharded|in _?unshard\b|all_gather_copy_in|foreach_all_gather",
        _gathered_by_fsdp,
    ),
)
_ANY = (
    (
        r"unwrap_model_for_generation|GatheredParameters\(\w*\.?model\.parameters\(\)",
        lambda case: _FOR_GENERATION,
    ),
    (
        r"in _configure_distributed_model|self\.module\.to\(self\.device\)",
        lambda case: _MOVED_WHOLE,
    ),
    (
        r"in (?:_configure_zero_optimizer|_create_fp(?:16|32)_\w+|_setup_for_real_optimizer|"
        r"initialize_optimizer_states)\b",
        lambda case: _OPTIMIZER_MADE,
    ),
)


def at_set_up(case: Case) -> Answer | None:
    """Answer an error that came before any step, or as weights were gathered for a layer."""
    last = "\n".join(case.frames.splitlines()[-6:])
    for table, frames in ((_LAST, last), (_ANY, case.frames)):
        for pattern, answer in table:
            if re.search(pattern, frames):
                return answer(case)
    return None
