"""What builds and reads GGUF files beside the converter."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case, General, always
from .gguf import _MERGE

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


KINDS: tuple[General, ...] = (
    General(
        "transformers-reads-no-such-gguf",
        r"GGUF model with architecture (?P<name>[\w-]{1,40}) is not supported|"
        r"Architecture (?P<old>[a-z][\w-]{2,40}) not supported|"
        r"Unknown gguf model_type: (?P<type>[\w-]{1,40})",
        _gguf_in_transformers,
        {
            "ValueError: GGUF model with architecture gemma3n is not supported yet.": "safetensors",
            "ValueError: GGUF model with architecture gemma3 is not supported yet.": (
                "transformers>=4.52"
            ),
            "Gemma2: `modeling_gguf_pytorch_utils.py: ValueError: Architecture gemma2 not "
            "supported`": "transformers>=4.48",
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
        always(
            "llama.cpp was not built, or its quantizer failed",
            "git clone https://github.com/ggml-org/llama.cpp && cmake -B llama.cpp/build "
            "llama.cpp && cmake --build llama.cpp/build -j --target llama-quantize",
            f"or convert by hand: {_MERGE}, then llama.cpp/convert_hf_to_gguf.py FOLDER",
            "df -h . : a 16-bit copy and the GGUF have to fit on the disk",
            why="Unsloth clones and compiles llama.cpp at the first export, which needs cmake, a "
            "compiler, a network and room",
            known="the message; the lines above it say which step failed",
            settles=False,
        ),
        {
            "RuntimeError: Unsloth: Quantization failed for /x.BF16.gguf. You might have to "
            "compile llama.cpp yourself": "cmake"
        },
        alone=True,
    ),
)
