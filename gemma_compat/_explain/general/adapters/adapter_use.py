"""Adapters that are put on twice, merged or switched."""

from __future__ import annotations

from ...answer import Answer
from ..base import General, always

KINDS: tuple[General, ...] = (
    General(
        "wrapper-called-by-name",
        r"(?P<name>AuxiliaryTrainingWrapper|ModulesToSaveWrapper)\.forward\(\) missing \d required "
        r"positional argument",
        lambda case: Answer(
            "the model calls a module by keyword that PEFT has wrapped (modules_to_save), and this "
            "PEFT's wrapper takes its input by position only",
            (
                "pip install -U 'peft>=0.20.0'",
                "or leave that module out of modules_to_save (the embedder of images or audio)",
            ),
            why="up to 0.19 the wrapper's forward is (self, x, ...); from 0.20.0 on it takes any "
            "arguments",
            known="the message; the signatures are those of peft 0.15.2, 0.17.1, 0.18.1, 0.19.0 "
            "and 0.20.0",
        ),
        {
            "TypeError: AuxiliaryTrainingWrapper.forward() missing 1 required positional "
            "argument: 'x'": "peft>=0.20.0"
        },
    ),
    General(
        "adapter-put-on-twice",
        r"Adapter with name \w{1,60} already exists|"
        r"already has [^\n]{0,40}(?i:adapter|peft|lora)|"
        r"You are trying to modify a model with PEFT for a second time",
        lambda case: Answer(
            "the model has an adapter of that name already"
            if case.match[0].startswith("Adapter with name")
            else "the model has an adapter already, and another is to be put on it",
            (
                "run the cell that loads the model again, and get_peft_model once",
                "or another adapter_name; model.set_adapter(NAME)",
            ),
            why="get_peft_model changes the model that it is given: a second call lays one adapter "
            "over the other",
        ),
        {
            "ValueError: Adapter with name default already exists. Please use a different name.": (
                "of that name"
            ),
            "RuntimeError: You are trying to modify a model with PEFT for a second time.": (
                "an adapter already, and another"
            ),
            "RuntimeError: function '_has_torch_function' already has a docstring": "",
        },
    ),
    General(
        "no-adapter-to-switch",
        r"No adapter loaded\. Please load|Adapter with name \w{1,60} not found|"
        r"No adapter layers found in the model|Adapter \w{1,60} not found|"
        r"Adapter not found in (?:odict|dict)_keys",
        lambda case: Answer(
            "an adapter was asked for, and the model has none"
            if case.match[0].startswith("No adapter")
            else "an adapter was asked for, and the model has none of that name",
            (
                "model = PeftModel.from_pretrained(model, FOLDER, adapter_name=NAME)   first",
                "print(model.peft_config)   lists those that are there",
            ),
        ),
        {
            "ValueError: No adapter loaded. Please load an adapter first.": "peft_config",
            "ValueError: Adapter with name b not found. Please pass an adapter that is there": (
                "of that name"
            ),
            "set_adapter() throws ValueError: Adapter not found in odict_keys": "adapter_name=NAME",
        },
    ),
    General(
        "merge-refused",
        r"Cannot merge (?!LORA)\w{1,20} layers when the model is|"
        r"Merging LoRA layers is not supported for|Dequantization is not supported for",
        always(
            "an adapter cannot be merged into weights of this kind",
            "PeftModel.from_pretrained(BASE in 16 bits, ADAPTER).merge_and_unload()",
            "and quantize the result anew",
            why="a merge adds to the weights, which only 16 bits hold without loss",
        ),
        {"ValueError: Cannot merge ia3 layers when the model is loaded in 4-bit mode": "16 bits"},
    ),
)
