"""A list where a text is expected, a text where a row is: values of another kind than expected."""

from __future__ import annotations

import re

from ...answer import Answer
from ...places import distribution_of
from ...unknown import OWN, PACKAGE
from ..base import Case, General
from .plain_values import no_tensor
from .values_of_models import cache_as_tuples, config_as_dict, loading_attributes

LOOK = "print(train_dataset[0])   : which column holds what"
_OF_TEXT = r"startswith|endswith|strip|lstrip|rstrip|split|replace|lower|upper|encode|find|format"
_OF_TENSOR = r"shape|size|dim|to|device|dtype|cuda|cpu|numpy|detach|float|long|view|mean|sum"
_OF_ROW = r"get|items|keys|values|pop|update"
_OF_CACHE = r"get_seq_length|get_mask_sizes|get_max_cache_shape|get_usable_length|is_initialized"
_OF_CONFIG = r"to_dict|model_type|hidden_size|vocab_size|num_hidden_layers|to_diff_dict|rope_type"


_TIED_AS_IN_4 = Answer(
    "the model's class names its tied weights in a list, as for transformers 4; transformers 5 "
    "wants each with its source",
    (
        "pip install 'transformers<5'   for code from the Hub, or a class that was written before",
        "_tied_weights_keys = {'lm_head.weight': 'model.embed_tokens.weight'}   in that class",
    ),
    known="read in transformers 4.57.6 and 5.23.0, and the line that raised",
)


def _of_another_kind(case: Case) -> Answer | None:
    kind, name = case.match["kind"], case.match["name"]
    if name == "apply_chat_template":
        return None  # another kind answers it
    if re.fullmatch(_OF_CONFIG, name) and kind == "dict":
        return config_as_dict(name)
    if name == "get_loading_attributes" and kind == "dict":
        return loading_attributes()
    if re.fullmatch(_OF_TEXT, name) and kind != "str":
        return not_a_text(kind)
    if re.fullmatch(_OF_TENSOR, name) and kind in {"list", "str", "int", "float", "dict"}:
        return no_tensor(kind, name, case)
    if kind in {"tuple", "list"} and name in {"log_softmax", "softmax", "argmax", "logits"}:
        return _outputs(kind, name)
    if name == "keys" and kind == "list" and _is_of_a_tokenizer(case):
        return tokenizer_of_5()
    if re.fullmatch(_OF_CACHE, name) and kind in {"tuple", "list"}:
        return cache_as_tuples(kind, name)
    if kind == "list" and "tied_weights_keys" in case.code:
        return _TIED_AS_IN_4
    if kind == "list" and re.search(r"inputs\.get\(k\)[^\n]*label_names", case.around):
        return _rows_of_an_evaluation()
    if re.fullmatch(_OF_ROW, name) and kind in {"str", "list"}:
        return row_of_another_kind(kind, case)
    return Answer(
        f"a {kind} stands where something with .{name} is expected",
        ("look at the last frame: which of its values is it, and who made it",),
        known="the message; where the value comes from is not in it",
        settles=False,
    )


def _is_of_a_tokenizer(case: Case) -> bool:
    near = case.hit.before[-1500:] + case.around + case.hit.after[:1500]
    return re.search(r"_set_model_specific_special_tokens|extra_special_tokens", near) is not None


# What a column of numbers gives where a text is read; NaN of an empty cell is a float.
_AS_TEXT = (
    "str(row['text'])   where numbers are meant; load_dataset('csv', ..., "
    "features=Features({'text': "
    "Value('string'), ...}))   reads a column as text"
)


_NOT_A_NUMBER = Answer(
    "a float stands where a text is expected: NaN, an empty cell that pandas read, most likely",
    (
        "df = df.dropna(subset=['text'])   (or .fillna('')), with the name of your column, "
        "before the data set is made",
        "dataset.filter(lambda row: isinstance(row['text'], str))",
        _AS_TEXT,
    ),
    why="pandas keeps an empty cell as NaN, which is a float",
    known="the message; which column it is, the last frames show",
    certain=False,
    settles=False,
)


