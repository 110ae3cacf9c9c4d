"""Accidents with the network: weights, heads, frozen parts, modes and positions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .. import tiny
from ..preflight import runs
from . import small
from .planted import Fault, run, trial

Change = Callable[[Any], Any]


def on_tiny(change: Change, name: str = "gemma3_text", **settings: Any) -> Callable[[Any], Any]:
    """Return a run of a random model; the change returns another model, or ``None``."""

    def make(folder: Any) -> Any:
        model = tiny.build(name)
        return run(change(model) or model, folder, runs.text(), **settings)

    return make


def on_taught(change: Change, **settings: Any) -> Callable[[Any], Any]:
    """Return a run of the model that knows English, with chats."""

    def make(folder: Any) -> Any:
        model = small.model()
        made = small.tokenizer()
        return run(change(model) or model, folder, small.chats(), tokenizer=made, **settings)

    return make


def _frozen(model: Any) -> None:
    model.requires_grad_(False)


def _loose_head(model: Any) -> None:
    head = model.lm_head.weight.detach().clone()
    model.lm_head.weight = torch.nn.Parameter(head, requires_grad=False)


def _random_head(model: Any) -> None:
    rows, width = model.lm_head.weight.shape
    model.lm_head = torch.nn.Linear(width, rows, bias=False)


def _nan(model: Any) -> None:
    model.model.layers[2].mlp.up_proj.weight.data[3, 3] = float("nan")


def _layer(model: Any) -> None:
    for parameter in model.model.layers[1].parameters():
        if parameter.ndim == 2:
            torch.nn.init.normal_(parameter, std=0.3)


def _random(model: Any) -> Any:
    torch.manual_seed(9)
    return type(model)(model.config)


def _zeros(model: Any) -> None:
    model.model.layers[1].mlp.down_proj.weight.data.zero_()
    model.model.layers[1].self_attn.o_proj.weight.data.zero_()


def _embedding_lost(model: Any) -> None:
    torch.nn.init.normal_(model.model.embed_tokens.weight, std=0.08)


def _norm_of_one(model: Any) -> None:
    """Load norms as Llama's, which multiply by the weight and not by one plus it."""
    for name, parameter in model.named_parameters():
        if "norm" in name:
            parameter.data += 1.0


def _scaled_twice(model: Any) -> None:
    model.model.embed_tokens.register_forward_hook(_times_eight)


def _times_eight(module: Any, args: Any, output: Any) -> Any:
    return output * 8.0


def _rope(model: Any) -> None:
    for name, buffer in model.model.named_buffers():
        if "inv_freq" in name:
            buffer.mul_(0.1)


def _exchanged(model: Any) -> Any:
    """Give the window the base of full attention, and the other way round."""
    config = model.config
    if isinstance(getattr(config, "rope_parameters", None), dict):
        rope = config.rope_parameters
        both = rope["full_attention"]["rope_theta"], rope["sliding_attention"]["rope_theta"]
        rope["sliding_attention"]["rope_theta"], rope["full_attention"]["rope_theta"] = both
    else:
        both = config.rope_theta, config.rope_local_base_freq
        config.rope_local_base_freq, config.rope_theta = both
    made = type(model)(config)
    made.load_state_dict(model.state_dict())
    return made


def _resized(model: Any) -> None:
    """Shrink the vocabulary and grow it again: the last rows are new and random."""
    size = model.config.vocab_size
    model.resize_token_embeddings(210)
    model.resize_token_embeddings(size)


def _capped(model: Any) -> None:
    model.config.final_logit_softcapping = 0.5


def _stuck_dropout(model: Any) -> None:
    layer = model.model.layers[1].mlp
    layer.register_forward_hook(_drop)


def _drop(module: Any, args: Any, output: Any) -> Any:
    return torch.nn.functional.dropout(output, 0.3, training=True)


def _collapsed(folder: Any) -> Any:
    model = tiny.build(
        "gemma4_text",
        num_kv_shared_layers=0,
        enable_moe_block=True,
        num_experts=4,
        top_k_experts=2,
        moe_intermediate_size=32,
    )
    for name, parameter in model.named_parameters():
        if "router.proj" in name:
            parameter.data.zero_()
    return trial(model, runs.text(2))


def _no_grad(model: Any) -> None:
    """Run the lower half under no_grad, as where a backbone is thought to be frozen."""
    layer = model.model.layers[1]
    forward = layer.forward

    def without(*args: Any, **kwargs: Any) -> Any:
        with torch.no_grad():
            return forward(*args, **kwargs)

    layer.forward = without


def _without_head(model: Any) -> Any:
    """Load the class without a language head, as AutoModel does."""
    return model.model


NAMES: tuple[tuple[str, Callable[[Any], Any], str, bool], ...] = (
    ("everything frozen", on_tiny(_frozen), "no parameter of this model", True),
    ("no language head", on_tiny(_without_head), "no language head", False),
    ("NaN in a weight", on_tiny(_nan), "up_proj.*NaN", True),
    ("head frozen and cut loose", on_tiny(_loose_head), "head", True),
    ("head is random", on_taught(_random_head), "head|do not know English", False),
    ("a layer is random", on_taught(_layer), "do not know English|know", True),
    ("all weights are random", on_taught(_random), "nothing was loaded", True),
    ("a layer is zero", on_taught(_zeros), "only zeros", False),
    ("embedding is random", on_taught(_embedding_lost), "do not know English", False),
    ("norms loaded as Llama's", on_taught(_norm_of_one), "do not know English", False),
    ("embeddings scaled twice", on_taught(_scaled_twice), "do not know English", True),
    ("rotary base lost", on_taught(_rope), "other positions", True),
    ("rotary bases exchanged", on_tiny(_exchanged), "exchanged", True),
    ("vocabulary cut and grown", on_taught(_resized), "do not know English", False),
    ("logits capped to nothing", on_taught(_capped), "do not know English|softcap", False),
    ("dropout stays on in evaluation", on_tiny(_stuck_dropout), "random is on", True),
    ("routers collapsed", _collapsed, "same 2 of 4", True),
    ("a layer under no_grad", on_tiny(_no_grad), "gets? a gradient; none for|no_grad", False),
)
FAULTS = tuple(Fault(name, make, cause, audited) for name, make, cause, audited in NAMES)
