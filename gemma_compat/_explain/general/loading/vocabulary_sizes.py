"""Embeddings and heads whose number of tokens is another in the file than in the model."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

IS_EMBEDDING = re.compile(r"embed_tokens(?!\.lora_)|lm_head(?!\.lora_)|word_embeddings")
_MOST_OF_A_LAYER = 60_000  # rows that a layer may have too
_FEWEST_TOKENS = 20_000  # rows of a table that is one of a vocabulary


def rows(shape: str) -> str:
    """Return the first size of a shape."""
    return shape.partition(",")[0].strip()


def columns(shape: str) -> list[str]:
    """Return the other sizes of a shape."""
    return [size.strip() for size in shape.split(",")[1:]]


def table_of_tokens(saved: str, here: str) -> Answer | None:
    """Answer two shapes that differ in the rows alone, of which a vocabulary has as many."""
    both = (int(rows(saved)), int(rows(here)))
    if columns(saved) != columns(here) or min(both) < _FEWEST_TOKENS:
        return None
    if max(both) < _MOST_OF_A_LAYER and 32_000 not in both and not any(one % 256 for one in both):
        return None  # as wide as the MLP of a large model
    return Answer(
        f"a table of the vocabulary has {rows(saved)} rows in the file and {rows(here)} in the "
        "model",
        (
            f"config.json with vocab_size={rows(saved)}: the one that was saved beside the weights",
            "then model.resize_token_embeddings(len(tokenizer)), where tokens are to be added",
            "or download config.json and weights of one revision anew",
        ),
        why="from_pretrained makes the model by its config, and the config's vocab_size is not "
        "that of the file: a config of another model, or one that was changed",
        known="both shapes are in the message; that it is the vocabulary follows from their size",
        settles=False,
    )


def tokens_of_an_adapter(saved: str, here: str) -> Answer | None:
    """Answer a matrix of an adapter on embeddings or head that differs in the tokens alone."""
    pair = list(zip(saved.split(","), here.split(","), strict=False))
    unlike = [(int(one), int(other)) for one, other in pair if int(one) != int(other)]
    if len(unlike) != 1 or min(unlike[0]) < _FEWEST_TOKENS:
        return None
    of_file, of_model = unlike[0]
    return Answer(
        f"the adapter was trained with {of_file} tokens, and the model that takes it has "
        f"{of_model}",
        (
            f"base.resize_token_embeddings({of_file})   before PeftModel.from_pretrained(base, "
            "FOLDER)",
            "or the base model that adapter_config.json names, where this is another one",
        ),
        why="tokens were added, or the vocabulary padded, before training",
        known="both shapes are in the message; the matrix is that of the embeddings or the head",
        settles=False,
    )


def embeddings(case: Case, saved: str, here: str) -> Answer:
    """Answer embeddings or a head by name, of the same width and with other rows."""
    resize = f"model.resize_token_embeddings({saved}) before the weights are loaded"
    plain = "PeftModel.from_pretrained(BASE_MODEL, FOLDER), which leaves the embeddings alone"
    return Answer(
        f"the embeddings have {saved} rows in the file and {here} in the model",
        (resize, plain) if "AutoPeftModel" in case.above + case.around else (resize,),
        why="tokens were added, or the vocabulary padded, on one of the two sides; "
        "AutoPeftModel sizes the base for the tokenizer that lies beside the adapter",
        known="both shapes are in the message",
    )