def not_a_text(kind: str) -> Answer:
    """Answer a number, an empty cell or a list where a text is read."""
    if kind == "float":
        return _NOT_A_NUMBER
    if kind in {"int", "bool"}:
        return Answer(
            f"a value of type {kind} stands where a text is expected",
            (_AS_TEXT, LOOK),
            known="the message; where the value comes from, the last frames show",
            settles=False,
        )
    return Answer(
        f"a {kind} stands where a text is expected" if kind else "no text stands where one is read",
        (
            LOOK,
            "a formatting_func that returns one text for one row (newer TRL), or a list of texts "
            "for a batch (batched=True, Unsloth)",
            "tokenizer.apply_chat_template(messages, tokenize=False)   for a column of texts",
        )
        if kind
        else (
            LOOK,
            "dataset.filter(lambda row: isinstance(row['text'], str))   : None, NaN, numbers and "
            "lists are none",
        ),
        why="the column that is trained on holds lists: messages, tokens, or a text in a list"
        if kind
        else "",
        known="the message; which column it is, the last frames show",
        certain=not kind,
        settles=False,
    )


def _outputs(kind: str, name: str) -> Answer:
    return Answer(
        f"a {kind} stands where a tensor of scores is expected (.{name})",
        (
            f"outputs[0]   : the first of the {kind}, in a loss or a metric of your own; or "
            "outputs.logits",
            "print(type(outputs), len(outputs))   right before the last line of the script",
        ),
        why="a model returns a tuple in some releases, or where return_dict=False is set; a loader "
        "gives lists",
        known="the message; where the value comes from, the frames show",
        settles=False,
    )


def tokenizer_of_5() -> Answer:
    """Answer a tokenizer whose extra tokens are a list, where transformers 4 reads a dict."""
    return Answer(
        "tokenizer_config.json has extra_special_tokens as a list, and the installed transformers "
        "reads a dict there only",
        (
            "pip install -U 'transformers>=5.0.0'   (for Gemma 4: >=5.5.0)",
            "or the tokenizer's files of a revision that was saved with transformers 4",
        ),
        why="tokenizers saved with transformers 5, as Gemma 4's are, keep a list; 4.57.6 asks it "
        "for .keys()",
        known="the frame; run with 4.57.6, which fails so, and with 5.23.0, which loads it",
    )


_OF_ROWS = re.compile(
    r"(?i)data|row|example|sample|batch|item|message|turn|conv|chat|record|doc|\bx\[|\be\["
)
# Code that reads rows, messages or batches, by its file.
_OF_DATA = re.compile(
    r"[/\\](?:datasets|trl|axolotl|llamafactory|swift|unsloth\w*|verl|tokenizers)[/\\]|collat|"
    r"dataset|"
    r"tokeniz|chat_template|processing_|trainer|<template>"
)


def row_of_another_kind(kind: str, case: Case) -> Answer:
    """Answer a text or list where a row or a message is read."""
    place = case.places[-1] if case.places else None
    if place is not None and place.owner == PACKAGE and not _OF_DATA.search(case.frames.lower()):
        return Answer(
            f"{place.module} reads a name of a {kind}, where it expects something with names",
            (
                f"print(type(VALUE), VALUE)   of what the last frame of your own code hands to "
                f"{place.module}",
                f"pip install -U {distribution_of(place.module)}   where it made the value itself",
            ),
            known=f"the frame is {place.module}'s; where the value comes from, the message does "
            "not say",
            certain=False,
            settles=False,
        )
    if place is not None and place.owner == OWN and place.code and not _OF_ROWS.search(place.code):
        return Answer(
            f"the script reads a name of a {kind}",
            (
                "print(type(VALUE), VALUE)   of what stands before the brackets in that line",
                "json.loads(VALUE)   where it is JSON as text",
            ),
            known="the line that raised is the script's; where the value comes from, it does not "
            "say",
            settles=False,
        )
    return Answer(
        f"a {kind} stands where a row or a message with keys is expected",
        (
            LOOK,
            "messages as a list of {'role': ..., 'content': ...}, not as a text or JSON: "
            "json.loads(row['messages'])",
            "in a function with batched=True each column is a list of all rows: go through it",
        ),
        why="a text was handed over in place of a message, or a whole column in place of a row",
        known="the message; which value it is, the last frames show",
        certain=False,
        settles=False,
    )


