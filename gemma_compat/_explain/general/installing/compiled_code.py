"""Compilers and compiled code that stop at an assertion."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _assertion(case: Case) -> Answer:
    text = case.hit.text
    if re.search("Triton|mlir", text):
        return Answer(
            "Triton's compiler stopped at a check of its code while it built a kernel for this "
            "card",
            (
                "pip install -U torch torchvision   brings a newer Triton (a V100 or T4 needs one "
                "that still knows it)",
                "TORCHDYNAMO_DISABLE=1 (with Unsloth: UNSLOTH_COMPILE_DISABLE=1)   leaves the "
                "compiled kernels out; Unsloth's own remain",
                "rm -rf ~/.triton/cache",
            ),
            why="an older card (compute capability 7) or a kernel of a shape that this Triton "
            "cannot lay out",
            known="the file is one of Triton's; which kernel it was, the lines above say",
            settles=False,
        )
    return Answer(
        f"compiled code stopped the process at a check in {case.match['file']}: "
        f"{case.match['text'][:120]}",
        (
            "python -X faulthandler train.py   shows the Python frames that led there",
            "CUDA_LAUNCH_BLOCKING=1 before the command, where the file is a CUDA kernel",
        ),
        known="the line has the check; what brought it there, the Python frames say",
        settles=False,
    )


def no_bfloat16(case: Case, card: str) -> Answer:
    """Answer by who refuses: a card, or one function of this torch."""
    function = re.search(r"\"(?P<name>\w{2,60})\" not implemented for 'BFloat16'", case.hit.text)
    if function is not None:
        on_cpu = "cpu" in function["name"] or "mkldnn" in function["name"]
        return Answer(
            f"torch's {function['name']} does not compute bfloat16"
            + (" on the CPU" if on_cpu else " in this release, on this device"),
            (
                "model.to('cuda'), where a GPU is there: the layer lies on the CPU"
                if on_cpu
                else "that step in float32, and its result cast: x = f(y.float())."
                "to(torch.bfloat16)",
                "that step in float32, and its result cast: x = f(y.float()).to(torch.bfloat16)"
                if on_cpu
                else "pip install -U torch   (some functions take bfloat16 in a newer one)",
                "or float32 for all of it: dtype=torch.float32, bf16=False",
            ),
            why="each function of torch has its own list of dtypes for each device",
            known="the message names the function; which release has it, was not looked up",
            settles=False,
        )
    if "bf16/gpu" in case.hit.text and "Ampere+" not in case.hit.text:
        return _no_gpu_for_bfloat16(case, card)
    return Answer(
        "bfloat16 was asked for on a card that does not compute it"
        if card or "Ampere+" in case.hit.text
        else "bfloat16 was asked for where it is not computed",
        (
            "float32 (dtype=torch.float32, bf16=False)   is safe for every Gemma",
            "fp16=True with weights in float32, on a card without bfloat16",
        ),
        why="compute capability 8.0 and newer compute bfloat16; float16 overflows in Gemma 3"
        + card,
        known="the message",
        settles=False,
    )


def _no_gpu_for_bfloat16(case: Case, card: str) -> Answer:
    """Answer the Trainer's refusal, which comes without a GPU too; newer ones tell it apart."""
    no_gpu = re.search(r"using Ampere", case.hit.text) is None
    return Answer(
        "bf16=True was set, and torch sees no GPU here"
        if no_gpu and not card
        else "bf16=True was set, and torch sees no GPU that computes bfloat16",
        (
            'python -c "import torch; print(torch.__version__, torch.cuda.is_available())"   : '
            "False? Then a torch for this GPU, its driver, or CUDA_VISIBLE_DEVICES comes first",
            "True: an older card (T4, V100, RTX 20): bf16=False, dtype=torch.float32",
            "use_cpu=True beside it, where no GPU is meant to be used",
        ),
        why="the Trainer asks torch for a GPU with bfloat16 (Ampere and newer); without any GPU "
        "the answer is the same" + card,
        known="the message; read in transformers 4.57.6 and 5.23.0, which add Ampere where a GPU "
        "is seen",
        certain=not card,
        settles=False,
    )


