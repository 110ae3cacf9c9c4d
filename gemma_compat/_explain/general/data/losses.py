"""Losses that refuse their labels: other types, shapes and numbers than the head has."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

_WHOLE = {"Long", "Int", "Short", "Byte", "Char", "Bool"}
# A loss whose labels are wanted as floats, and one whose labels are numbers of classes.
_AS_FLOATS = (
    "labels.float()   in the collator or the data set: mean squares (num_labels=1) and several "
    "labels for each row want floats"
)


def _backward_types(case: Case) -> Answer:
    """Tell labels of another type, which a message names Long or Double, from two precisions."""
    one, other = case.match["one"], case.match["other"]
    labels = {one, other} & (_WHOLE | {"Double"})
    if labels:
        whole = labels & _WHOLE
        return Answer(
            f"the backward pass meets {one} where it has to be {other}: labels of another type "
            "than the outputs, most likely",
            (
                _AS_FLOATS
                if whole
                else "labels.float()   : NumPy and pandas hand over float64, torch's Double",
                'classes: problem_type="single_label_classification" and num_labels of their number'
                if whole
                else "torch.tensor(values, dtype=torch.float32)   where tensors are made of them",
            ),
            why="the forward pass of some losses takes both types; their gradient does not",
            known="the message has both types; which tensor it is, it does not say",
            certain=False,
            settles=False,
        )
    return Answer(
        f"the backward pass meets {one} where it has to be {other}: a loss in one precision, its "
        "input in another",
        (
            "one precision: dtype=torch.bfloat16 at loading with bf16=True, or float32 for both",
            "a loss of your own: logits.float() and labels in float32",
        ),
        why="the forward pass lets some losses (mean squares, binary cross-entropy) mix types; "
        "their gradient does not",
        known="the message has both types; which tensor it is, it does not say",
        certain=False,
        settles=False,
    )


def _sizes(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def _labels_of_another_shape(case: Case) -> Answer:
    """Answer by the two shapes: a dimension of 1, another number of classes, or class numbers."""
    target, outputs = _sizes(case.match["target"]), _sizes(case.match["input"])
    if [n for n in target if n != 1] == [n for n in outputs if n != 1]:
        do = (
            "logits.squeeze(-1)   in a loss of your own, or labels.unsqueeze(-1).float(): the one "
            "shape for both",
            "num_labels=2 and whole numbers as labels   for two classes in a class of transformers",
        )
    elif len(target) == len(outputs) > 1:
        do = (
            f"num_labels={target[-1]} in from_pretrained   : a row of labels has that many numbers",
            "print(len(label_list), model.config.num_labels)   : which of the two is meant",
        )
    else:
        do = (
            'problem_type="single_label_classification"   with one whole number for each row',
            "several labels for each row: rows of floats, one for each class",
        )
    return Answer(
        f"labels of shape [{case.match['target']}] meet outputs of shape [{case.match['input']}]",
        do,
        why="binary cross-entropy wants a number for each output; a class of transformers takes "
        "that loss for labels that are floats, and one of classes for whole numbers",
        known="the message has both shapes",
        settles=False,
    )


# More classes than a classifier has: numbers of tokens.
_OF_A_VOCABULARY = 2_000


def _no_such_class(case: Case) -> Answer:
    label = int(case.match["label"])
    if label < 0:
        return Answer(
            f"the label {label} is not a class of the head",
            (
                "print(set(dataset['label']))   : rows without a label have -1 in some data sets "
                "(the test part of GLUE)",
                "dataset.filter(lambda row: row['label'] >= 0)   or -100 for what the loss is to "
                "leave out",
            ),
            known="the message has the label; of negative ones the loss skips -100 alone, unless "
            "ignore_index says otherwise",
        )
    if label >= _OF_A_VOCABULARY:
        return Answer(
            f"the label {label} is not below the number of outputs: a token that the head does not "
            "have, by its size",
            (
                "print(len(tokenizer), model.config.get_text_config().vocab_size)",
                "model.resize_token_embeddings(len(tokenizer))   where tokens were added, and the "
                "tokenizer of that very checkpoint otherwise",
            ),
            known="the message has the label; that it is a token is read off its size",
            certain=False,
            settles=False,
        )
    return Answer(
        f"the label {label} is not a class of the head",
        (
            f"num_labels={label + 1} or more in from_pretrained, or labels that begin at 0",
            "a language model's loss: a token id that is not below vocab_size",
        ),
        known="the message has the label",
    )


KINDS: tuple[General, ...] = (
    General(
        "types-in-the-backward-pass",
        r"Found dtype (?P<one>\w{3,12}) but expected (?P<other>\w{3,12})",
        _backward_types,
        {
            "RuntimeError: Found dtype Float but expected BFloat16": "logits.float()",
            "RuntimeError: Found dtype Long but expected Float": "labels.float()",
            "RuntimeError: Found dtype Double but expected Float": "float64",
        },
    ),
    General(
        "labels-of-another-shape",
        r"(?:Target|target) size \(torch\.Size\(\[(?P<target>[\d, ]*)\]\)\) (?:must be the same as|"
        r"that is different to) (?:the )?input size \(torch\.Size\(\[(?P<input>[\d, ]*)\]\)\)",
        _labels_of_another_shape,
        {
            "ValueError: Target size (torch.Size([8])) must be the same as input size "
            "(torch.Size([8, 2]))": "[8] meet outputs of shape [8, 2]",
            "ValueError: Target size (torch.Size([8])) must be the same as input size "
            "(torch.Size([8, 1]))": "squeeze(-1)",
            "ValueError: Target size (torch.Size([8, 5])) must be the same as input size "
            "(torch.Size([8, 2]))": "num_labels=5",
            "ValueError: Using a target size (torch.Size([8])) that is different to the input size "
            "(torch.Size([8, 1])) is deprecated.": "squeeze(-1)",
        },
    ),
    General(
        "labels-that-are-no-floats",
        r"result type B?Float(?:16)? can't be cast to the desired output type Long|"
        r"result type Half can't be cast to the desired output type Long",
        lambda case: (
            Answer(
                "binary cross-entropy got labels of whole numbers, and wants floats",
                (_AS_FLOATS,),
                why="problem_type='multi_label_classification' takes this loss",
                known="the message; that it is the loss, a frame shows",
            )
            if case.says(r"binary_cross_entropy|BCEWithLogits")
            else None
        ),
        {
            "    return torch.binary_cross_entropy_with_logits(\nRuntimeError: result type Float "
            "can't be cast to the desired output type Long": "labels.float()",
            "RuntimeError: result type Float can't be cast to the desired output type Long": "",
        },
    ),
    General(
        "label-outside-the-classes",
        r"\bTarget (?P<label>-?\d+) is out of bounds",
        _no_such_class,
        {
            "IndexError: Target 3 is out of bounds.": "num_labels=4",
            "IndexError: Target -1 is out of bounds.": "-100",
            "IndexError: Target 50257 is out of bounds.": "len(tokenizer)",
        },
    ),
)
