"""The questions that only rules about Unsloth ask."""

from __future__ import annotations

from ..engine.rule import any_of, condition
from ..facts import Facts
from . import cache_is_off, shares_kv, shares_no_kv  # noqa: F401  (for the table)

_PREFERENCE = {"sigmoid", "hinge", "ipo", "robust", "exo_pair", "nca_pair", "bco_pair", "apo_zero"}
_SMALL_SHARED_MEMORY = {(8, 6), (8, 9), (12, 0)}  # about 100 KB for one block


@condition("the run uses Unsloth")
def uses_unsloth(facts: Facts) -> bool:
    return facts.unsloth.used


@condition("a GPU has no bfloat16 (compute capability below 8.0)")
def lacks_bfloat16(facts: Facts) -> bool:
    return any(gpu.compute_capability < (8, 0) for gpu in facts.gpus)


@condition("the weights or the mixed precision are float16")
def asks_for_float16(facts: Facts) -> bool:
    if facts.model.get("dtype") == "float16":
        return True
    return facts.training.mixed_precision == "fp16" or facts.model.dtype == "float16"


runs_in_float16 = any_of(lacks_bfloat16, asks_for_float16)


@condition("a GPU has about 100 KB of shared memory (compute capability 8.6, 8.9 or 12.0)")
def has_little_shared_memory(facts: Facts) -> bool:
    return any(gpu.compute_capability in _SMALL_SHARED_MEMORY for gpu in facts.gpus)


@condition("the GPU is AMD's (a ROCm build of torch)")
def is_rocm(facts: Facts) -> bool:
    return facts.torch.hip is not None


@condition("more than one GPU is visible, and one process drives them")
def spreads_over_gpus(facts: Facts) -> bool:
    return len(facts.gpus) > 1 and facts.training.distributed == "no"


@condition("the model has an audio tower")
def hears(facts: Facts) -> bool:
    return "audio" in facts.model.towers


@condition("the model has a vision or an audio tower")
def has_towers(facts: Facts) -> bool:
    return bool(facts.model.towers)


@condition("a vision or audio tower is adapted")
def adapts_towers(facts: Facts) -> bool:
    paths = facts.model.adapted_modules
    return any("vision" in path or "audio" in path for path in paths)


@condition("batches hold no images")
def is_text_only(facts: Facts) -> bool:
    return not facts.training.images


@condition("image tokens attend to each other (use_bidirectional_attention is 'vision')")
def sees_both_ways(facts: Facts) -> bool:
    return facts.model.use_bidirectional_attention == "vision"


@condition("the model is a mixture of experts")
def has_experts(facts: Facts) -> bool:
    return facts.model.enable_moe_block


@condition("gradients are accumulated over several micro-batches")
def accumulates(facts: Facts) -> bool:
    return facts.training.gradient_accumulation_steps > 1


@condition("attention is flash_attention_2")
def uses_flash_attention(facts: Facts) -> bool:
    return facts.model.attn_implementation == "flash_attention_2"


@condition("UNSLOTH_COMPILE_DISABLE is set")
def is_not_compiled(facts: Facts) -> bool:
    return facts.environment.get("UNSLOTH_COMPILE_DISABLE", "0") not in {"", "0"}


@condition("UNSLOTH_RETURN_LOGITS is not set")
def drops_logits(facts: Facts) -> bool:
    return facts.environment.get("UNSLOTH_RETURN_LOGITS", "0") != "1"


@condition("UNSLOTH_FORCE_FLOAT32 is set, by an earlier load")
def float32_was_forced(facts: Facts) -> bool:
    return facts.environment.get("UNSLOTH_FORCE_FLOAT32", "0") == "1"


@condition("a preference loss is trained against the adapter's own base (DPO)")
def prefers(facts: Facts) -> bool:
    return facts.training.loss_type in _PREFERENCE


@condition("only the assistant's turns are trained (assistant_only_loss)")
def trains_last_turns(facts: Facts) -> bool:
    return facts.training.assistant_only_loss


@condition("neither the tokenizer nor the chat template writes <bos>")
def writes_no_bos(facts: Facts) -> bool:
    return not (facts.tokenizer.adds_bos or facts.tokenizer.template_writes_bos)


@condition("turns end with <turn|>")
def ends_turns_by_token(facts: Facts) -> bool:
    return facts.tokenizer.turn_end == "<turn|>"


@condition("sequences are padded on the left")
def pads_left(facts: Facts) -> bool:
    return facts.tokenizer.padding_side == "left"


@condition("the checkpoint is quantized already")
def is_prequantized(facts: Facts) -> bool:
    return "U8" in facts.checkpoint.dtypes


@condition("the adapter changes the embeddings")
def trains_embeddings(facts: Facts) -> bool:
    return facts.adapter.trains_embeddings


@condition("unsloth-zoo was installed from its repository")
def zoo_is_from_repository(facts: Facts) -> bool:
    package = facts.package("unsloth-zoo")
    return package is not None and package.vcs is not None


@condition("full checkpointing or use_cache=False keeps the cache away")
def loses_cache(facts: Facts) -> bool:
    if facts.training.get("gradient_checkpointing") or facts.model.get("gradient_checkpointing"):
        return True
    return facts.training.gradient_checkpointing or not facts.model.use_cache
