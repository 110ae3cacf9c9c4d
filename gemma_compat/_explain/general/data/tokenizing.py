"""Tokenizers, processors, chat templates and tools: what they are given, and in what form."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case, General, always


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
        "no-mask-token",
        r"tokenizer does not have a mask token which is necessary for masked",
        always(
            "the collator is set to masked language modelling, and this tokenizer is of a model "
            "that "
            "predicts the next token",
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
        r"Cannot set a non-string value as the (?:\w{3,9} token|\w{2,30}_token)|"
        r"Special token \w{3,40} has to be either str or AddedToken but got",
        always(
            "a special token was given as something else than a text",
            "tokenizer.pad_token = tokenizer.eos_token   , or the token's text: a number goes to "
            "pad_token_id",
            why="a Gemma's tokenizer has <pad> already, so most scripts need not set it",
        ),
        {
            "ValueError: Cannot set a non-string value as the PAD token": "pad_token_id",
            "ValueError: Cannot set a non-string value as the pad_token": "pad_token_id",
        },
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
)
