"""A GGUF, or the folder that becomes one, that lacks what llama.cpp looks for."""

from __future__ import annotations

from ..answer import Answer
from .base import Case, General, always


def _architecture(case: Case) -> Answer:
    name = case.match["name"]
    if not name:
        return Answer(
            "the GGUF names no architecture (general.architecture is empty or missing)",
            (
                "the first part of a split GGUF: FILE-00001-of-00003.gguf",
                "or convert again: llama.cpp/convert_hf_to_gguf.py FOLDER",
            ),
            why="a later part of a split file has none, nor has a file of another program",
            known="llama.cpp shows what it read: nothing",
            settles=False,
        )
    if name == "clip":
        return Answer(
            "the file is the projector for images (mmproj), and was loaded as the model",
            (
                "-m MODEL.gguf --mmproj MMPROJ.gguf   (LM Studio: both files in one folder; "
                "Ollama: "
                "FROM for each)",
            ),
            why="vision is a second file, whose architecture is called clip",
            known="llama.cpp shows the architecture that it read",
        )
    return Answer(
        f"this llama.cpp is older than the architecture {name} of the GGUF",
        ("update llama.cpp (or the program that contains it)",),
        known="llama.cpp says so",
    )


def _sentencepiece(case: Case) -> Answer:
    named = f"{case.facts.model.get('model_type', '')} {case.log.model_name or ''}".lower()
    of_gemma = "gemma" in named
    return Answer(
        "the folder has no tokenizer.model, which llama.cpp's converter reads for "
        + ("a Gemma" if of_gemma else "this architecture"),
        (
            "copy tokenizer.model from the base checkpoint into the merged folder",
            "or git pull in llama.cpp, where the base checkpoint has none either",
        ),
        why="fast tokenizers save tokenizer.json alone",
        known="the message",
        of_gemma=of_gemma,
    )


GGUF_FILES: tuple[General, ...] = (
    General(
        "no-sentencepiece-model",
        r"File not found: \S{0,200}tokenizer\.model|Error: Missing \S{0,200}tokenizer\.model|"
        r"(?:tokenizer\.model|`tokenizer\.model`|\"tokenizers?\.model\")(?: file)? (?:not found|"
        r"can ?not be found|is missing)",
        _sentencepiece,
        {
            "FileNotFoundError: File not found: gemma-3_merged/tokenizer.model": "tokenizer.model",
            "faced with a error\n`Error: Missing tokenizer.model`": "base checkpoint",
            'Convert HF to GGUF "tokenizer.model" not found': "base checkpoint",
            "loading file tokenizer.model from cache": "",
        },
        alone=True,
    ),
    General(
        "gguf-without-a-tensor",
        r"(?:check_tensor_dims: tensor|missing tensor|tensor) '(?P<name>[\w.]{1,80})' "
        r"(?:not found|has wrong shape)|error loading model: (?:missing tensor '|done_getting_)|"
        r"(?:GGUF|gguf|LM ?Studio|[Oo]llama|llama\.cpp)[^\n]{0,120}\bmissing tensors?\b",
        always(
            "llama.cpp asks for tensors that this GGUF does not hold in this form",
            "convert again with a converter (convert_hf_to_gguf.py) of the same time as the "
            "llama.cpp that loads it",
            "or update llama.cpp, if the file is the newer of the two",
            why="converter and loader have to agree on the architecture; one of them is from "
            "before it knew this model",
            known="the message; which of the two is older, it does not say",
            settles=False,
        ),
        {
            "llama_model_load: error loading model: check_tensor_dims: tensor "
            "'blk.0.ffn_norm.weight' not found": "converter",
            "Fine-tuned GGUF cannot be loaded in LM Studio: missing tensor": "converter",
        },
        alone=True,
    ),
    General(
        "gguf-architecture-unknown",
        r"unknown model architecture: '(?P<name>[\w-]{0,40})'",
        _architecture,
        {
            "llama_model_load: error loading model: unknown model architecture: 'gemma3'": "gemma3",
            "error loading model architecture: unknown model architecture: ''": "split",
            "error loading model architecture: unknown model architecture: 'clip'": "--mmproj",
        },
        alone=True,
    ),
)
