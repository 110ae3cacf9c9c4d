"""The files of a tokenizer, and what reads them: SentencePiece, tiktoken, protobuf."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _no_json(case: Case) -> Answer:
    """Answer by what tokenizers was asked to do, where the line of code shows it."""
    if "os error" in case.match[0] and re.search(r"\.(?:train|save)\w*\(", case.code):
        return Answer(
            "a file or folder that tokenizers is given does not exist",
            ("ls   of each path in that line: the texts to train on, or the folder to save to",),
            known="the message and the line of code",
        )
    return Answer(
        "tokenizers cannot read a file as tokenizer.json: it is missing, empty, or no JSON",
        (
            "ls -l FOLDER/tokenizer.json; head -c 200 FOLDER/tokenizer.json",
            "hf download MODEL tokenizer.json --local-dir FOLDER",
        ),
        why="a Git LFS pointer, an error page in place of a download, or tokenizer.model given "
        "where tokenizer.json is expected",
        known="the message is that of the tokenizers library",
        settles=False,
    )


def _no_tokenizer_json(case: Case) -> Answer:
    lite = re.search(r"(?P<owner>[\w-]{2,40})/(?P<name>[\w.-]{2,60}?)-(?:litert|tflite)", case.near)
    if lite:
        return Answer(
            "the repository is an export for phones (LiteRT): it has no tokenizer files for "
            "transformers",
            (
                f"{lite['owner']}/{lite['name']}   : the checkpoint that the export was made of",
                "to run the export itself: MediaPipe or LiteRT-LM, not transformers",
            ),
            why="a .task or .litertlm file carries the tokenizer inside it",
            known="the name in the log; what its repository holds was not looked at",
            certain=False,
        )
    install = "pip install sentencepiece protobuf tiktoken   and restart the kernel"
    files = (
        "ls FOLDER   : tokenizer.json (or tokenizer.model) has to be in it; from the base "
        "checkpoint: "
        "AutoTokenizer.from_pretrained(BASE).save_pretrained(FOLDER)"
    )
    if "SentencePiece library" in case.hit.text:
        return Answer(
            "this tokenizer is one of SentencePiece, which is not installed",
            (install, files),
            known="the message",
        )
    return Answer(
        "there is no tokenizer.json, and none could be made: its source file is missing, or what "
        "reads it (sentencepiece, tiktoken) is",
        (install, f"{files}   (of a folder that you saved)"),
        why="the message asks for sentencepiece or tiktoken also where they are there and the "
        "folder "
        "has no tokenizer file",
        known="the message; which of the two it is, it does not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "no-sentencepiece",
        r"Couldn't instantiate the backend tokenizer|requires the SentencePiece library|"
        r"Cannot instantiate this tokenizer from a slow version|"
        r"Converting from SentencePiece and Tiktoken failed|"
        r"need to have sentencepiece or tiktoken",
        _no_tokenizer_json,
        {
            'model_name="google/gemma-3n-E4B-it-litert-preview"\n\nValueError: Couldn\'t '
            "instantiate the backend tokenizer from one of: \n(1) a `tokenizers` object": (
                "google/gemma-3n-E4B-it"
            ),
            "ValueError: Couldn't instantiate the backend tokenizer from one of: (1) a "
            "`tokenizers` library serialization file": "sentencepiece",
            "ImportError: \nLlamaTokenizer requires the SentencePiece library but it was not "
            "found": ("which is not installed"),
        },
        alone=True,
    ),
    General(
        "protobuf-newer-than-the-code",
        r"Descriptors cannot (?:not )?be created directly|"
        r"generated code is out of date and must be regenerated with protoc|"
        r"cannot import name 'builder' from 'google\.protobuf|"
        r"Detected incompatible Protobuf Gencode/Runtime versions|"
        r"'FieldDescriptor' object has no attribute|'MessageFactory' object has no attribute "
        r"'GetPrototype'",
        always(
            "the installed protobuf does not go with generated code of another package (a _pb2.py "
            "file: sentencepiece's, TensorBoard's, Ray's)",
            "pip install 'protobuf<=3.20.3'   where the message says that descriptors cannot be "
            "created; pip install -U protobuf, where it names builder or Gencode",
            "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=python   before the command: slower, and goes "
            "with old code",
            "pip install -U   the package of the last frame",
            known="the message is protobuf's own",
            settles=False,
        ),
        {
            "TypeError: Descriptors cannot be created directly.\nIf this call came from a _pb2.py "
            "file, your generated code is out of date and must be regenerated with protoc >= "
            "3.19.0.": "protobuf<=3.20.3",
            "TypeError: Descriptors cannot not be created directly.": "protobuf<=3.20.3",
            "ImportError: cannot import name 'builder' from 'google.protobuf.internal'": (
                "pip install -U protobuf"
            ),
        },
    ),
    General(
        "tokenizer-model-read-as-tiktoken",
        r"Converting from Tiktoken failed|"
        r"Error parsing line b'.{0,80} in \S{0,200}tokenizer\.model",
        always(
            "tokenizer.model is read as a file of tiktoken, and is one of SentencePiece, most "
            "likely",
            "pip install -U sentencepiece protobuf   and restart the kernel",
            "ls -l FOLDER   : tokenizer.json beside it is read first, and then none of these is "
            "needed",
            "hf download MODEL tokenizer.model tokenizer.json --local-dir FOLDER   where one is "
            "damaged",
            why="transformers tries SentencePiece, and where that fails (not installed, a damaged "
            "file) tiktoken; only the second error is shown",
            known="the message; which of the two failed first, the error above it says",
            certain=False,
            settles=False,
        ),
        {
            "ValueError: Converting from Tiktoken failed, if a converter for SentencePiece is "
            "available, provide a model path with a SentencePiece tokenizer.model file.": (
                "sentencepiece protobuf"
            ),
        },
    ),
    General(
        "tokenizer-file-that-is-no-json",
        r"^Exception: (?:expected value|EOF while parsing a value|key must be a string|trailing "
        r"characters|invalid type: \w{1,20}[^\n]{0,60}) at line \d+ column \d+|"
        r"^Exception: No such file or directory \(os error 2\)",
        _no_json,
        {
            "Exception: expected value at line 1 column 1": "head -c 200",
            "Exception: No such file or directory (os error 2)": "hf download",
            'Traceback (most recent call last):\n  File "/w/a.py", line 3, in f\n    '
            "tokenizer.train(['a.txt'])\nException: No such file or directory (os error 2)": (
                "texts to train on"
            ),
        },
    ),
)
