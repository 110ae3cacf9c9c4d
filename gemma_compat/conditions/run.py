"""Conditions on the training run, and the kinds of run for which a rule can matter.

A rule lists kinds in ``runs``. It is silent where the facts show that the run is of none of these
kinds, and open where that is not known.
"""

from __future__ import annotations

from ..engine.condition import NO, any_of, condition, first_known, kind_of_run, not_
from ..facts import Facts
from .adapter import trains_an_adapter


@condition("a Trainer drives the run")
def has_trainer(facts: Facts) -> bool:
    return facts.training.trainer


@condition("the model is evaluated (evaluate, predict, an eval_strategy)")
def evaluates(facts: Facts) -> bool:
    return facts.training.evaluates


@condition("evaluation collects outputs (compute_metrics, predict, prediction_loss_only=False)")
def gathers_outputs(facts: Facts) -> bool:
    return facts.training.gathers_outputs


@condition("gradients are accumulated (gradient_accumulation_steps > 1)")
def accumulates(facts: Facts) -> bool:
    return facts.training.gradient_accumulation_steps > 1


@condition("only the assistant's turns are trained (assistant_only_loss)")
def trains_assistant_only(facts: Facts) -> bool:
    return facts.training.assistant_only_loss


@condition("training batches carry token types")
def supplies_token_types(facts: Facts) -> bool:
    return facts.training.supplies_token_types


# "Token type ids are not supported for parameter efficient tuning. Ignoring token type ids": all
# that PEFT says when it puts virtual tokens before a batch.
_PROMPT_LEARNING = frozenset(
    {"PREFIX_TUNING", "PROMPT_TUNING", "P_TUNING", "MULTITASK_PROMPT_TUNING", "CPT"}
)


@condition("PEFT puts virtual tokens before the batch, and drops its token types")
def drops_token_types(facts: Facts) -> bool:
    return facts.model.peft in _PROMPT_LEARNING


lacks_token_types = any_of(
    first_known(drops_token_types, NO),
    not_(supplies_token_types, "the dataset carries none"),
    phrase="training batches carry no token types (text only, or something drops them)",
)


@condition("the run uses liger's kernels (use_liger_kernel=True)")
def uses_liger(facts: Facts) -> bool:
    return facts.training.use_liger_kernel


@condition("the model is compiled (torch_compile=True)")
def compiles(facts: Facts) -> bool:
    return facts.training.torch_compile


@condition("labels are smoothed (label_smoothing_factor above 0)")
def _smooths(facts: Facts) -> bool:
    return facts.training.smooths_labels


# Off by default and seldom used: a run that says nothing of it does not smooth.
smooths_labels = first_known(
    _smooths, NO, phrase="labels are smoothed (label_smoothing_factor above 0)"
)


@condition("the loss is computed in chunks (loss_type='chunked_nll')")
def is_chunked(facts: Facts) -> bool:
    return facts.training.loss_type == "chunked_nll"


@condition("the arguments name no loss_type")
def names_no_loss(facts: Facts) -> bool:
    return facts.training.loss_type is None


# Kinds of run.


@condition("the weights are quantized to 4 bits")
def _quantizes_to_four_bits(facts: Facts) -> bool:
    return facts.model.quantization_bits == 4


@condition("batches hold images or audio")
def _batches_hold_images(facts: Facts) -> bool:
    return facts.training.images


@condition("sequences are packed (packing, padding_free)")
def _packs(facts: Facts) -> bool:
    return facts.training.packing


@condition("the run generates text (GRPO, predict_with_generate, generate())")
def _generates(facts: Facts) -> bool:
    return facts.training.generates


@condition("one process trains the model")
def is_one_process(facts: Facts) -> bool:
    return facts.training.distributed == "no"


trains_adapter = kind_of_run("adapter", trains_an_adapter)
trains_every_weight = kind_of_run(
    "full fine-tune", not_(trains_an_adapter, "every weight is trained (no PEFT adapter)")
)
is_four_bit = kind_of_run("4-bit", _quantizes_to_four_bits)
has_images = kind_of_run("images", _batches_hold_images)
packs = kind_of_run("packing", _packs)
generates = kind_of_run("generation", _generates)
is_distributed = kind_of_run(
    "distributed", not_(is_one_process, "several processes train one model")
)
is_evaluated = kind_of_run("evaluation", evaluates)

is_text_only = not_(has_images, "no batch holds images or audio")


@condition("DeepSpeed ZeRO-3 shards the model")
def is_zero3(facts: Facts) -> bool:
    return facts.training.deepspeed_stage == 3
