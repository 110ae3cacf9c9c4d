"""What CTranslate2 refuses of a checkpoint."""

from __future__ import annotations

from ...answer import Answer
from ..base import General, always

KINDS: tuple[General, ...] = (
    General(
        "converter-of-ctranslate2-knows-no-such-config",
        r"No conversion is registered for the model configuration (?P<name>\w{2,60})",
        lambda case: Answer(
            f"the converter of CTranslate2 does not know {case.match['name']}",
            (
                "pip install -U ctranslate2   and look for the class in the list of its message",
                "or the text part alone, saved as a text-only class that is in the list "
                "(Gemma3TextConfig for a multimodal Gemma 3)",
                "or GGUF: llama.cpp/convert_hf_to_gguf.py FOLDER",
            ),
            why="each architecture has its own loader there, added by release",
            known="CTranslate2 says so, and lists those it has",
            settles=False,
        ),
        {
            "ValueError: No conversion is registered for the model configuration PaliGemmaConfig "
            "(supported configurations are: BartConfig, BertConfig)": "PaliGemmaConfig"
        },
    ),
    General(
        "folder-that-ctranslate2-did-not-write",
        r"Unable to open file 'model\.bin' in model '",
        always(
            "the folder holds no model of CTranslate2",
            "ct2-transformers-converter --model FOLDER --output_dir OUT --quantization int8",
            "then ctranslate2.Generator('OUT')",
            why="it reads its own model.bin, not the safetensors of transformers",
            known="the message names the file that it looks for",
        ),
        {"RuntimeError: Unable to open file 'model.bin' in model '/models/gemma3-it'": "OUT"},
    ),
)
