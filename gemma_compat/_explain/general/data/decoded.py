"""What is decoded in place of a row of token ids."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General


def _decoded(case: Case) -> Answer:
    """Answer what is decoded in place of one row of token ids."""
    kind = case.match["kind"]
    if kind == "list" and re.search(r"\bbatch_decode\(", case.frames + case.hit.before[-1500:]):
        return Answer(
            "what is decoded has one dimension more than rows of token ids",
            (
                "predict_with_generate=True in Seq2SeqTrainingArguments, or "
                "predictions.argmax(-1) before batch_decode: these are logits",
                "predictions[0]   first, where the predictions are a tuple",
                "print(np.asarray(ids).shape)   before that line: it has to be (rows, tokens)",
            ),
            why="an evaluation hands logits to compute_metrics, a number for each token of the "
            "vocabulary, unless it generates",
            known="batch_decode goes over the rows, and found a list in place of a token in one; "
            "that they are logits is likely",
            certain=False,
            settles=False,
        )
    if kind == "list":
        return Answer(
            "tokenizer.decode is given several rows of tokens, and takes one",
            (
                "tokenizer.batch_decode(ids, skip_special_tokens=True)",
                "or tokenizer.decode(ids[0], skip_special_tokens=True)   for the first row",
            ),
            why="a batch, model.generate's output among them, is a list of rows",
            known="the message: a list stands where a token's number is read",
        )
    return Answer(
        f"{'texts' if kind == 'str' else 'other numbers'} are decoded in place of token ids",
        (
            "print(type(ids), ids[:5])   before that line",
            "logits.argmax(-1)   where logits are decoded; .tolist() for an array",
        ),
        known="the message has the kind of what is decoded",
        settles=False,
    )


_NO_TOKENS = Answer(
    "what is decoded is not token ids: -100 for masked places, or logits",
    (
        "np.where(ids != -100, ids, tokenizer.pad_token_id) before batch_decode",
        "and logits.argmax(-1) first, where compute_metrics gets logits",
    ),
    known="the message is the tokenizer's",
)

KINDS: tuple[General, ...] = (
    General(
        "predictions-that-are-no-tokens",
        r"out of range integral type conversion attempted|OverflowError: can't convert negative "
        r"int to unsigned",
        lambda case: (
            _NO_TOKENS
            if "integral" in case.match[0] or re.search(r"\bdecode|_decode\b", case.frames)
            else None
        ),
        {
            "OverflowError: out of range integral type conversion attempted": "-100",
            'Traceback (most recent call last):\n  File "/x/site-packages/transformers/'
            'tokenization_utils_fast.py", line 650, in _decode\n    text = self._tokenizer.decode('
            "token_ids)\nOverflowError: can't convert negative int to unsigned": "-100",
            "OverflowError: can't convert negative int to unsigned": "",
        },
    ),
    General(
        "rows-decoded-as-one",
        r"argument 'ids': '(?P<kind>list|str|float|numpy\.\w{4,10}|Tensor)' object cannot be "
        r"interpreted as an integer",
        _decoded,
        {
            "TypeError: argument 'ids': 'list' object cannot be interpreted as an integer": (
                "batch_decode"
            ),
            "    preds = tokenizer.batch_decode(preds)\nTypeError: argument 'ids': 'list' object "
            "cannot be interpreted as an integer": "predict_with_generate",
            "TypeError: argument 'ids': 'str' object cannot be interpreted as an integer": "texts",
            "TypeError: argument 'ids': 'float' object cannot be interpreted as an integer": (
                "argmax"
            ),
        },
    ),
)
