"""Accidents of loading: an edited config, weights that were not loaded, names that nothing has."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers

from .. import tiny
from ..preflight import runs
from . import small
from .faults_adapter import lora
from .faults_model import on_taught, on_tiny
from .planted import Fault, run

_SAVES = {"save_strategy": "steps", "save_steps": 2}


def loaded(folder: Any, **changes: Any) -> Any:
    """Return the taught model from a folder, with these changes of its config."""
    home = Path(folder) / "base"
    small.model().save_pretrained(home)
    return transformers.AutoModelForCausalLM.from_pretrained(home, **changes)


def _edited(**changes: Any) -> Callable[[Any], Any]:
    def make(folder: Any) -> Any:
        return run(loaded(folder, **changes), folder, small.chats(), tokenizer=small.tokenizer())

    return make


def _other_rope(folder: Any) -> Any:
    """Lose the base of full attention, as a config of another family has it."""
    model = loaded(folder)
    config = copy.deepcopy(model.config)
    if isinstance(getattr(config, "rope_parameters", None), dict):
        config.rope_parameters["full_attention"]["rope_theta"] = 20_000.0
    else:
        config.rope_theta = 20_000.0
    made = type(model)(config)
    made.load_state_dict(model.state_dict())
    return run(made, folder, small.chats(), tokenizer=small.tokenizer())


def _mlp_anew(model: Any) -> None:
    for layer in model.model.layers:
        for name in ("gate_proj", "up_proj", "down_proj"):
            torch.nn.init.normal_(getattr(layer.mlp, name).weight, std=0.02)


def _keys_with_a_prefix(model: Any) -> Any:
    torch.manual_seed(3)
    made = type(model)(model.config)
    weights = {f"module.{name}": value for name, value in model.state_dict().items()}
    made.load_state_dict(weights, strict=False)
    return made


def _projection_of_its_own(model: Any) -> None:
    """Put a layer of torch, with torch's own first values, where a learned one was."""
    rows, width = model.model.layers[1].mlp.down_proj.weight.shape
    model.model.layers[1].mlp.down_proj = torch.nn.Linear(width, rows, bias=False)


def _pruned(model: Any) -> None:
    del model.model.layers[2]


def _reordered(model: Any) -> None:
    layers = list(model.model.layers)
    model.model.layers = torch.nn.ModuleList([layers[-1], *layers[:-1]])


def _vocabulary(model: Any) -> None:
    model.config.vocab_size += 8


def _one_layer_twice(model: Any) -> None:
    model.model.layers[2] = model.model.layers[1]


def _one_matrix_twice(model: Any) -> None:
    model.model.layers[2].mlp.up_proj.weight = model.model.layers[0].mlp.up_proj.weight


def _frozen_after(model: Any) -> Any:
    made = lora(model)
    made.requires_grad_(False)
    return made


def _prepared_after(model: Any) -> Any:
    from peft import prepare_model_for_kbit_training

    return prepare_model_for_kbit_training(lora(model), use_gradient_checkpointing=False)


def _ia3(model: Any) -> Any:
    from peft import IA3Config, get_peft_model

    torch.manual_seed(0)
    targets = ["k_proj", "v_proj", "down_proj", "q_proj"]
    config = IA3Config(
        task_type="CAUSAL_LM",
        target_modules=targets,
        feedforward_modules=["down_proj"],
        init_ia3_weights=False,
    )
    return get_peft_model(model, config)


def _both_ways(model: Any) -> None:
    """Let each token see all others, as patches for embedding models do."""
    for layer in model.model.layers:
        forward = layer.self_attn.forward

        def without_mask(*args: Any, _forward: Any = forward, **kwargs: Any) -> Any:
            if kwargs.get("attention_mask") is not None:
                kwargs["attention_mask"] = torch.zeros_like(
                    kwargs["attention_mask"], dtype=torch.float32
                )
            return _forward(*args, **kwargs)

        layer.self_attn.forward = without_mask


def _in_inference_mode(folder: Any) -> Any:
    with torch.inference_mode():
        model = tiny.build("gemma3_text")
    return run(model, folder, runs.text())


_TYPO = ["q_proj", "k_proj", "v_prj", "o_proj", "gate", "up"]

NAMES: tuple[tuple[str, Callable[[Any], Any], str], ...] = (
    ("layers cut in the config", _edited(num_hidden_layers=2), "num_hidden_layers is 2"),
    ("window made smaller", _edited(sliding_window=2), "sliding_window is 2"),
    ("queries not scaled", _edited(query_pre_attn_scalar=1), "query_pre_attn_scalar is 1"),
    ("epsilon of another family", _edited(rms_norm_eps=1e-2), "rms_norm_eps is 0.01"),
    ("rotary base of another family", _other_rope, "rope_theta is"),
    ("MLP not loaded", on_taught(_mlp_anew), "gate_proj.weight holds random values"),
    ("state dict with a prefix", on_taught(_keys_with_a_prefix), "nothing was loaded"),
    ("a projection of torch", on_taught(_projection_of_its_own), "down_proj.*random values"),
    ("layers pruned by hand", on_tiny(_pruned, **_SAVES), "config.num_hidden_layers is"),
    ("layers put in another order", on_tiny(_reordered, **_SAVES), "config.layer_types says"),
    ("vocabulary of the config only", on_tiny(_vocabulary, **_SAVES), "config.vocab_size is"),
    ("one layer in two places", on_tiny(_one_layer_twice, **_SAVES), "are one weight"),
    ("one matrix in two places", on_tiny(_one_matrix_twice, **_SAVES), "are one weight"),
    ("target_modules misspelt", on_tiny(lambda m: lora(m, target_modules=_TYPO)), "'v_prj'"),
    (
        "target_modules without _proj",
        on_tiny(lambda m: lora(m, target_modules=["q_proj", "v"])),
        "'v', and no module",
    ),
    (
        "modules_to_save misspelt",
        on_tiny(lambda m: lora(m, modules_to_save=["embed_token"])),
        "modules_to_save names 'embed_token'",
    ),
    (
        "modules_to_save of another family",
        on_tiny(lambda m: lora(m, modules_to_save=["wte"])),
        "modules_to_save names 'wte'",
    ),
    (
        "rank_pattern that fits nothing",
        on_tiny(lambda m: lora(m, rank_pattern={"query": 32})),
        "rank_pattern names 'query'",
    ),
    (
        "layers_to_transform past the last",
        on_tiny(lambda m: lora(m, layers_to_transform=[0, 1, 2, 40])),
        "names layer 40",
    ),
    ("an adapter around an adapter", on_tiny(lambda m: lora(lora(m))), "called twice"),
    ("adapter frozen afterwards", on_tiny(_frozen_after), "frozen after it was made"),
    ("prepared for k-bit afterwards", on_tiny(_prepared_after), "before get_peft_model"),
    (
        "inference_mode in the config",
        on_tiny(lambda m: lora(m, inference_mode=True)),
        "inference_mode=True",
    ),
    ("IA3 begun at random", on_taught(_ia3), "with the adapter and"),
    ("attention without a causal mask", on_taught(_both_ways), "tokens that it is to predict"),
    ("made in inference_mode", _in_inference_mode, "inside torch.inference_mode"),
)
FAULTS = tuple(Fault(name, make, cause) for name, make, cause in NAMES)
