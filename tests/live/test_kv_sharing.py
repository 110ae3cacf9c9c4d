"""GC104 and GC201 on real tiny models: another network without the patch, the same with it."""

from __future__ import annotations

import gc
import itertools
import weakref
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")


from gemma_compat.patching import kv_carrier  # noqa: E402

from .. import tiny  # noqa: E402
from . import compare  # noqa: E402
from .sharing import (  # noqa: E402
    RELEASE,
    apply,
    carried,
    checkpoint,
    every_mode,
    every_name,
    functions,
    is_broken,
    needs_sharing,
    only_detached,
    options,
    patched,
    shares_by_cache_alone,
    text_model,
    two_forwards,
    wrap,
)

pytestmark = needs_sharing

# mode, use_cache, attention, LoRA
ALL = list(
    itertools.product((None, False, True), (None, True, False), ("eager", "sdpa"), (False, True))
)
QUICK = [
    (None, None, "eager", False),
    (None, False, "sdpa", True),
    (False, None, "sdpa", False),
    (True, None, "eager", True),
    (True, False, "sdpa", False),
    (True, True, "eager", False),
]
CELLS = [pytest.param(*cell, marks=() if cell in QUICK else pytest.mark.slow) for cell in ALL]
every_cell = pytest.mark.parametrize(("mode", "use_cache", "attn", "lora"), CELLS)


@every_name
@every_cell
def test_without_the_patch(
    name: str, mode: bool | None, use_cache: bool | None, attn: str, lora: bool
) -> None:
    model = checkpoint(compare.make(name, attn, lora), mode)
    expected = compare.reference(name, attn, lora)
    if RELEASE == "4.53.0" and mode:  # this release alone says something
        with pytest.raises(RuntimeError, match="backward through the graph a second time"):
            compare.run(model, tiny.batch(name), **options(use_cache))
        return
    got = compare.run(model, tiny.batch(name), **options(use_cache))
    check = compare.assert_differs if is_broken(name, mode, use_cache) else compare.assert_same
    check(expected, got)


@every_name
@every_cell
def test_with_the_patch(
    name: str, mode: bool | None, use_cache: bool | None, attn: str, lora: bool
) -> None:
    model = patched(name, mode, attn=attn, lora=lora)
    expected = compare.reference(name, attn, lora)
    compare.assert_same(expected, compare.run(model, tiny.batch(name), **options(use_cache)))


@every_name
@every_mode
def test_left_padded(name: str, mode: bool | None) -> None:
    batch = tiny.pad_left(tiny.batch(name))
    expected = compare.reference(name, batch=batch)
    compare.assert_same(expected, compare.run(patched(name, mode), batch))


@every_name
@every_mode
def test_checkpointing_before_the_patch(name: str, mode: bool | None) -> None:
    model = checkpoint(compare.make(name), mode)
    apply(name, model)
    compare.assert_same(compare.reference(name), compare.run(model, tiny.batch(name)))


@every_name
def test_evaluation_without_cache(name: str) -> None:
    model = patched(name).eval()
    expected = compare.reference(name)
    compare.assert_same(expected, compare.run(model, tiny.batch(name), use_cache=False))


@every_name
@every_mode
def test_two_forwards_before_one_backward(name: str, mode: bool | None) -> None:
    batches = tiny.batch(name, seed=3), tiny.batch(name, seed=4)
    expected = two_forwards(compare.make(name).eval(), *batches, use_cache=True)
    compare.assert_same(expected, two_forwards(patched(name, mode), *batches))


@every_name
def test_one_layer_checkpointed(name: str) -> None:
    model = patched(name, True)
    for layer in list(text_model(model).layers)[1:]:
        layer.gradient_checkpointing = False
    compare.assert_same(compare.reference(name), compare.run(model, tiny.batch(name)))


@every_name
def test_frozen_lender(name: str) -> None:
    def freeze(model: Any) -> Any:
        layers = text_model(model).layers
        first = next(i for i, layer in enumerate(layers) if layer.self_attn.is_kv_shared_layer)
        for parameter in [*model.get_input_embeddings().parameters(), *layers[:first].parameters()]:
            parameter.requires_grad_(False)
        return model

    expected = compare.run(freeze(compare.make(name)).eval(), tiny.batch(name), use_cache=True)
    compare.assert_same(expected, compare.run(freeze(patched(name, True)), tiny.batch(name)))


@every_name
@pytest.mark.parametrize("use_cache", [None, True, False])
def test_wrapped_from_outside(name: str, use_cache: bool | None) -> None:
    """Right, and with the carrier so is a cache that would be filled twice (GC203)."""
    model = wrap(patched(name), "NO_REENTRANT")
    use_cache = use_cache if shares_by_cache_alone(name) else False
    got = compare.run(model, tiny.batch(name), **options(use_cache))
    named = {key.replace("_checkpoint_wrapped_module.", ""): g for key, g in got.grads.items()}
    compare.assert_same(compare.reference(name), compare.Run(got.loss, named))


@every_name
@every_mode
def test_exception_puts_the_functions_back(name: str, mode: bool | None) -> None:
    model = patched(name, mode)
    before = functions(model)
    handle = text_model(model).layers[3].mlp.register_forward_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model(**tiny.batch(name))
    handle.remove()
    assert functions(model) == before
    compare.assert_same(compare.reference(name), compare.run(model, tiny.batch(name)))


@carried
@every_mode
def test_holders_die(name: str, mode: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    class Noted(kv_carrier.SharedKV):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            made.append(weakref.ref(self))

    monkeypatch.setattr(kv_carrier, "SharedKV", Noted)
    model = patched(name, mode)
    for _ in range(3):
        model(**tiny.batch(name))  # and no backward
    compare.run(model, tiny.batch(name))
    loss = model(**tiny.batch(name)).loss
    loss.backward(retain_graph=True)
    del loss
    gc.collect()
    assert len(made) == 5 and not [ref for ref in made if ref() is not None]


@only_detached
def test_every_second_layer(name: str) -> None:
    model = patched(name)
    try:
        model.activation_checkpointing_enable({"use_reentrant": True}, every_n_layers=2)
    except (AttributeError, TypeError):
        pytest.skip(f"transformers {RELEASE} checkpoints every layer or none")
    compare.assert_same(compare.reference(name), compare.run(model.train(), tiny.batch(name)))