def _overwritten(case: Case) -> Answer:
    """Answer a result of a CUDA graph that is gone, by whether it was generating."""
    generates = case.phase == "generating"
    return Answer(
        "a compiled model was called again while a result of the call before was still in use",
        (
            *(
                (
                    "model.generate(..., disable_compile=True)   or GenerationConfig("
                    "disable_compile=True)",
                    "or cache_implementation='dynamic'",
                )
                if generates
                else ("torch.compile without mode='reduce-overhead'   for training",)
            ),
            "or torch.compiler.cudagraph_mark_step_begin() before each call",
            "or .clone() what is kept of a call",
        ),
        why="with CUDA graphs every call writes its results to the same place"
        + (
            "; generate compiles by itself where the cache has a fixed size (static, hybrid)"
            if generates
            else ": what the backward pass still needs of the call before is gone"
        ),
        known="torch says so",
    )


KINDS: tuple[General, ...] = (
    General(
        "cuda-graph-output-overwritten",
        r"accessing tensor output of CUDAGraphs that has been overwritten",
        _overwritten,
        {
            "RuntimeError: Error: accessing tensor output of CUDAGraphs that has been overwritten "
            "by a subsequent run. Stack trace: [Could not find stack trace].": "reduce-overhead",
            'Traceback (most recent call last):\n  File "/x/site-packages/transformers/generation/'
            'utils.py", line 3, in _sample\n    outputs = model_forward(**inputs)\nRuntimeError: '
            "Error: accessing tensor output of CUDAGraphs that has been overwritten by a "
            "subsequent run.": "disable_compile",
        },
    ),
    General(
        "assertion-in-compiled-code",
        r"(?P<file>[\w.-]{3,60}\.(?:cpp|cc|cu|cuh|h)):\d{1,5}: "
        r"(?![^\n]{0,120}block: \[)[^\n]{0,300}?"
        r"Assertion [`'](?P<text>[^`'\n]{3,160})'? ?failed",
        _assertion,
        {
            "python: /project/lib/Conversion/TritonGPUToLLVM/ReduceOpToLLVM.cpp:31: virtual "
            'mlir::LogicalResult: Assertion `helper.isSupportedLayout() && "x"\' failed.\nAborted '
            "(core dumped)": "Triton",
            "kernel.cpp:12: void f(): Assertion `n > 0' failed.": "kernel.cpp",
        },
        alone=True,
    ),
    General(
        "gpu-error-met-while-compiling",
        r"InternalTorchDynamoError: (?:\w{2,40}Error: )?CUDA error: (?!out of memory)",
        always(
            "an error of the GPU came to light while torch.compile looked at the code; the "
            "compiler is not at fault by that",
            "CUDA_LAUNCH_BLOCKING=1 before the command: the traceback then ends where it happened",
            "restart the process: after such an error every further use of the GPU fails",
            "UNSLOTH_COMPILE_DISABLE=1 (TORCHDYNAMO_DISABLE=1 without Unsloth)   shows whether a "
            "compiled kernel is the one that fails",
            why="kernels run behind Python, and the next call that waits for the GPU gets the "
            "error of an earlier one",
            known="the message has CUDA's error inside the compiler's; which kernel failed, it "
            "does not say",
            settles=False,
        ),
        {
            "InternalTorchDynamoError: AcceleratorError: CUDA error: an illegal memory access was "
            "encountered": "CUDA_LAUNCH_BLOCKING=1",
            "torch._dynamo.exc.InternalTorchDynamoError: RuntimeError: CUDA error: unspecified "
            "launch failure": "CUDA_LAUNCH_BLOCKING=1",
            "torch._dynamo.exc.InternalTorchDynamoError: IndexError: list index": "",
        },
        alone=True,
    ),
    General(
        "recompiled-too-often",
        r"FailOnRecompileLimitHit|Hard failure due to fullgraph=True|"
        r"recompile_limit (?:reached|hit) with (?:one_graph|fullgraph)=True",
        always(
            "a compiled function met more kinds of inputs than torch.compile may compile it for, "
            "and is not allowed to run without the compiler",
            "import torch._dynamo; torch._dynamo.config.recompile_limit = 64   before the model is "
            "loaded (cache_size_limit before torch 2.6)",
            "UNSLOTH_COMPILE_DISABLE=1 before unsloth is imported (TORCHDYNAMO_DISABLE=1 without "
            "Unsloth), and unsloth_compiled_cache deleted",
            "pip install -U unsloth unsloth_zoo   where its compiled cache is in the traceback",
            why="each new length, dtype or requires_grad of an input is compiled anew; after 8 "
            "times torch gives up, and with fullgraph=True that is an error",
            known="the message; what differed from call to call, TORCH_LOGS=recompiles says",
            settles=False,
        ),
        {
            "torch._dynamo.exc.FailOnRecompileLimitHit: Hard failure due to fullgraph=True": (
                "recompile_limit = 64"
            ),
            "FailOnRecompileLimitHit: recompile_limit reached with one_graph=True.": (
                "recompile_limit"
            ),
        },
        alone=True,
    ),
    General(
        "compiler-loses-its-pieces",
        r"AssertionError: Pieces mismatches|Cannot access storage of TensorWrapper",
        always(
            "a transform of torch (torch.compile, torch.func) failed on a part of the model",
            "TORCHDYNAMO_DISABLE=1 before the command (with Unsloth: UNSLOTH_COMPILE_DISABLE=1)",
            "or CUDA_VISIBLE_DEVICES=0, where the model was split over several cards",
            "pip install -U torch triton unsloth unsloth_zoo   for a compiler that knows it",
            known="both texts are torch's own; what in the model brought them is not in them",
            settles=False,
        ),
        {
            "AssertionError: Pieces mismatches: [{804, 805}]": "UNSLOTH_COMPILE_DISABLE",
            "NotImplementedError: Cannot access storage of TensorWrapper": "CUDA_VISIBLE_DEVICES",
        },
        alone=True,
    ),
    General(
        "setting-of-another-torch",
        r"torch\.(?P<where>_dynamo|_inductor)\.config\.(?P<name>\w{3,60}) does not exist",
        lambda case: Answer(
            f"this torch has no setting torch.{case.match['where']}.config.{case.match['name']}",
            (
                "torch._dynamo.config.cache_size_limit   in older releases of torch, in place of "
                "recompile_limit"
                if case.match["name"] == "recompile_limit"
                else "leave that line out, or set it only where hasattr(config, NAME)",
                "or a newer torch, with the torchvision and triton of the same release",
            ),
            why="settings of the compiler are renamed between releases of torch",
            known="the message; in which release the name came is not read here",
        ),
        {
            "AttributeError: torch._dynamo.config.recompile_limit does not exist": (
                "cache_size_limit"
            ),
            "AttributeError: torch._inductor.config.some_name does not exist": "hasattr",
        },
        alone=True,
    ),
    General(
        "python-newer-than-dynamo",
        r"Dynamo is not supported on Python 3\.\d+|"
        r"torch\.compile is not supported on Python 3\.\d+|"
        r"Python 3\.\d+\+ not yet supported for torch\.compile",
        always(
            "this torch does not compile (Dynamo) under a Python that is as new as this one",
            "pip install -U torch   : newer releases take newer Pythons",
            "or a Python that is older: uv venv --python 3.11",
            "or TORCHDYNAMO_DISABLE=1, torch_compile=False, where compiling is not needed",
            why="Dynamo reads Python's own bytecode, which changes with each release of Python",
            known="torch says so",
            settles=False,
        ),
        {"RuntimeError: Dynamo is not supported on Python 3.12+": "TORCHDYNAMO_DISABLE"},
        alone=True,
    ),
)
