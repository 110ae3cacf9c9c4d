"""TRL cannot tell which tokens are the assistant's: Gemma 4's template does not mark them.

## What breaks
`SFTTrainer` with `assistant_only_loss=True` ends with `The chat template is not
training-compatible`. It does so for every published Gemma 4 template that TRL 1.16.0 ships; for
those of Gemma, Gemma 2 and Gemma 3 it puts its own marked template in place.

## Why
The mask comes from `{% generation %}` blocks in the chat template. Gemma's own templates have none,
and TRL 1.16.0 knows no marked variant of Gemma 4's. A block must also hold the token that ends the
turn (`<turn|>`): left outside, it is never trained, and the model does not learn to stop.

## Cure
Put `{% generation %}` and `{% endgeneration %}` around the assistant's text and its end of turn in
`tokenizer.chat_template`, or use prompt-completion data, whose prompt is masked without a template.
"""

from __future__ import annotations

from ...conditions.run import trains_assistant_only
from ...engine.condition import condition
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts


@condition("the chat template has no {% generation %} blocks")
def marks_nothing(facts: Facts) -> bool:
    return not facts.tokenizer.template_marks_generation


RULE = Rule(
    code="GC806",
    since="0.1.0",
    severity=Severity.ERROR,
    evidence=Evidence.SOURCE,
    read_in=(
        "trl 1.4.0 to 1.16.0: chat_template_utils.py; 0.19.0 to 1.16.0: trainer/sft_trainer.py",
    ),
    effects=("labels-masked",),
    scopes=(Scope({"gemma4", "gemma4_text"}, {"trl": ">=1.0.0"}),),
    when=(trains_assistant_only, marks_nothing),
    fix=Fix(
        setting=(
            "mark the assistant's text in tokenizer.chat_template, or assistant_only_loss=False"
        )
    ),
    symptoms=(
        r"The chat template is not training-compatible",
        r"at least one example has no assistant tokens",
    ),
    raised_at=("ValueError trl/chat_template_utils.py:get_training_chat_template",),
    reports=("huggingface/trl#6577", "huggingface/trl#6578"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"assistant_only_loss=True needs {{% generation %}} blocks, which the chat template of "
            f"this {facts.model.model_type} lacks; TRL {facts.version('trl')} has no marked one "
            "in its place"
        ),
    )
