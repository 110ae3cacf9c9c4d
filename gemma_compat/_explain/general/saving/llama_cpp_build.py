"""What builds and reads GGUF files beside the converter."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from .gguf import MERGE

# The first transformers that reads a GGUF of the architecture (integrations/ggml.py).
_READS_GGUF = {"gemma2": "4.48", "gemma3": "4.52"}


def _gguf_in_transformers(case: Case) -> Answer:
    name = case.match["name"] or case.match["old"] or case.match["type"]
    first = _READS_GGUF.get(name)
    newer = f"'transformers>={first}'" if first else "transformers"
    return Answer(
        f"transformers cannot load a GGUF of {name} in this release",
        (
            f"pip install -U {newer} gguf   for a release that reads it",
            "or the checkpoint in safetensors: the repository without -GGUF in its name",
        ),
        why="a GGUF is for llama.cpp and Ollama; transformers unpacks some architectures only, and "
        "vLLM and SGLang read config and tokenizer of a GGUF through it",
        known=f"transformers says so; read in its wheels: {first} is the first that reads {name}"
        if first
        else "transformers says so",
    )


_BUILD = (
    "git clone https://github.com/ggml-org/llama.cpp && cmake -B llama.cpp/build llama.cpp && "
    "cmake --build llama.cpp/build -j --target llama-quantize"
)
_BY_HAND = f"or convert by hand: {MERGE}, then llama.cpp/convert_hf_to_gguf.py FOLDER"


_NOT_FOUND = Answer(
    "llama-quantize is not found where it is called: it was not built, or lies elsewhere",
    (
        "ls llama.cpp/build/bin/llama-quantize   : cmake puts it there",
        _BUILD,
        "or a release of llama.cpp, which has the programs built",
    ),
    known="the message",
    settles=False,
)


def _quantizer(case: Case) -> Answer:
    if not re.search(
        r"Unsloth: |unsloth[/\\]|FastLanguageModel|FastModel|_gguf\(", f"{case.match[0]}{case.near}"
    ):
        return _NOT_FOUND
    if "Quantization failed" in case.match[0]:
        return Answer(
            "the quantizer of llama.cpp ran and failed, or is not there; its own lines stand above",
            (
                "the lines above this one: what llama-quantize, or the shell, said",
                "df -h .   : the 16-bit GGUF and the smaller one have to fit on the disk together",
                _BUILD,
                _BY_HAND,
            ),
            known="Unsloth only passes on that it failed",
            settles=False,
        )
    if re.search(r"The file|No working quantizer|not found|does not", case.match[0]):
        return Answer(
            "Unsloth does not find llama-quantize in its folder llama.cpp: it was not built, or "
            "lies where this release does not look",
            (
                "pip install -U unsloth unsloth_zoo, and delete the folder llama.cpp beside the "
                "script: newer ones build it, and find it in build/bin",
                f"or {_BUILD} && cp llama.cpp/build/bin/llama-quantize llama.cpp/",
                _BY_HAND,
            ),
            why="cmake puts the program into llama.cpp/build/bin, where older releases of Unsloth "
            "do not look; a folder of sources alone is taken for a built one",
            known="Unsloth says so; whether it was built, ls llama.cpp/build/bin shows",
            settles=False,
        )
    return Answer(
        "llama.cpp was not built",
        (_BUILD, _BY_HAND, "df -h . : a 16-bit copy and the GGUF have to fit on the disk"),
        why="Unsloth clones and compiles llama.cpp at the first export, which needs cmake, a "
        "compiler, a network and room",
        known="the message; the lines above it say which step failed",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "transformers-reads-no-such-gguf",
        r"GGUF model with architecture (?P<name>[\w-]{1,40}) is not supported|"
        r"Architecture (?P<old>(?!aarch|ar[mc]\d|amd|x86|i\d86|riscv|ppc|sm_|"
        r"gfx)[a-z][\w-]{2,40}) not supported|"
        r"Unknown gguf model_type: (?P<type>[\w-]{1,40})",
        _gguf_in_transformers,
        {
            "ValueError: GGUF model with architecture gemma3n is not supported yet.": "safetensors",
            "ValueError: GGUF model with architecture gemma3 is not supported yet.": (
                "transformers>=4.52"
            ),
            "Gemma2: `modeling_gguf_pytorch_utils.py: ValueError: Architecture gemma2 not "
            "supported`": "transformers>=4.48",
            "RuntimeError: Architecture gfx1103 not supported": "",
        },
        alone=True,
    ),
    General(
        "quantized-folder-converted",
        r"Quant method is not yet supported: ['\"]?(?P<method>[\w-]{2,40})",
        lambda case: Answer(
            f"the folder holds weights that {case.match['method']} quantized, and the converter "
            "reads 16 bits",
            (
                "Unsloth: model.save_pretrained_merged(FOLDER, tokenizer, "
                "save_method='merged_16bit'), then convert_hf_to_gguf.py FOLDER",
                "or PeftModel.from_pretrained(BASE_IN_16_BITS, 'ADAPTER').merge_and_unload()"
                ".save_pretrained(FOLDER)   : a base without load_in_4bit",
            ),
            why="merge_and_unload on a 4-bit base leaves it in 4 bits, and config.json keeps "
            "quantization_config",
            known="convert_hf_to_gguf.py says so",
        ),
        {
            "NotImplementedError: Quant method is not yet supported: 'bitsandbytes'": (
                "merged_16bit"
            )
        },
        alone=True,
    ),
    General(
        "llama-cpp-not-built",
        r"Unsloth: (?!Failed compiling llama\.cpp with \w{1,9}:hf-to-gguf)(?:Quantization "
        r"failed|No working quantizer found|The file \(?'?llama\.cpp/|"
        r"\*\*\*\* Failed compiling|Failed to (?:compile|install|build) llama)|"
        r"llama-quantize.{0,60}(?:not found|does not)",
        _quantizer,
        {
            "RuntimeError: Unsloth: Quantization failed for /x.BF16.gguf. You might have to "
            "compile llama.cpp yourself": "above",
            "RuntimeError: Unsloth: The file 'llama.cpp/llama-quantize' or 'llama.cpp/quantize' "
            "does not exist.": "build/bin",
            "RuntimeError: Unsloth: No working quantizer found in llama.cpp": "cmake",
            "bash: ./llama-quantize: command not found": "build/bin",
            "# merged with unsloth\nbash: llama-quantize: command not found": "build/bin",
            "RuntimeError: *** Unsloth: Failed to install llama.cpp": "cmake",
        },
        alone=True,
    ),
)
