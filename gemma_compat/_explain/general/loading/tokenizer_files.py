"""Tokenizers of a folder that the installed packages cannot make."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from ..data.values import tokenizer_of_5
from ..released import released


def _not_released(name: str) -> Answer:
    return Answer(
        f"tokenizer_config.json names {name}, which the installed transformers does not have",
        (
            "AutoTokenizer.from_pretrained(..., trust_remote_code=True)   after reading the code, "
            "where the repository brings the class itself",
            "a folder that a run saved: the base repository's tokenization_*.py beside its "
            "tokenizer_config.json",
            "pip install -U transformers   where a newer one has the class",
        ),
        why="a class that transformers never had is code of the repository, and without "
        "trust_remote_code it is not looked at",
        known="the message; no release that was read has the class",
        certain=True,
        settles=False,
    )


def _tokenizer_class(case: Case) -> Answer:
    name = case.match["name"]
    if name not in {"LlamaTokenizer", "CodeLlamaTokenizer"} and re.fullmatch(
        r"(?i)(?:code)?llamatokenizer(?:fast)?", name
    ):
        right = re.sub("(?i)llama", "Llama", re.sub("(?i)code", "Code", name))
        return Answer(
            f"tokenizer_config.json writes the class {name}, which transformers calls {right}",
            (f'"tokenizer_class": "{right}"   in FOLDER/tokenizer_config.json',),
            why="early conversions of Llama were saved under a name that changed afterwards",
            known="the message has the name",
        )
    asked = f"cannot import name '{name}' from 'transformers'"
    known = released(case, f"ImportError: {asked}")
    if known is None or not known.found.releases or known.contradicts:
        return _not_released(name)
    if known.is_everywhere and "Gemma" not in name:  # others are older than the releases read
        return Answer(
            f"this transformers does not have {name}, or could not make it",
            (
                "pip install -U transformers tokenizers sentencepiece protobuf   and restart the "
                "kernel",
            ),
            why=f"every release from {known.found.oldest} on has the class; one that reads a "
            "tokenizer.model needs sentencepiece, and is left out without it",
            known="the message; read in the wheels of transformers",
            settles=False,
        )
    plain = '"tokenizer_class": "PreTrainedTokenizerFast"   in FOLDER/tokenizer_config.json'
    is_of_5 = name == "TokenizersBackend"
    return Answer(
        f"the installed transformers is older than {name}: {known.happened}",
        (known.command, *((f"or {plain}, to stay on transformers 4",) if is_of_5 else ())),
        why="tokenizer_config.json names the class, and a release before the model does not have "
        "it",
        known="read in the wheels of transformers",
    )


def _unknown_variant(case: Case) -> Answer | None:
    """Answer by whose file it is: the wording is that of any program in Rust."""
    said = f"{case.hit.before[-600:]}{case.hit.text}"
    if re.search(r"deserializing header|InvalidHeader", said):
        return None
    if "untagged enum" not in case.match[0] and re.search(
        r"text-(?:embeddings|generation)-(?:router|inference|launcher)|`?config\.json", said
    ):
        return Answer(
            "the server does not know a value in the model's config.json",
            (
                "a newer image or release of the server (text-embeddings-inference, "
                "text-generation-inference)",
                "or another server, where the newest one has no such model",
            ),
            known="the message names the value, and those that it knows",
            settles=False,
        )
    if not re.search(r"Wrapper\b|(?i:tokenizer)", said + case.frames + case.message):
        return None  # of another program in Rust, and its own file
    return Answer(
        "tokenizer.json is written for a newer tokenizers than the one that is installed",
        ("pip install -U transformers tokenizers",),
        known="the message is that of the tokenizers library, which reads the file",
    )


def _no_protobuf(case: Case) -> Answer:
    """Tell a tokenizer that needs protobuf from an error that is hidden behind its absence."""
    if case.says(r"_set_model_specific_special_tokens") or re.search(
        r"_set_model_specific_special_tokens", case.above
    ):
        return tokenizer_of_5()
    before = re.findall(r"^(?:\w+\.)*(\w{2,40}Error): ", case.above, re.MULTILINE)
    return Answer(
        f"protobuf is not installed, and that hides the error before it: {before[-1]}"
        if before
        else "protobuf is not installed, and while a tokenizer is loaded that hides any other "
        "error",
        (
            "pip install protobuf   and restart the kernel",
            "then the same command again: if the tokenizer's own error comes now, that is the one "
            "to mend",
        ),
        why="transformers 4 asks protobuf for the class of its error whatever failed in a "
        "tokenizer; a tokenizer made from a tokenizer.model needs it itself",
        known="the message; run with transformers 4.57.6 without protobuf",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "tokenizer-class-unknown",
        r"Tokenizer class (?P<name>\w{3,60}) does not exist or is not currently imported",
        _tokenizer_class,
        {
            "ValueError: Tokenizer class GemmaTokenizer does not exist or is not currently "
            "imported.": "transformers>=4.38",
            "ValueError: Tokenizer class LlamaTokenizer does not exist or is not currently "
            "imported.": "sentencepiece",
            "ValueError: Tokenizer class TokenizersBackend does not exist or is not currently "
            "imported.": "PreTrainedTokenizerFast",
            "ValueError: Tokenizer class QWenTokenizer does not exist or is not currently "
            "imported.": "trust_remote_code=True",
            "ValueError: Tokenizer class LLaMATokenizer does not exist or is not currently "
            "imported.": "LlamaTokenizer",
        },
        alone=True,
    ),
    General(
        "tokenizers-too-old-for-the-file",
        r"data did not match any variant of untagged enum|unknown variant `\w+`, expected",
        _unknown_variant,
        {
            "Error while deserializing header: invalid JSON in header: unknown variant `F8_E8M0`, "
            "expected one of `BOOL`, `U8`": "",
            "error: TOML parse error: data did not match any variant of untagged enum Source": "",
            "text-embeddings-router x\nException: Failed to parse `config.json`: unknown "
            "variant `gemma3_text`, expected one of `bert`": "newer image",
            "Exception: data did not match any variant of untagged enum ModelWrapper at line 3 "
            "column 2": "tokenizers",
        },
    ),
    General(
        "no-protobuf",
        r"requires the protobuf library but it was not found",
        _no_protobuf,
        {
            "ImportError: \n requires the protobuf library but it was not found in your "
            "environment.": "pip install protobuf",
            "AttributeError: 'list' object has no attribute 'keys'\n\nDuring handling of the above "
            "exception, another exception occurred:\n\nImportError: \n requires the protobuf "
            "library but it was not found in your environment.": "AttributeError",
        },
    ),
)
