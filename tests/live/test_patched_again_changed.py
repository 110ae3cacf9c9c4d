"""A second ``patch`` answers as one that remembers nothing, whatever changed since the first.

What is kept between two calls is compared with reading everything anew, and each change must be
seen: the facts differ from those of the first call.
"""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import gemma_compat  # noqa: E402
from gemma_compat import api  # noqa: E402
from gemma_compat.detect import _machine  # noqa: E402
from gemma_compat.live import tree  # noqa: E402

from .. import tiny  # noqa: E402

torch.set_num_threads(1)
NAME = "gemma3_text"
TRAINED = "layers.0.self_attn.q_proj"


def forget() -> None:
    api._last.clear()
    for kept in (_machine._INVENTORY, _machine._TORCH_BUILD):
        kept._kept = None


def text(model: Any) -> Any:
    return tree.text_models(model)[0][1]


def other_attention(model: Any) -> None:
    config = text(model).config
    config._attn_implementation = "sdpa" if config._attn_implementation == "eager" else "eager"


def other_config_field(model: Any) -> None:
    text(model).config.sliding_window = 16


def other_config(model: Any) -> None:
    changed = type(model.config)(**{**model.config.to_dict(), "use_cache": False})
    changed._attn_implementation = model.config._attn_implementation
    for module in model.modules():
        if vars(module).get("config") is not None:
            module.config = changed


def no_cache(model: Any) -> None:
    for _, config in tree.named_configs(model):
        config.use_cache = False


def other_dtype(model: Any) -> None:
    model.to(torch.bfloat16)


def one_other_weight(model: Any) -> None:
    projection = text(model).layers[1].mlp.down_proj
    projection.weight = torch.nn.Parameter(projection.weight.detach().half())


def other_head(model: Any) -> None:
    head = model.get_output_embeddings()
    head.weight = torch.nn.Parameter(head.weight.detach().clone())


def trained_norm(model: Any) -> None:
    with torch.no_grad():
        text(model).norm.weight.add_(0.5)


def resized(model: Any) -> None:
    model.resize_token_embeddings(tiny.VOCAB + 8)


def checkpointing(model: Any) -> None:
    model.gradient_checkpointing_enable({"use_reentrant": True})


def swapped_layer(model: Any) -> None:
    """By torch's wrapper around one layer."""
    from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper

    layers = text(model).layers
    layers[0] = checkpoint_wrapper(layers[0])


def forward_of_an_instance(model: Any) -> None:
    layer = text(model).layers[0]
    layer.forward = partial(torch.utils.checkpoint.checkpoint, layer.forward, use_reentrant=True)


def hook_taken_off(model: Any) -> None:
    for module in model.modules():
        module._forward_pre_hooks.clear()


def lora_beside(model: Any) -> None:
    projection = text(model).get_submodule(TRAINED)
    projection.lora_A = torch.nn.ModuleDict({"default": torch.nn.Linear(4, 4)})


def layer_of_unsloth(model: Any) -> None:
    """A class whose method was compiled in a module of Unsloth's."""
    projection = text(model).get_submodule(TRAINED)
    scope: dict[str, Any] = {"__name__": "unsloth.kernels"}
    exec("def forward(self, x):\n    return x\n", scope)
    projection.__class__ = type(
        "Replaced", (type(projection),), {"forward": scope["forward"], "__module__": "made"}
    )


def layer_that_takes_a_quantized_place(model: Any) -> None:
    model.config.quantization_config = {"quant_method": "bitsandbytes", "load_in_4bit": True}


def loss_keywords(model: Any) -> None:
    model.accepts_loss_kwargs = not getattr(model, "accepts_loss_kwargs", False)


def named_checkpoint(model: Any) -> None:
    model.config._name_or_path = "somewhere/else"


CHANGES: list[Callable[[Any], None]] = [
    other_attention, other_config_field, other_config, no_cache, other_dtype, one_other_weight,
    other_head, trained_norm, resized, checkpointing, swapped_layer, forward_of_an_instance,
    hook_taken_off, lora_beside, layer_of_unsloth, layer_that_takes_a_quantized_place,
    loss_keywords, named_checkpoint,
]  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_between_two_patches_is_seen(change: Callable[[Any], None]) -> None:
    model = tiny.build(NAME)
    gemma_compat.patch(model)
    first = gemma_compat.patch(model, dry_run=True)
    change(model)
    second = gemma_compat.patch(model, dry_run=True)
    assert second.diagnosis.facts != first.diagnosis.facts
    forget()
    fresh = gemma_compat.patch(model, dry_run=True)
    assert second.diagnosis == fresh.diagnosis and second.plan == fresh.plan


@pytest.mark.parametrize(
    "args", [{"bf16": True}, {"gradient_accumulation_steps": 8}, {"optim": "adafactor"}]
)
def test_other_arguments_are_seen(args: dict[str, Any]) -> None:
    model = tiny.build(NAME)
    gemma_compat.patch(model)
    second = gemma_compat.patch(model, args=args, dry_run=True)
    forget()
    fresh = gemma_compat.patch(model, args=args, dry_run=True)
    assert second.diagnosis == fresh.diagnosis
    assert second.diagnosis.facts.training != gemma_compat.patch(model).diagnosis.facts.training


def test_other_variables_and_packages_are_seen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    model = tiny.build(NAME)
    gemma_compat.patch(model)
    monkeypatch.setenv("NCCL_P2P_DISABLE", "1")
    info = tmp_path / "trl-0.0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: trl\nVersion: 0.0.1\n\n")
    (tmp_path / "trl").mkdir()
    (tmp_path / "trl" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    facts = gemma_compat.patch(model, dry_run=True).diagnosis.facts
    assert facts.version("trl") == "0.0.1" and facts.environment["NCCL_P2P_DISABLE"] == "1"


def test_other_rules_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.build(NAME)
    gemma_compat.patch(model)
    monkeypatch.setattr(api, "all_rules", lambda: ())
    assert gemma_compat.patch(model).diagnosis.findings == ()


def test_a_second_patch_walks_the_model_for_the_facts_and_once_more_for_the_cures() -> None:
    """The second walk is left out where no cure looks for the model's parts, as on 5.23."""
    model = tiny.build(NAME)
    assert walks(lambda: gemma_compat.patch(model)) <= 4
    assert walks(lambda: gemma_compat.patch(model)) <= 2


def walks(call: Callable[[], Any]) -> int:
    """Return how often all modules of a live model are visited, by our walk or by torch's."""
    codes = {tree.walk.__code__, torch.nn.Module.modules.__code__}
    found: list[Any] = []

    def note(frame: Any, event: str, _: Any) -> None:
        if event == "call" and frame.f_code in codes:
            first = next(iter(frame.f_locals.values()))
            found.append(isinstance(first, torch.nn.Module))

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    return sum(found)


def test_what_is_kept_holds_no_model() -> None:
    model = tiny.build(NAME)
    gemma_compat.patch(model)
    gemma_compat.patch(model)
    watched = weakref.ref(model)
    del model
    gc.collect()
    assert watched() is None
