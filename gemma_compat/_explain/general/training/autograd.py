"""What autograd and CUDA refuse: writing in place, a loss of many numbers, a broken call."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .caches import newer_reader
from .inside_torch import inside_torch
from .recomputed import recomputed

_changed_view = always(
    "a hook or a line of the script changes a layer's output in place, and the backward pass does "
    "not allow that",
    "x = x.clone()   before it is changed, or a new tensor: x = x + y, not x += y",
    "gradient_checkpointing_kwargs={'use_reentrant': False}, where checkpointing is on",
    why="a custom function (checkpointing, 4-bit matrices) hands out a view of what it keeps",
    settles=False,
)
_changed_loss = always(
    "the Trainer multiplies the loss of Unsloth's fused loss in place, and the backward pass does "
    "not allow that",
    "pip install -U unsloth unsloth_zoo   and delete unsloth_compiled_cache",
    "or the transformers that this Unsloth was made for: python -m gemma_compat advise",
    why="loss *= num_processes is a line of transformers' compute_loss; Unsloth's fused loss has "
    "to hand out a copy for it",
    known="the message names Unsloth's function; which release of it hands out a copy was not "
    "looked up",
    settles=False,
)


def _view_in_place(case: Case) -> Answer | None:
    return (_changed_loss if "UnslothFused" in case.hit.text else _changed_view)(case)


def _of_another_device(case: Case) -> Answer:
    number, count = case.match["number"], case.match["count"]
    place = case.caller
    by_package = place is not None and place.module in {"transformers", "trl", "peft"}
    load = "torch.load(PATH, map_location='cpu')"
    return Answer(
        f"a file that was saved on GPU {number} (they count from 0) is loaded where torch sees "
        f"{count} of them"
        if number
        else "a file that was saved on a GPU is loaded where torch sees none",
        (
            "resume with as many GPUs as the checkpoint was written with"
            if number
            else "a torch with CUDA and a visible GPU: nvidia-smi",
            f"or without the file: {load}, then torch.save(...) over it",
        )
        if by_package
        else (
            load,
            "or as many visible GPUs as when it was saved: CUDA_VISIBLE_DEVICES"
            if number
            else "or a torch with CUDA and a visible GPU: nvidia-smi",
        ),
        why="torch.load puts each tensor back on the device that it was saved from",
    )


_REFUSALS = {
    "initialization error": (
        "CUDA could not be initialized in this process",
        (
            "dataloader_num_workers=0, and no .to('cuda') in what a worker runs (a collator, a "
            "mapped function)",
            "torch.multiprocessing.set_start_method('spawn')   where the script starts processes "
            "itself",
            "nvidia-smi   : does the driver answer at all?",
        ),
        "a process that was forked from one that has used CUDA cannot use it; a driver that was "
        "updated without a restart says the same",
    ),
    "the launch timed out": (
        "a kernel ran longer than the system lets one run, and was ended",
        (
            "a smaller batch or a shorter max_length: does it go on?",
            "another card for the display, or a longer time: TdrDelay in the registry of Windows",
            "dmesg -T | grep -i xid   : a card that fails says so there",
        ),
        "a card that draws a display ends kernels after a few seconds; a card that fails hangs",
    ),
}


def _refused(case: Case) -> Answer:
    for text, (happened, do, why) in _REFUSALS.items():
        if text in case.match[0]:
            return Answer(happened, do, why=why, certain=True, settles=False)
    if re.search(r"uncorrectable|hardware error", case.match[0]):
        return Answer(
            "the card reports a fault of its hardware: memory or a unit of the GPU",
            (
                "nvidia-smi -q -d ECC; dmesg -T | grep -i xid   : which card is it?",
                "another card: CUDA_VISIBLE_DEVICES without that one; resume from the last "
                "checkpoint",
                "as administrator: nvidia-smi --gpu-reset, or a restart; a card that reports it "
                "again has to be replaced",
            ),
            why="neither code nor memory settings bring this error, and a smaller batch does not "
            "cure it",
            known="CUDA says so",
        )
    return Answer(
        "CUDA refused a call; the message does not say which tensor or kernel it was",
        ("CUDA_LAUNCH_BLOCKING=1 before the command: the traceback then ends where it happens",),
        why="paged optimizers and shared memory are not supported under WSL and on split cards"
        if "not supported" in case.match[0]
        else "",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "recomputed-otherwise",
        r"Recomputed values for the following tensors\b|A different number "
        r"of tensors was saved during the original forward and recomputation|"
        r"checkpoint\.CheckpointError",
        recomputed,
        {
            "torch.utils.checkpoint.CheckpointError: torch.utils.checkpoint: Recomputed values for "
            "the following tensors have different metadata than during the forward pass.": (
                "use_reentrant"
            ),
            "torch.utils.checkpoint.CheckpointError: Recomputed values for the following tensors\n"
            "have different metadata than during the forward pass": "use_cache = False",
            "unsloth\ntorch.utils.checkpoint.CheckpointError: torch.utils.checkpoint: Recomputed "
            "values for the following tensors": "UNSLOTH_COMPILE_DISABLE=1",
            "torch.utils.checkpoint.CheckpointError: torch.utils.checkpoint: Recomputed values for "
            "the following tensors have different metadata than during the forward pass.\n"
            "tensor at position 4:\nsaved metadata: {'shape': torch.Size([2048]), 'dtype': "
            "torch.bfloat16, 'device': device(type='cuda', index=0)}\nrecomputed metadata: "
            "{'shape': torch.Size([0]), 'dtype': torch.bfloat16}": "had let go of it",
            "torch.utils.checkpoint.CheckpointError: torch.utils.checkpoint: Recomputed values for "
            "the following tensors have different metadata than during the forward pass.\n"
            "tensor at position 4:\nsaved metadata: {'shape': torch.Size([2, 8]), 'dtype': "
            "torch.float32, 'device': device(type='cuda', index=0)}\nrecomputed metadata: "
            "{'shape': torch.Size([2, 8]), 'dtype': torch.bfloat16}": "a dtype was switched",
            "FSDP full param fine meet torch.utils.checkpoint.CheckpointError\n"
            "  fsdp_activation_checkpointing: true": "one of the two",
        },
        alone=True,
    ),
    General(
        "loss-of-many-numbers",
        r"grad can be implicitly created only for scalar outputs",
        always(
            "the loss is not one number but many",
            "loss.mean()   (or sum()) before backward",
            why="a loss with reduction='none', or one for each GPU of a DataParallel model",
        ),
        {"RuntimeError: grad can be implicitly created only for scalar outputs": "loss.mean()"},
    ),
    General(
        "truth-of-a-tensor",
        r"Boolean value of Tensor with (?:more than one value|no values) is ambiguous|"
        r"truth value of an array with more than one element is ambiguous",
        lambda case: Answer(
            "an if asks a whole tensor or array for yes or no",
            (
                *newer_reader(case),
                "if x is not None:   or x.any(), x.all(), in the line of the last frame",
            ),
            known="the message",
        ),
        {
            "RuntimeError: Boolean value of Tensor with more than one value is ambiguous": (
                "is not None"
            )
        },
    ),
    General(
        "checkpoint-of-another-device",
        r"Attempting to deserialize object on (?:a )?CUDA device(?: (?P<number>\d+) but "
        r"torch\.cuda\.device_count\(\) is (?P<count>\d+))?",
        _of_another_device,
        {
            "RuntimeError: Attempting to deserialize object on a CUDA device but "
            "torch.cuda.is_available() is False.": "torch sees none",
            "RuntimeError: Attempting to deserialize object on CUDA device 1 but "
            "torch.cuda.device_count() is 1. Please use torch.load with map_location": (
                "saved on GPU 1"
            ),
        },
    ),
    General(
        "cuda-refused",
        r"CUDA error: (?:invalid argument|operation not supported|the launch timed out|"
        r"initialization error|invalid resource handle|uncorrectable|hardware error|"
        r"peer access is not supported)",
        _refused,
        {
            "RuntimeError: CUDA error: operation not supported": "CUDA_LAUNCH_BLOCKING=1",
            "RuntimeError: CUDA error: initialization error": "dataloader_num_workers=0",
            "RuntimeError: CUDA error: the launch timed out and was terminated": "TdrDelay",
            "RuntimeError: CUDA error: uncorrectable ECC error encountered": "another card",
        },
    ),
    General(
        "index-in-a-gather",
        r"(?:ScatterGatherKernel|IndexKernel|Indexing)\.cu:\d+:[^\n]{0,120}Assertion "
        r"`(?:idx_dim >= 0|-sizes\[i\] <= index)",
        always(
            "a kernel on the GPU picked by an index that is out of range",
            "CUDA_LAUNCH_BLOCKING=1 before the command: the traceback then names the line",
            "or the same step on the CPU, whose message has the index",
            why="labels or positions past the end, a cache or a mask shorter than the text: code "
            "that picks log-probabilities, fills a cache or slices a batch",
            known="the assertion is of a gather or an index; which one it is, it does not say",
            settles=False,
        ),
        {
            "ScatterGatherKernel.cu:144: operator(): block: [95,0,0], thread: [30,0,0] Assertion "
            "`idx_dim >= 0 && idx_dim < index_size` failed.": "CUDA_LAUNCH_BLOCKING=1"
        },
        alone=True,
    ),
    General(
        "index-in-a-compiled-kernel",
        r"index out of bounds: 0 <= tmp\d+",
        always(
            "a compiled kernel met an index outside its table",
            "print(batch['input_ids'].max(), model.get_input_embeddings().weight.shape)",
            "TORCHDYNAMO_DISABLE=1   shows the line",
            why="where the bound is the size of the vocabulary it is a token id or a label: added "
            "tokens without resize_token_embeddings, or the tokenizer of another checkpoint. A "
            "smaller one is of positions, experts or classes",
            known="the assertion is of a kernel that torch.compile made, and has the bound",
            settles=False,
        ),
        {"RuntimeError: index out of bounds: 0 <= tmp13 < 262144": "input_ids"},
        alone=True,
    ),
    General(
        "view-changed-in-place",
        r"Output \d+ of \w{3,60} is a view and is being modified in-?place",
        _view_in_place,
        {
            "RuntimeError: Output 0 of MatMul4BitBackward is a view and is being modified inplace."
            "": "x.clone()",
            "RuntimeError: Output 0 of UnslothFusedLossBackward is a view and is being modified "
            "inplace.": "fused loss",
        },
    ),
    General(
        "gradient-switch-of-a-result",
        r"you can only change requires_grad flags of leaf variables",
        always(
            "requires_grad is switched on something that was computed, and not on a weight",
            "for p in model.parameters(): p.requires_grad = False   before the first forward",
            "y = x.detach()   for a result that should take no gradient",
        ),
        {
            "RuntimeError: you can only change requires_grad flags of leaf variables. If you want "
            "to use a computed variable in a subgraph": "detach()"
        },
    ),
    General(
        "nothing-to-checkpoint",
        r"none of output has requires_grad=True, this checkpoint\(\) is not necessary|"
        r"None of the inputs have requires_grad=True\. Gradients will be None",
        always(
            "reentrant checkpointing got inputs without a gradient, so nothing in that layer is "
            "trained",
            "gradient_checkpointing_kwargs={'use_reentrant': False}",
            "or model.enable_input_require_grads() before training",
            why="frozen embeddings give inputs without a gradient, and the older way of "
            "checkpointing looks at inputs only; an adapter inside is then not trained",
        ),
        {
            "RuntimeError: none of output has requires_grad=True, this checkpoint() is not "
            "necessary": "use_reentrant"
        },
    ),
    General(
        "assertion-inside-torch",
        r"INTERNAL ASSERT FAILED",
        inside_torch,
        {
            "RuntimeError: !grad_accumulator_.expired() INTERNAL ASSERT FAILED": "CPP_STACKTRACES",
            'RuntimeError: NVML_SUCCESS == r INTERNAL ASSERT FAILED at "../c10/cuda/'
            'CUDACachingAllocator.cpp":1131, please report a bug to PyTorch.': "memory is full",
            'RuntimeError: self.size(1) == 4 INTERNAL ASSERT FAILED at "/x/y.cpp":12, please '
            "report a bug to PyTorch.": "built for another torch",
        },
    ),
)
