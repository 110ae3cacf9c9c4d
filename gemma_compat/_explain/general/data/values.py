"""A list where a text is expected, a text where a row is: values of another kind than expected."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

_LOOK = "print(train_dataset[0])   : which column holds what"
_OF_TEXT = r"startswith|endswith|strip|lstrip|rstrip|split|replace|lower|upper|encode|find|format"
_OF_TENSOR = r"shape|size|dim|to|device|dtype|cuda|cpu|numpy|detach|float|long|view|mean|sum"
_OF_ROW = r"get|items|keys|values|pop|update"
_OF_CACHE = r"get_seq_length|get_mask_sizes|get_max_cache_shape|get_usable_length|is_initialized"
_OF_CONFIG = r"to_dict|model_type|hidden_size|vocab_size|num_hidden_layers|to_diff_dict|rope_type"


def _of_another_kind(case: Case) -> Answer | None:
    kind, name = case.match["kind"], case.match["name"]
    if re.fullmatch(_OF_CONFIG, name) and kind == "dict":
        return _config(name)
    if name == "get_loading_attributes" and kind == "dict":
        return _loading_attributes()
    if re.fullmatch(_OF_TEXT, name) and kind != "str":
        return _text(kind)
    if re.fullmatch(_OF_TENSOR, name) and kind in {"list", "str", "int", "float", "dict"}:
        return _tensor(kind)
    if name == "keys" and kind == "list" and _is_of_a_tokenizer(case):
        return tokenizer_of_5()
    if re.fullmatch(_OF_CACHE, name) and kind in {"tuple", "list"}:
        return _cache(kind, name)
    if re.fullmatch(_OF_ROW, name) and kind in {"str", "list"}:
        return _row(kind)
    return Answer(
        f"a {kind} stands where something with .{name} is expected",
        ("look at the last frame: which of its values is it, and who made it",),
        known="the message; where the value comes from is not in it",
        settles=False,
    )


def _loading_attributes() -> Answer:
    return Answer(
        "the checkpoint is quantized already, and quantization_config was given as a dict beside "
        "its own",
        (
            "leave quantization_config out: the checkpoint's config.json has it",
            "or its class (GPTQConfig, AwqConfig, CompressedTensorsConfig) instead of the dict",
            "pip install -U   of the program that hands it over (lm-eval, a loader), if it is not "
            "the script",
        ),
        why="transformers asks the argument for get_loading_attributes() where the checkpoint has "
        "a quantization of GPTQ, AWQ, AutoRound, FP8, compressed-tensors or MXFP4",
        known="read in transformers 4.57.6; who hands it over, the frames show",
    )


def _is_of_a_tokenizer(case: Case) -> bool:
    near = case.hit.before[-1500:] + case.around + case.hit.after[:1500]
    return re.search(r"_set_model_specific_special_tokens|extra_special_tokens", near) is not None


def _cache(kind: str, name: str) -> Answer:
    return Answer(
        f"past_key_values is a {kind}, and the model calls .{name}() of a Cache",
        (
            "from transformers import DynamicCache; DynamicCache(past)   for one that was kept as "
            "tuples (transformers 4: DynamicCache.from_legacy_cache(past))",
            "or past_key_values=None, and use_cache=False in training",
            "prefix or prompt tuning: pip install -U peft",
        ),
        why="a Gemma of this transformers reads keys and values from a Cache object; tuples of "
        "tuples are what releases before handed over",
        known="the message: only a Cache has this method; who made the tuple, the frames show",
        settles=False,
    )


def _text(kind: str) -> Answer:
    return Answer(
        f"a {kind} stands where a text is expected",
        (
            _LOOK,
            "a formatting_func that returns one text for one row (newer TRL), or a list of texts "
            "for a batch (batched=True, Unsloth)",
            "tokenizer.apply_chat_template(messages, tokenize=False)   for a column of texts",
        ),
        why="the column that is trained on holds lists: messages, tokens, or a text in a list",
        known="the message; which column it is, the last frames show",
        certain=False,
        settles=False,
    )


def _no_text(case: Case) -> Answer:
    if "ensor" in case.match[0]:
        return _tensor("list or a text")
    kind = case.match["kind"] or "list"
    if kind == "NoneType":
        return Answer(
            "None stands where a text is expected",
            (
                "dataset = dataset.filter(lambda row: row['text'] is not None)   with your column",
                _LOOK,
            ),
            why="an empty cell of a table is None; so is a column that the loader did not find",
            known="the message; which column it is, the last frames show",
            settles=False,
        )
    return _text(kind)


def _tensor(kind: str) -> Answer:
    return Answer(
        f"a {kind} stands where a tensor is expected",
        (
            "return_tensors='pt' in the call of the tokenizer or processor",
            "or a collator that makes tensors: DataCollatorForLanguageModeling(tokenizer, "
            "mlm=False)",
            "or dataset.set_format('torch', columns=[...])",
        ),
        why="rows of a data set are plain lists, until a collator or set_format makes tensors",
        known="the message; who made the value, the last frames show",
        certain=False,
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


def _reward(case: Case) -> Answer | None:
    """Answer a reward function that takes a completion's text for a list of messages."""
    near = case.hit.before[-4000:] + case.around + case.hit.after[:1500]
    if not re.search(r"completion\[0\]\[.content.\]|completions?\b[^\n]{0,80}content", near):
        return None
    return Answer(
        "a reward function takes a completion for a list of messages, and it is a text here",
        (
            "text = completion if isinstance(completion, str) else completion[0]['content']",
            "or a conversational prompt: [{'role': 'user', 'content': ...}] in the column prompt, "
            "in place of a text",
        ),
        why="TRL hands over what the prompt is: for a text a text, for messages a list with one "
        "message",
        known="the message, and the line of the reward function in the log",
        certain=False,
    )


