"""Tensors that do not go together: devices, shapes, and lookups past the end of a table."""

from __future__ import annotations

from ..base import General
from ..loading.saved_sizes import size_mismatch
from .devices import on_devices
from .kernels import assertion, failed, lookup, sampling

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
            "torch.Size([2048, 8]).": "load the base model",
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
        on_devices,
        alone=True,
        examples={
            "RuntimeError: Expected all tensors to be on the same device, but found at least two "
            "devices, cuda:0 and cuda:1!": "one GPU",
            "RuntimeError: Expected all tensors to be on the same device, but found at least two "
            "devices, cuda:0 and cpu!": "batch",
            "RuntimeError: Expected all tensors to be on the same device, but found at least two "
            "devices, cuda:0 and cpu! (when checking argument for argument mat2 in method "
            "wrapper_CUDA_mm)": "named_parameters",
            "RuntimeError: Expected all tensors to be on the same device, but found at least two "
            "devices, cpu and cuda:0! (when checking argument for argument mat2 in method "
            "wrapper_CUDA_mm)": "batch",
            "RuntimeError: Expected all tensors to be on the same device, but got mat2 is on cpu, "
            "different from other tensors on cuda:0 (when checking argument in method "
            "wrapper_CUDA_mm)": "named_parameters",
            "RuntimeError: Expected all tensors to be on the same device, but found at least two "
            "devices, npu:0 and cpu!": "cpu and npu:0",
            "Unhandled FakeTensor Device Propagation for aten.add_.Tensor, found two different "
            "devices cuda:1, cuda:0": "one GPU",
            "RuntimeError: Expect q/k/v and block_mask to be on the same device but got cuda:0 and "
            "cpu.": "batch",
            "RuntimeError: Expected all tensors to be on the same device, but found at least two "
            "devices, cuda:1 and cuda:0! (when checking argument for argument target in method "
            "wrapper_CUDA_nll_loss_forward)": "logits.device",
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
