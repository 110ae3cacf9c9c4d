"""What a rule may know of the model: the same fields from a live model or a ``config.json``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ._record import UNKNOWN, Record, check_keys


@dataclass(frozen=True, eq=False, repr=False)
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


@dataclass(frozen=True, eq=False, repr=False)
class ModelFacts(Record):
    """One model. Fields of a kind that only a live model shows stay unknown for a config file.

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
        external_checkpointing: whether the decoder layers sit inside a checkpoint wrapper of
            torch's or accelerate's (live only).
        num_hidden_layers, num_kv_shared_layers, hidden_size, vocab_size, head_dim,
        global_head_dim, sliding_window: of the text config; tokens for the window.
        attn_logit_softcapping, final_logit_softcapping: of the text config, ``None`` for none.
        enable_moe_block: mixture of experts.
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
    num_hidden_layers: int = UNKNOWN
    num_kv_shared_layers: int = UNKNOWN
    hidden_size: int = UNKNOWN
    vocab_size: int = UNKNOWN
    head_dim: int | None = UNKNOWN
    global_head_dim: int | None = UNKNOWN
    sliding_window: int | None = UNKNOWN
    attn_logit_softcapping: float | None = UNKNOWN
    final_logit_softcapping: float | None = UNKNOWN
    enable_moe_block: bool = UNKNOWN

    @classmethod
    def from_dict(cls, data: Any) -> ModelFacts:
        fields = check_keys(cls, data)
        if "configs" in fields:
            fields["configs"] = tuple(ConfigView.from_dict(item) for item in fields["configs"])
        if fields.get("keys_to_ignore_at_inference") is not None:
            fields["keys_to_ignore_at_inference"] = tuple(fields["keys_to_ignore_at_inference"])
        return cls(**fields)
