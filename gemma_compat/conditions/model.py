"""Conditions on what the model is: its type, its parts, where it comes from."""

from __future__ import annotations

from ..engine.condition import NO, any_of, choose, condition, first_known, not_
from ..facts import Facts


@condition("the model is a live object, not a config file")
def is_live(facts: Facts) -> bool:
    return facts.model.live


@condition("the weights are not quantized")
def is_not_quantized(facts: Facts) -> bool:
    return facts.model.quantization is None


@condition("layers share keys and values (num_kv_shared_layers > 0)")
def shares_kv(facts: Facts) -> bool:
    return facts.model.num_kv_shared_layers > 0


@condition("the model has a table of embeddings per layer")
def holds_per_layer_table(facts: Facts) -> bool:
    return facts.model.per_layer_embedding_rows is not None


# Of the published models only E2B and E4B have either: embeddings per layer and shared layers.
has_per_layer_table = choose(
    first_known(is_live, NO),
    then=holds_per_layer_table,
    otherwise=shares_kv,
    phrase="the model has embeddings per layer",
)


# The configs of these types have no num_kv_shared_layers, so the fact stays unknown for them.
_TYPES_WITHOUT_SHARING = {"gemma", "gemma2", "gemma3", "gemma3_text", "paligemma", "shieldgemma2"}


@condition("no layer of this model type shares keys and values")
def is_of_a_type_without_sharing(facts: Facts) -> bool:
    return facts.model.model_type in _TYPES_WITHOUT_SHARING


shares_nothing = not_(shares_kv, "num_kv_shared_layers is 0")
shares_no_kv = first_known(
    shares_nothing,
    any_of(shares_nothing, is_of_a_type_without_sharing),
    phrase="no layers share keys and values (num_kv_shared_layers is 0)",
)


@condition("the model is a mixture of experts (enable_moe_block)")
def has_experts(facts: Facts) -> bool:
    return facts.model.enable_moe_block


@condition("the model has a vision or an audio tower")
def has_towers(facts: Facts) -> bool:
    return bool(facts.model.towers)


@condition("the model has a vision tower")
def sees(facts: Facts) -> bool:
    return "vision" in facts.model.towers


@condition("the model has an audio tower")
def hears(facts: Facts) -> bool:
    return "audio" in facts.model.towers


@condition("the model was loaded from a checkpoint, not made from a config")
def was_loaded(facts: Facts) -> bool:
    return facts.model.loaded


@condition("the checkpoint is quantized already")
def is_prequantized(facts: Facts) -> bool:
    return "U8" in facts.checkpoint.dtypes


@condition("every norm of the text model is as it was initialised")
def weights_are_fresh(facts: Facts) -> bool:
    return facts.model.weights_are_fresh


@condition("the config calls the output layer tied")
def config_says_tied(facts: Facts) -> bool:
    return facts.model.tie_word_embeddings


@condition("the model lets a Trainer hand it num_items_in_batch")
def accepts_count(facts: Facts) -> bool:
    return facts.model.accepts_loss_kwargs is not False


@condition("the text model is a Gemma 1")
def text_is_gemma1(facts: Facts) -> bool:
    return facts.model.text_model_type == "gemma"


@condition("the weights are left in GGUF blocks")
def is_gguf(facts: Facts) -> bool:
    return facts.model.quantization == "gguf"
