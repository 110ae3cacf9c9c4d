"""Files of SentencePiece that are not there, damaged, or of another kind."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

_NOT_THERE = Answer(
    "a SentencePiece model is not where it is looked for",
    (
        "hf download BASE tokenizer.model --local-dir FOLDER   BASE: the published checkpoint that "
        "was trained; the file by the name that the message has",
        "ls FOLDER   from the folder in which the command runs",
    ),
    why="a fast tokenizer saves tokenizer.json alone",
    known="the message has the path",
    settles=False,
)


def _of_another_form(path: str, near: str) -> Answer | None:
    """Answer a file that is whole and not SentencePiece's, by its name."""
    name = path.replace("\\", "/").rpartition("/")[2].strip("'\"`.,")
    if name.endswith((".json", ".txt", ".jsonl")):
        return Answer(
            f"{name} is read as a model of SentencePiece, and holds something else",
            (
                "tokenizer.model of the base checkpoint, where this code wants SentencePiece",
                "AutoTokenizer.from_pretrained(FOLDER)   reads a tokenizer.json",
            ),
            known="the message has the path",
            settles=False,
        )
    of_llama = r"(?i)llama[-_ ]?3"
    is_named = re.search(of_llama, path) is not None
    is_other = re.search(r"(?i)gemma|mistral|mixtral|qwen|phi|t5|llama[-_ ]?2", path)
    if is_named or (not is_other and re.search(of_llama, near)):
        return Answer(
            "tokenizer.model of a Llama 3 is not SentencePiece's, which reads it here",
            (
                "the checkpoint in the form of transformers (config.json, tokenizer.json), and "
                "AutoTokenizer.from_pretrained(FOLDER)",
                "from Meta's own files: convert_llama_weights_to_hf.py --llama_version 3; for a "
                "GGUF convert_hf_to_gguf.py on the folder in the form of transformers",
                "move tokenizer.model out of the folder, where tokenizer.json lies beside it",
            ),
            why="Llama 3 came with a tokenizer of another kind (tiktoken) under the old file name",
            known="the log names Llama 3; that its file is of another form is what reports of this "
            "message found",
            certain=is_named,
            settles=False,
        )
    return None


def _tokenizer_file(case: Case) -> Answer | None:
    """Answer a tokenizer.model that is not there, or that sentencepiece cannot read."""
    if case.match[0].startswith("TypeError") and "raise " in case.code and case.is_of_the_script:
        return None  # another "not a string"
    if "not a string" in case.hit.text:
        return Answer(
            "the tokenizer's class wants tokenizer.model, and no such file was found",
            (
                "ls FOLDER   : tokenizer.json and tokenizer_config.json, or tokenizer.model? In "
                "the Hub's cache they lie in snapshots/REVISION, not above it",
                "AutoTokenizer.from_pretrained(BASE).save_pretrained(FOLDER)   BASE: the published "
                "checkpoint that was trained",
                "pip install -U transformers tokenizers   where tokenizer.json is there",
            ),
            why="sentencepiece is handed None in place of a path: the folder has no "
            "tokenizer.model, and the fast tokenizer, which needs tokenizer.json alone, was not "
            "taken",
            known="the message is sentencepiece's",
            certain=False,
            settles=False,
        )
    if "Not found" in case.match[0]:
        return _NOT_THERE
    path = re.search(r"ModelProto from (\S{1,300})", case.hit.text)
    other = _of_another_form(path[1] if path else "", case.near)
    if other is not None:
        return other
    return Answer(
        "sentencepiece cannot read tokenizer.model: it is damaged, empty, a pointer of git-lfs, or "
        "of another kind of tokenizer",
        (
            "ls -l FOLDER/tokenizer.model   : a Gemma's has 4 to 5 MB",
            "hf download NAME tokenizer.model --local-dir FOLDER   or git lfs pull",
            "or delete it, if tokenizer.json lies beside it: a fast tokenizer reads that alone",
        ),
        why="sentencepiece cannot read what is in the file",
        known="the message is sentencepiece's",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "tokenizer-model-damaged",
        r"could not parse ModelProto from|ParseFromArray\(serialized|"
        r"Not found: \"[^\"\n]{1,300}\.model\": No such file|"
        r"TypeError: not a string(?:$|[`'\",.](?! is\b))",
        _tokenizer_file,
        {
            "Tokenizer loading failed with 'TypeError: not a string' from sentencepiece": (
                "tokenizer.json"
            ),
            "TypeError: not a string": "ls FOLDER",
            "TypeError: not a string or a list": "",
            "RuntimeError: Internal: could not parse ModelProto from tokenizer.model": (
                "git lfs pull"
            ),
            "RuntimeError: Internal: src/sentencepiece_processor.cc(1101) [model_proto->"
            "ParseFromArray(serialized.data(), serialized.size())]": "git lfs pull",
            "RuntimeError: Internal: could not parse ModelProto from /m/Meta-Llama-3-8B/"
            "tokenizer.model": "--llama_version 3",
            "Llama-3 went well before\nRuntimeError: Internal: could not parse ModelProto from "
            "/m/gemma-3-4b/tokenizer.model": "git lfs pull",
            "RuntimeError: Internal: could not parse ModelProto from out/tokenizer.json": (
                "holds something else"
            ),
            'OSError: Not found: "merged/tokenizer.model": No such file or directory Error #2': (
                "hf download BASE"
            ),
            "sentencepiece_processor.cc(922) LOG(INFO) model loaded": "",
        },
    ),
)
