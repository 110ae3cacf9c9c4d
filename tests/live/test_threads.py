"""Two threads and one model: patching, training, saving and reverting side by side."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import gemma_compat  # noqa: E402
from gemma_compat.errors import PatchConflict  # noqa: E402
from gemma_compat.live.tree import text_models  # noqa: E402
from gemma_compat.patching.ledger import Ledger  # noqa: E402

from .. import tiny  # noqa: E402
from . import compare  # noqa: E402

NAMES = tiny.available()
# In ``make test``, one that shares keys and values and one that does not.
QUICK = {"gemma3n_text" if "gemma3n_text" in NAMES else "gemma2", "gemma3_text"}
every_name = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in NAMES],
)


class Held:
    """Stops a second thread at a place in what it does, until it is let go on.

    Use :meth:`hold` at that place; other threads pass it.
    """

    def __init__(self, action: Callable[[], Any]) -> None:
        self._reached, self._opened = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._action, self.result, self.error = action, None, None

    def __enter__(self) -> Held:
        self._thread.start()
        assert self._reached.wait(60), self.error
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on()

    def hold(self, *_: Any) -> None:
        if threading.current_thread() is self._thread:
            self._reached.set()
            self._opened.wait(60)

    def go_on(self) -> Any:
        """Let it go on, and return what it came to."""
        self._opened.set()
        self._thread.join(60)
        return self.result

    def _run(self) -> None:
        try:
            self.result = self._action()
        except BaseException as error:  # told by the test that waits
            self.error = error
        self._reached.set()


def training(name: str, reentrant: bool | None = True) -> Any:
    model = tiny.build(name).train()
    if reentrant is not None:
        model.gradient_checkpointing_enable({"use_reentrant": reentrant})
        model.enable_input_require_grads()
    return model


@every_name
def test_two_threads_patch_one_model(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one finds all in place; the first one's revert takes everything back."""
    model = training(name)
    before, found = compare.graph(model), Ledger._record
    first = Held(lambda: gemma_compat.patch(model))
    second = Held(lambda: gemma_compat.patch(model))

    def record(ledger: Ledger, entry: Any) -> None:
        found(ledger, entry)
        first.hold()

    monkeypatch.setattr(Ledger, "_record", record)
    with first:
        second._thread.start()
        second._thread.join(0.5)  # it gets as far as it can
    applied, later = first.result, second.go_on()
    assert (first.error, second.error) == (None, None)
    assert not later.changes
    assert (compare.graph(model) != before) == bool(applied.changes)
    applied.revert()
    later.revert()
    assert compare.graph(model) == before


@every_name
@pytest.mark.parametrize("reentrant", [None, True])
def test_revert_while_another_thread_is_in_a_forward(name: str, reentrant: bool | None) -> None:
    """A forward whose cures are taken off half-way would be silently wrong: it is refused."""
    model = training(name, reentrant)
    before = compare.graph(model)
    expected = compare.reference(name)
    applied = gemma_compat.patch(model)
    layer = text_models(model)[0][1].layers[0]
    forward = Held(lambda: model(**tiny.batch(name)).loss)
    handle = layer.mlp.register_forward_pre_hook(forward.hold)
    with forward:
        if applied.changes:
            with pytest.raises(PatchConflict, match="another thread"):
                applied.revert()
    assert forward.error is None
    handle.remove()
    loss = forward.result
    loss.backward()
    compare.assert_same(expected, compare.Run(loss.item(), compare.gradients(model)))
    applied.revert()
    model.zero_grad(set_to_none=True)
    assert compare.graph(model) == before


@every_name
def test_training_beside_a_save(name: str, tmp_path: Path) -> None:
    """The save writes what was found; the step beside it computes what it did before."""
    model = training(name)
    found = [part.use_cache for part in configs(model)]
    expected = compare.reference(name)
    applied = gemma_compat.patch(model)
    for part in configs(model):
        part.use_cache = False  # as a Trainer does
    save = Held(lambda: model.save_pretrained(tmp_path))
    model._register_state_dict_hook(save.hold)
    with save:
        compare.assert_same(expected, compare.run(model, tiny.batch(name)))
        assert model(**tiny.batch(name)).get("past_key_values") is None
    assert save.error is None
    if any(change.path.endswith("save_pretrained") for change in applied.changes):
        written = json.loads((tmp_path / "config.json").read_text("utf-8"))
        assert written.get("text_config", written).get("use_cache", True) == found[-1]
    assert not any(part.use_cache for part in configs(model))


def configs(model: Any) -> list[Any]:
    parts = [model.config, getattr(model.config, "text_config", None)]
    return [part for part in parts if hasattr(part, "use_cache")]
