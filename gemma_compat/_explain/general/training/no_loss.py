"""Answers where a model returned no loss, by what came in and what came out."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case

_OF_PAIRS = Answer(
    "the model returned no loss: a model like CLIP computes one only where it is asked for",
    ("return_loss=True in each batch: a collator that adds it, with remove_unused_columns=False",),
    why="its labels are the pairs themselves, so nothing else tells it that a loss is wanted",
    known="the message lists what came out: logits_per_image is of such models",
)


_WITHOUT_A_HEAD = Answer(
    "the model returned no loss: it was loaded without a head, and returns hidden states",
    (
        "AutoModelForCausalLM (or ...ForSequenceClassification, the class of the task) in "
        "place of AutoModel",
        "and labels in the batch: DataCollatorForLanguageModeling(tokenizer, mlm=False)",
    ),
    why="a class without a head computes no loss, with labels or without",
    known="the message lists what came out: last_hidden_state, and no logits",
)


_WITHOUT_TOKEN_TYPES = Answer(
    "the model returned no loss, though the batch has labels; it lacks token_type_ids, "
    "without which PaliGemma computed none before transformers 4.45",
    (
        "processor(text=prompts, images=images, suffix=answers, return_tensors='pt', "
        "padding='longest')   makes token_type_ids and labels",
        "or pip install -U 'transformers>=4.45'",
    ),
    why="its forward of 4.41.1 to 4.42.0 sets the labels to None where token_type_ids are "
    "missing; another model with images: a class that has no loss",
    known="the message lists what came in; read in the wheels of 4.41.2, 4.42.0 and 4.45.0",
    certain=False,
)


def no_loss_returned(case: Case) -> Answer:
    """Answer by the names that the message lists."""
    outputs, _, inputs = case.match["rest"].partition("inputs it received are")
    if "logits_per_image" in outputs:
        return _OF_PAIRS
    if "last_hidden_state" in outputs and "logits" not in outputs:
        return _WITHOUT_A_HEAD
    if "labels" not in inputs:
        return Answer(
            "the model returned no loss: the rows of a batch hold no labels",
            (
                "DataCollatorForLanguageModeling(tokenizer, mlm=False), which makes the labels",
                "or a labels column; the SFTTrainer makes it from messages, text, or prompt and "
                "completion",
                "dataset.rename_column(NAME, 'labels')   where rows are classified and the "
                "column has another name",
            ),
            why="a causal language model computes its loss from labels; remove_unused_columns "
            "drops every column that forward does not name",
            known="the message lists what came in and what came out",
        )
    if "token_type_ids" not in inputs and "pixel_values" in inputs:
        return _WITHOUT_TOKEN_TYPES
    return Answer(
        "the model returned no loss, though the batch has labels",
        (
            "AutoModelForCausalLM or AutoModelForSequenceClassification in place of AutoModel",
            "or a Trainer of your own whose compute_loss makes the loss from logits and labels",
        ),
        why="the class that was loaded computes none, or its forward was replaced",
        known="the message lists what came in and what came out",
        settles=False,
    )
