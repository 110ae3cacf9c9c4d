"""What is saved has doubled nesting, which most other releases cannot read.

## What breaks
A full fine-tune or a merged adapter of Gemma 3 or PaliGemma is saved under names such as
`model.language_model.model.layers.0...`. The release that wrote it reads it. transformers before
5.4 and from 5.6.0 to 5.8.1 leaves the whole text model random, without an error; vLLM and llama.cpp
do not know the names. GC603 finds such a checkpoint when it is read.

## Why
transformers 5.4.0 to 5.5.4 undo, on saving, the renaming that loading did, and put the prefix of
version 5 before the suffix of version 4.

## Cure
Upgrade to transformers 5.6.0 or newer, or save with `save_original_format=False`: these names were
read right by 4.57.6, 5.3.0, 5.5.4, 5.6.0 and 5.23.0. `patch`, opt-in, makes that the model's
default, for the Trainer's checkpoints too: it decides under which names the files are written, and
whether vLLM and llama.cpp read those was not run. An adapter saved by itself is not hit.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchTargetMissing
from ...facts import Facts
from ...patching.saving import wrap_method

RULE = Rule(
    code="GC606",
    since="0.1.0",
    severity=Severity.WARNING,
    effects=("wrong-weights-saved",),
    scopes=(Scope({"gemma3", "paligemma"}, {"transformers": ">=5.4.0,<5.6.0"}),),
    fix=Fix(
        fixed_in={"transformers": "5.6.0"},
        setting="save_pretrained(folder, save_original_format=False)",
    ),
    applicability=Applicability.UNSAFE,
    leaves=("save_under_own_names",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"transformers {facts.version('transformers')} saves a whole {facts.model.model_type} "
            "(a full fine-tune, a merged adapter) under names that most other releases cannot read"
        ),
    )


def patch(model: Any, ledger: Any) -> None:
    """Make ``save_original_format=False`` the default of this model's ``save_pretrained``."""
    if not hasattr(type(model), "save_pretrained"):
        raise PatchTargetMissing("the model has no save_pretrained")
    wrap_method(ledger, "save_pretrained", save_under_own_names)


def save_under_own_names(model: Any, name: str, before: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the model's ``save_pretrained``, under the names that its parameters have."""
    method = before if before is not None else partial(getattr(type(model), name), model)
    return method(*args, **{"save_original_format": False, **kwargs})