def _rows_of_an_evaluation() -> Answer:
    return Answer(
        "the Trainer's own evaluation step got a list of rows: the trainer (GRPO and its kin) has "
        "no evaluation step in this release",
        (
            "pip install -U 'trl>=0.15'",
            "or eval_strategy='no'",
        ),
        why="such a trainer hands rows on as they are, and transformers' prediction_step wants a "
        "batch with names",
        known="the line is that of transformers' prediction_step; that the trainer lacks its own "
        "is likely; read in trl 0.14.0 to 0.24.0",
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "value-of-another-kind",
        r"'(?P<kind>list|dict|str|int|float|tuple|bool)' object has no attribute "
        r"'(?P<name>\w{1,60})'",
        _of_another_kind,
        {
            "AttributeError: 'list' object has no attribute 'startswith'": "text is expected",
            "AttributeError: 'dict' object has no attribute 'get_loading_attributes'": (
                "leave quantization_config out"
            ),
            "AttributeError: 'str' object has no attribute 'get'": "role",
            'Traceback (most recent call last):\n  File "/x/site-packages/transformers/'
            'modeling_utils.py", line 4592, in f\n    for key, value in '
            "self.all_tied_weights_keys.items():\nAttributeError: 'list' object has no attribute "
            "'items'": "transformers<5",
            'Traceback (most recent call last):\n  File "/x/site-packages/openai/a.py", line 9, in '
            "f\n    v = reply.get('id')\nAttributeError: 'str' object has no attribute 'get'": (
                "openai reads"
            ),
            "    has_labels = all(inputs.get(k) is not None for k in self.label_names)\n"
            "AttributeError: 'list' object has no attribute 'get'": "eval_strategy='no'",
            "AttributeError: 'dict' object has no attribute 'model_type'": "AutoConfig",
            "AttributeError: 'list' object has no attribute 'shape'": "return_tensors",
            "AttributeError: 'dict' object has no attribute 'to'": "for name, value in",
            "AttributeError: 'dict' object has no attribute 'shape'": "**inputs",
            "AttributeError: 'str' object has no attribute 'to'": "batch.items()",
            "AttributeError: 'str' object has no attribute 'shape'": "last_hidden_state",
            "    loss.mean()\nAttributeError: 'int' object has no attribute 'mean'": "sum()",
            "We looked at the loss. Then:\nAttributeError: 'int' object has no attribute 'mean'": (
                "a number (int) stands"
            ),
            "AttributeError: 'float' object has no attribute 'split'": "dropna",
            "AttributeError: 'int' object has no attribute 'lower'": "str(row",
            "AttributeError: 'tuple' object has no attribute 'log_softmax'": "[0]",
            "AttributeError: 'int' object has no attribute 'foo'": ".foo",
            "in _set_model_specific_special_tokens\n"
            "AttributeError: 'list' object has no attribute 'keys'": "transformers>=5",
            "AttributeError: 'list' object has no attribute 'keys'\n`tokenizer_config.json`: "
            "extra_special_tokens\ntype: list": "transformers>=5",
            "AttributeError: 'list' object has no attribute 'keys'": "json.loads",
            "AttributeError: 'tuple' object has no attribute 'get_seq_length'": "DynamicCache",
        },
    ),
)
