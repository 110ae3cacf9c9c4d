"""A patched model goes with its last reference, and a config that refuses leaves nothing behind."""

from __future__ import annotations

import gc
import traceback
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import gemma_compat  # noqa: E402

from .. import tiny  # noqa: E402
from . import compare  # noqa: E402

NAMES = tiny.available()
QUICK = {"gemma3_text", NAMES[-2]}
each_name = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in NAMES],
)
PACKAGE = str(Path(gemma_compat.__file__).parent)


@pytest.fixture
def no_collector() -> Iterator[None]:
    name = NAMES[0]  # transformers' first forward in a process leaves a cycle, patched or not
    tiny.build(name)(**tiny.batch(name)).loss.backward()
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@each_name
@pytest.mark.parametrize("reverted", [False, True])
def test_del_frees_a_patched_model(name: str, reverted: bool, no_collector: None) -> None:
    """A cycle of ours would keep a GPU full of a dead model until the collector runs."""
    model = tiny.build(name)
    applied = gemma_compat.patch(model)
    model(**tiny.batch(name)).loss.backward()
    if reverted:
        applied.revert()
    seen = weakref.ref(model)
    del model, applied
    assert seen() is None


@pytest.mark.parametrize("name", NAMES[:1])
def test_a_config_that_refuses_after_writing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its validator runs when the value is there; nothing of it stays."""
    model = tiny.build(name)
    before, cls = compare.graph(model), type(model.config)
    found = cls.__setattr__

    def strict(config: Any, key: str, value: Any) -> None:
        found(config, key, value)
        if key == "use_cache" and value is False:
            raise ValueError("a validator that runs after the write")

    monkeypatch.setattr(cls, "__setattr__", strict)
    try:
        gemma_compat.patch(model).revert()
    except ValueError:
        pass
    assert compare.graph(model) == before


@each_name
def test_an_error_in_a_forward_shows_the_users_frames(name: str) -> None:
    """Hooks have returned before a layer runs: no frame of ours stands in its traceback."""

    def fail(*_: Any) -> None:
        raise RuntimeError("of the user")

    model = tiny.build(name)
    gemma_compat.patch(model)
    model.get_input_embeddings().register_forward_hook(fail)
    with pytest.raises(RuntimeError) as caught:
        model(**tiny.batch(name))
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert not [frame.filename for frame in frames if frame.filename.startswith(PACKAGE)]
