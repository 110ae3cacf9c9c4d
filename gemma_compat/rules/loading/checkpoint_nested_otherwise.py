"""A checkpoint whose layout this release cannot read: part of the weights stay random.

## What breaks
A fine-tuned Gemma 3 or PaliGemma is loaded, nothing is raised, and its text model, or its vision
tower, is random. A table in the log calls the keys `MISSING`. vLLM and llama.cpp refuse such files,
or skip what they do not know.

## Why
transformers 5.4.0 to 5.5.4 save these two with doubled nesting
(`model.language_model.model.layers...`), which no release before 5.4 finds, and none from 5.6.0 to
5.8.1 either. From 5.6 a model that was made from a config is saved without the `vision_model` in
`vision_tower.vision_model.encoder...`, which no release before 5.6 finds. Checkpoints that were
loaded from the hub keep their layout on 5.6 and newer.

## Cure
Read it with a release that knows the layout (5.23.0 reads all of them), and save it from there.
Or rename the tensors, with safetensors' `load_file` and `save_file`:
`re.sub(r"^model\\.language_model\\.model\\.", "language_model.model.", name)`, then
`re.sub(r"^model\\.(vision_tower|multi_modal_projector)", r"\\1", name)`. For a tower without
`vision_model`: `re.sub(r"^(model\\.)?vision_tower\\.", "vision_tower.vision_model.", name)`.
"""

from __future__ import annotations

import re

from ...conditions.model import was_loaded
from ...engine.condition import YES, condition, first_known
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

_DOUBLED = re.compile(r"model\.language_model\.model\.")


_FLAT_TOWER = re.compile(r"(model\.)?vision_tower\.(embeddings|encoder)\.")


_TYPES = frozenset({"gemma3", "paligemma"})


@condition("the checkpoint has doubled nesting (model.language_model.model), as 5.4 and 5.5 write")
def is_doubled(facts: Facts) -> bool:
    return any(_DOUBLED.match(name) for name in facts.checkpoint.names)


@condition("the checkpoint has a vision tower without vision_model, as 5.6 and newer write")
def has_flat_tower(facts: Facts) -> bool:
    return any(_FLAT_TOWER.match(name) for name in facts.checkpoint.names)


# From a config file nothing is loaded yet: the run would load it from this checkpoint.
is_loaded_from_it = first_known(was_loaded, YES)


RULE = Rule(
    code="GC603",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("random-weights",),
    scopes=(
        Scope(_TYPES, {"transformers": "<5.4.0"}, (is_doubled,)),
        Scope(_TYPES, {"transformers": ">=5.6.0,<5.9.0"}, (is_doubled,)),
        Scope(_TYPES, {"transformers": "<5.6.0"}, (has_flat_tower,)),
    ),
    when=(is_loaded_from_it,),
    fix=Fix(fixed_in={"transformers": "5.23.0"}, then="load it there and save_pretrained it again"),
)


def describe(facts: Facts) -> Problem:
    doubled = any(_DOUBLED.match(name) for name in facts.checkpoint.names)
    part = "text model" if doubled else "vision tower"
    layout = "model.language_model.model" if doubled else "vision_tower without vision_model"
    return Problem(
        message=(
            f"transformers {facts.version('transformers')} does not find the {part} of this "
            f"{facts.model.model_type} in its checkpoint ({layout}) and leaves it random"
        ),
        help=(
            "pip install -U 'transformers>=5.23.0', load it there and save_pretrained it again; "
            "or rename its tensors: python -m gemma_compat rule GC603"
        ),
    )
