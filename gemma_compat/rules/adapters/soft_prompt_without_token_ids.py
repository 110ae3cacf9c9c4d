"""A soft prompt reaches a Gemma 4 that looks up its token ids once more.

## What breaks
The first forward pass of prompt tuning or P-tuning on a Gemma 4 E2B or E4B ends with
`RuntimeError: It seems like you tried to call forward from inputs_embeds without providing
input_ids`. With a real vocabulary it ends before that with an allocation of hundreds of GiB.

## Why
PEFT puts trained vectors before the embeddings of the text and hands the model `inputs_embeds`
alone. These models have a second table of embeddings, one vector for each token and layer, for
which they need the ids. Without ids they compare every embedding of the batch with every row of the
first table (rows x tokens x 262,144 x width bytes), and a trained vector is none of its rows. Gemma
3n looks up no second table then, and runs.

## Cure
Train LoRA, or a prefix: prefix tuning hands keys and values to the layers and leaves the ids alone.
Both ran on tiny models. `patch` does nothing here.
"""

from __future__ import annotations

from ...conditions.adapter import tunes_soft_prompt
from ...conditions.model import has_per_layer_table
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

RULE = Rule(
    code="GC709",
    since="0.3.0",
    severity=Severity.ERROR,
    effects=("crash-in-training",),
    scopes=(Scope({"gemma4", "gemma4_text"}, {}),),
    when=(tunes_soft_prompt, has_per_layer_table),
    fix=Fix(setting="train LoRA, or a prefix (PrefixTuningConfig), in place of a soft prompt"),
    symptoms=(
        r"tried to call `?forward`? from `?inputs_embeds`? without providing `?input_ids",
        r"inputs_embeds\[:, :, None, :\]",
    ),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"{facts.model.peft} hands the model embeddings without token ids, and this "
            f"{facts.model.model_type} looks up every token once more for each layer: the first "
            "forward pass stops"
        ),
    )
