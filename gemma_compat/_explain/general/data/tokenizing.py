"""Tokenizers, processors, chat templates and tools: what they are given, and in what form."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


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
    return Answer(
        "there is no tokenizer.json, and what would make one (sentencepiece) is not installed",
        (
            "pip install sentencepiece protobuf   and restart the kernel",
            "or copy tokenizer.json from the base checkpoint",
        ),
        known="the message; whether the folder has the file is not in the log",
        settles=False,
    )


def _no_templates(case: Case) -> Answer:
    kind = case.match["kind"]
    if kind == "str":
        return Answer(
            "a text stands where a tokenizer is expected: its name, or an empty default",
            ("tokenizer = AutoTokenizer.from_pretrained(NAME)   and hand that over",),
            known="the message: what is asked for apply_chat_template is a text",
            settles=False,
        )
    if kind.endswith("Processor"):
        return Answer(
            f"{kind} of the transformers that ran has no apply_chat_template",
            (
                "pip install -U transformers   and restart the kernel",
                "or processor.tokenizer.apply_chat_template(messages, tokenize=False)",
            ),
            why="processors got it later than tokenizers",
            known="the message",
            settles=False,
        )
    return Answer(
        f"{kind} of the transformers that ran has no apply_chat_template: it is older than chat "
        "templates",
        (
            "pip install -U 'transformers>=4.34'   and restart the kernel",
            "python -c 'import transformers; print(transformers.__version__, "
            "transformers.__file__)'   where a newer one should be there",
        ),
        known="every tokenizer of transformers has it from 4.34.0 on; read in 4.33.3 and 4.34.0",
        certain=False,
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
        },
        alone=True,
    ),
    General(
        "no-mask-token",
        r"tokenizer does not have a mask token which is necessary for masked",
        always(
            "the collator is set to masked language modelling, and a Gemma predicts the next token",
            "DataCollatorForLanguageModeling(tokenizer, mlm=False)",
        ),
        {
            "ValueError: This tokenizer does not have a mask token which is necessary for masked "
            "language modeling. You should pass `mlm=False` to train on causal language modeling "
            "instead.": "mlm=False"
        },
    ),
    General(
        "several-templates-and-no-default",
        r"(?:model|processor) has multiple chat templates (?:with no default|but none)",
        always(
            "the tokenizer has several chat templates, and none of them is the default",
            'apply_chat_template(messages, chat_template="NAME")',
            "print(tokenizer.chat_template.keys())   lists the names",
        ),
        {
            "ValueError: This model has multiple chat templates with no default specified! Please "
            "either pass a chat template or the name of the template you wish to use": "keys()"
        },
    ),
    General(
        "tools-without-a-description",
        r"Cannot generate JSON schema for \w{1,60} because|"
        r"Argument \w{1,60} is missing a type hint in function|"
        r"Tools should either be a JSON schema, or a callable|Couldn't parse this type hint",
        always(
            "a tool is a function whose types or docstring do not say all that its schema needs",
            "def f(city: str) -> str, with a docstring: what it does, then Args: and a line "
            "city: what it is",
            why="the schema that the template shows to the model is made from type hints and a "
            "docstring in Google's form; each argument needs both",
        ),
        {
            "transformers.utils.chat_template_utils.DocstringParsingException: Cannot generate "
            "JSON schema for f because it has no docstring!": "docstring",
        },
    ),
    General(
        "special-token-that-is-no-text",
        r"Cannot set a non-string value as the \w{3,9} token|"
        r"Special token \w{3,40} has to be either str or AddedToken but got",
        always(
            "a special token was set to its number, a list or None in place of a text",
            "tokenizer.pad_token = tokenizer.eos_token   (the text; pad_token_id is the number)",
            why="a Gemma's tokenizer has <pad> already, so most scripts need not set it",
        ),
        {"ValueError: Cannot set a non-string value as the PAD token": "pad_token_id"},
    ),
    General(
        "truncated-to-no-multiple",
        r"Truncation and padding are both activated but truncation length \(\d+\) is not a "
        r"multiple",
        always(
            "rows are cut to one length and padded to a multiple that it is not",
            "max_length a multiple of pad_to_multiple_of (8, 64): 512, 1024, 2048",
        ),
        {
            "ValueError: Truncation and padding are both activated but truncation length (1000) is "
            "not a multiple of pad_to_multiple_of (64).": "multiple of"
        },
    ),
    General(
        "template-engine-missing",
        r"apply_chat_template requires jinja2",
        always(
            "chat templates are written in Jinja, whose package is missing or too old",
            "pip install -U 'jinja2>=3.1'   and restart the kernel",
        ),
        {"ImportError: apply_chat_template requires jinja2 to be installed.": "jinja2>=3.1"},
        alone=True,
    ),
    General(
        "images-and-prompts-of-paligemma",
        r"Received (?P<images>\d+) images for (?P<prompts>\d+) prompts|"
        r"`images` are expected as arguments to a `PaliGemmaProcessor`|"
        r"PaliGemmaProcessor`? (?:expects|instance)[^\n]{0,40}image",
        lambda case: Answer(
            "PaliGemma's processor takes one image, or one list of images, for each prompt"
            + (
                f", and got {case.match['images']} for {case.match['prompts']}"
                if case.match["images"]
                else ", and got none"
            ),
            (
                "processor(text=[p1, p2], images=[i1, i2], suffix=[a1, a2], "
                'return_tensors="pt", padding="longest")',
                "several images for one prompt: images=[[i1, i2]], newer transformers only",
            ),
            why="it has no text-only form: a row without an image does not go through it",
            known="the message",
        ),
        {
            "ValueError: Received 1 images for 2 prompts. Each prompt should be associated with an "
            "image.": "and got 1 for 2",
            "ValueError: `images` are expected as arguments to a `PaliGemmaProcessor` instance.": (
                "got none"
            ),
        },
    ),
    General(
        "pieces-asked-of-a-slow-tokenizer",
        r"(?:word_ids|words|char_to_token|offset_mapping)\(?\)? is not available when using "
        r"(?:non-fast|Python based) tokenizers|return_offset_mapping is not available when using",
        always(
            "offsets and words are known to a fast tokenizer only, and this one is slow",
            "AutoTokenizer.from_pretrained(MODEL, use_fast=True)",
            "pip install -U tokenizers sentencepiece   where none could be made",
        ),
        {
            "ValueError: word_ids() is not available when using non-fast tokenizers (e.g. instance "
            "of a `XxxTokenizerFast` class).": "use_fast=True"
        },
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
            "tokenizer.model is read as a file of tiktoken, and a Gemma's is one of SentencePiece",
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
        "no-templates-in-this-class",
        r"'(?P<kind>\w{1,60}Tokenizer(?:Fast)?|\w{1,60}Processor|str)' object has no attribute "
        r"'apply_chat_template'",
        _no_templates,
        {
            "AttributeError: 'LlamaTokenizerFast' object has no attribute 'apply_chat_template'": (
                "transformers>=4.34"
            ),
            "AttributeError: 'str' object has no attribute 'apply_chat_template'": "NAME)",
            "AttributeError: 'LlavaProcessor' object has no attribute 'apply_chat_template'": (
                "processor.tokenizer"
            ),
        },
    ),
    General(
        "tokenizer-file-that-is-no-json",
        r"^Exception: (?:expected value|EOF while parsing a value|key must be a string|trailing "
        r"characters|invalid type: \w{1,20}[^\n]{0,60}) at line \d+ column \d+|"
        r"^Exception: No such file or directory \(os error 2\)",
        always(
            "tokenizers cannot read a file as tokenizer.json: it is missing, empty, or no JSON",
            "ls -l FOLDER/tokenizer.json; head -c 200 FOLDER/tokenizer.json",
            "hf download MODEL tokenizer.json --local-dir FOLDER",
            why="a Git LFS pointer, an error page in place of a download, or tokenizer.model given "
            "where tokenizer.json is expected",
            known="the message is that of the tokenizers library",
            settles=False,
        ),
        {
            "Exception: expected value at line 1 column 1": "head -c 200",
            "Exception: No such file or directory (os error 2)": "hf download",
        },
    ),
)
