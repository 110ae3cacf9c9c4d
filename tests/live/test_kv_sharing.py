"""GC104 and GC201 on real tiny models: another network without the patch, the same with it."""

from __future__ import annotations

import gc
import itertools
import weakref
from functools import partial
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from torch.distributed.algorithms._checkpoint import checkpoint_wrapper as outside  # noqa: E402

from gemma_compat.errors import (  # noqa: E402
    PatchNotNeeded,
    PatchRefused,
    PatchTargetMissing,
)
from gemma_compat.patching import kv_carrier  # noqa: E402

from .. import tiny  # noqa: E402
from . import compare  # noqa: E402
from .sharing import (  # noqa: E402
    NAMES,
    RELEASE,
    apply,
    checkpoint,
    code_for,
    every_mode,
    every_name,
    functions,
    is_broken,
    needs_sharing,
    options,
    patched,
    shares_by_cache_alone,
    text_model,
    two_forwards,
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
carried = pytest.mark.parametrize("name", [name for name in NAMES if shares_by_cache_alone(name)])
only_detached = pytest.mark.parametrize(
    "name", [name for name in NAMES if not shares_by_cache_alone(name)]
)


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


def wrap(model: Any, how: Any) -> Any:
    layers = text_model(model).layers
    for index, layer in enumerate(layers):
        layers[index] = outside.checkpoint_wrapper(layer, checkpoint_impl=how)
    return model


@every_name
@pytest.mark.parametrize("use_cache", [None, True, False])
def test_wrapped_from_outside(name: str, use_cache: bool | None) -> None:
    """Right, and with the carrier so is a cache that would be filled twice (GC203)."""
    model = wrap(patched(name), outside.CheckpointImpl.NO_REENTRANT)
    use_cache = use_cache if shares_by_cache_alone(name) else False
    got = compare.run(model, tiny.batch(name), **options(use_cache))
    named = {key.replace("_checkpoint_wrapped_module.", ""): g for key, g in got.grads.items()}
    compare.assert_same(compare.reference(name), compare.Run(got.loss, named))


@every_name
def test_reentrant_wrapper_is_refused(name: str) -> None:
    model = wrap(patched(name), outside.CheckpointImpl.REENTRANT)
    with pytest.raises(PatchRefused, match="wrapped in reentrant checkpointing"):
        compare.run(model, tiny.batch(name))
    with torch.no_grad():
        model.eval()(**tiny.batch(name))


@carried
def test_reentrant_by_hand_is_refused(name: str) -> None:
    from torch.utils.checkpoint import checkpoint as torchs

    model = patched(name)
    model.enable_input_require_grads()
    for layer in text_model(model).layers:
        forward = layer.forward
        layer.forward = lambda *args, _f=forward, **kwargs: torchs(
            partial(_f, **kwargs), *args, use_reentrant=True
        )
    with pytest.raises(PatchRefused, match="without a graph"):
        compare.run(model, tiny.batch(name))


@every_name
def test_unknown_checkpoint_function_is_refused(name: str) -> None:
    def somebodys(function: Any, *args: Any, **kwargs: Any) -> Any:
        return function(*args)

    model = patched(name, True)
    for layer in text_model(model).layers[2:]:
        layer._gradient_checkpointing_func = partial(somebodys, use_reentrant=True)
    before = functions(model)
    with pytest.raises(PatchRefused, match="somebodys, which is not torch's"):
        compare.run(model, tiny.batch(name))
    assert functions(model) == before
    with pytest.raises(PatchRefused, match="somebodys"):
        apply(name, checkpointed_by(compare.make(name), somebodys))
    model.eval()(**tiny.batch(name))


def checkpointed_by(model: Any, function: Any) -> Any:
    checkpoint(model, True)
    for layer in text_model(model).layers:
        layer._gradient_checkpointing_func = function
    return model


@every_name
def test_torchs_function_without_keywords(name: str) -> None:
    from torch.utils.checkpoint import checkpoint as torchs

    model = checkpointed_by(patched(name), torchs)
    compare.assert_same(compare.reference(name), compare.run(model, tiny.batch(name)))
    assert set(functions(model)) == {torchs}


@carried
def test_filled_cache_under_checkpointing_is_refused(name: str) -> None:
    model = patched(name, False)
    ids = tiny.batch(name)["input_ids"]
    with torch.no_grad():
        cache = model.eval()(input_ids=ids[:, :5], use_cache=True).past_key_values
    with pytest.raises(PatchRefused, match="filled cache under checkpointing"):
        model.train()(input_ids=ids, past_key_values=cache)
    assert {function.keywords["use_reentrant"] for function in functions(model)} == {False}


@carried
def test_forward_that_goes_round_the_hooks_is_refused(name: str) -> None:
    model = text_model(patched(name))
    with pytest.raises(PatchRefused, match="goes round its hooks"):
        model.forward(input_ids=tiny.batch(name)["input_ids"], use_cache=False)


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
    gc.collect()
    assert len(made) == 4 and not [ref for ref in made if ref() is not None]


@every_name
def test_the_other_patch_keeps_off(name: str) -> None:
    model = compare.make(name)
    before = compare.graph(model)
    other = "GC201" if code_for(name) == "GC104" else "GC104"
    with pytest.raises((PatchNotNeeded, PatchTargetMissing)):
        apply(name, model, other)
    assert compare.graph(model) == before


@every_name
def test_model_that_shares_nothing(name: str) -> None:
    with pytest.raises(PatchTargetMissing, match="borrows"):
        apply(name, compare.make(name, num_kv_shared_layers=0))


@every_name
def test_unsloths_own_cure(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = compare.make(name)
    attention = type(text_model(model).layers[0].self_attn)
    mark = "_unsloth_gemma3n_kv_sharing" if "3n" in name else "_unsloth_gemma4_carrier_patched"
    monkeypatch.setattr(attention.forward, mark, True, raising=False)
    with pytest.raises(PatchNotNeeded, match="unsloth_zoo"):
        apply(name, model)


@every_name
@pytest.mark.parametrize("argument", ["attach_carrier", "something_older"])
def test_unsloths_mark_on_the_text_model(
    name: str, argument: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """unsloth_zoo before 2026.6.7 set the same mark, on a wrapper that checkpointing undoes."""
    model = compare.make(name)
    cls = type(text_model(model))
    made: dict[str, Any] = {"inner": cls.forward}
    exec(
        f"def make({argument}):\n"
        f"    def forward(self, *args, **kwargs):\n"
        f"        {argument}\n"
        f"        return inner(self, *args, **kwargs)\n"
        f"    return forward",
        made,
    )
    forward = made["make"](True)
    forward._unsloth_kv_shared_use_cache_false_patched = True
    monkeypatch.setattr(cls, "forward", forward)
    if argument == "attach_carrier":
        with pytest.raises(PatchNotNeeded, match="unsloth_zoo"):
            apply(name, model)
    else:
        apply(name, model)
        compare.assert_same(
            compare.reference(name), compare.run(checkpoint(model, True), tiny.batch(name))
        )


@only_detached
def test_every_second_layer(name: str) -> None:
    model = patched(name)
    try:
        model.activation_checkpointing_enable({"use_reentrant": True}, every_n_layers=2)
    except (AttributeError, TypeError):
        pytest.skip(f"transformers {RELEASE} checkpoints every layer or none")
    compare.assert_same(compare.reference(name), compare.run(model.train(), tiny.batch(name)))
