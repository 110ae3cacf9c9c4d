"""Every trainable Gemma that the transformers at hand knows, by its own auto mappings, made tiny.

A type that a new release brings is found without an entry here: it is built from the sizes that
its config has names for. One that cannot be built is a row that says why, never left out.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest import mock

import torch

VOCAB, WINDOW = 160, 6
IMAGE, VIDEO, AUDIO, BOI, EOI, BOA, EOA = 150, 148, 149, 151, 152, 147, 146

# In the order in which a class is looked for: what is trained, before what is only a body.
_HEADS = ("CAUSAL_LM", "SEQ_TO_SEQ_CAUSAL_LM", "IMAGE_TEXT_TO_TEXT", "VISION_2_SEQ", "")
# Parts of another type, and a drafter that only reads what its target has computed.
_PARTS = ("_audio", "_vision", "_module", "_encoder", "_decoder", "_assistant")

_TEXT: dict[str, Any] = {
    "vocab_size": VOCAB,
    "hidden_size": 48,
    "intermediate_size": 96,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "sliding_window": WINDOW,
    "pad_token_id": 0,
    "max_position_embeddings": 256,
    "query_pre_attn_scalar": 16,
    "attn_logit_softcapping": 1.0,  # low enough that a step without it is another one
}
_OF_THREE = {"layer_types": (["sliding_attention"] * 2 + ["full_attention"]) * 2}
_GEMMA4 = {**_OF_THREE, "global_head_dim": 16, "num_kv_shared_layers": 3}
_PER_LAYER = {"hidden_size_per_layer_input": 8, "vocab_size_per_layer_input": VOCAB}
_EXPERTS = {"num_experts": 4, "top_k_experts": 2, "moe_intermediate_size": 32}
_TEXT_OF: dict[str, dict[str, Any]] = {
    "gemma3_text": {"attn_logit_softcapping": None},
    "gemma3n_text": {
        "num_hidden_layers": 10,
        "num_kv_shared_layers": 5,
        "laurel_rank": 8,
        "activation_sparsity_pattern": [0.0] * 10,
        "intermediate_size": [96] * 10,
        "layer_types": (["sliding_attention"] * 4 + ["full_attention"]) * 2,
        **_PER_LAYER,
    },
    "gemma4_text": {**_GEMMA4, **_PER_LAYER},
    "gemma4_unified_text": {**_GEMMA4, "use_bidirectional_attention": None},
    "diffusion_gemma_text": {
        **_OF_THREE,
        "global_head_dim": 16,
        "num_global_key_value_heads": 2,
        **_EXPERTS,
    },
    "embedding_gemma2_text": {"hidden_size_per_layer_input": 8, "embedding_dim": 24},
    "recurrent_gemma": {"num_hidden_layers": 3, "lru_width": 48, "attention_window_size": 8},
    "t5_gemma_module": {"num_hidden_layers": 2},
    "t5gemma2_text": {"num_hidden_layers": 2},
    "t5gemma2_decoder": {"num_hidden_layers": 2},
}
_SIGLIP = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 56,
    "patch_size": 14,
    "vision_use_head": False,
    "model_type": "siglip_vision_model",
}
_GEMMA4_VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "patch_size": 4,
    "position_embedding_size": 16,
    "model_type": "gemma4_vision",
}
_NAMED = {
    "image_token_id": IMAGE,
    "image_token_index": IMAGE,
    "video_token_id": VIDEO,
    "audio_token_id": AUDIO,
    "boi_token_id": BOI,
    "boi_token_index": BOI,
    "eoi_token_id": EOI,
    "eoi_token_index": EOI,
    "boa_token_id": BOA,
    "eoa_token_id": EOA,
    "eoa_token_index": EOA,
    "mm_tokens_per_image": 4,
}
# Circumstances in which a type is another architecture, as fields of its text config.
_VARIANTS: dict[str, dict[str, dict[str, Any]]] = {
    "gemma3_text": {"bidirectional": {"use_bidirectional_attention": True}},
    "gemma3n_text": {"unshared": {"num_kv_shared_layers": 0}},
    "gemma4_text": {
        "unshared": {"num_kv_shared_layers": 0},
        "experts": {
            "num_kv_shared_layers": 0,
            "enable_moe_block": True,
            "hidden_size_per_layer_input": 0,
            **_EXPERTS,
        },
    },
    "gemma4": {"unshared": {"num_kv_shared_layers": 0}},
    "gemma4_unified_text": {"unshared": {"num_kv_shared_layers": 0}},
    "gemma4_unified": {"unshared": {"num_kv_shared_layers": 0}},
    "paligemma": {"gemma": {"text": "gemma"}},
}


@dataclass(frozen=True)
class Subject:
    """One architecture to train.

    Attributes:
        model_type: as transformers spells it.
        variant: a key of its variants, or "" for the type as it is published.
    """

    model_type: str
    variant: str = ""

    @property
    def name(self) -> str:
        """``gemma4_text+experts``."""
        return self.model_type + (f"+{self.variant}" if self.variant else "")

    @property
    def changes(self) -> dict[str, Any]:
        """Fields of its text config."""
        return _VARIANTS[self.model_type][self.variant] if self.variant else {}


def subjects() -> list[Subject]:
    """Return every trainable Gemma of this transformers and its variants, by name."""
    return sorted(_found(), key=lambda subject: subject.name)


def _found() -> Iterator[Subject]:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    for model_type in CONFIG_MAPPING_NAMES:
        if "gemma" in model_type and not model_type.endswith(_PARTS) and _class_name(model_type):
            yield Subject(model_type)
            variants = (Subject(model_type, name) for name in _VARIANTS.get(model_type, {}))
            yield from (subject for subject in variants if _exists(subject))


def _exists(subject: Subject) -> bool:
    """Whether this release's config has the fields in which the variant differs."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    text = CONFIG_MAPPING[subject.model_type]
    if _has(text, "text_config") and "text" not in subject.changes:
        text = _text_type(text, subject)
    return all(name == "text" or _has(text, name) for name in subject.changes)


