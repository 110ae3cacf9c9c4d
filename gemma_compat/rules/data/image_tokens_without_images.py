"""The image tokens of a batch and its images do not match in number.

## What breaks
Processing ends with `Prompt contained 1 image tokens but received 2 images`, or the first forward
with `Image features and image tokens do not match`.

## Why
A prompt was written without the placeholder of each image or with one too many, or truncation
(`max_length`) cut image tokens off. The dataset decides, so nothing can be told before the batch.

## Cure
One image placeholder in the prompt for each image, in the same order, and `max_length=None` or long
enough for data with images: one image takes 256 tokens of a Gemma 3.
"""

from __future__ import annotations

from ...engine.rule import Applicability, Evidence, Problem, Rule, Scope, Severity
from ...facts import Facts


def describe(facts: Facts) -> Problem:
    raise NotImplementedError  # never judged


RULE = Rule(
    code="GC807",
    name="image-tokens-without-images",
    severity=Severity.ERROR,
    applicability=Applicability.DISPLAY_ONLY,
    scopes=(Scope(frozenset({"gemma3", "gemma3n", "paligemma", "gemma4"}), {}),),
    describe=describe,
    undetectable="which prompts and images the dataset holds",
    symptoms=(
        r"Prompt contained \d+ image tokens but received \d+ images",
        r"Image features and image tokens do not match",
    ),
    upstream=("huggingface/trl#3121", "huggingface/transformers#36816"),
    evidence=Evidence.REPORTED,
    covers=("F27",),
    since="0.1.0",
)
