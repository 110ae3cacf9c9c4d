"""macOS with its GPU, and XLA: what another device refuses."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_WITH_LLAMA_CPP = (
    "llama-cli -c 4096 -b 512 -ub 128 ...   : a smaller context and smaller batches",
    "-ngl 20   : fewer layers on the GPU",
    "or a file of a smaller quantization",
)
_TRAINING = "mlx_lm.lora ... --batch-size 1 --max-seq-length 1024 --num-layers 4 --grad-checkpoint"


def _metal(case: Case) -> Answer:
    """Answer a command that Metal ended, by the reason in brackets."""
    text = f"{case.hit.text}\n{case.hit.after[:400]}"
    is_known, why = True, "Metal names the reason with its code"
    if re.search(r"(?i)insufficient memory|OutOfMemory", text):
        happened = "macOS stopped the GPU's work: it needs more memory than there is"
    elif re.search(r"(?i)timeout|Impacting ?Interactivity", text):
        happened = "macOS stopped the GPU's work: one command took too long"
    else:
        happened = (
            "a command on the Mac's GPU failed: most often it takes too much memory, or too long"
        )
        is_known, why = False, "Metal says that it failed, and not why"
    trains = re.search(r"mlx_lm\.lora|\bIter \d+: (?:Train|Val) loss", case.near)
    serves = re.search(r"mlx_(?:lm|vlm)\.(?:generate|server|chat)", case.near)
    if "ggml_metal" in case.hit.text:
        do = _WITH_LLAMA_CPP
    elif serves and not trains:
        do = (
            "a shorter prompt and fewer tokens (mlx_lm.generate --max-kv-size 4096)",
            "pip install -U mlx mlx-lm",
            "or a smaller or 4-bit checkpoint: the weights share the machine's memory with the "
            "screen",
        )
    else:
        do = (
            _TRAINING,
            "pip install -U mlx mlx-lm",
            "or a smaller or 4-bit checkpoint: the weights, and what the step adds, share the "
            "machine's memory with the screen",
        )
    known = "the message"
    return Answer(happened, do, why=why, known=known, certain=is_known, settles=False)


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
        "metal-stopped-the-work",
        r"\[METAL\] Command buffer execution failed: (?P<why>[^\n(]{3,60})|"
        r"ggml_metal_graph_compute: command buffer \d+ failed with status",
        _metal,
        {
            "libc++abi: terminating due to uncaught exception of type std::runtime_error: [METAL] "
            "Command buffer execution failed: Internal Error (0000000e:Internal Error)": (
                "--batch-size 1"
            ),
            "ggml_metal_graph_compute: command buffer 0 failed with status 5": "llama-cli -c",
            "$ mlx_lm.server --model m\nstd::runtime_error: [METAL] Command buffer execution "
            "failed: Insufficient Memory (00000008:kIOGPU)": "needs more memory than there is",
            "std::runtime_error: [METAL] Command buffer execution failed: Caused GPU Timeout Error "
            "(00000002:kIOGPU)": "took too long",
            "std::runtime_error: [METAL] Command buffer execution failed: Caused GPU Address Fault "
            "Error (0000000b:kIOGPU)": "likely, not certain",
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
        r"Output channels > 65536 not supported at the MPS|"
        r"MPSGr?aph does not support tensor dims larger than INT_MAX",
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
        {
            "RuntimeError: Invalid buffer size: 12.00 GB": "max_length",
            "RuntimeError: MPSGaph does not support tensor dims larger than INT_MAX": "max_length",
        },
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
)
