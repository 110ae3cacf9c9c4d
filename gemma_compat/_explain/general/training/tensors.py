"""Tensors that do not go together: devices, shapes, and lookups past the end of a table."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from ..loading.saved_sizes import size_mismatch

_LOOKUP = r"srcIndex < srcSelectDimSize|indexSelect|vectorized_gather|index out of range in self"
_LABELS = r"t >= 0 && t < n_classes|nll_loss|cross_entropy_loss|Target \d+ is out of bounds"
_CHANCES = r"probability tensor contains|input\[0\] != 0|multinomial|Assertion .{0,40}probability"


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


def _devices(case: Case) -> Answer:
    if case.match["indexed"]:
        return _indices(case)
    if case.match[0].startswith("indices"):
        return _UNNAMED  # the message is cut before the device
    devices = sorted(set(re.findall(r"(?:cuda|npu|xpu|hpu|xla|mlu):\d+|cpu|mps", case.message)))
    between = " and ".join(devices) or "two devices"
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


def _assert(case: Case) -> Answer:
    # The kernel prints its assertion before Python raises.
    text = case.above + case.around
    if re.search(_LOOKUP, text):
        return _lookup(case)
    if re.search(_LABELS, text):
        return Answer(
            "a label is not a class of the head: labels must be -100 or from 0 to the number of "
            "classes - 1",
            (
                "check the labels' smallest and largest value against num_labels (or the "
                "vocabulary)",
            ),
            known="the assertion is that of the loss",
        )
    if re.search(_CHANCES, text):
        return _sampling(case)
    return Answer(
        "a kernel on the GPU met a value that it must not; which one, this log does not say",
        (
            "CUDA_LAUNCH_BLOCKING=1 before the command, or one batch on the CPU: the traceback "
            "then "
            "ends where it happened",
        ),
        why="kernels run behind Python, so the frame that is shown need not be the one at fault. "
        "Most often an index is out of range: a token id without a row, a label without a class",
        known="too little is in the log to name a cause, of Gemma or of anything else",
        certain=False,
    )


_PER_LAYER = Answer(
    "a token id has no row in embed_tokens_per_layer, the second table of a Gemma 3n or 4",
    (
        "pip install -U 'transformers>=5.6.0'   and resize_token_embeddings there (Gemma 4, and "
        "Gemma 3n's text model)",
        "or reserved tokens (<unused0> and on) in place of new ones",
    ),
    why="releases before 5.6.0 resize the first table alone (GC609)",
    known="the log names that table; the release was run for GC609. That tokens were added is "
    "inferred",
    certain=False,
    settles=False,
    of_gemma=True,
)


def _lookup(case: Case) -> Answer:
    if re.search(r"embed_tokens_per_layer|get_per_layer_inputs", case.near):
        return _PER_LAYER
    return Answer(
        "a lookup in an embedding went past its table: a token id is not below the number of rows",
        (
            "compare max(input_ids) with model.get_input_embeddings().num_embeddings",
            "model.resize_token_embeddings(len(tokenizer)) where tokens were added",
        ),
        why="the tokenizer gives an id that the model has no row for: tokens were added, or the "
        "tokenizer is another checkpoint's",
        known="the text is that of the lookup; how the id came about is not in the log",
    )


def _sampling(case: Case) -> Answer:
    return Answer(
        "the probabilities to sample from are NaN or infinite: the model's output is not a number",
        ("load and run in bfloat16 or float32: dtype=torch.bfloat16",),
        why="in float16 a Gemma's activations can exceed 65,504; a broken or an untrained "
        "checkpoint gives NaN too",
        known="the message; where the NaN comes from is not in the log",
        certain=False,
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
        _assert,
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
        r"unspecified launch failure|CUDA error: misaligned address",
        lambda case: Answer(
            "a kernel on the GPU failed; where, this traceback need not show",
            (
                "CUDA_LAUNCH_BLOCKING=1 before the command: the traceback then ends where it "
                "happened",
                "or CUDA_VISIBLE_DEVICES=0 and one process, to leave device_map and links out",
                *(
                    (
                        "unset LD_LIBRARY_PATH   where it names a folder of another CUDA: torch "
                        "then loads a cuBLAS that is not its own",
                    )
                    if "CUBLAS_STATUS" in case.hit.text
                    else ()
                ),
            ),
            why="kernels run behind Python. A wrong index, a kernel that was built for another "
            "card or torch, too little memory for a library's workspace, or the card itself",
            known="too little is in the log to name a cause, of Gemma or of anything else",
            certain=False,
        ),
        {
            "RuntimeError: CUDA error: an illegal memory access was encountered": (
                "CUDA_LAUNCH_BLOCKING"
            ),
        },
        alone=True,
    ),
    General(
        "lookup-past-the-table",
        r"\bindex out of range in self|srcIndex < srcSelectDimSize",
        _lookup,
        {
            "IndexError: index out of range in self": "embedding",
            "IndexError: index out of range in self\nin embed_tokens_per_layer": "5.6.0",
        },
        alone=True,
    ),
    General(
        "sampling-from-nan",
        r"probability tensor contains either",
        _sampling,
        {"RuntimeError: probability tensor contains either `inf`, `nan` or element < 0": "NaN"},
    ),
)
