"""What the patches of GC104 and GC201 refuse by name, and where they keep off."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")


from gemma_compat.errors import (  # noqa: E402
    PatchNotNeeded,
    PatchRefused,
    PatchTargetMissing,
)

from .. import tiny  # noqa: E402
from . import compare  # noqa: E402
from .sharing import (  # noqa: E402
    apply,
    carried,
    checkpoint,
    code_for,
    every_name,
    functions,
    needs_sharing,
    patched,
    text_model,
    wrap,
)

pytestmark = needs_sharing


@every_name
def test_reentrant_wrapper_is_refused(name: str) -> None:
    model = wrap(patched(name), "REENTRANT")
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
