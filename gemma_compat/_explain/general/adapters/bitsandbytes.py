"""What bitsandbytes refuses beside loading: optimizers, products in 8 bits, saving."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from ..released import upgrade


def _names_it(case: Case) -> bool:
    """Return whether the line or a frame is of bitsandbytes: other programs have such libraries."""
    named = r"(?i)bitsandbytes|bnb|bit\b"
    return re.search(named, f"{case.frames}\n{case.hit.text}") is not None


def _library(case: Case) -> Answer | None:
    """Answer bitsandbytes' own lines about the compiled library that it could not load."""
    do = ("pip install -U bitsandbytes", "python -m bitsandbytes   prints what it looked for")
    if case.match["gpu"]:
        return Answer(
            "bitsandbytes has only its library for the CPU here: 4 and 8 bits on a GPU are not "
            "available",
            (
                'python -c "import torch; print(torch.version.cuda, torch.cuda.is_available())"   '
                "tells whether torch sees the GPU",
                *do,
            ),
            why="it took the one for the CPU: torch sees no GPU, or the wheel has none for its "
            "CUDA",
            known="bitsandbytes says so; which of the two, it does not say",
            settles=False,
        )
    cause = case.match["cause"] or ""
    if glibc := re.search(r"GLIBC(?:XX)?_[\d.]+", cause):
        return Answer(
            f"bitsandbytes' library wants {glibc[0]}, which this system does not have",
            (
                "a newer system or container image   (ldd --version shows its glibc)",
                "or an older bitsandbytes, if it fits torch's CUDA",
            ),
            why="the wheel was built on a newer system than this one",
            known="the loader says so",
            settles=False,
        )
    if re.search(r"lib(?!bitsandbytes)\w{2,20}\.so", cause) or not _names_it(case):
        return None
    return Answer(
        "bitsandbytes could not load its compiled library: 4 and 8 bits will not work",
        (*do, "or load in 16 bits, without BitsAndBytesConfig and adamw_8bit"),
        why="its wheel holds one library for each CUDA release, chosen by torch's; an old wheel "
        "has none for a new torch",
        known="bitsandbytes says so; why, the line does not say",
        settles=False,
    )


def _in_its_interface(case: Case) -> Answer:
    """Answer by what CUDA said to bitsandbytes' own call."""
    error = case.match["error"]
    if re.search(r"illegal memory|misaligned|device-side|no kernel image|symbol not found", error):
        return Answer(
            f"a call of bitsandbytes to CUDA failed: {error}",
            (
                "CUDA_LAUNCH_BLOCKING=1 before the command: the traceback then ends where it "
                "happened",
                "pip install -U bitsandbytes; python -m bitsandbytes   checks it on this card",
                'optim="adamw_torch"   : does it go on?',
            ),
            why="such an error is reported by the next call to CUDA, whoever made it",
            known="the file is bitsandbytes' interface; where the error began, it does not say",
            settles=False,
        )
    return Answer(
        f"a call of bitsandbytes to CUDA failed ({error}): for paged memory, most often",
        (
            'optim="adamw_8bit"   in place of a paged optimizer (paged_adamw_8bit, '
            "paged_adamw_32bit)",
            "pip install -U bitsandbytes",
        ),
        why="paged optimizers use managed memory, which WSL, virtual GPUs and full cards refuse",
        known="the file is bitsandbytes' interface; that it is paged memory is likely",
        certain=False,
        settles=False,
    )


def _in_eight_bits(case: Case) -> Answer:
    if "cublasLt" not in case.match[0]:
        return Answer(
            "the backward pass of an 8-bit layer lacks the weights that its forward should keep",
            (
                "pip install -U bitsandbytes peft   and restart the kernel",
                "load_in_4bit=True in place of load_in_8bit=True   (or 16 bits)",
                "model = prepare_model_for_kbit_training(model), and no generate() before "
                "train(): 8-bit weights stay frozen",
            ),
            why="older releases of bitsandbytes let go of that matrix after a first pass without "
            "gradients; a layer that was copied or cast has none either",
            known="bitsandbytes says so; 0.50.2 was read, which keeps it. Why it is missing here, "
            "the message does not say",
            settles=False,
        )
    return Answer(
        "a product in 8 bits (LLM.int8) failed in cuBLAS",
        (
            "load_in_4bit=True in place of load_in_8bit=True   (or 16 bits)",
            "pip install -U bitsandbytes",
            "a smaller batch: cuBLAS gives this error for lack of memory too",
        ),
        why="8-bit products need a card and a library that have them, and memory for their "
        "workspace",
        known="the message; which of these it is, it does not say",
        settles=False,
    )


def _without_extended(case: Case) -> Answer:
    """Answer by who reads the attribute: vLLM, or another package of transformers 4's time."""
    others = [item for item in case.packages if item not in {"torch", "transformers", "vllm"}]
    who = "vLLM" if "vllm" in case.packages or not others else others[-1]
    return Answer(
        f"this {who} was written for transformers 4: the tokenizers of transformers 5 have no "
        "all_special_tokens_extended",
        (
            f"{upgrade(who.lower())}   and restart the kernel",
            "or pip install 'transformers<5', where the model is one of transformers 4",
        ),
        why="transformers 5 removed it",
        known="read in the wheels: transformers 4.57.6 has it, 5.23.0 has not",
    )


