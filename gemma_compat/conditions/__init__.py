"""The questions that rules share, each with the phrase that a report prints after "if".

A rule names the ones it needs in ``when``; a question that only one rule asks lives in that
rule's file.
"""

from __future__ import annotations

from .. import versions
from ..engine.rule import any_of, condition
from ..facts import Facts, Gpu


@condition("layers share keys and values (num_kv_shared_layers > 0)")
def shares_kv(facts: Facts) -> bool:
    return facts.model.num_kv_shared_layers > 0


@condition("no layers share keys and values (num_kv_shared_layers is 0)")
def shares_no_kv(facts: Facts) -> bool:
    if facts.model.get("model_type") in _TYPES_WITHOUT_SHARING:
        return not facts.model.get("num_kv_shared_layers", 0)
    return facts.model.num_kv_shared_layers == 0


# The configs of these have no such field: asking for it would leave every rule open.
_TYPES_WITHOUT_SHARING = {"gemma", "gemma2", "gemma3", "gemma3_text", "paligemma", "shieldgemma2"}


@condition("the weights are bfloat16 or float16")
def weights_are_half(facts: Facts) -> bool:
    return facts.model.dtype in {"bfloat16", "float16", "mixed"}


@condition("the run uses mixed precision (bf16=True or fp16=True)")
def autocasts(facts: Facts) -> bool:
    return facts.training.mixed_precision in {"bf16", "fp16"}


@condition("the model is evaluated (evaluate, predict, an eval_strategy)")
def evaluates(facts: Facts) -> bool:
    return facts.training.evaluates


@condition("evaluation collects outputs (compute_metrics, predict, prediction_loss_only=False)")
def gathers_outputs(facts: Facts) -> bool:
    return facts.training.gathers_outputs


@condition("use_cache is on in a config that a forward reads")
def asks_for_cache(facts: Facts) -> bool:
    return facts.model.use_cache


@condition("use_cache is off")
def cache_is_off(facts: Facts) -> bool:
    return not facts.model.use_cache


# The forward of these reads ``use_cache`` from ``config.text_config``, where no Trainer writes.
_READ_TEXT_CONFIG = {"gemma3", "gemma3n", "paligemma", "shieldgemma2"}


@condition("a Trainer of transformers 5 drives the run, which turns use_cache off")
def trainer_turns_cache_off(facts: Facts) -> bool:
    if facts.model.model_type in _READ_TEXT_CONFIG:
        return False
    # ``None``: a release before 5, whose Trainer has no such argument and leaves the config alone
    return facts.training.trainer and facts.training.use_cache is False


@condition("use_cache stays on while training")
def cache_stays_on(facts: Facts) -> bool:
    return facts.model.use_cache and not trainer_turns_cache_off.test(facts)


@condition("the training loop passes past_key_values of its own")
def passes_cache(facts: Facts) -> bool:
    # A Trainer feeds what the dataset holds; in a hand-written loop only its author knows.
    feeds_dataset = facts.training.get("trainer") and not facts.training.known("passes_cache")
    return False if feeds_dataset else facts.training.passes_cache


@condition("gradient checkpointing is on")
def checkpoints(facts: Facts) -> bool:
    if facts.model.get("gradient_checkpointing"):
        return True
    return facts.training.gradient_checkpointing


@condition("checkpointing is applied from outside the model (FSDP, accelerate, checkpoint_wrapper)")
def checkpoints_from_outside(facts: Facts) -> bool:
    if facts.model.get("external_checkpointing"):
        return True
    return facts.training.external_checkpointing


@condition("the layers sit in a reentrant checkpoint_wrapper, which patch does not replace")
def is_wrapped_with_reentry(facts: Facts) -> bool:
    return bool(facts.model.get("external_reentrant"))


@condition("DeepSpeed ZeRO-3 trains a PEFT adapter, which needs reentrant checkpointing")
def is_zero3_with_peft(facts: Facts) -> bool:
    return facts.model.peft is not None and facts.training.deepspeed_stage == 3


@condition("the text model caps its attention logits (attn_logit_softcapping)")
def caps_attention(facts: Facts) -> bool:
    return facts.model.attn_logit_softcapping is not None


@condition("attention runs through sdpa")
def runs_sdpa(facts: Facts) -> bool:
    return facts.model.attn_implementation == "sdpa"


def weakest_gpu(facts: Facts) -> Gpu:
    """The visible GPU of the lowest compute capability. ``ValueError`` where there is none."""
    return min(facts.gpus, key=lambda gpu: gpu.compute_capability)


@condition("a visible GPU cannot do bfloat16 arithmetic (compute capability below 8.0)")
def is_without_bfloat16(facts: Facts) -> bool:
    return any(gpu.compute_capability < (8, 0) for gpu in facts.gpus)


@condition("every visible GPU does bfloat16 arithmetic (compute capability 8.0 or newer)")
def has_bfloat16(facts: Facts) -> bool:
    return bool(facts.gpus) and weakest_gpu(facts).compute_capability >= (8, 0)


@condition("Unsloth does not keep the model in float32 (UNSLOTH_FORCE_FLOAT32)")
def is_not_forced_to_float32(facts: Facts) -> bool:
    if facts.unsloth.get("used") is False:
        return True  # nobody is there to read the variable, whatever it says
    return facts.environment.get("UNSLOTH_FORCE_FLOAT32") != "1"


loses_cache_in_training = any_of(
    cache_is_off, trainer_turns_cache_off, checkpoints, checkpoints_from_outside
)


# From these releases of unsloth_zoo on it carries shared keys and values itself.
_ZOO_CARRIES = {
    "gemma3n": ">=2026.9.8",
    "gemma3n_text": ">=2026.9.8",
    "gemma4": ">=2026.6.7",
    "gemma4_text": ">=2026.6.7",
}


@condition("Unsloth does not carry the shared keys and values itself")
def is_not_cured_by_unsloth(facts: Facts) -> bool:
    """By what is on the model in hand; else by the releases, where the run will use Unsloth."""
    if facts.unsloth.known("used") and not facts.unsloth.used:
        return True
    if facts.unsloth.known("carries_shared_kv"):
        return not facts.unsloth.carries_shared_kv
    zoo, cured = facts.version("unsloth-zoo"), _ZOO_CARRIES.get(facts.model.model_type)
    if zoo is None or cured is None or not versions.contains(cured, zoo):
        return True
    return not facts.unsloth.used or facts.unsloth.backend == "cpu"