def _row(kind: str) -> Answer:
    return Answer(
        f"a {kind} stands where a row or a message with keys is expected",
        (
            _LOOK,
            "messages as a list of {'role': ..., 'content': ...}, not as a text or JSON: "
            "json.loads(row['messages'])",
            "in a function with batched=True each column is a list of all rows: go through it",
        ),
        why="a text was handed over in place of a message, or a whole column in place of a row",
        known="the message; which value it is, the last frames show",
        certain=False,
        settles=False,
    )


def _config(name: str) -> Answer:
    return Answer(
        f"a part of the model's config is a plain dict, and .{name} is asked of it as of a config",
        (
            "pip install -U transformers   and what the last frames are of (vllm, peft, unsloth)",
            "or AutoConfig.from_pretrained(...) in place of a config made from a dict by hand",
        ),
        why="a release that does not know the model leaves its text_config or vision_config as the "
        "dict that config.json holds",
        known="the message; which release makes a config of it is not in it",
        certain=False,
        settles=False,
    )


def _reckoned_with_none(case: Case) -> Answer:
    near = case.hit.before + case.around + case.hit.after
    if "nsloth" in near and "for /: 'Tensor' and 'NoneType'" in case.hit.text:
        return Answer(
            "a loss is divided by a number of tokens that is None, under Unsloth",
            (
                "pip install -U unsloth unsloth_zoo   and delete unsloth_compiled_cache, then "
                "restart",
                "or gradient_accumulation_steps=1, to see whether it is the number of items in a "
                "batch",
            ),
            why="Unsloth's training step hands num_items_in_batch to the loss that it generated; a "
            "release of transformers that counts it otherwise leaves it None",
            known="a tensor divided by None is this division most often; the last frame would show "
            "it",
            certain=False,
            settles=False,
        )
    if "seq_length * chars_per_token" in near:
        return Answer(
            "TRL packs rows to a length that is None",
            (
                "max_seq_length=2048   in SFTConfig (of an older TRL, in SFTTrainer)",
                "or pip install -U trl   and max_length=2048 in SFTConfig",
            ),
            why="packing counts max_seq_length x characters for each token; without it an older "
            "TRL takes the tokenizer's bound, and has none here",
            known="the line of code in the traceback",
        )
    return Answer(
        "a number or text that the code reckons with is None: it was never set",
        (
            "look at the last frame: which name in that line is None",
            "or in the config.json beside the weights: a field that is null or missing",
        ),
        why="a field of the config or an argument that has no default in this release",
        known="the message; which field it is, the line of code shows",
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
            "AttributeError: 'dict' object has no attribute 'model_type'": "AutoConfig",
            "AttributeError: 'list' object has no attribute 'shape'": "return_tensors",
            "AttributeError: 'int' object has no attribute 'foo'": ".foo",
            "in _set_model_specific_special_tokens\n"
            "AttributeError: 'list' object has no attribute 'keys'": "transformers>=5",
            "AttributeError: 'list' object has no attribute 'keys'\n`tokenizer_config.json`: "
            "extra_special_tokens\ntype: list": "transformers>=5",
            "AttributeError: 'list' object has no attribute 'keys'": "json.loads",
            "AttributeError: 'tuple' object has no attribute 'get_seq_length'": "DynamicCache",
        },
    ),
    General(
        "text-indexed-by-a-name",
        r"(?P<kind>string|list) indices must be integers|"
        r"byte indices must be integers",
        lambda case: _reward(case) or _row("text" if case.match["kind"] != "list" else "list"),
        {
            "TypeError: string indices must be integers, not 'str'": "json.loads",
            "TypeError: list indices must be integers or slices, not str": "batched=True",
            "responses = [completion[0]['content'] for completion in completions]\nTypeError: "
            "string indices must be integers": "isinstance(completion, str)",
        },
    ),
    General(
        "list-where-text-is-tokenised",
        r"expected string or bytes-like object(?:, got '(?P<kind>\w{1,30})')?|"
        r"TypeError: new\(\): invalid data type 'str'|"
        r"expected Tensor as element \d+ in argument \d+, but got (?:list|str)",
        _no_text,
        {
            "TypeError: expected string or bytes-like object, got 'list'": "a list stands where a",
            "TypeError: expected string or bytes-like object, got 'NoneType'": "None stands where",
            "TypeError: expected Tensor as element 0 in argument 0, but got list": "collator",
        },
    ),
    General(
        "reckoning-with-none",
        r"unsupported operand type\(s\) for (?P<sign>\S{1,3}): '(?:NoneType' and '\w{2,20}|"
        r"\w{2,20}' and 'NoneType)'|'(?:<|>|<=|>=)' not supported between instances of "
        r"'(?:NoneType' and '\w{2,20}|\w{2,20}' and 'NoneType)'|"
        r"argument must be a string, a bytes-like object or a (?:real )?number, not 'NoneType'",
        _reckoned_with_none,
        {
            "TypeError: unsupported operand type(s) for *: 'NoneType' and 'int'": "None",
            "self.max_buffer_size = seq_length * chars_per_token * num_of_sequences\n"
            "TypeError: unsupported operand type(s) for *: 'NoneType' and 'float'": (
                "max_seq_length=2048"
            ),
            "TypeError: '<' not supported between instances of 'NoneType' and 'int'": "None",
            "==((====))==  Unsloth 2025.3.15: Fast Gemma3 patching. Transformers: 4.50.0.dev0.\n"
            "TypeError: unsupported operand type(s) for /: 'Tensor' and 'NoneType'": "unsloth_zoo",
        },
    ),
)
