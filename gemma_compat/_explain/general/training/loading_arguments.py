"""Arguments that from_pretrained or from_config hands on to a class that does not take them."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from ..released import upgrade

# What from_pretrained takes in another way, by release.
_FOR_LOADING = {
    "dtype": ("torch_dtype=...   or pip install -U 'transformers>=4.56'", "4.56 renamed it"),
    "load_in_4bit": (
        "quantization_config=BitsAndBytesConfig(load_in_4bit=True)",
        "transformers 5 takes the settings of a quantization in that object only",
    ),
    "load_in_8bit": (
        "quantization_config=BitsAndBytesConfig(load_in_8bit=True)",
        "transformers 5 takes the settings of a quantization in that object only",
    ),
    "use_flash_attention_2": (
        'attn_implementation="flash_attention_2"',
        "it was renamed, and the old name was removed",
    ),
    "use_auth_token": ("token=...", "it was renamed, and the old name was removed"),
    "max_seq_length": ("leave it out: it is of Unsloth's loader and of TRL's config", ""),
    "use_cache": (
        "model.config.get_text_config().use_cache = False   after loading",
        "the config of a multimodal Gemma has use_cache in its text part only",
    ),
}


def _for_loading(case: Case) -> Answer:
    name, owner = case.match["name"], case.match["owner"]
    do, why = _FOR_LOADING.get(
        name, (f"model.config.get_text_config().{name} = ...   after loading", "")
    )
    if re.search(r"\bfrom_config\b", case.around) and "from_pretrained" not in case.around:
        return _by_from_config(case)
    return Answer(
        f"from_pretrained handed {name} on to {owner}, which takes no such argument",
        (
            do,
            f"or leave {name} out",
            *(
                ["pip install -U transformers   where it is of before 4.30, which brought it"]
                if name == "load_in_4bit"
                else []
            ),
        ),
        why=why
        or "what from_pretrained does not know itself, and the config has no field for, goes to "
        "the "
        "class: misspelt, of another release, or a field of the text config within",
        known="the message; from_pretrained sets what the config has, and passes on the rest",
        settles=name in _FOR_LOADING,
    )


def _by_from_config(case: Case) -> Answer:
    """Answer a class that a config alone was to make: from_config sets nothing on the config."""
    name, owner = case.match["name"], case.match["owner"]
    outside = [item for item in case.packages if item not in {"torch", "transformers"}]
    return Answer(
        f"from_config handed {name} on to {owner}, which takes no such argument",
        (
            upgrade(outside[-1]) if outside else f"leave {name} out",
            f"config.get_text_config().{name} = ...   before from_config",
        ),
        why="from_config passes on to the class what is not its own; settings belong into the "
        "config",
        known="the message and the frames",
    )


KINDS: tuple[General, ...] = (
    General(
        "setting-handed-to-the-class",
        r"(?P<owner>\w{1,60}(?:ForCausalLM|ForConditionalGeneration|ForSequenceClassification|"
        r"ForTokenClassification|TextModel))\.__init__\(\) got an unexpected keyword argument "
        r"'(?P<name>\w{1,60})'",
        _for_loading,
        {
            "TypeError: Gemma3ForConditionalGeneration.__init__() got an unexpected keyword "
            "argument 'use_cache'": "get_text_config().use_cache",
            "TypeError: GemmaForCausalLM.__init__() got an unexpected keyword argument 'dtype'": (
                "torch_dtype"
            ),
            '  File "/x/dist-packages/tensorrt_llm/models/hf.py", line 281, in _build_model\n    '
            "model = cls.from_config(c)\n"
            "TypeError: Gemma3ForConditionalGeneration.__init__() got an unexpected keyword "
            "argument 'use_cache'": "from_config handed",
            "TypeError: Gemma3ForCausalLM.__init__() got an unexpected keyword argument 'abc'": (
                "goes to the class"
            ),
        },
    ),
)
