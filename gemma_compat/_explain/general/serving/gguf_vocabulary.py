"""The vocabulary of a GGUF: its pre-tokenizer, merges and number of tokens."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

# Programs with a llama.cpp inside, whose own update brings a newer one.
_PROGRAM = re.compile(
    r"(?i)\b(?:(?P<studio>lm[ -]?studio)|(?P<ollama>ollama)|(?P<python>llama[-_]cpp[-_]python|"
    r"llama_cpp\b)|(?P<llamafile>llamafile)|(?P<kobold>koboldcpp)|(?P<gpt4all>gpt4all)|"
    r"(?P<jan>jan\.ai|menlo/jan))"
)
_NAMES = {
    "studio": "LM Studio",
    "ollama": "Ollama",
    "python": "llama-cpp-python",
    "llamafile": "llamafile",
    "kobold": "koboldcpp",
    "gpt4all": "GPT4All",
    "jan": "Jan",
}
_VOCABULARY = r"error loading model vocabulary: (?P<what>[^\n]{3,80})"


def update_of_the_loader(case: Case) -> str:
    """Return what to update: the program in the log that has a llama.cpp inside, or llama.cpp."""
    found = _PROGRAM.search(f"{case.hit.text}\n{case.near}")
    if found is None or re.search(r"(?i)main: build|llama-(?:cli|server)\b", case.near):
        return "git pull in llama.cpp and build it (cmake --build), or take its newest release"
    return f"update {_NAMES[found.lastgroup or '']}: it has a llama.cpp inside"


_NO_MERGES = Answer(
    "the GGUF has no merges in its vocabulary: its converter did not read them out of "
    "tokenizer.json",
    (
        "git pull in llama.cpp (Unsloth: pip install -U unsloth unsloth_zoo, and delete "
        "its folder llama.cpp), and convert again",
        "or tokenizer.json and tokenizer_config.json of the base checkpoint in the folder, "
        "and convert again",
    ),
    why="since transformers 4.45 (tokenizers 0.20) a saved tokenizer.json has each merge "
    "as a pair, which a converter of before does not read and leaves out",
    known="llama.cpp says what it misses; which converter wrote the file, it does not say",
    settles=False,
)


def _vocabulary(case: Case) -> Answer:
    kind = re.search(r"unknown pre-tokenizer type:? ['\"]?([\w.-]{0,40})", case.hit.text)
    if kind:
        return Answer(
            f"the llama.cpp that loads the GGUF does not know its pre-tokenizer {kind[1]}".rstrip(),
            (
                update_of_the_loader(case),
                "or the program or fork that wrote the GGUF, where the newest llama.cpp does not "
                "know the name either",
            ),
            why="the converter writes a name for how text is split, and a llama.cpp of before "
            "that name refuses it; the file itself is whole",
            known="llama.cpp says so; which release knows the name, it does not say",
            settles=False,
        )
    if "merges" in case.hit.text:
        return _NO_MERGES
    return Answer(
        "llama.cpp cannot read the vocabulary that the converter wrote into this GGUF",
        (
            update_of_the_loader(case),
            "or convert again with a newer llama.cpp, with the base checkpoint's tokenizer files "
            "in the folder",
        ),
        why="converter and loader of different times disagree about a tokenizer's kind",
        known="llama.cpp says what it misses; which of these it is, it does not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "vocabulary-of-another-kind",
        rf"cannot find tokenizer merges in model file|{_VOCABULARY}|unknown pre-tokenizer type",
        _vocabulary,
        {
            "llama_model_load: error loading model: error loading model vocabulary: cannot find "
            "tokenizer merges in model file": "convert again",
            "llama_model_load: error loading model: error loading model vocabulary: unknown "
            "pre-tokenizer type: 'qwen2'": "qwen2",
            "LM Studio 0.2.22\nllama.cpp error: 'error loading model vocabulary: unknown "
            "pre-tokenizer type: 'command-r''": "update LM Studio",
            "Error: llama runner process has terminated: error loading model vocabulary: unknown "
            "pre-tokenizer type: 'x'\nollama run x": "update Ollama",
        },
        alone=True,
    ),
    General(
        "tokens-beside-the-embeddings",
        r"Vocab size mismatch \(model has|added token ID\(s\) to be sequential|"
        r"Expected new token IDs",
        always(
            "the tokenizer's files in the folder do not count the tokens as the model, or one "
            "another, does",
            "the tokenizer of the run beside the merged model: tokenizer.save_pretrained(FOLDER)",
            "where no tokens were added: tokenizer files and added_tokens.json of the base "
            "checkpoint",
            "where they were: model.resize_token_embeddings(len(tokenizer)) before saving",
            why="a trainer or a library added tokens to the tokenizer (a pad token often), and the "
            "converter counts both",
            known="the message has the numbers",
            settles=False,
        ),
        {
            "ValueError: Expected added token ID(s) to be sequential; got [1, 5]": "one another",
            "ValueError: Vocab size mismatch (model has 256000, but tokenizer.model has 256002).": (
                "added_tokens.json"
            ),
        },
        alone=True,
    ),
)
