"""Tensors that do not go together: devices, shapes, and lookups past the end of a table."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from ..loading.saved_sizes import size_mismatch
from .kernels import assertion, failed, lookup, sampling

# Torch says no more where a log cuts its message.
_UNNAMED = Answer(
    "tensors of one operation lie on two devices",
    (
        "look at the whole message: it names the devices, and the last frame the operation",
        "batch = {k: v.to(model.device) for k, v in batch.items()}   for inputs; "
        "accelerator.prepare(...) for a second model (teacher, reference)",
        "CUDA_VISIBLE_DEVICES=0 before the command: one GPU, where the machine has several",
    ),
    why="an input, a second model or a part that was added later stayed where it was made; "
    'or device_map="auto" spread one model over several GPUs',
    known="torch's message, here without the names of the devices",
    settles=False,
)


def _indices(case: Case) -> Answer:
    return Answer(
        "indices (input_ids, labels, a mask) and the tensor that they index lie on two devices"
        f": the tensor is on {case.match['indexed']}",
        (
            "inputs = tokenizer(...).to(model.device)   (the device of the embeddings)",
            'or device_map={"": 0}: the whole model on one GPU',
        ),
        why='with device_map="auto" parts of the model, and with an older accelerate what is '
        "handed between them, may lie on a GPU that the inputs are not on",
        known="the message names the device of the indexed tensor alone",
        settles=False,
    )


_OPTIMIZER = Answer(
    "the optimizer's state and the weights that it updates lie on two devices",
    (
        "move the model to its device before the optimizer is made or its state is loaded, and "
        "not after",
        "for state in optimizer.state.values(): state.update({k: v.to(DEVICE) for k, v in "
        "state.items() if torch.is_tensor(v)})   where it was made already",
    ),
    why="the optimizer keeps its averages where the weights were at its first step, or where its "
    "file was loaded to",
    known="the last frames are an optimizer's step",
    certain=False,
)


def _devices(case: Case) -> Answer:
    if case.match["indexed"]:
        return _indices(case)
    if case.match[0].startswith("indices"):
        return _UNNAMED  # the message is cut before the device
    devices = sorted(set(re.findall(r"(?:cuda|npu|xpu|hpu|xla|mlu):\d+|cpu|mps", case.message)))
    between = " and ".join(devices) or "two devices"
    if re.search(r"torch[/\\]optim[/\\]", "".join(case.frames.splitlines()[-2:])):
        return _OPTIMIZER
    if "cpu" in devices or "mps" in devices:
        return Answer(
            f"tensors of one operation lie on {between}",
            (
                "move the batch to the model's device: "
                "{k: v.to(model.device) for k, v in batch.items()}",
            ),
            why="a tensor was made or left on the CPU: an input, a module that was added after the "
            "model was moved, or weights that were offloaded for want of memory",
            known="the message names the devices; which tensor it is, the traceback's last frame",
            settles=False,
        )
    if len(devices) < 2:
        return _UNNAMED
    return Answer(
        f"the model is spread over several GPUs of one process, and one operation meets {between}",
        (
            'CUDA_VISIBLE_DEVICES=0 before the command, or device_map={"": 0}: one GPU',
            "or one process per GPU: torchrun, accelerate launch",
        ),
        why='device_map="auto" puts layers on different GPUs; what is handed from layer to layer '
        "is "
        "moved, what is kept beside (masks, per-layer inputs, token types) is not always",
        known="the message names the devices"
        + ('; the log has device_map="auto"' if case.log.spread else ""),
        certain=case.log.spread,
    )


KINDS: tuple[General, ...] = (
    General(
        "size-mismatch",
        r"size mismatch for \S{1,300}: copying a param with shape torch\.Size\(\[(?P<saved>[\d, "
        r"]*)\]\)"
        r" from checkpoint, the shape in current model is torch\.Size\(\[(?P<here>[\d, ]*)\]\)",
        size_mismatch,
        {
            "size mismatch for weight: copying a param with shape torch.Size([1310720, 1]) from "
            "checkpoint, the shape in current model is torch.Size([1024, 2560]).": "-bnb-4bit",
            "size mismatch for base_model.model.layers.19.experts.lora_A.default.weight: copying a "
            "param with shape torch.Size([4096, 2816]) from checkpoint, the shape in current model "
            "is torch.Size([4096, 704]).": "another layout",
            "size mismatch for q_proj.lora_B.default.weight: copying a param with shape "
            "torch.Size([2048, 16]) from checkpoint, the shape in current model is "
            "torch.Size([2048, 8]).": "rank 16",
            "size mismatch for q_proj.lora_B.default.weight: copying a param with shape "
            "torch.Size([4096, 8]) from checkpoint, the shape in current model is "
            "torch.Size([2048, 8]).": "does not belong",
            "size mismatch for a.lora_A.weight: copying a param with shape torch.Size([0]) from "
            "checkpoint, the shape in current model is torch.Size([8, 2560]).": "gather",
            "size mismatch for model.embed_tokens.weight: copying a param with shape "
            "torch.Size([65667584]) from checkpoint, the shape in current model is "
            "torch.Size([256000, 2304]).": "FULL_STATE_DICT",
            "size mismatch for weight: copying a param with shape torch.Size([0, 17]) from "
            "checkpoint, the shape in current model is torch.Size([1, 17]).": "not put together",
            "size mismatch for lm_head.weight: copying a param with shape torch.Size([262145, 8]) "
            "from checkpoint, the shape in current model is torch.Size([262144, 8]).": "rows",
        },
        alone=True,
    ),
    General(
        "two-devices",
        r"Expected all tensors to be on the same device|"
        r"found two different devices (?:cuda|cpu|xpu|mps)|"
        r"indices should be either on \w{1,5}(?::\d)? or on the same device as the indexed tensor "
        r"\((?P<indexed>\w{1,5}(?::\d)?)\)|"
        r"tensors? (?:is|are) on (?:cuda:\d|cpu),? (?:but|different from)|"
        r"indices should be either on (?:cpu|cuda|gpu) or on the same device|"
        r"to be on the same device but got (?:cuda|cpu)|"
        r"cross-device (?:runtime )?error|"
        r"tensors (?:should|must|need to) (?:all )?be on the same device",
        _devices,
        alone=True,
        examples={
            "RuntimeError: Expected all tensors to be on the same device, but found at least two "
            "devices, cuda:0 and cuda:1!": "one GPU",
            "RuntimeError: Expected all tensors to be on the same device, but found at least two "
            "devices, cuda:0 and cpu!": "batch",
            "RuntimeError: Expected all tensors to be on the same device, but found at least two "
            "devices, npu:0 and cpu!": "cpu and npu:0",
            "Unhandled FakeTensor Device Propagation for aten.add_.Tensor, found two different "
            "devices cuda:1, cuda:0": "one GPU",
            "RuntimeError: Expect q/k/v and block_mask to be on the same device but got cuda:0 and "
            "cpu.": "batch",
            "two GPUs while training, but the tensors should be on the same device.": "one GPU",
            "Observe a cross-device runtime error (`cuda:0` vs `cuda:1`)": "one GPU",
            "crashes with indices should be either on cpu or on the same device as the indexed": (
                "where the machine has several"
            ),
            '"message": "indices should be either on cpu or on the same device as the indexed '
            'tensor (cuda:0)",': "the tensor is on cuda:0",
        },
    ),
    General(
        "device-side-assert",
        r"device-side assert triggered|"
        r"Assertion [`'\"]?(?:t >= 0 && t < n_classes|srcIndex < srcSelectDimSize)"
        r"[^\n]{0,9} failed",
        assertion,
        {
            "RuntimeError: CUDA error: device-side assert triggered": "CUDA_LAUNCH_BLOCKING",
            "Loss.cu:250: nll_loss_forward_reduce_cuda_kernel_2d: block: [0,0,0], thread: "
            "[31,0,0] Assertion t >= 0 && t < n_classes failed.": "not a class",
            "Indexing.cu:1239: indexSelectSmallIndex: block: [0,0,0], thread: [0,0,0] Assertion "
            "`srcIndex < srcSelectDimSize` failed.": "resize_token_embeddings",
        },
        alone=True,
    ),
    General(
        "kernel-failed",
        r"an illegal memory access was encountered|CUBLAS_STATUS_(?:EXECUTION_FAILED|"
        r"NOT_SUPPORTED|INVALID_VALUE|"
        r"INTERNAL_ERROR|NOT_INITIALIZED)|cuBLAS Error: the function failed|"
        r"unspecified launch failure|CUDA error: misaligned address|"
        r"Expected mha_graph\.execute\(",
        failed,
        {
            "RuntimeError: CUDA error: an illegal memory access was encountered": (
                "CUDA_LAUNCH_BLOCKING"
            ),
            "IndexKernel.cu:193: operator(): block: [4,0,0], thread: [64,0,0] Assertion `idx >= 0 "
            '&& idx < self_dim_size && "index_copy_(): index out of bounds"` failed.\n'
            "Traceback (most recent call last):\n"
            '  File "train.py", line 6, in <module>\n    model.generate(x)\n'
            "RuntimeError: Expected mha_graph.execute(handle, variant_pack, "
            "workspace_ptr.get()).is_good() to be true, but got false.": "max_cache_len",
        },
        alone=True,
    ),
    General(
        "lookup-past-the-table",
        r"\bindex out of range in self|srcIndex < srcSelectDimSize",
        lookup,
        {
            "IndexError: index out of range in self": "embedding",
            "IndexError: index out of range in self\nin embed_tokens_per_layer": "5.6.0",
        },
        alone=True,
    ),
    General(
        "sampling-from-nan",
        r"probability tensor contains either",
        sampling,
        {"RuntimeError: probability tensor contains either `inf`, `nan` or element < 0": "NaN"},
    ),
)
