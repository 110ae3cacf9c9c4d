"""Healthy networks: every family, adapters of several kinds, frozen parts, images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import transformers

from gemma_compat import versions

from .. import tiny
from ..preflight import runs
from .healthy import Healthy, NotHere, lora
from .stage import Stage

V5 = versions.contains(">=5.0.0rc1", transformers.__version__)
LANGUAGE = r".*language_model.*\.(q_proj|v_proj)"
EXPERTS = {
    "enable_moe_block": True,
    "num_experts": 4,
    "top_k_experts": 2,
    "moe_intermediate_size": 32,
}
NOT_REENTRANT = {
    "gradient_checkpointing": True,
    "gradient_checkpointing_kwargs": {"use_reentrant": False},
}


def built(name: str, **changes: Any) -> Any:
    if name not in tiny.available():
        raise NotHere(f"this release has no {name}")
    if name == "gemma3n_text" and not V5:
        raise NotHere("its layers lose what they share on this release (GC104)")
    model = tiny.build(name, **changes)
    model.config.use_cache = False
    return model


def rows(name: str, count: int = 8) -> dict[str, Any]:
    return runs.text(count, name)


def run(name: str, change: Callable[[Any], Any] = lambda model: model, **settings: Any) -> Any:
    """Return a set-up of a Trainer on a tiny model of this type."""
    changes = settings.pop("changes", {})

    def make(stage: Stage) -> Any:
        model = change(built(name, **changes))
        return runs.trainer(model, stage.folder, rows(name), learning_rate=5e-5, **settings)

    return make


def _lower_frozen(model: Any) -> Any:
    for name, parameter in model.named_parameters():
        if any(part in name for part in ("layers.0.", "layers.1.", "embed")):
            parameter.requires_grad = False
    return model


def _only_norms(model: Any) -> Any:
    for name, parameter in model.named_parameters():
        parameter.requires_grad = "norm" in name
    return model


def _on_embeddings(model: Any) -> Any:
    """PEFT begins such an adapter the other way round: with A at 0."""
    return lora(model, target_modules=["embed_tokens", "q_proj"])


def _own_loop(stage: Stage) -> Any:
    model = lora(built("gemma3_text"), target_modules="all-linear", lora_dropout=0.1)
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.enable_input_require_grads()
    return {"subject": model, "batch": rows("gemma3_text", 2)}


def _images(name: str, tokens: int) -> Callable[[Stage], Any]:
    def make(stage: Stage) -> Any:
        batch = rows(name, 2)
        batch["input_ids"][:, 4 : 4 + tokens] = 250
        batch["labels"][:, 4 : 4 + tokens] = -100
        if name == "gemma3":
            batch["token_type_ids"][:, 4 : 4 + tokens] = 1
        if name == "paligemma":
            batch["token_type_ids"][:, : 4 + tokens] = 0
            batch["labels"][:, : 4 + tokens] = -100
        draw = torch.Generator().manual_seed(1)
        batch["pixel_values"] = torch.randn(2, 3, 56, 56, generator=draw)
        return {"subject": lora(built(name), target_modules=LANGUAGE), "batch": batch}

    return make


def _text_of_paligemma(stage: Stage) -> Any:
    return {"subject": built("paligemma"), "batch": rows("paligemma", 2)}


def _peft(kind: str, **options: Any) -> Callable[[Any], Any]:
    """Return a change that puts an adapter of this kind of PEFT around the model."""

    def change(model: Any) -> Any:
        import peft

        config = getattr(peft, f"{kind}Config", None)
        if config is None:
            raise NotHere(f"this release of PEFT has no {kind}")
        return peft.get_peft_model(model, config(task_type="CAUSAL_LM", **options))

    return change


def _by_itself(stage: Stage) -> Any:
    """Adafactor finds its rate itself: the groups of the optimizer say 0, or nothing."""
    from transformers.optimization import Adafactor, AdafactorSchedule

    model = built("gemma3_text")
    optimizer = Adafactor(
        model.parameters(), scale_parameter=True, relative_step=True, warmup_init=True, lr=None
    )
    given = {"optimizers": (optimizer, AdafactorSchedule(optimizer))}
    return runs.trainer(model, stage.folder, rows("gemma3_text"), keywords=given)


class Prodigy(torch.optim.AdamW):
    """Stand in for Prodigy, whose rate is 1 and whose groups hold the estimate ``d``."""

    def __init__(self, parameters: Any) -> None:
        super().__init__(parameters, lr=1.0)
        for group in self.param_groups:
            group["d"] = 1e-6


def _prodigy(stage: Stage) -> Any:
    model = lora(built("gemma3_text"))
    given = {"optimizers": (Prodigy([p for p in model.parameters() if p.requires_grad]), None)}
    return runs.trainer(model, stage.folder, rows("gemma3_text"), keywords=given)


def _groups(stage: Stage) -> Any:
    """Lower layers with a smaller rate, as layer-wise decay has it."""
    model = built("gemma3_text")
    layers = model.model.layers
    held = {id(p) for layer in layers for p in layer.parameters()}
    groups = [{"params": [p for p in model.parameters() if id(p) not in held], "lr": 2e-5}]
    groups += [
        {"params": list(layer.parameters()), "lr": 2e-5 * 0.9 ** (len(layers) - at)}
        for at, layer in enumerate(layers)
    ]
    given = {"optimizers": (torch.optim.AdamW(groups), None)}
    return runs.trainer(model, stage.folder, rows("gemma3_text"), keywords=given)


PEFT = ("peft",)
_MATRICES = ["q_proj", "v_proj", "down_proj"]
_TOWERS = dict.fromkeys(
    (
        "Gemma 3 with its vision tower, text only",
        "Gemma 4 with its vision tower, text only",
        "PaliGemma, text only",
    ),
    ("every-parameter-learns",),
)
SETUPS = tuple(
    # Random weights know nothing, and text alone leaves a tower without gradient: both are said.
    Healthy(name, make, needs, ("loss-is-plausible", *_TOWERS.get(name, ())), network=True)
    for name, make, needs in (
        ("own loop, LoRA, checkpointed", _own_loop, PEFT),
        ("Gemma 2", run("gemma2"), ()),
        ("Gemma 2, bf16", run("gemma2", bf16=True), ()),
        ("Gemma 3 with its vision tower, text only", run("gemma3"), ()),
        ("Gemma 3n, LoRA", run("gemma3n_text", lora), PEFT),
        ("Gemma 3n, all weights", run("gemma3n_text"), ()),
        ("Gemma 4", run("gemma4_text"), ()),
        (
            "Gemma 4, checkpointed without reentry",
            run("gemma4_text", gradient_accumulation_steps=2, **NOT_REENTRANT),
            (),
        ),
        ("Gemma 4, experts", run("gemma4_text", changes=EXPERTS), ()),
        ("Gemma 4 with its vision tower, text only", run("gemma4"), ()),
        ("PaliGemma, text only", _text_of_paligemma, ()),
        ("Gemma 3, images, LoRA", _images("gemma3", 4), PEFT),
        ("lower layers frozen", run("gemma3_text", _lower_frozen), ()),
        ("norms alone trained", run("gemma3_text", _only_norms), ()),
        (
            "head and embedding untied",
            run("gemma3_text", changes={"tie_word_embeddings": False}),
            (),
        ),
        (
            "LoRA, head and embedding trained",
            run(
                "gemma3_text",
                lambda model: lora(model, modules_to_save=["embed_tokens", "lm_head"]),
                changes={"tie_word_embeddings": False},
            ),
            PEFT,
        ),
        (
            "LoRA on all matrices",
            run("gemma3_text", lambda m: lora(m, target_modules="all-linear")),
            PEFT,
        ),
        (
            "LoRA by rank-stabilised scale",
            run("gemma3_text", lambda m: lora(m, use_rslora=True)),
            PEFT,
        ),
        ("LoRA on the embeddings", run("gemma3_text", _on_embeddings), PEFT),
        ("DoRA", run("gemma3_text", lambda m: lora(m, use_dora=True)), PEFT),
        *(
            (f"{kind} in place of LoRA", run("gemma3_text", _peft(kind, **options)), PEFT)
            for kind, options in (
                ("LoHa", {"target_modules": _MATRICES}),
                ("LoKr", {"target_modules": _MATRICES}),
                ("AdaLora", {"target_modules": _MATRICES, "total_step": 60}),
                ("Vera", {"target_modules": ["q_proj"], "r": 8}),
                ("RandLora", {"target_modules": _MATRICES, "r": 4}),
                ("Miss", {"target_modules": _MATRICES, "r": 4}),
                ("Delora", {"target_modules": _MATRICES}),
                ("IA3", {"target_modules": _MATRICES, "feedforward_modules": ["down_proj"]}),
                ("PromptTuning", {"num_virtual_tokens": 8}),
                ("PromptEncoder", {"num_virtual_tokens": 8, "encoder_hidden_size": 32}),
            )
        ),
        ("Adafactor that finds its rate", _by_itself, ()),
        ("Prodigy at its rate of 1", _prodigy, PEFT),
        ("a rate for each layer", _groups, ()),
        (
            "LoRA begun by PiSSA",
            run("gemma3_text", lambda m: lora(m, init_lora_weights="pissa")),
            PEFT,
        ),
    )
)
