"""What PEFT's configs want: required fields, ranges, and the one adapter that may be trained."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _required(case: Case) -> Answer:
    names = ", ".join(re.findall(r"\w{3,40}", case.match["names"]))
    return Answer(
        f"adapter_config.json lacks what this PEFT requires: {names}",
        (
            'add it to the file: "peft_type": "LORA" for LoRA',
            "or save the adapter again with model.save_pretrained(FOLDER)",
        ),
        why="another program (mlx, llama.cpp, another trainer) wrote the file, or it was cut",
        known="the message names the fields",
    )


# What PEFT's models for a task pass on whether it was given or not.
_PASSED_ON = r"inputs_embeds|labels|output_attentions|output_hidden_states|return_dict"


def _passed_on(case: Case) -> Answer | None:
    if (case.packages or [""])[-1] != "peft":
        return None
    return Answer(
        f"PEFT passes {case.match['name']} to the model, whose own forward() has no such argument",
        (
            "LoraConfig(...) without task_type: PEFT then adds nothing to what it is given",
            "or give the model's forward() all five: inputs_embeds, labels, output_attentions, "
            "output_hidden_states, return_dict",
            "prompt tuning, p-tuning: a model that takes inputs_embeds, or LoRA, which needs none",
        ),
        why="PEFT's models for a task pass on these five arguments, even where they are None; "
        "prompt methods hand over embeddings in place of token ids",
        known="the frame is PEFT's; read in peft 0.13.2 and 0.21.2",
        settles=False,
    )


def _without_a_head(case: Case) -> Answer:
    return Answer(
        f"{case.match['bare']}.forward() takes no labels: a model without a head computes no loss",
        (
            "AutoModelForCausalLM (or the class of your task) in place of AutoModel, where labels "
            "are to give a loss",
            "where the hidden states are wanted: LoraConfig(...) without task_type, so that PEFT "
            "adds nothing to what it is given",
        ),
        why="PEFT's model for a task (task_type='CAUSAL_LM' and others) passes labels on even "
        "where there are none; other callers pass the batch's column of that name",
        known="the class and the argument are in the message; that PEFT passes labels was read in "
        "peft 0.13.2 and 0.21.2",
        settles=False,
    )


# What PEFT says of options that do not go together, and what to set.
_REFUSED = (
    ("in_features", "a block size that divides the layer's width: print(module.in_features)"),
    ("`layers_to_transform` cannot", "target_modules=['q_proj', 'v_proj']   a list, with "
     "layers_to_transform"),
    ("Cannot combine adapters", "PeftMixedModel (get_peft_model(..., mixed=True)) or one kind of "
     "adapter for all"),
    ("You can only specify either r", "OFTConfig(oft_block_size=32, r=0)   or r alone"),
    ("gradient checkpointing", "gradient_checkpointing=False, or LoRA in place of a prefix"),
)  # fmt: skip


def _refused(case: Case) -> Answer | None:
    if not re.search(r"[/\\]peft[/\\]", case.frames):
        return None
    for text, do in _REFUSED:
        if text in case.hit.text:
            said = case.hit.text.partition(": ")[2].strip().rstrip(".!")
            return Answer(
                f"PEFT refuses the adapter's options: {said}", (do,), known="PEFT says so"
            )
    return None


KINDS: tuple[General, ...] = (
    General(
        "lora-model-of-another-peft",
        r"'?LoraModel'? object has no attribute '?_(?:get_submodules|find_and_replace)\b",
        always(
            "the code calls a private method of PEFT's LoraModel that newer releases do not have",
            "model = model.merge_and_unload()   in place of a loop over its layers (PEFT 0.3.0 and "
            "newer)",
            "or from peft.utils.other import _get_submodules; _get_submodules(model, key)",
            why="0.2.0 has it as a method, 0.3.0 as a function",
            known="read in peft 0.2.0, 0.3.0 and 0.12.0",
            settles=False,
        ),
        {
            "Attribute Error: 'LoraModel' object has no attribute _get_submodules(). ": (
                "merge_and_unload"
            ),
            "AttributeError: 'LoraModel' object has no attribute '_get_submodules'": "0.3.0",
            "AttributeError: 'LoraModel' object has no attribute 'odd'": "",
        },
        alone=True,
    ),
    General(
        "options-that-peft-refuses",
        r"ValueError: (?:in_features \(\d+\) must be divisible by \w{1,10}_block_size|"
        r"`layers_to_transform` cannot be used when `target_modules` is a str|Cannot combine "
        r"adapters with different peft types|You can only specify either r \(\d+\) or oft_block|"
        r"\w{1,20}_TUNING does not work with gradient checkpointing)",
        _refused,
        {
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/peft/tuners/boft/layer.py", '
            "line 3, in update_layer\n    raise ValueError(\nValueError: in_features (64) must be "
            "divisible by boft_block_size (7)!": "block size that divides",
            'Traceback (most recent call last):\n  File "/x/site-packages/peft/peft_model.py", '
            "line "
            "3, in f\n    raise\nValueError: PREFIX_TUNING does not work with gradient "
            "checkpointing.": "gradient_checkpointing=False",
            "ValueError: in_features (64) must be divisible by boft_block_size (7)!": "",
        },
    ),
    General(
        "adapter-config-lacks-a-field",
        r"config that is trying to be loaded is missing required keys: (?P<names>[^\n]{2,120})|"
        r"KeyError: (?P<key>'peft_type'|'task_type')",
        lambda case: (
            _required(case)
            if case.match["names"]
            else None
            if case.is_of_the_script
            else Answer(
                f"adapter_config.json has no {case.match['key']}, so PEFT cannot tell what kind of "
                "adapter it is",
                (
                    'add "peft_type": "LORA" (and "task_type": "CAUSAL_LM") to the file',
                    "or give the folder that PEFT itself wrote: it has adapter_config.json beside "
                    "adapter_model.safetensors",
                ),
                why="adapters of mlx and of other programs have a file of that name with other "
                "fields",
                known="the message names the field",
            )
        ),
        {
            "KeyError: 'peft_type'": "LORA",
            'Traceback (most recent call last):\n  File "/w/a.py", line 9, in f\n    t = '
            "row['task_type']\nKeyError: 'task_type'": "",
            "TypeError: The LoraConfig config that is trying to be loaded is missing required "
            "keys: {'peft_type'}.": "peft_type",
        },
    ),
    General(
        "rank-of-nothing",
        r"`r` should be a positive integer[ \w]{0,8},? but the value passed is",
        always(
            "the rank of the adapter is not a whole number above 0",
            "LoraConfig(r=16, lora_alpha=32)",
        ),
        {
            "ValueError: `r` should be a positive integer value but the value passed is 0": "r=16",
            "ValueError: `r` should be a positive integer or 0, but the value passed is -1": "r=16",
        },
    ),
    General(
        "adapters-of-two-ranks",
        r"All adapters must have the same r value when using combination_type|"
        r"Cannot add weighted adapters if they target|"
        r"Cannot add weighted adapters targeting the same module",
        always(
            "adapters are added up that do not have the same rank, or that train whole modules",
            'model.add_weighted_adapter([...], weights=[...], combination_type="svd")   or "cat"',
            "modules_to_save cannot be added up: merge one adapter, then the next",
        ),
        {
            "ValueError: All adapters must have the same r value when using combination_type "
            "linear, ties, dare_ties or dare_linear.": '"svd"'
        },
    ),
    General(
        "adapter-names-while-training",
        r"Cannot pass `adapter_names` when the model is in training mode|"
        r"Trying to infer with non-existing adapter",
        lambda case: Answer(
            "adapter_names names an adapter that the model does not have"
            if case.match[0].startswith("Trying")
            else "adapter_names chooses an adapter for each row, and that is for inference only",
            ("model.eval()   before the call, and names from model.peft_config.keys()",),
        ),
        {
            "ValueError: Cannot pass `adapter_names` when the model is in training mode.": (
                "inference only"
            ),
            "ValueError: Trying to infer with non-existing adapter(s): b": "does not have",
        },
    ),
    General(
        "class-for-another-task",
        r"Expected target PEFT class: (?P<wanted>\w{3,60}), but you have asked for: "
        r"(?P<asked>\w{3,60})|Cannot infer the auto class from the config",
        lambda case: Answer(
            "the adapter was trained for another task than this class loads"
            + (
                f": {case.match['wanted']}, not {case.match['asked']}"
                if case.match["wanted"]
                else ""
            ),
            (
                "the class of the adapter's task_type: AutoPeftModelForCausalLM for CAUSAL_LM, "
                "AutoPeftModelForSequenceClassification for SEQ_CLS",
                "or PeftModel.from_pretrained(base, ADAPTER) with a base that you load",
            ),
            known="the message; adapter_config.json has the task_type",
        ),
        {
            "ValueError: Expected target PEFT class: PeftModelForCausalLM, but you have asked for: "
            "PeftModelForSequenceClassification make sure that you are loading the correct model "
            "for your task type.": "PeftModelForCausalLM, not"
        },
    ),
    General(
        "target-modules-of-two-kinds",
        r"Invalid type <class '(?P<kind>\w{1,20})'> found in target_modules|"
        r"all adapter configs must follow the same target modules type",
        always(
            "adapters are to be combined whose target_modules are of kinds that this PEFT does not "
            "combine",
            "pip install -U peft   : newer ones take lists, sets and texts",
            "model.peft_config[NAME].target_modules = set(...)   alike for all of them, before "
            "add_weighted_adapter",
            why="a saved config holds a list, one that is made in Python may hold a set or a text",
            known="PEFT's check says so",
            settles=False,
        ),
        {
            "throws error: \"Invalid type <class 'list'> found in target_modules\"": (
                "pip install -U peft"
            ),
            "ValueError: Invalid type <class 'list'> found in target_modules": "set(...)",
        },
        alone=True,
    ),
    General(
        "labels-for-a-model-without-a-head",
        r"\b(?P<bare>[A-Z]\w{1,60}(?<!Head)(?<!Heads)(?<!Decoder)Model)\.forward\(\) got an "
        r"unexpected keyword argument 'labels'",
        _without_a_head,
        {
            "TypeError: GemmaModel.forward() got an unexpected keyword argument 'labels'": (
                "without a head"
            ),
            "TypeError: GPT2LMHeadModel.forward() got an unexpected keyword argument 'labels'": "",
        },
        alone=True,
    ),
    General(
        "argument-that-peft-passes-on",
        rf"forward\(\) got an unexpected keyword argument '(?P<name>{_PASSED_ON})'",
        _passed_on,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/peft/peft_model.py", '
            "line 1200, in forward\n    return self.base_model(inputs_embeds=x)\n"
            "TypeError: forward() got an unexpected keyword argument 'inputs_embeds'": (
                "without task_type"
            ),
            'Traceback (most recent call last):\n  File "/x/site-packages/trl/x.py", line 1200, in '
            "f\n    model(labels=x)\nTypeError: forward() got an unexpected keyword argument "
            "'labels'": "",
        },
    ),
)
