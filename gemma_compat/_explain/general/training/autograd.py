"""What autograd and CUDA refuse: writing in place, a loss of many numbers, a broken call."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
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


def _refused(case: Case) -> Answer:
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
        why="paged optimizers and shared memory are not supported under WSL and on split cards; a "
        "process that was forked has no CUDA of the first",
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
        r"Boolean value of Tensor with more than one value is ambiguous|"
        r"truth value of an array with more than one element is ambiguous",
        always(
            "an if asks a whole tensor or array for yes or no",
            "if x is not None:   or x.any(), x.all(), in the line of the last frame",
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
        r"Attempting to deserialize object on (?:a )?CUDA device",
        always(
            "a file that was saved on a GPU is loaded where torch sees none",
            "torch.load(PATH, map_location='cpu')",
            "or a torch with CUDA and a visible GPU: nvidia-smi",
        ),
        {
            "RuntimeError: Attempting to deserialize object on a CUDA device but "
            "torch.cuda.is_available() is False.": "map_location"
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
            "a compiled kernel met an index outside its table: a token id or a label that is too "
            "large",
            "print(batch['input_ids'].max(), model.get_input_embeddings().weight.shape)",
            "TORCHDYNAMO_DISABLE=1   shows the line",
            why="added tokens without resize_token_embeddings, or the tokenizer of another "
            "checkpoint",
            known="the assertion is of a kernel that torch.compile made",
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
        always(
            "a check inside of torch's own C++ code failed, which no input of yours should reach",
            "TORCH_SHOW_CPP_STACKTRACES=1 before the command: the last Python frame is the call "
            "to look at",
            "one process and one GPU, without torch.compile: does it fail there too?",
            "pip install -U torch   and what is compiled for it (flash-attn, xformers, "
            "bitsandbytes, deepspeed, apex)",
            why="a fault of torch, or native code that is built for another torch, or weights "
            "that were moved, cast or freed after DDP, FSDP or a hook had taken hold of them",
            known="the words are those of torch's own checks; which of these it is, they do not "
            "say",
            certain=False,
            settles=False,
        ),
        {
            "RuntimeError: !grad_accumulator_.expired() INTERNAL ASSERT FAILED": "CPP_STACKTRACES",
            'RuntimeError: self.size(1) == 4 INTERNAL ASSERT FAILED at "/x/y.cpp":12, please '
            "report a bug to PyTorch.": "built for another torch",
        },
    ),
)
