"""Answers where target_modules finds nothing in the model."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

_ON_ANOTHER_ADAPTER = Answer(
    "target_modules names the inside of an adapter's own layers (base_layer, lora_A), "
    "which a plain model does not have",
    (
        "target_modules of the layers themselves (q_proj, v_proj, ..., or all-linear), "
        "and train again",
        "for this adapter: the first one on the base again, not merged, and this one on "
        "that: PeftModel.from_pretrained(PeftModel.from_pretrained(base, FIRST), THIS)",
    ),
    why="the names were collected from a model that had an adapter already, so that the "
    "second one lay upon the first; without the first, its layers have no place",
    known="PEFT says so; base_layer and lora_A are names of PEFT's layers",
)


def _of_layers(message: str) -> Answer | None:
    layers = re.search(r"You specified 'layers_to_transform': (\[?[\d, ]{1,60}\]?)", message)
    if layers is None:
        return None
    return Answer(
        "no module has both a name of target_modules and a layer of layers_to_transform: "
        f"{layers[1]}",
        (
            "print(model.config.get_text_config().num_hidden_layers)   : layers count from 0",
            "or leave layers_to_transform out; layers_pattern, where the layers' list has "
            "another name than layers",
        ),
        known="PEFT adds the layers to its message; which of the two fits nothing, it does not say",
    )


def _of_moved_paths(names: str) -> Answer | None:
    """Answer paths of the multimodal Gemma 3, which transformers 4.52 moved."""
    if re.search(r"(?<!model\.)language_model\.model\.layers", names):
        return Answer(
            "the pattern in target_modules is of the old module path, and matches nothing",
            (
                "write it for model.language_model.layers in place of language_model.model.layers",
                "or target_modules='all-linear'",
            ),
            why="transformers 4.52 moved the decoder of the multimodal Gemma 3 (and PaliGemma) "
            "from language_model.model.layers to model.language_model.layers",
            known="the pattern is in the message; the paths are those of transformers 4.51.3 and "
            "4.52.4",
            of_gemma=True,
        )
    if re.search(r"model\.language_model\.", names):
        return Answer(
            "the pattern in target_modules matches nothing in this model",
            (
                "before transformers 4.52 the path was language_model.model.layers; a text-only "
                "checkpoint has model.layers",
                "print([n for n, _ in model.named_modules()][:40]) shows the names that are there",
            ),
            why="module paths of the multimodal Gemma 3 moved in transformers 4.52",
            known="the pattern is in the message; which release ran decides",
            certain=False,
            of_gemma=True,
        )
    return None


_LOADS_ADAPTER = re.compile(
    r"\b(?:Auto)?PeftModel\w*\.from_pretrained|\bSwift\.from_pretrained|\bload_adapter\b|"
    r"adapter_name_or_path|--adapters?\b|lora_path"
)


def _of_no_list(names: str) -> Answer | None:
    """Answer a target that is empty, or a string where names were meant."""
    if names.strip() in {"[]", "{}", "()", "set()", "''", ""}:
        return Answer(
            "target_modules is empty: no name was handed to PEFT",
            (
                "target_modules='all-linear'   or the names: ['q_proj', 'k_proj', 'v_proj', "
                "'o_proj']",
                "print(target_modules)   where the script makes it",
            ),
            why="a search for Linear4bit or Linear8bitLt finds none in a model that "
            "was loaded in 16 bits, and a filter may leave none",
            known="the message lists what was asked for: nothing",
        )
    if re.fullmatch(r"'?[\w.]+(?:\s?,\s?[\w.]+)+'?", names.strip()):
        parts = ", ".join(f"'{part.strip()}'" for part in names.strip().strip("'").split(","))
        return Answer(
            "target_modules is one string, and PEFT takes a string for one regular expression",
            (f"target_modules=[{parts}]", "or target_modules='all-linear'"),
            why="no module's path has commas in it, so the expression matches none",
            known="the message shows what was asked for, without brackets",
        )
    return None


def _of_an_adapter(case: Case, names: str) -> Answer | None:
    """Answer where a saved adapter is put on a model that lacks its layers."""
    near = f"{case.near}{case.around}"
    if re.search(r"\bget_peft_model\b", case.frames) or not _LOADS_ADAPTER.search(near):
        return None
    bare = re.search(r"\bAutoModel\.from_pretrained", near) is not None
    return Answer(
        "the adapter's layers are not in the model that it is put on",
        (
            "load the base by the class that was trained: AutoModelForCausalLM, or the one in its "
            "config.json under architectures"
            + (", not AutoModel, whose paths lack the leading model." if bare else ""),
            "the base that adapter_config.json names (base_model_name_or_path), by the transformers"
            " that trained it",
            "print([n for n, _ in model.named_modules()][:40])   beside target_modules in "
            "adapter_config.json",
        ),
        why="target_modules comes from the adapter's file, so its names fitted the model of the "
        "training; another class, another base or another release names its layers otherwise",
        known="PEFT says so, and the log loads a saved adapter; which of these it is, it does not "
        "say",
        settles=False,
    )


def not_found(case: Case) -> Answer:
    names = case.match["names"].replace("\\", "")
    if re.search(r"\bbase_layer\b|\blora_[AB]\b|\blora_dropout\b", names):
        return _ON_ANOTHER_ADAPTER
    special = _of_no_list(names) or _of_layers(case.message)
    special = special or (None if case.log.is_other else _of_moved_paths(names))
    special = special or _of_an_adapter(case, names)
    if special is not None:
        return special
    return Answer(
        "no module of this model has a name that target_modules asks for",
        (
            "target_modules='all-linear'",
            "print({n.split('.')[-1] for n, _ in model.named_modules()}) shows the names",
        ),
        why="the names are another family's, or the pattern is not written for this model's paths",
        known="PEFT says so; it lists what was asked for",
    )