def _class_name(model_type: str) -> str | None:
    from transformers.models.auto import modeling_auto

    for head in _HEADS:
        mapping = "MODEL_FOR_" + head if head else "MODEL"
        names = getattr(modeling_auto, f"{mapping}_MAPPING_NAMES", {})
        if model_type in names:
            found = names[model_type]
            return str(found if isinstance(found, str) else found[0])
    return None


def build(subject: Subject, attn: str = "eager", seed: int = 0) -> Any:
    """Return a fresh float32 model of this subject; equal for equal arguments.

    Args:
        subject: one of :func:`subjects`.
        attn: ``attn_implementation`` of every part.
        seed: of the weights, N(0, 0.08), so that gradients of keys and values do not vanish.
    """
    import transformers

    config = copy.deepcopy(_config(subject))
    for part in parts_of(config):
        audio = part.model_type == "gemma3n_audio"  # it has an attention of its own
        part._attn_implementation = "eager" if audio else attn
    torch.manual_seed(seed)
    cls = getattr(transformers, str(_class_name(subject.model_type)))
    with _without_timm(subject.model_type):
        model = cls(config)
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim >= 2:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.08)
    return model.float()


@cache
def _config(subject: Subject) -> Any:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    cls = CONFIG_MAPPING[subject.model_type]
    return _composite(cls, subject) or _plain(cls, subject.changes)


def _plain(cls: Any, changes: dict[str, Any]) -> Any:
    """A text config: the sizes that this class has names for."""
    wanted = {**_TEXT, **_TEXT_OF.get(cls.model_type, {}), **changes}
    return cls(**{name: value for name, value in wanted.items() if _has(cls, name)})


def _has(cls: Any, name: str) -> bool:
    return name in _names(cls)


@cache
def _names(cls: Any) -> frozenset[str]:
    """The fields that a config class takes: dataclass fields (5.x), parameters (4.x)."""
    names: set[str] = set()
    for base in cls.__mro__:
        names |= set(vars(base).get("__annotations__", {}))
        if "__init__" in vars(base):
            names |= set(inspect.signature(base.__init__).parameters)
    return frozenset(names)