KINDS: tuple[General, ...] = (
    General(
        "paged-optimizer-and-offload",
        r"'NoneType' object cannot be interpreted as an integer|"
        r"an integer is required \(got type NoneType\)",
        lambda case: (
            Answer(
                "a paged optimizer of bitsandbytes is given weights that lie on the CPU (offload)",
                (
                    "optim='adamw_torch'   in place of paged_adamw_...",
                    "or no CPU offload (fsdp: full_shard auto_wrap, without offload)",
                ),
                why="it moves pages to the number of a card, and a weight on the CPU has none",
                known="the last frames are bitsandbytes' own (prefetch_tensor)",
                settles=False,
            )
            if re.search(r"prefetch_(?:tensor|state)", case.frames)
            else None
        ),
        {
            'File "/x/site-packages/bitsandbytes/functional.py", line 152, in prefetch_tensor\n'
            "    x(A)\nTypeError: 'NoneType' object cannot be interpreted as an integer": (
                "adamw_torch"
            ),
            "TypeError: 'NoneType' object cannot be interpreted as an integer": "",
        },
    ),
    General(
        "paged-memory-refused",
        r"Error (?P<error>\w[\w ]{3,40}) at line \d+ in file \S{0,120}pythonInterface",
        _in_its_interface,
        {
            "Error invalid argument at line 519 in file /src/csrc/pythonInterface.cpp": (
                "adamw_8bit"
            ),
            "Error an illegal memory access was encountered at line 88 in file "
            "/x/pythonInterface.cpp": "CUDA_LAUNCH_BLOCKING=1",
        },
        alone=True,
    ),
    General(
        "product-in-eight-bits-failed",
        r"cublasLt ran into an error|State must contain (?P<state>either CBt or )?CB matrix for "
        r"backward",
        _in_eight_bits,
        {
            "Exception: cublasLt ran into an error!": "load_in_4bit=True",
            "Exception: State must contain either CBt or CB matrix for backward": "frozen",
        },
        alone=True,
    ),
    General(
        "gradient-not-for-this-optimizer",
        r"Gradient\+optimizer bit data type combination not supported|Gradient type \S{3,30} not "
        r"supported!",
        always(
            "the 8-bit optimizer does not take gradients of this dtype",
            "pip install -U bitsandbytes   (bfloat16 gradients came to it by and by)",
            'or optim="adamw_torch"',
            known="the message has both dtypes",
        ),
        {
            "ValueError: Gradient+optimizer bit data type combination not supported: grad "
            "torch.bfloat16, optimizer torch.uint8": "adamw_torch"
        },
    ),
    General(
        "quantized-embedding-not-saved",
        r"Saving Embedding(?:4|8)bit module is not implemented",
        always(
            "embeddings that bitsandbytes quantized cannot be saved",
            "model.save_pretrained of the adapter alone, beside the 16-bit base",
            "or leave embed_tokens out of the quantization: llm_int8_skip_modules=['lm_head', "
            "'embed_tokens'] in BitsAndBytesConfig",
            known="bitsandbytes says so",
        ),
        {"NotImplementedError: Saving Embedding4bit module is not implemented": "adapter alone"},
    ),
    General(
        "card-too-old-for-triton",
        r"which is too old to be supported by the triton GPU compiler|Triton only supports devices "
        r"of CUDA Capability",
        always(
            "this card is older than what Triton compiles for (compute capability 7.0), and "
            "torch.compile and Unsloth need Triton",
            "another card: T4 instead of P100 (Kaggle: Settings > Accelerator)",
            "or without Unsloth and torch.compile: TORCHDYNAMO_DISABLE=1, and PEFT with "
            "attn_implementation='eager'",
            why="a P100 has capability 6.0",
            known="the message names the card and its capability",
        ),
        {
            "RuntimeError: Found Tesla P100-PCIE-16GB which is too old to be supported by the "
            "triton GPU compiler, which is used as the backend.": "T4 instead of P100"
        },
        alone=True,
    ),
    General(
        "no-extended-special-tokens",
        r"has no attribute '?all_special_tokens_extended|does not have all_special_tokens_extended",
        _without_extended,
        {
            "AttributeError: GemmaTokenizerFast has no attribute all_special_tokens_extended": (
                "transformers<5"
            ),
            'File "/x/site-packages/sglang/srt/hf_utils.py", line 2, in f\n    x\n'
            "AttributeError: GemmaTokenizer has no attribute all_special_tokens_extended": (
                "pip install -U sglang"
            ),
        },
    ),
    General(
        "bitsandbytes-without-its-library",
        r"Could not (?:load|find) (?:the )?(?:bitsandbytes )?(?:native library|CUDA binary)"
        r"(?P<cause>[^\n]{0,200})|Attempted to use bitsandbytes native library functionality|"
        r"bitsandbytes was compiled without (?P<gpu>GPU support)",
        _library,
        {
            "WARNING: bitsandbytes: Could not load native library, 8-bit and 4-bit functionality "
            "may not work": "16 bits",
            "Could not load bitsandbytes native library: /lib64/libc.so.6: version `GLIBC_2.34' "
            "not found": "GLIBC_2.34",
            "RuntimeError: Attempted to use bitsandbytes native library functionality but it's "
            "not available.": "-U bitsandbytes",
            "UserWarning: The installed version of bitsandbytes was compiled without GPU support. "
            "8-bit optimizers are unavailable.": "is_available",
            "WARN: Could not load native library, falling back to Java": "",
        },
        alone=True,
    ),
)
