"""What a function of torch is given where it takes a tensor."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

# Functions that make a loss or probabilities of what a model returned.
_OF_OUTPUTS = re.compile(
    r"cross_entropy|nll_loss|\bloss|softmax|logsigmoid|log_sigmoid|gather|argmax|topk|mse|kl_div|"
    r"^(?:softmax|gather|argmax|max|sum|mean|stack|sigmoid)$"
)
_AN_OUTPUT = re.compile(r"\w*Output\w*$")


def _plain(function: str, kind: str) -> Answer:
    return Answer(
        f"the model is given a {kind} in place of a tensor"
        if function == "embedding"
        else f"{function or 'a function of torch'}() is given a {kind} in place of a tensor",
        (
            'tokenizer(text, return_tensors="pt")',
            "apply_chat_template(..., return_dict=True, return_tensors='pt')   and "
            "model.generate(**inputs)",
        ),
        why="from transformers 5 on apply_chat_template gives a dict by default, where it gave "
        "token ids",
        known="the message names the kind; the last was read in 4.57.6 and 5.23.0",
        settles=function == "embedding",
    )


def _of_several(function: str, kind: str) -> Answer:
    return Answer(
        f"{function}() is given a {kind} in place of a tensor",
        (
            f"x[0]   where the {kind} holds a model's or a layer's outputs; torch.stack(x) or "
            "torch.tensor(x) where it holds rows",
            "print(type(x), len(x))   right before the last line of the script in the traceback",
        ),
        why="models and layers return tuples in some releases and tensors in others; rows of a "
        "data set are lists",
        known="the message names function and kind; where the value comes from, the frames show",
        settles=False,
    )


def _by_kind(case: Case) -> Answer | None:
    """Answer by the function, and by what it was given in place of a tensor."""
    function = case.match["function"] or ""
    kind = case.match["kind"].rpartition(".")[2]
    if function in {"max", "sigmoid"}:
        return None  # other kinds know more
    if kind == "NoneType":
        return _none(case, function)
    if kind == "str" and function != "embedding":
        return _unpacked(function)
    if _AN_OUTPUT.match(kind):
        return Answer(
            f"{function}() is given the whole output of a model, a {kind}, in place of a tensor "
            "of it",
            (
                "outputs.last_hidden_state (or .pooler_output, .logits)   in place of outputs",
                "print(outputs.keys())   : which tensors it has",
            ),
            why="a model of transformers returns an object with names; which one a release "
            "returns may have changed",
            known="the message names the class",
            settles=False,
        )
    if kind in {"tuple", "list"} and function != "embedding":
        return _of_several(function, kind)
    return _plain(function, kind)


_NO_IDS = Answer(
    "the model is called without token ids: they are None",
    (
        "print(batch.keys())   before the call: input_ids has to be among them (and "
        "decoder_input_ids or labels, for an encoder and decoder)",
        "model(input_ids=...)   by name, where they are handed over in another place",
    ),
    known="the message: the embedding looks up None; who left the ids out, the frames show",
    settles=False,
)


def _none(case: Case, function: str) -> Answer:
    """Answer None: ids that a batch lacks, or logits that were left out."""
    if function == "embedding":
        return _NO_IDS
    if not _OF_OUTPUTS.search(function):
        return Answer(
            f"{function}() is given None in place of a tensor",
            (
                "print what stands in the brackets of the last line of the script in the traceback",
                "print(batch.keys())   : an input that the collator leaves out is None",
            ),
            known="the message names the function; which value is None, it does not say",
            settles=False,
        )
    fused = re.search(r"(?i)unsloth|liger", f"{case.frames}\n{case.near}")
    whole = "print(outputs.keys(), outputs.logits is None)   : what the model returned"
    if not fused:
        return Answer(
            f"{function}() is given None, where a model's output is expected",
            (
                whole,
                "a loss in pieces (Liger, Unsloth) returns no logits: without it, "
                "use_liger_kernel=False",
            ),
            known="the message; which output it is, the frames show",
            settles=False,
        )
    name = "Unsloth" if fused[0].lower() == "unsloth" else "Liger"
    unsloth = "import os; os.environ['UNSLOTH_RETURN_LOGITS'] = '1'   before unsloth is imported"
    return Answer(
        f"{function}() is given None, where a model's output is expected: {name} computes the loss "
        "without logits, and returns none",
        (
            unsloth if name == "Unsloth" else "use_liger_kernel=False   in the training arguments",
            whole,
        ),
        known=f"the message, and {name} in the log; that the logits are what is None is likely",
        certain=False,
        settles=False,
    )


def _unpacked(function: str) -> Answer:
    """Answer a name of a field that stands for its tensor."""
    return Answer(
        f"{function}() is given a text in place of a tensor: the name of a field, most likely, "
        f"as a "
        "model's output was unpacked like a tuple",
        (
            "outputs = model(...); outputs.last_hidden_state (or .pooler_output, .logits)   in "
            "place of a, b = model(...)",
            "or model(..., return_dict=False), which gives a tuple",
            "a text of your own that is to be computed with: tokenizer(text, return_tensors='pt') "
            "first",
        ),
        why="transformers from 4.0 on returns an object with names, and unpacking it gives the "
        "names",
        known="the message; where the text comes from, the line before shows",
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "embedding-of-the-wrong-type",
        r"(?P<function>[a-z]\w{1,40})\(\): argument '(?:input|indices|self)' \(position \d\) "
        r"must be "
        r"Tensor, not (?P<kind>[\w.]{2,60})",
        _by_kind,
        {
            "TypeError: embedding(): argument 'indices' (position 2) must be Tensor, not list": (
                "a list in place of a tensor"
            ),
            "TypeError: embedding(): argument 'indices' (position 2) must be Tensor, not "
            "NoneType": ("input_ids has to be"),
            "TypeError: dropout(): argument 'input' (position 1) must be Tensor, not str": (
                "last_hidden_state"
            ),
            "TypeError: linear(): argument 'input' (position 1) must be Tensor, not "
            "BaseModelOutputWithPooling": "the whole output",
            "TypeError: linear(): argument 'input' (position 1) must be Tensor, not tuple": "x[0]",
            "TypeError: cross_entropy_loss(): argument 'input' (position 1) must be Tensor, not "
            "NoneType": "use_liger_kernel=False",
            "import unsloth\nTypeError: cross_entropy_loss(): argument 'input' (position 1) must "
            "be Tensor, not NoneType": "UNSLOTH_RETURN_LOGITS",
            "TypeError: layer_norm(): argument 'input' (position 1) must be Tensor, not NoneType": (
                "batch.keys()"
            ),
            "TypeError: max(): argument 'input' (position 1) must be Tensor, not list": "",
        },
    ),
)
