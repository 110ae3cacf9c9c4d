"""macOS, and Triton, which compiles kernels while the run goes on."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_NOT_COMPILED = (
    "TORCHDYNAMO_DISABLE=1 before the command (with Unsloth: UNSLOTH_COMPILE_DISABLE=1)   runs "
    "without it, where no library needs Triton itself"
)
_ON_WINDOWS = r"\bwin32\b|[Ww]indows(?! Subsystem)|\b[Ww]in ?1[01]\b|[A-Z]:\\|\.dll\b|cp3\d+-win"
_ON_MACOS = r"\bmacOS\b|\bDarwin\b|\bMPS\b|\bmps\b|Apple|/Users/|arm64-apple|macosx"


def no_triton(case: Case) -> Answer:
    text = case.above + case.around + case.hit.before + case.hit.text + case.hit.after
    if re.search(_ON_MACOS, text):
        do: tuple[str, ...] = (
            "leave out what needs Triton: Unsloth's CUDA kernels, liger-kernel, torch.compile; "
            "transformers, PEFT and TRL run without it",
        )
    elif re.search(_ON_WINDOWS, text):
        do = (
            "pip install triton-windows   (of the release that fits torch)",
            f"or {_NOT_COMPILED}",
        )
    else:
        do = (
            "pip install --force-reinstall torch   brings the Triton of its release (Linux, CUDA "
            "or ROCm)",
            "on Windows: pip install triton-windows; on macOS there is none",
            f"or {_NOT_COMPILED}",
        )
    return Answer(
        "Triton, which compiles GPU kernels, is missing or does not load here",
        do,
        why="its wheels on PyPI are for Linux; torch brings it along there and nowhere else",
        known="the message",
    )  # fmt: skip


def _ptxas(case: Case) -> Answer:
    target = re.search(r"sm_(\d{2,3}a?)", case.around)
    return Answer(
        f"the ptxas that Triton calls does not know the card, an sm_{target[1]}"
        if target
        else "the ptxas that Triton calls failed on a kernel",
        (
            "pip install -U torch --index-url https://download.pytorch.org/whl/cu130   (its "
            "Triton brings a newer one)",
            "or TRITON_PTXAS_PATH=/usr/local/cuda/bin/ptxas   of a CUDA toolkit that knows it",
        ),
        why="Triton brings its own ptxas, which assembles its kernels for the card",
        known="the message",
        certain=target is not None,
    )


KINDS: tuple[General, ...] = (
    General(
        "slice-outside-on-xla",
        r"Value out of range \(expected to be in range of \[-?\d+, -?\d+\], but got "
        r"(?P<at>-?\d+)\)",
        lambda case: Answer(
            f"torch_xla cannot slice at {case.match['at']}: the dimension is shorter than that",
            (
                "pad the prompt to a length of at least "
                f"{abs(int(case.match['at'])) + 1:,} tokens   shows whether that is it",
                "or a static cache: cache_implementation='static'",
            ),
            why="torch on a CPU or a GPU shortens a slice that begins before the first element, "
            "and torch_xla refuses it. A sliding cache keeps its last window - 1 tokens by such a "
            "slice, also where there are fewer",
            known="the message is torch_xla's; which slice it is, only the frames say",
            certain=False,
            settles=False,
        ),
        {
            "RuntimeError: Value out of range (expected to be in range of [-19, 18], but got "
            "-1023)": "1,024 tokens"
        },
    ),
    General(
        "triton-missing",
        r"Cannot find a working triton installation|TritonMissing|Unable to import `?triton|"
        r"No module named 'triton(?:\.\w{1,40})?'|DLL load failed while importing libtriton|"
        r"[Tt]riton (?:is not installed|not installed(?! or not compatible; certain)|"
        r"is not available|installation not found)",
        no_triton,
        {
            "torch._inductor.exc.TritonMissing: Cannot find a working triton installation.": (
                "triton-windows"
            ),
            '  File "C:\\venv\\x.py", line 1, in f\nModuleNotFoundError: No module named '
            "'triton'": "triton-windows",
            "RuntimeError: Triton not installed or not compatible; certain GPU-related functions "
            "will not be available.": "",
        },
    ),
    General(
        "triton-sees-no-card",
        r"\d active drivers \(\[.{0,80}\]\)\. There should only be one",
        always(
            "Triton found no GPU, or more than one kind of it",
            "python -c 'import torch; print(torch.cuda.is_available(), torch.version.cuda)'",
            "nvidia-smi   (or rocminfo): the driver has to see the card, in the container too",
            why="a torch for the CPU, a container without --gpus all, and a process without a "
            "visible device look the same",
            known="the message; which of these it is, it does not say",
            settles=False,
        ),
        {
            "RuntimeError: 0 active drivers ([]). There should only be one.": (
                "torch.cuda.is_available"
            )
        },
    ),
    General(
        "ptxas-too-old",
        r"Value 'sm_\d{2,3}a?' is not defined for option 'gpu-name'|PTXAS error|PTXASError|"
        r"ptxas (?:fatal|died)|(?<!INTERNAL: )ptxas exited",
        _ptxas,
        {
            "ptxas fatal   : Value 'sm_121a' is not defined for option 'gpu-name'": "sm_121a",
        },
        alone=True,
    ),
    General(
        "ptxas-has-no-such-type-for-the-card",
        r"Feature '[^'\n]{0,30}\bbf16[^'\n]{0,12}' requires \.target sm_80",
        always(
            "a kernel of Triton computes in bfloat16, and this card (before Ampere: T4, V100, "
            "RTX 20) has no instructions for that",
            "dtype=torch.float16 or torch.float32 in from_pretrained, and bf16=False in the "
            "trainer's arguments",
            "Gemma 3 in float16 overflows: take float32, or an Unsloth that keeps its "
            "activations in float32 there",
            why="torch itself computes bfloat16 there slowly; a kernel that Triton compiles "
            "for the card needs the instructions (compute capability 8.0)",
            known="ptxas says so",
        ),
        {
            "ptxas a.ptx, line 387; error   : Feature '.bf16' requires .target sm_80 or higher": (
                "float32"
            )
        },
        alone=True,
    ),
    General(
        "ptxas-failed-without-a-word",
        r"`?ptxas`? failed with error code (?P<code>-?\d+)",
        always(
            "ptxas, which assembles Triton's kernels, failed; its own error is in the lines "
            "around, or was not shown",
            "lines with `ptxas ... error`: `requires .target sm_80` is bfloat16 on an older "
            "card, `is not defined for option` a ptxas older than the card",
            "none there: delete Triton's cache (~/.triton/cache), then a triton-windows (on "
            "Windows) or triton that fits the torch: 3.1 for 2.5, 3.2 for 2.6, 3.3 for 2.7",
            "on Windows: a short path without letters beyond ASCII for the user's folder of "
            "temporary files (set TEMP=C:\\temp), and room on that drive",
            known="the error says that it failed; why, only its own lines do",
            settles=False,
        ),
        {"RuntimeError: `ptxas` failed with error code 4294967295:": "cache"},
    ),
    General(
        "metal-stopped-the-work",
        r"\[METAL\] Command buffer execution failed: (?P<why>[^\n(]{3,60})|"
        r"ggml_metal_graph_compute: command buffer \d+ failed with status",
        always(
            "macOS stopped the GPU's work: the step takes too much memory, or too long at once",
            "mlx_lm.lora ... --batch-size 1 --max-seq-length 1024 --num-layers 4 --grad-checkpoint",
            "pip install -U mlx mlx-lm",
            "or a smaller or 4-bit checkpoint: the weights, and what the step adds, share the "
            "machine's memory with the screen",
            why="Metal ends a command that exceeds its limits and says only that it failed",
            known="the message; which limit it was, it does not say",
            settles=False,
        ),
        {
            "libc++abi: terminating due to uncaught exception of type std::runtime_error: [METAL] "
            "Command buffer execution failed: Internal Error (0000000e:Internal Error)": (
                "--batch-size 1"
            )
        },
        alone=True,
    ),
    General(
        "no-mask-on-mps",
        r"Can't infer missing attention mask on `?mps",
        always(
            "generate got no attention mask, and on MPS transformers does not make one up",
            "inputs = tokenizer(text, return_tensors='pt').to('mps'); model.generate(**inputs)",
            "pip install -U 'torch>=2.3' transformers   for releases that make one up",
            why="input_ids alone were handed over; the mask is beside them in what the tokenizer "
            "returns",
            known="transformers says so",
        ),
        {"ValueError: Can't infer missing attention mask on `mps` device.": "**inputs"},
    ),
    General(
        "too-large-for-mps",
        r"total bytes of NDArray > 2\*\*32|Invalid buffer size: [\d.]+ [GT]i?B|"
        r"Output channels > 65536 not supported at the MPS",
        always(
            "one tensor of the step is larger than Apple's Metal takes",
            "a shorter max_length and per_device_train_batch_size=1",
            'or attn_implementation="sdpa", if it is eager attention; macOS and torch of this '
            "year take more",
            why="the logits go over the whole vocabulary (262,144 from Gemma 3 on), eager "
            "attention over length times length",
            known="the message; which tensor it is, the last frame shows",
            settles=False,
        ),
        {"RuntimeError: Invalid buffer size: 12.00 GB": "max_length"},
    ),
    General(
        "precision-not-on-this-device",
        r"(?:fp16|bf16) mixed precision with MPS device requires|"
        r"unsupported autocast device_type|"
        r"BFloat16 is only supported on MacOS 14|MPS BFloat16 is only",
        always(
            "this device, or this torch on it, has no mixed precision of that kind",
            "bf16=False, fp16=False   and dtype=torch.float32 (or bfloat16) at loading",
            "or pip install -U torch accelerate; macOS 14 or newer for bfloat16 on MPS",
            why="a run that was meant for a GPU falls back on the CPU or MPS where torch sees none",
            known="the message",
        ),
        {
            "ValueError: bf16 mixed precision with MPS device requires a Pytorch >= 2.6.0": (
                "bf16=False"
            ),
        },
    ),
    General(
        "kernel-started-with-too-much",
        r"Triton Error \[(?P<kind>CUDA|HIP)\]:\s{0,3}(?:Code: \d+, Mess{1,2}age: )?invalid "
        r"argument",
        lambda case: Answer(
            "the driver refused a Triton kernel's start: one of its sizes or arguments does not "
            "suit the card",
            (
                "pip install -U unsloth unsloth_zoo liger-kernel   (the package of the frame "
                "that starts the kernel)",
                "or that kernel left out: with Unsloth UNSLOTH_COMPILE_DISABLE=1, without "
                "liger-kernel, attn_implementation='sdpa'",
                "print(torch.version.hip, torch.version.cuda, torch.cuda.get_device_properties(0))",
            ),
            why="a block has at most 1,024 threads: 32 warps on NVIDIA, and 16 on the AMD cards "
            "whose waves have 64 lanes. A kernel written for 32 warps (Unsloth's, of 2024) fails "
            "there. A pointer that is not of the card gives the same text",
            known="the message; which size or argument it is, it does not say",
            settles=False,
        ),
        {
            "RuntimeError: Triton Error [HIP]:  Code: 1, Messsage: invalid argument": "16 on",
            "RuntimeError: Triton Error [CUDA]: invalid argument": "1,024",
        },
    ),
    General(
        "triton-cannot-compile",
        r"triton\.compiler\.errors\.\w{3,40}|\bCompilationError: at \d|PassManager::run failed|"
        r"Triton Error \[(?:CUDA|HIP)\]|error: LLVM Translation failed|LLVM ERROR: Cannot select|"
        r"Failed to (?:link|load) hsaco|LLD failed to link",
        always(
            "Triton could not compile or load a kernel for this card",
            "pip install -U torch triton unsloth unsloth_zoo liger-kernel   (those that are used)",
            _NOT_COMPILED,
            "or attn_implementation='eager' (sdpa), and without liger-kernel",
            why="a kernel may use what this Triton does not know, or what this card does not have "
            "(bfloat16 and fp8 before Ampere and Ada)",
            known="the message; which of these it is, it does not say",
            settles=False,
        ),
        {"RuntimeError: Triton Error [CUDA]: device kernel image is invalid": "triton"},
    ),
)
