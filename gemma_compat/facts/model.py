"""What a rule may know of the model: the same fields from a live model or a ``config.json``."""

from __future__ import annotations

from typing import Any, ClassVar

from ._record import UNKNOWN, Record, check_keys


class ConfigView(Record):
    """One config object that the model holds, and its cache switch.

    Attributes:
        path: where the module tree holds it, ``model.language_model.config`` for example.
        class_name: ``Gemma3TextConfig`` and so on.
        use_cache: its ``use_cache``; ``None`` where it has no such attribute.
    """

    topic: ClassVar[str] = "model.configs"

    path: str = UNKNOWN
    class_name: str = UNKNOWN
    use_cache: bool | None = UNKNOWN

    @classmethod
    def from_dict(cls, data: Any) -> ConfigView:
        return cls(**check_keys(cls, data))


class ModelFacts(Record):
    """One model. Fields marked "live only" stay unknown for a config file.

    Attributes:
        model_type: of the top-level config, as transformers spells it.
        text_model_type: of the text config inside; equals ``model_type`` for a text-only model.
        class_name: of the live model's class, or the config's first ``architectures`` entry.
        composite: whether the config holds a ``text_config`` (a multimodal model).
        live: whether these facts come from a model object.
        configs: every distinct config object that the module tree holds (live only).
        use_cache: whether any config that a ``forward`` reads asks for a cache.
        keys_to_ignore_at_inference: of the top-level config; ``None`` where it has none.
        attn_implementation: of the text model.
        dtype: of the text model's floating-point weights: ``float32``, ``bfloat16``, ``float16``,
            or ``mixed``.
        quantization: ``quant_method`` of the config, or ``None``.
        peft: PEFT method in capitals (``LORA``), or ``None`` for a bare model.
        gradient_checkpointing: whether it is on right now (live only).
        use_reentrant: of the checkpoint function that the decoder layers hold right now;
            ``None`` where checkpointing is off (live only).
        external_checkpointing: whether something outside transformers recomputes the attention of
            a decoder layer, torch's or accelerate's checkpoint wrapper for example (live only).
        external_reentrant: whether any of those is reentrant; ``None`` where there is none (live
            only).
        external_cuts_gradients: whether one of those is reentrant, encloses trained weights, and is
            handed nothing that needs a gradient (live only).
        num_hidden_layers, num_kv_shared_layers, hidden_size, vocab_size, head_dim,
        global_head_dim, sliding_window: of the text config; tokens for the window.
        attn_logit_softcapping, final_logit_softcapping: of the text config, ``None`` for none.
        activation: what the text model's MLPs put the gate through, by transformers' name: ``gelu``
            is the exact one. A config file's is the field that names it.
        enable_moe_block: mixture of experts.
        quantization_bits: 4 or 8, or ``None`` for no quantization.
        compute_dtype: ``bnb_4bit_compute_dtype``; ``None`` without bitsandbytes in 4 bits.
        tie_word_embeddings: as the config says: that of the text config for a composite one.
        lm_head_is_tied: whether the output layer holds the very tensor of the input embeddings
            (live only).
        embedding_rows, per_layer_embedding_rows: rows of the input embeddings and of the table
            of embeddings per layer; ``None`` where the model has no such table (live only).
        use_bidirectional_attention: as the text config says (``"vision"``, ``True``); ``None``
            where it has no such field.
        max_position_embeddings: of the text config, in tokens.
        experts_implementation: of the text config; ``None`` where it names none.
        transformers_version: the release that wrote the config, or ``None``.
        towers: which of ``vision`` and ``audio`` the model has.
        adapted_modules: paths of the modules that carry a LoRA layer, with ``*`` for numbers;
            empty without one (live only).
        accepts_loss_kwargs: the attribute of that name on the model a Trainer asks; ``None``
            where there is none and the Trainer goes by the signature (live only).
        loss_ignores_token_count: whether the loss stays the same when ``num_items_in_batch``
            doubles, as a small model of the same class showed (live only).
        loaded: whether it names a checkpoint: ``from_pretrained`` made it, or its config was
            read from one (live only).
        weights_are_fresh: whether every norm of the text model still has its initial weight, as
            no trained checkpoint does (live only).
        patched_with: functions of this library that ``patch`` left on it, by name (live only).
    """

    topic: ClassVar[str] = "model"

    model_type: str = UNKNOWN
    text_model_type: str = UNKNOWN
    class_name: str = UNKNOWN
    composite: bool = UNKNOWN
    live: bool = UNKNOWN
    configs: tuple[ConfigView, ...] = UNKNOWN
    use_cache: bool = UNKNOWN
    keys_to_ignore_at_inference: tuple[str, ...] | None = UNKNOWN
    attn_implementation: str = UNKNOWN
    dtype: str = UNKNOWN
    quantization: str | None = UNKNOWN
    peft: str | None = UNKNOWN
    gradient_checkpointing: bool = UNKNOWN
    use_reentrant: bool | None = UNKNOWN
    external_checkpointing: bool = UNKNOWN
    external_reentrant: bool | None = UNKNOWN
    external_cuts_gradients: bool = UNKNOWN
    num_hidden_layers: int = UNKNOWN
    num_kv_shared_layers: int = UNKNOWN
    hidden_size: int = UNKNOWN
    vocab_size: int = UNKNOWN
    head_dim: int | None = UNKNOWN
    global_head_dim: int | None = UNKNOWN
    sliding_window: int | None = UNKNOWN
    attn_logit_softcapping: float | None = UNKNOWN
    final_logit_softcapping: float | None = UNKNOWN
    activation: str = UNKNOWN
    enable_moe_block: bool = UNKNOWN
    quantization_bits: int | None = UNKNOWN
    compute_dtype: str | None = UNKNOWN
    tie_word_embeddings: bool = UNKNOWN
    lm_head_is_tied: bool = UNKNOWN
    embedding_rows: int = UNKNOWN
    per_layer_embedding_rows: int | None = UNKNOWN
    use_bidirectional_attention: str | bool | None = UNKNOWN
    max_position_embeddings: int = UNKNOWN
    experts_implementation: str | None = UNKNOWN
    transformers_version: str | None = UNKNOWN
    towers: tuple[str, ...] = UNKNOWN
    adapted_modules: tuple[str, ...] = UNKNOWN
    accepts_loss_kwargs: bool | None = UNKNOWN
    loss_ignores_token_count: bool = UNKNOWN
    loaded: bool = UNKNOWN
    weights_are_fresh: bool = UNKNOWN
    patched_with: tuple[str, ...] = UNKNOWN

    @classmethod
    def from_dict(cls, data: Any) -> ModelFacts:
        fields = check_keys(cls, data)
        if "configs" in fields:
            fields["configs"] = tuple(ConfigView.from_dict(item) for item in fields["configs"])
        return cls(**fields)
