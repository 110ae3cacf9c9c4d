"""Random models of the shapes that are too large to train whole on one GPU, and a few that are not.

The figures are those of the published configs. Adapters are LoRA of rank 16 on the linear layers,
and not empty: with the B of PEFT's default, zero, half of the gradients would be zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import torch

from ..siglip import SIGLIP
from . import shapes
from .options import ROOT, Options

ROWS, TOKENS, ON_CPU = 2, 2048, 16
PUBLISHED = ROOT / ".real" / "model"
_FIVE = ["sliding_attention"] * 5 + ["full_attention"]
_TOKEN_TYPES = {"gemma3": "token_type_ids", "gemma4": "mm_token_type_ids"}
_TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@dataclass(frozen=True)
class Shape:
    """One model and how it is trained.

    Attributes:
        name: as the page calls it.
        model_type: a key of ``shapes.SHAPES``.
        sizes: fields of its config that are not those of ``shapes.SHAPES``.
        tiny: fields that take their place in a small model.
        dtype: of all weights.
        adapter: train LoRA, and not all weights.
        four_bit: quantize the linear layers.
        fits_whole: whether a step fits 80 GB without checkpointing.
        published: take the published weights where ``benchmarks.real.weights`` has put them.
        blocks: of timed steps on each side; a small model has time for many.
    """

    name: str
    model_type: str
    sizes: dict[str, Any] = field(default_factory=dict)
    tiny: dict[str, Any] = field(default_factory=dict)
    dtype: str = "bfloat16"
    adapter: bool = True
    four_bit: bool = False
    fits_whole: bool = True
    published: bool = False
    blocks: int = 3

    def trains(self) -> str:
        """Return what is trained, in words."""
        bits = "4 bits" if self.four_bit else self.dtype
        return f"{'LoRA r=16' if self.adapter else 'all weights'}, {bits}"


_GEMMA3_4B = {
    "vocab_size": 262208,
    "hidden_size": 2560,
    "intermediate_size": 10240,
    "num_hidden_layers": 34,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "query_pre_attn_scalar": 256,
    "sliding_window": 1024,
}
_GEMMA3_27B = {
    **_GEMMA3_4B,
    "hidden_size": 5376,
    "intermediate_size": 21504,
    "num_hidden_layers": 62,
    "num_attention_heads": 32,
    "num_key_value_heads": 16,
    "head_dim": 128,
    "query_pre_attn_scalar": 168,
}
_EXPERTS = {"enable_moe_block": True, "num_experts": 128, "top_k_experts": 8}
_GEMMA4_26B = {
    "hidden_size": 2816,
    "hidden_size_per_layer_input": 0,
    "intermediate_size": 2112,
    "num_hidden_layers": 30,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "num_global_key_value_heads": 2,
    "num_kv_shared_layers": 0,
    "use_double_wide_mlp": False,
    "attention_k_eq_v": True,
    "moe_intermediate_size": 704,
    "sliding_window": 1024,
    "layer_types": _FIVE * 5,
    **_EXPERTS,
}
_TINY_26B = {
    **_EXPERTS,
    "num_experts": 4,
    "top_k_experts": 2,
    "moe_intermediate_size": 32,
    "num_kv_shared_layers": 0,
}
_GEMMA3_270M = {
    "vocab_size": 262144,
    "hidden_size": 640,
    "intermediate_size": 2048,
    "num_hidden_layers": 18,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 256,
    "query_pre_attn_scalar": 256,
    "sliding_window": 512,
    "max_position_embeddings": 32768,
}
_GEMMA2_2B = {
    "vocab_size": 256000,
    "hidden_size": 2304,
    "intermediate_size": 9216,
    "num_hidden_layers": 26,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "query_pre_attn_scalar": 256,
    "sliding_window": 4096,
    "attn_logit_softcapping": 50.0,
    "final_logit_softcapping": 30.0,
}
_RECURRENT_2B = {
    "vocab_size": 256000,
    "hidden_size": 2560,
    "lru_width": 2560,
    "intermediate_size": 15360,
    "num_hidden_layers": 6,
    "num_attention_heads": 10,
    "num_key_value_heads": 1,
    "attention_window_size": 2048,
}
_BLOCK = {"hidden_size": 64, "intermediate_size": 128}  # what 4-bit blocks divide

SHAPES = {
    "gemma3-4b": Shape("Gemma 3 4B", "gemma3_text", _GEMMA3_4B, adapter=False),
    "gemma3-4b-float16": Shape("Gemma 3 4B", "gemma3_text", _GEMMA3_4B, dtype="float16"),
    "gemma3-27b-4bit": Shape(
        "Gemma 3 27B", "gemma3_text", _GEMMA3_27B, _BLOCK, four_bit=True, fits_whole=False
    ),
    "gemma3n-e2b": Shape("Gemma 3n E2B", "gemma3n_text"),
    "gemma4-e2b": Shape("Gemma 4 E2B", "gemma4_text"),
    "gemma4-26b": Shape("Gemma 4 26B", "gemma4_text", _GEMMA4_26B, _TINY_26B, fits_whole=False),
    "gemma2-2b": Shape("Gemma 2 2B", "gemma2", _GEMMA2_2B),
    "recurrent-2b": Shape(
        "RecurrentGemma 2B, 6 layers", "recurrent_gemma", _RECURRENT_2B, adapter=False
    ),
    "gemma3-4b-images": Shape(
        "Gemma 3 4B with its image tower",
        "gemma3",
        {"text_config": _GEMMA3_4B, "vision_config": SIGLIP, "mm_tokens_per_image": 256},
    ),
    "gemma4-e2b-images": Shape("Gemma 4 E2B with an image tower", "gemma4"),
    "gemma3-270m": Shape(
        "Gemma 3 270M",
        "gemma3_text",
        _GEMMA3_270M,
        adapter=False,
        published=True,
        blocks=20,
    ),
    "gemma3-270m-cpu": Shape(
        "Gemma 3 270M",
        "gemma3_text",
        _GEMMA3_270M,
        dtype="float32",
        adapter=False,
        published=True,
        blocks=4,
    ),
}


def shallow(shape: Shape, layers: int) -> Shape:
    """Return the shape with its first layers only, for what costs the same in every layer.

    Of layers that share keys and values as large a part is left as there was.
    """
    sizes = {**shapes.SHAPES[shape.model_type][2], **shape.sizes}
    cut: dict[str, Any] = {"num_hidden_layers": layers}
    for name in ("layer_types", "activation_sparsity_pattern"):
        if name in sizes:
            cut[name] = sizes[name][:layers]
    if sizes.get("num_kv_shared_layers"):
        cut["num_kv_shared_layers"] = layers // 2
    return replace(shape, sizes={**shape.sizes, **cut})


def build(shape: Shape, options: Options) -> Any:
    """Return the model in training mode on the device, with its adapter."""
    dtype = getattr(torch, shape.dtype)
    changes = shape.tiny if options.tiny else shape.sizes
    model = shapes.build(shape.model_type, options, dtype, **changes)
    if shape.four_bit:
        _quantize(model, options.device)
    if weights(shape, options) == "published":
        _load_published(model)
    if not shape.adapter:
        return model
    import peft

    targets = _linear_layers(model)
    config = peft.LoraConfig(r=16, target_modules=targets, init_lora_weights=False)
    adapted = peft.get_peft_model(model, config, autocast_adapter_dtype=False)
    adapted.enable_input_require_grads()  # for reentrant checkpointing
    return adapted.train()


def weights(shape: Shape, options: Options) -> str:
    """Return ``published`` or ``random``: which weights the model gets."""
    there = (PUBLISHED / "model.safetensors").is_file()
    return "published" if shape.published and there and not options.tiny else "random"


def batch(model: Any, options: Options) -> dict[str, Any]:
    """Return 2 x 2,048 random ids (on a CPU 2 x 16), their mask and labels.

    A multimodal model is told that none of them is an image.
    """
    rows, tokens = ROWS, TOKENS if options.device == "cuda" else ON_CPU
    if options.tiny:
        tokens = 24
    generator = torch.Generator().manual_seed(3)
    top = min(model.config.get_text_config().vocab_size, 200_000)
    ids = torch.randint(3, top, (rows, tokens), generator=generator).to(options.device)
    made = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids.clone()}
    if model.config.model_type in _TOKEN_TYPES:
        made[_TOKEN_TYPES[model.config.model_type]] = torch.zeros_like(ids)
    return made


def _load_published(model: Any) -> None:
    from safetensors.torch import load_file

    left_out = model.load_state_dict(load_file(PUBLISHED / "model.safetensors"), strict=False)
    missing = set(left_out.missing_keys) - {"lm_head.weight"}  # tied to the embeddings
    if missing or left_out.unexpected_keys:
        raise RuntimeError(f"the published weights do not fit: {left_out}")


def _linear_layers(model: Any) -> list[str]:
    """Return the names of the language model's linear layers that are adapted."""
    found = [name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)]
    return [
        name
        for name in found
        if name.rpartition(".")[2] in _TARGETS and "vision" not in name and "audio" not in name
    ]


def _quantize(model: Any, device: str) -> None:
    """Put a layer of bitsandbytes in 4 bits in the place of each linear layer but the head."""
    import bitsandbytes
    import transformers

    for name in _linear_layers(model):
        parent, _, child = name.rpartition(".")
        old = model.get_submodule(name)
        new = bitsandbytes.nn.Linear4bit(
            old.in_features,
            old.out_features,
            bias=False,
            compute_dtype=old.weight.dtype,
            quant_type="nf4",
            device="meta",
        )
        new.weight = bitsandbytes.nn.Params4bit(
            old.weight.data, requires_grad=False, quant_type="nf4", module=new
        ).to(device)
        setattr(model.get_submodule(parent), child, new)
    model.is_loaded_in_4bit = True
    model.config.quantization_config = transformers.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=model.dtype
    )
    if device == "cuda":
        torch.cuda.empty_cache()
