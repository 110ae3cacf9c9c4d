"""A list, a dict or a number that is asked for what a tensor has."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

_MOVED = "batch = {name: value.to(model.device) for name, value in batch.items()}"
_KNOWN = "the message; who made the value, the last frames show"


def no_tensor(kind: str, name: str, case: Case) -> Answer:
    """Answer by the kind of value, and by what is asked of it."""
    if kind == "dict":
        return _dict(name)
    if kind == "str":
        return _name(name)
    if kind in {"int", "float"} and (
        re.search(r"\bloss", case.code) or re.search(rf"\bloss\w*\.{name}\b", case.near)
    ):
        return Answer(
            f"the loss is a plain number ({kind}), where the trainer expects a tensor",
            (
                "compute_loss and forward of your own: return the tensor, no loss.item() and no "
                "sum() over a list that may be empty, which is 0",
                "print(type(outputs.loss), outputs.keys())   : what the model returned",
                "pip install -U transformers trl   (unsloth unsloth_zoo, liger-kernel, where they "
                "compute it)",
            ),
            known="the line reads the loss; why it is a number, it does not say",
            settles=False,
        )
    if kind in {"int", "float"}:
        return Answer(
            f"a number ({kind}) stands where a tensor is expected",
            (
                "torch.tensor(value)   in the line that makes it; no .item() before",
                "print(type(value))   before the line of the last frame",
            ),
            known=_KNOWN,
            settles=False,
        )
    return plain_values(kind)


def plain_values(kind: str) -> Answer:
    """Answer rows of plain lists."""
    return Answer(
        f"a {kind} stands where a tensor is expected",
        (
            "return_tensors='pt' in the call of the tokenizer or processor",
            "or a collator that makes tensors: DataCollatorForLanguageModeling(tokenizer, "
            "mlm=False)",
            "or dataset.set_format('torch', columns=[...])",
        ),
        why="rows of a data set are plain lists, until a collator or set_format makes tensors",
        known=_KNOWN,
        certain=False,
        settles=False,
    )


def _dict(name: str) -> Answer:
    if name in {"to", "cuda", "cpu"}:
        return Answer(
            f"a plain dict is to be moved to a device (.{name}), which only what a tokenizer or "
            "processor returns can",
            (_MOVED, "or no such line: a Trainer moves the batch itself"),
            why="a BatchEncoding has .to(device); a collator, a loader and dict(...) make plain "
            "dicts",
            known=_KNOWN,
            settles=False,
        )
    return Answer(
        f"a dict of inputs stands where one tensor is expected (.{name})",
        (
            "model.generate(**inputs), model(**inputs)   in place of model.generate(inputs)",
            "inputs['input_ids']   where the ids alone are meant",
        ),
        why="a tokenizer returns a dict; apply_chat_template too from transformers 5 on, where it "
        "gave token ids (return_dict=False gives them again)",
        known=_KNOWN,
        certain=False,
        settles=False,
    )


def _name(name: str) -> Answer:
    if name in {"to", "cuda", "cpu"}:
        return Answer(
            f"a text is to be moved to a device (.{name}): the name of a batch's column, or a "
            f"column "
            "of texts",
            (
                f"{_MOVED}   : going through a dict gives its names, batch.items() gives the "
                f"tensors "
                "with them",
                "dataset.remove_columns([...])   for columns of texts that the model does not take",
            ),
            known=_KNOWN,
            certain=False,
            settles=False,
        )
    return Answer(
        f"a text stands where a tensor is expected (.{name}): the name of a field, where a model's "
        "output was unpacked like a tuple, or a text that was not tokenized",
        (
            "outputs = model(...); outputs.last_hidden_state (or .logits, .pooler_output)   in "
            "place "
            "of a, b = model(...)",
            "tokenizer(text, return_tensors='pt')   where the model was given a text",
        ),
        why="transformers from 4.0 on returns an object with names, and unpacking it gives the "
        "names",
        known=_KNOWN,
        certain=False,
        settles=False,
    )
