"""Accidents with the network: weights, adapters, heads, frozen parts, modes and dtypes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .. import tiny
from ..preflight import runs
from . import small
from .planted import Fault, run, trial

Change = Callable[[Any], Any]


def _tiny(change: Change, name: str = "gemma3_text", **settings: Any) -> Callable[[Any], Any]:
    """Return a run of a random model; the change returns another model, or ``None``."""

    def make(folder: Any) -> Any:
        model = tiny.build(name)
        return run(change(model) or model, folder, runs.text(), **settings)

    return make


def _taught(change: Change, **settings: Any) -> Callable[[Any], Any]:
    """Return a run of the model that knows English, with chats."""

    def make(folder: Any) -> Any:
        model = small.model()
        made = small.tokenizer()
        return run(change(model) or model, folder, small.chats(), tokenizer=made, **settings)

    return make


def lora(model: Any, **changes: Any) -> Any:
    """Return the model with a LoRA on queries and values."""
    from peft import LoraConfig, get_peft_model

    settings = {
        "r": 8,
        "lora_alpha": 16,
        "target_modules": ["q_proj", "v_proj"],
        "task_type": "CAUSAL_LM",
        **changes,
    }
    return get_peft_model(model, LoraConfig(**settings))


def _moved(model: Any, std: float = 0.1) -> Any:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=std, generator=torch.Generator().manual_seed(1))
    return model


def _frozen(model: Any) -> None:
    model.requires_grad_(False)


def _merged(model: Any) -> Any:
    made = lora(model)
    made.merge_adapter()
    return made


def _merged_twice(model: Any) -> Any:
    made = _moved(lora(model, target_modules="all-linear"))
    made.merge_adapter()
    for module in made.modules():
        if hasattr(module, "merged_adapters"):
            module.merged_adapters = []
    return made


def _disabled(model: Any) -> Any:
    made = lora(model)
    made.base_model.disable_adapter_layers()
    return made


def _for_inference(model: Any) -> Any:
    made = lora(model)
    made.requires_grad_(False)
    return made


def _second_adapter(model: Any) -> Any:
    """Train the adapter that is not the active one."""
    from peft import LoraConfig

    made = lora(model)
    made.add_adapter("other", LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
    for name, parameter in made.named_parameters():
        parameter.requires_grad_(".other." in name)
    return made


def _half_active(model: Any) -> Any:
    """Leave the switched-off adapter trainable beside the active one."""
    made = _second_adapter(model)
    for name, parameter in made.named_parameters():
        parameter.requires_grad_("lora_" in name)
    return made


def _frozen_b(model: Any) -> Any:
    made = lora(model)
    for name, parameter in made.named_parameters():
        if "lora_B" in name:
            parameter.requires_grad_(False)
    return made


def _both_zero(model: Any) -> Any:
    made = lora(model)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if "lora_" in name:
                parameter.zero_()
    return made


def _beside(model: Any) -> Any:
    made = lora(model)
    made.base_model.model.lm_head.weight.requires_grad_(True)
    return made


def _unfrozen(model: Any) -> Any:
    made = lora(model)
    made.requires_grad_(True)
    return made


def _half_adapter(model: Any) -> Any:
    made = lora(model)
    for name, parameter in made.named_parameters():
        if "lora_" in name:
            parameter.data = parameter.data.half()
    return made


def _of_towers(name: str) -> Callable[[Any], Any]:
    def make(folder: Any) -> Any:
        from peft import LoraConfig, get_peft_model

        model = tiny.build(name)
        target = r".*vision_tower.*\.(q_proj|v_proj)"
        made = get_peft_model(model, LoraConfig(r=4, target_modules=target))
        rows = tiny.batch(name)
        rows["input_ids"][:, 0] = rows["labels"][:, 0] = runs.BOS
        return trial(made, rows)

    return make


def _one_layer(model: Any) -> Any:
    return lora(model, layers_to_transform=[0], target_modules=["q_proj"])


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


def _new_tokens(change: Change | None, *, grown: bool = True) -> Callable[[Any], Any]:
    def make(folder: Any) -> Any:
        model, made = small.model(), small.tokenizer()
        size = model.config.vocab_size
        made.add_tokens([*(f"<free_{at}>" for at in range(size - len(made))), "<tool>"])
        if grown:
            model.resize_token_embeddings(len(made))
        model = change(model) if change else model
        rows = small.encoded([f"{q} <tool> {a}<eos>" for q, a in small.QA], made=made)
        return run(model, folder, rows, tokenizer=made)

    return make


def _reentrant(folder: Any) -> Any:
    made = lora(tiny.build("gemma3_text"))
    options = {
        "gradient_checkpointing": True,
        "gradient_checkpointing_kwargs": {"use_reentrant": True},
    }
    made.gradient_checkpointing_enable({"use_reentrant": True})
    for module in made.modules():
        module._forward_hooks.clear()
    return trial(made, runs.text(2), args=options)


def _no_grad(model: Any) -> None:
    """Run the lower half under no_grad, as where a backbone is thought to be frozen."""
    layer = model.model.layers[1]
    forward = layer.forward

    def without(*args: Any, **kwargs: Any) -> Any:
        with torch.no_grad():
            return forward(*args, **kwargs)

    layer.forward = without


NAMES: tuple[tuple[str, Callable[[Any], Any], str, bool], ...] = (
    ("everything frozen", _tiny(_frozen), "no parameter of this model", True),
    ("adapter merged, then trained", _tiny(_merged), "adapter is merged", True),
    ("adapter disabled", _tiny(_disabled), "adapter is disabled", True),
    ("adapter loaded for inference", _tiny(_for_inference), "loaded for inference", True),
    ("adapter merged twice", _tiny(_merged_twice), "a second time", True),
    ("another adapter active", _tiny(_second_adapter), "not active", False),
    ("a second adapter left trainable", _tiny(_half_active), "not active", False),
    ("lora_B frozen", _tiny(_frozen_b), "is 0 and frozen", False),
    ("lora A and B both zero", _tiny(_both_zero), "both 0", False),
    ("lm_head trains beside LoRA", _tiny(_beside), "beside the adapter", False),
    ("everything trains beside LoRA", _tiny(_unfrozen), "beside the adapter", False),
    ("adapter in float16", _tiny(_half_adapter), "trained in float16", False),
    ("alpha of 4096", _tiny(lambda m: lora(m, lora_alpha=4096)), "scaled by", True),
    ("alpha of 0.001", _tiny(lambda m: lora(m, lora_alpha=0.001)), "scaled by", False),
    ("lora_dropout of 0.95", _tiny(lambda m: lora(m, lora_dropout=0.95)), "dropout", True),
    ("LoRA on one projection", _tiny(_one_layer), "on 1 of 6 layers", False),
    ("LoRA on towers only, no images", _of_towers("gemma3"), "tower", True),
    ("NaN in a weight", _tiny(_nan), "up_proj.*NaN", True),
    ("head frozen and cut loose", _tiny(_loose_head), "head", True),
    ("head is random", _taught(_random_head), "head|not what was trained", False),
    ("a layer is random", _taught(_layer), "not what was trained|know", True),
    ("all weights are random", _taught(_random), "not what was trained", True),
    ("a layer is zero", _taught(_zeros), "only zeros", False),
    ("embedding is random", _taught(_embedding_lost), "not what was trained", False),
    ("norms loaded as Llama's", _taught(_norm_of_one), "not what was trained", False),
    ("embeddings scaled twice", _taught(_scaled_twice), "not what was trained", True),
    ("rotary base lost", _taught(_rope), "other positions", True),
    ("rotary bases exchanged", _tiny(_exchanged), "exchanged", True),
    ("vocabulary cut and grown", _taught(_resized), "not what was trained", False),
    ("logits capped to nothing", _taught(_capped), "not what was trained|softcap", False),
    (
        "adapter starts at random",
        _taught(lambda m: _moved(lora(m, target_modules="all-linear"), 0.3)),
        "with the adapter and|random values",
        True,
    ),
    ("dropout stays on in evaluation", _tiny(_stuck_dropout), "random is on", True),
    ("routers collapsed", _collapsed, "same 2 of 4", True),
    ("new tokens, not resized", _new_tokens(None, grown=False), "resize_token_embeddings", True),
    ("new tokens, LoRA, frozen embedding", _new_tokens(lora), "embedding is frozen", True),
    (
        "new tokens, head forgotten",
        _new_tokens(lambda m: lora(m, modules_to_save=["embed_tokens"])),
        "head",
        True,
    ),
    ("reentrant checkpoints, frozen inputs", _reentrant, "enable_input_require_grads", False),
    ("a layer under no_grad", _tiny(_no_grad), "gets? a gradient; none for|no_grad", False),
)
FAULTS = tuple(Fault(name, make, cause, audited) for name, make, cause, audited in NAMES)
