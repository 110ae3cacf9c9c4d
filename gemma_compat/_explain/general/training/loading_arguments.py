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
    "attn_implementation": (
        "pip install -U transformers   (4.36 and newer take it)",
        "the model's class is of an older transformers, or comes from the Hub",
    ),
    "token": ("use_auth_token=...   or pip install -U transformers", "it was renamed"),
    "max_seq_length": ("leave it out: it is of Unsloth's loader and of TRL's config", ""),
    "use_cache": (
        "model.config.get_text_config().use_cache = False   after loading",
        "the config of a multimodal Gemma has use_cache in its text part only",
    ),
}


# What Unsloth's loaders take beyond those of transformers, by release.
_OF_UNSLOTH = frozenset(
    {
        *("fast_inference", "gpu_memory_utilization", "max_lora_rank", "full_finetuning"),
        *(
            "load_in_16bit",
            "load_in_fp8",
            "use_gradient_checkpointing",
            "random_state",
            "float32_mixed_precision",
        ),
        *("disable_log_stats", "qat_scheme", "float8_kv_cache"),
        *(
            "fix_tokenizer",
            "use_exact_model_name",
            "auto_model",
            "whisper_language",
            "offload_embedding",
        ),
    }
)
# Entries of a text config that people set.
_OF_CONFIG = re.compile(
    r"(?:use_cache|num_labels|id2label|rope_\w+|sliding_window|max_position_embeddings|vocab_size|"
    r"hidden_\w+|num_\w+|attention_\w+|final_logit_softcapping|attn_logit_softcapping|"
    r"problem_type|output_\w+|pad_token_id|tie_word_embeddings)"
)


def _of_unsloth(case: Case, name: str, owner: str) -> Answer | None:
    """Answer an option of Unsloth's loaders that an older release of it does not know."""
    if name not in _OF_UNSLOTH or not re.search(
        r"nsloth|\bFast\w*Model\b", f"{case.near}\n{case.around}"
    ):
        return None
    return Answer(
        f"{name} is an option of Unsloth's loaders, and this release of Unsloth handed it on "
        f"to {owner}",
        (
            "pip install -U unsloth unsloth_zoo   and restart the kernel",
            f"or leave {name} out",
        ),
        why="its loader hands on what it does not know itself: FastModel and "
        "FastLanguageModel took their options up release by release",
        known="the message; that the option is Unsloth's was read in unsloth 2026.10.9",
        settles=False,
    )


def _for_loading(case: Case) -> Answer:
    name, owner = case.match["name"], case.match["owner"]
    if found := _of_unsloth(case, name, owner):
        return found
    do, why = _FOR_LOADING.get(name, ("", ""))
    if not do and _OF_CONFIG.fullmatch(name):
        do = f"model.config.get_text_config().{name} = ...   after loading"
    if re.search(r"\bfrom_config\b", case.around) and "from_pretrained" not in case.around:
        return _by_from_config(case)
    by_script = case.is_of_the_script and "from_pretrained" not in case.code
    return Answer(
        f"the script makes {owner} with {name}, which it does not take"
        if by_script
        else f"from_pretrained handed {name} on to {owner}, which takes no such argument",
        (
            *((do,) if do else ()),
            f"or leave {name} out" if do else f"leave {name} out, or write it as this release does",
            *(
                ()
                if do
                else (
                    "pip install -U transformers   where a newer one takes it, or the model does",
                )
            ),
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
                "leave abc out"
            ),
            "FastModel.from_pretrained(x, fast_inference=True)\nTypeError: "
            "Gemma3ForConditionalGeneration.__init__() got an unexpected keyword argument "
            "'fast_inference'": "pip install -U unsloth",
            "TypeError: MyForCausalLM.__init__() got an unexpected keyword argument "
            "'attn_implementation'": "4.36",
        },
    ),
)
