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
_BY_ANOTHER_DRIVER = ("rocm-smi --showpids (AMD), xpu-smi ps (Intel)   : who holds the card?",)
_BY_THE_DRIVER = (
    "nvidia-smi   while it runs: is the card full, and of which processes?",
    "the card has room: it is the machine's locked memory (offload, pinned batches): "
    '"pin_memory": false, dataloader_pin_memory=False; WSL: memory=... in .wslconfig',
)


def by_the_driver(case: Case) -> Answer | None:
    """Answer CUDA's own error of memory, which PyTorch's allocator did not raise."""
    text = f"{case.hit.text}\n{case.around}"
    if "CUBLAS_STATUS_ALLOC_FAILED" in case.hit.text:
        return _no_room_for_cublas(case)
    if not re.search(r"(?:CUDA|HIP) (?:driver )?[Ee]rror: out of memory|UR_RES", case.hit.text):
        return None
    if "Tried to allocate" in text:
        return None
    free = re.search(
        r"(?i)\bWSL|\bunused\b|\bplenty\b|\bfree\b[^\n]{0,20}(?:v?ram|memory)", case.near
    )
    maker = "CUDA" if "CUDA" in case.hit.text else "the driver"
    full = _BY_THE_DRIVER if maker == "CUDA" else _BY_ANOTHER_DRIVER
    return Answer(
        f"a call of {maker} itself ran out of memory; it is not PyTorch's allocator that was "
        "refused",
        (
            *(reversed(full) if free else full),
            *smaller_step(case),
        ),
        why="a card that others fill, memory of the machine that is to be locked, or code that is "
        "loaded onto a full card ask the driver directly",
        known=f"the words of {maker}; PyTorch's own error names what was refused and what is held",
        settles=False,
    )


def _no_room_for_cublas(case: Case) -> Answer:
    return Answer(
        "cuBLAS got no memory for its handle: the card was full, most often",
        (
            "nvidia-smi   while it runs: is the card full, and of which processes?",
            *smaller_step(case),
            "CUDA_LAUNCH_BLOCKING=1 before the command, where the card has room: an index out of "
            "range in an earlier kernel shows as this",
        ),
        why="the handle is made at the first multiplication on a card, outside of PyTorch's memory",
        known="cuBLAS's code; what fills the card, it does not say",
        certain=False,
        settles=False,
    )


_ALL_GATHERED = Answer(
    "out of memory as all of ZeRO-3's weights are put together at once",
    (
        "gather one part at a time: GatheredParameters(list(layer.parameters())) in a loop",
        "saving: trainer.save_model, or zero_to_fp32.py afterwards, in place of a gather by hand",
        "ZeRO-2, where all weights fit beside the step",
    ),
    why="each card has to hold all weights for that time, beside what the step left there",
    known="the frames gather the model's parameters",
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


def _pinned(case: Case) -> Answer:
    """Answer by who pins: the data loader, or an offload."""
    if re.search(r"data[/\\]_utils[/\\]pin_memory|pin memory thread", case.around):
        return _PINNED.replace(do=(_PINNED.do[1], *_PINNED.do[2:]))
    return _PINNED


def _wrapped(case: Case) -> Answer:
    """Answer by who copies the weights from rank 0: DDP, or FSDP."""
    if not re.search(r"[/\\]fsdp[/\\]|_sync_module_params_and_buffers|FSDP\(", case.frames):
        return _WRAPPED
    return Answer(
        "out of memory while FSDP takes the model and copies weights from rank 0, before any step",
        (
            "fsdp_transformer_layer_cls_to_wrap: the decoder layer's class   : else one unit holds "
            "all weights",
            "fsdp_cpu_ram_efficient_loading: true with fsdp_sync_module_states: true, and no "
            "device_map or .to('cuda') in the script",
            "dtype=torch.bfloat16 at loading; nvidia-smi   : does another process hold the card?",
        ),
        why="each unit is whole on the card until it is cut; batch and length do not matter yet",
        known="the frames are those of FSDP's set-up",
        settles=False,
    )


def _moved_whole(case: Case) -> Answer:
    if case.facts.training.get("deepspeed_stage") not in {1, 2}:
        return _MOVED_WHOLE
    first, second = _MOVED_WHOLE.do
    return _MOVED_WHOLE.replace(
        do=(f"ZeRO-3 in place of this stage; {first.partition('; ')[0]}", second),
        why="ZeRO-1 and 2 keep all weights on each card; ZeRO-3 cuts them, where it is set up "
        "before they are loaded",
    )


# What the last frames show, then what any frame shows.
_LAST = (
    (r"pin_memory\(|\bin pin_memory\b|cudaHostAlloc|cudaHostRegister", _pinned),
    (
        r"_ddp_init_helper|dist\.Reducer\(|in _sync_module_states|_sync_params_and_buff",
        _wrapped,
    ),
    (r"fetch_sub_module|_all_gather_params?\b|in _allgather_params", _gathered_by_zero),
    (
        r"_alloc_padded_unsharded|in _?unshard\b|all_gather_copy_in|foreach_all_gather",
        _gathered_by_fsdp,
    ),
)
_ANY = (
    (r"unwrap_model_for_generation", lambda case: _FOR_GENERATION),
    (r"GatheredParameters\((?:list\()?\w*\.?model\.parameters\(\)", lambda case: _ALL_GATHERED),
    (r"in _configure_distributed_model|self\.module\.to\(self\.device\)", _moved_whole),
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
