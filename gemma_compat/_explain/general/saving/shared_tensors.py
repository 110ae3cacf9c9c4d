"""Tensors under two names, which safetensors refuses to write, by who saves."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General


def _tied(case: Case) -> Answer:
    named = re.search(r"\[\{.{0,2000}?\}", case.around) or re.search(r"\[\{.*", case.around)
    if named is not None and not re.search(r"head|embed'|score|output", named[0]):
        return Answer(
            "several names hold one tensor, and safetensors refuses to write it twice",
            (
                "model.save_pretrained(FOLDER)   which leaves out the names that are tied",
                "or safetensors.torch.save_model(model, FILE) in place of save_file(state_dict, "
                "FILE)",
                "or {k: v.clone() for k, v in state.items()}   where each name is to have a copy",
            ),
            why="tied weights (embeddings, mostly) are one tensor under several names; save_file "
            "takes a dict and knows of no ties",
            known="the message names the tensors",
        )
    told = (
        "the output head is tied to the input embeddings: two names hold one tensor, and "
        "safetensors refuses to write it twice"
    )
    saver = _saver(case, named[0] if named else "")
    if saver is not None:
        do, why = saver
        return Answer(
            told, do, why=why, known="the message names the tensors; the frames, the saver"
        )
    return Answer(
        told,
        (
            "model.tie_weights() right before model.save_pretrained(...)",
            "or save_pretrained(..., safe_serialization=False) (LLaMA-Factory: "
            "export_legacy_format: true)",
        ),
        why="merging or wrapping left the model with a tie that its config does not "
        "announce, so save_pretrained does not know which of the names to leave out",
        known="the message names the tensors",
    )


def _saver(case: Case, named: str) -> tuple[tuple[str, ...], str] | None:
    """Return what to do and why, by who saves; ``None`` for a plain save_pretrained."""
    around = f"{case.around}\n{case.near}"
    if re.search(r"unsloth[/\\]save\.py|save_pretrained_merged|push_to_hub_merged", around):
        return (
            'model.save_pretrained_merged(FOLDER, tokenizer, save_method="merged_16bit")   in '
            "place of a 4-bit merge",
            "or pip install -U unsloth unsloth_zoo, and save again",
        ), "Unsloth hands the tensors to safetensors itself, and some of its ways keep both names"
    if re.search(r"accelerate[/\\]\S{0,40}\.py\D{1,6}\d+, in save_(?:state|accelerator)", around):
        return (
            "accelerator.save_state(FOLDER, safe_serialization=False)",
            "or pip install -U accelerate   : newer ones leave out one of the names",
        ), "save_state writes the whole state_dict, in which both names are"
    own_class = (
        '_tied_weights_keys = ["output.weight"]   in the class, with the name of the head, where '
        "it is a PreTrainedModel of your own (transformers 5: a dict, head to embedding)",
        "or TrainingArguments(save_safetensors=False)   up to transformers 4",
        "or safetensors.torch.save_model(model, FILE)",
    )
    if re.search(r"trainer\.py\D{1,6}\d+, in _save\b", around) or not re.search(
        r"lm_head|embed_tokens|shared\.|wte", named or "lm_head"
    ):
        return own_class, (
            "a class of transformers says which of its names are tied; a module or class of one's "
            "own that does not is written whole"
        )
    return None


KINDS: tuple[General, ...] = (
    General(
        "tied-tensors-refused",
        r"Some tensors share memory, this will lead to duplicate memory|"
        r"shar(?:ed?|ing) memory.{0,60}lm_head|"
        r"shared tensors .{0,200} that are mismatching the transformers base|"
        r"(?:due to|because of) (?:the )?shared (?:tensors|weights)",
        _tied,
        {
            "            Some tensors share memory, this will lead to duplicate memory on disk and "
            "potential differences when loading them again: [{'lm_head.weight', 'embed'}].": "tie",
            "Saving in safetensors format fails for Gemma 2 due to shared tensors": "tie_weights",
            "RuntimeError: Some tensors share memory, this will lead to duplicate memory on disk "
            "and potential differences when loading them again: [{'decoder.embed_tokens.weight', "
            "'shared.weight'}]": "safetensors.torch.save_model",
            "RuntimeError: \n    Some tensors share memory, this will lead to duplicate memory on "
            "disk: [{'output.weight', 'tok_embeddings.weight'}]": "_tied_weights_keys",
            'Traceback (most recent call last):\n  File "/x/site-packages/unsloth/save.py", line '
            "8, in unsloth_save_model\n    f()\nRuntimeError: Some tensors share memory, this will "
            "lead to duplicate memory on disk: [{'model.embed_tokens.weight', 'lm_head.weight'}]": (
                "merged_16bit"
            ),
            'Traceback (most recent call last):\n  File "/x/site-packages/accelerate/'
            'accelerator.py", line 2825, in save_state\n    f()\nRuntimeError: Some tensors share '
            "memory, this will lead to duplicate memory on disk: [{'base_model.lm_head.weight', "
            "'base_model.transformer.wte.weight'}]": "safe_serialization=False",
        },
        alone=True,
    ),
)