def _composite(cls: Any, subject: Subject) -> Any | None:
    """A config that holds others, or ``None``."""
    named = {name: value for name, value in _NAMED.items() if _has(cls, name)}
    if subject.model_type in {"t5gemma", "t5gemma2"}:
        return _encoder_decoder(cls, named)
    if not _has(cls, "text_config"):
        return None
    text = _text_type(cls, subject)
    changes = {name: value for name, value in subject.changes.items() if name != "text"}
    parts: dict[str, Any] = {"text_config": _plain(text, changes).to_dict()}
    if "vision_config" in _sub_configs(cls):
        parts["vision_config"] = _vision(subject.model_type)
    if _has(cls, "audio_config"):
        parts["audio_config"] = _audio(subject.model_type)
    if subject.model_type == "paligemma":
        parts["vision_config"] = {**_SIGLIP, "projection_dim": 48}
        parts.update(projection_dim=48, hidden_size=48, vocab_size=VOCAB)
    if subject.model_type == "diffusion_gemma":
        parts["canvas_length"] = 8
    return cls(**parts, **named)


def _sub_configs(cls: Any) -> Any:
    return getattr(cls, "sub_configs", {})


def _text_type(cls: Any, subject: Subject) -> Any:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    if subject.model_type == "paligemma":
        return CONFIG_MAPPING[subject.changes.get("text", "gemma2")]
    found = _sub_configs(cls).get("text_config")
    if isinstance(found, type) and getattr(found, "model_type", "") in _TEXT_OF:
        return found
    return CONFIG_MAPPING[_TEXTS.get(subject.model_type, subject.model_type + "_text")]


_TEXTS = {"shieldgemma2": "gemma3_text"}


def _vision(model_type: str) -> Any:
    if model_type in {"gemma4", "diffusion_gemma", "embedding_gemma2"}:
        return dict(_GEMMA4_VISION)
    if model_type == "gemma3n":
        return {"hidden_size": 32, "vocab_size": 8, "vocab_offset": VOCAB}
    if model_type == "gemma4_unified":
        return {"mm_embed_dim": 32, "output_proj_dims": 32, "mm_posemb_size": 16, "patch_size": 4}
    return dict(_SIGLIP)


def _audio(model_type: str) -> Any:
    if model_type != "gemma3n":
        return None
    return {
        "hidden_size": 32,
        "vocab_size": 8,
        "vocab_offset": VOCAB + 8,
        "conf_num_hidden_layers": 1,
        "conf_num_attention_heads": 2,
        "input_feat_size": 16,
        "sscp_conv_channel_size": [4, 4],
    }


def _encoder_decoder(cls: Any, named: dict[str, Any]) -> Any:
    if cls.model_type == "t5gemma":
        sizes = {**_TEXT, **_TEXT_OF["t5_gemma_module"]}
        return cls(encoder=dict(sizes), decoder=dict(sizes), vocab_size=VOCAB)
    text = {**_TEXT, **_TEXT_OF["t5gemma2_text"]}
    encoder = {
        "text_config": text,
        "vision_config": dict(_SIGLIP),
        **{n: v for n, v in _NAMED.items() if n in {"mm_tokens_per_image", "image_token_index"}},
        "boi_token_index": BOI,
        "eoi_token_index": EOI,
    }
    return cls(encoder=encoder, decoder=dict(text), **named)


def parts_of(config: Any) -> Iterator[Any]:
    yield config
    for name in ("text_config", "vision_config", "audio_config", "encoder", "decoder"):
        part = getattr(config, name, None)
        if hasattr(part, "to_dict"):
            yield from parts_of(part)


def _without_timm(model_type: str) -> Any:
    """Gemma 3n's vision tower is timm's, which is not here: text and audio are built without it."""
    if model_type != "gemma3n":
        return mock.MagicMock()
    import transformers.models.gemma3n.modeling_gemma3n as modeling

    real = modeling.AutoModel.from_config

    def make(config: Any, *args: Any, **kwargs: Any) -> Any:
        if "vision" in getattr(config, "model_type", ""):
            return torch.nn.Identity()
        return real(config, *args, **kwargs)

    return mock.patch.object(modeling.AutoModel, "from_config", side_effect=make)
