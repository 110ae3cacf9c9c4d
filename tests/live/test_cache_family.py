"""The cache rules on real tiny models: broken without the patch, the same network with it.

Runs on whatever transformers is importable; each test says on which releases its rule fires, and
that the patch changes nothing on the others.
"""

from __future__ import annotations

import copy
import gc
import json
import pickle
import threading
import weakref
from functools import partial
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from gemma_compat.rules import find  # noqa: E402

from .. import tiny  # noqa: E402
from . import compare  # noqa: E402
from .patched import (  # noqa: E402
    CASES,
    NAMES,
    RELEASE,
    apply,
    batch_for,
    caches_seen,
    can_sdpa,
    generate,
    on,
    only_on,
    unshared,
)
from .trainers import Rows, trainer, without_cache  # noqa: E402

# GC101 -------------------------------------------------------------------------------------------

BROKEN_101 = on(">=4.50.0.dev0,<4.51.0")
TYPES_101 = [n for n in ("gemma2", "gemma3_text", "gemma3", "paligemma") if n in NAMES]
NO_FLOAT = r"'HybridCache' object has no attribute 'float'"


def half(name: str, lora: bool = False) -> Any:
    model = tiny.build(name, dtype=torch.bfloat16)
    return compare.add_lora(model) if lora else model


@pytest.mark.parametrize("name", TYPES_101)
@pytest.mark.parametrize("use", ["evaluate", "predict", "train"])
@pytest.mark.parametrize("lora", [False, True], ids=["full", "lora"])
def test_101_breaks_and_is_cured(name: str, use: str, lora: bool, tmp_path: Any) -> None:
    if not BROKEN_101:
        pytest.skip(f"HybridCache has a float, or hides its dtype, on {RELEASE}")
    settings: dict[str, Any] = {"bf16": True}
    if use == "train":
        settings.update(eval_strategy="steps", eval_steps=1)

    def loss(model: Any, collator: Any = None) -> float:
        run = trainer(model, name, tmp_path, collator, **settings)
        if use == "predict":
            return float(run.predict(Rows(name)).metrics["test_loss"])
        if use == "evaluate":
            return float(run.evaluate()["eval_loss"])
        run.train()
        return float(next(row["eval_loss"] for row in run.state.log_history if "eval_loss" in row))

    with pytest.raises(AttributeError, match=NO_FLOAT):
        loss(half(name, lora))
    patched = half(name, lora)
    apply("GC101", patched)
    assert loss(patched) == loss(half(name, lora), without_cache)


@pytest.mark.parametrize("name", TYPES_101)
def test_101_generation_in_the_middle(name: str, tmp_path: Any) -> None:
    """Under the forward that accelerate wrapped, as ``predict_with_generate`` runs it."""
    plain, patched = half(name).eval(), half(name)
    apply("GC101", patched)
    run = trainer(patched, name, tmp_path, bf16=True)
    run.evaluate()
    prompt = {"input_ids": tiny.batch(name)["input_ids"], "max_new_tokens": 4, "do_sample": False}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        expected = plain.generate(**prompt)
    assert torch.equal(run.model.generate(**prompt), expected)


@pytest.mark.parametrize("name", TYPES_101)
def test_101_fp16(name: str) -> None:
    """What accelerate does for ``fp16=True`` on a GPU, on the CPU."""
    from accelerate.utils.operations import convert_outputs_to_fp32

    def loss(patched: bool, **kwargs: Any) -> float:
        model = tiny.build(name, dtype=torch.float16).eval()
        if patched:
            apply("GC101", model)
        forward = torch.autocast("cpu", dtype=torch.float16)(model.forward)
        return float(convert_outputs_to_fp32(forward)(**tiny.batch(name), **kwargs).loss)

    if BROKEN_101:
        with pytest.raises(AttributeError, match=NO_FLOAT):
            loss(False)
    assert loss(True) == loss(False, use_cache=False)


@only_on(">=4.50.0.dev0,<4.51.0")
def test_101_keeps_no_cache_alive() -> None:
    model = half("gemma2").eval()
    apply("GC101", model)
    gc.disable()
    try:
        cache = model(**tiny.batch("gemma2")).past_key_values
        assert cache.float() is cache
        gone = weakref.ref(cache)
        del cache
        assert gone() is None
    finally:
        gc.enable()


@only_on(">=4.50.0.dev0,<4.51.0")
def test_101_cache_is_copied_with_its_float() -> None:
    model = half("gemma2").eval()
    apply("GC101", model)
    with torch.no_grad():
        cache = model(**tiny.batch("gemma2")).past_key_values
    for twin in (copy.deepcopy(cache), pickle.loads(pickle.dumps(cache))):
        assert twin is not cache and twin.float() is twin


@pytest.mark.skipif(BROKEN_101, reason="the release that breaks")
@pytest.mark.parametrize("name", TYPES_101)
def test_101_is_not_needed_elsewhere(name: str, tmp_path: Any) -> None:
    plain = trainer(half(name), name, tmp_path, bf16=True).evaluate()["eval_loss"]
    model = half(name)
    apply("GC101", model)
    assert trainer(model, name, tmp_path, bf16=True).evaluate()["eval_loss"] == plain


# GC102 -------------------------------------------------------------------------------------------


def forward(model: Any, name: str) -> Any:
    return lambda: model(**tiny.batch(name))


@pytest.mark.parametrize("name", NAMES)
def test_102_no_forward_builds_a_cache(name: str) -> None:
    model = tiny.build(name, **unshared(name))
    in_training = on(">=5.0.0rc1")
    assert caches_seen(model.train(), forward(model, name)) == [(24, in_training)]
    assert caches_seen(model.eval(), forward(model, name)) == [(24, True)]
    apply("GC102", model)
    assert caches_seen(model.train(), forward(model, name)) == [(24, False)]
    assert caches_seen(model.eval(), forward(model, name)) == [(24, True)]


@pytest.mark.parametrize("name", NAMES)
def test_102_no_cache_in_a_trainers_evaluation(name: str, tmp_path: Any) -> None:
    model = tiny.build(name, **unshared(name))
    apply("GC102", model)
    run = trainer(model, name, tmp_path)
    model.config.use_cache = True  # a Trainer 5 has turned it off, where the text model reads that
    seen = caches_seen(model, run.evaluate)
    assert seen and not any(cached for _, cached in seen)
    assert caches_seen(model.eval(), forward(model, name)) == [(24, True)]


@pytest.mark.parametrize("name", NAMES)
def test_102_a_decoding_loop_of_ones_own(name: str) -> None:
    """A plain forward in eval mode returns its cache, and the next token goes into it."""
    plain, model = tiny.build(name, **unshared(name)).eval(), tiny.build(name, **unshared(name))
    apply("GC102", model.eval())
    ids = tiny.batch(name)["input_ids"]
    made = []
    with torch.no_grad():
        for one in (plain, model):
            first = one(ids)
            made.append(one(ids[:, -1:], past_key_values=first.past_key_values).logits)
    assert torch.equal(*made)


@pytest.mark.parametrize("name", NAMES)
def test_102_in_many_threads(name: str) -> None:
    """Training beside two overlapping ``generate`` calls: no cache there, and each has its own."""
    model = tiny.build(name, **unshared(name)).train()
    if name in {"gemma3", "paligemma"} and on(">=5.0.0rc0,<5.9.0"):
        pytest.skip("generation in training mode asks for token_type_ids, patched or not")
    apply("GC102", model)
    gates = [Gate(), Gate()]
    ids = tiny.batch(name)["input_ids"][:, :5]
    call = partial(model.generate, ids, max_new_tokens=2, do_sample=False)
    processors = [transformers.LogitsProcessorList([gate]) for gate in gates]
    threads = [
        threading.Thread(target=call, kwargs={"logits_processor": one}) for one in processors
    ]
    for thread, gate in zip(threads, gates, strict=True):
        thread.start()
        gate.reached.wait(30)
        assert model(**tiny.batch(name)).past_key_values is None
    for thread, gate in zip(threads, gates, strict=True):
        gate.opened.set()
        thread.join()
        assert model(**tiny.batch(name)).past_key_values is None


class Gate(transformers.LogitsProcessor):  # type: ignore[misc, unused-ignore]
    """Holds a ``generate`` at its first token until it is opened."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        self.reached.set()
        self.opened.wait(30)
        return scores


@pytest.mark.parametrize("name", [n for n in ("gemma3", "paligemma") if n in NAMES])
def test_102_forum_remedy(name: str) -> None:
    """``config`` and ``config.text_config`` are not what is read up to 4.53."""
    model = tiny.build(name).eval()
    model.config.use_cache = False
    assert caches_seen(model, forward(model, name)) == [(24, True)]
    model.config.text_config.use_cache = False
    assert caches_seen(model, forward(model, name)) == [(24, on("<4.54.0"))]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("attn", "lora", "padded"), CASES)
def test_102_same_network(name: str, attn: str, lora: bool, padded: bool) -> None:
    can_sdpa(name, attn)
    batch = batch_for(name, padded)
    expected = compare.reference(name, attn, lora, batch, **unshared(name))
    model = compare.make(name, attn, lora, **unshared(name)).train()
    apply("GC102", model)
    compare.assert_same(expected, compare.run(model, batch))


@pytest.mark.parametrize("code", ["GC101", "GC102", "GC103", "GC202", "GC203", "GC204"])
@pytest.mark.parametrize("name", NAMES)
def test_revert_gives_back_an_equal_graph(code: str, name: str) -> None:
    model = tiny.build(name)
    before = compare.graph(model)
    ledger = apply(code, model)
    once = ledger.changes
    rule = find(code)
    assert rule.patch is not None
    rule.patch(model, ledger)
    assert ledger.changes == once, "applying twice is a no-op"
    ledger.revert()
    assert compare.graph(model) == before


@pytest.mark.parametrize("name", NAMES)
def test_rules_revert_together(name: str) -> None:
    model = tiny.build(name)
    before = compare.graph(model)
    ledgers = [apply(code, model) for code in ("GC102", "GC103", "GC203")]
    assert not any(ledger.conflicts() for ledger in ledgers)
    for ledger in reversed(ledgers):
        ledger.revert()
    assert compare.graph(model) == before


# What a published Gemma comes with: no word on use_cache.
PUBLISHED: dict[str, Any] = {"bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0}
if on("<4.53.0"):
    PUBLISHED["cache_implementation"] = "hybrid"


def loaded(model: Any, folder: Any, generation_config: str | None) -> Any:
    """The model through a directory whose generation_config.json holds this text, or is absent."""
    model.save_pretrained(folder)
    path = folder / "generation_config.json"
    path.unlink(missing_ok=True)
    if generation_config is not None:
        path.write_text(generation_config)
    return type(model).from_pretrained(folder)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("source", ["config", "file", "no file", "generation parameter"])
@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
def test_102_generation_keeps_its_cache(
    name: str, source: str, training: bool, tmp_path: Any
) -> None:
    if training and name in {"gemma3", "paligemma"} and on(">=5.0.0rc0,<5.9.0"):
        pytest.skip("generation in training mode asks for token_type_ids, patched or not")
    model = tiny.build(name, **unshared(name))
    if source == "file":
        model = loaded(model, tmp_path, json.dumps(PUBLISHED))
    if source == "no file":
        model = loaded(model, tmp_path, None)
    if source == "generation parameter":
        if on(">=5.0.0rc0"):
            pytest.skip("configs hold no generation parameters from 5.0")
        # transformers 4 then derives a new generation_config from the config in generate().
        model.config.temperature = 0.7
    before = model.generation_config.use_cache
    model.train(training)
    apply("GC102", model)
    tokens = [count for count, _ in caches_seen(model, generate(model, name))]
    assert tokens == [6, 1, 1, 1]
    assert model.generation_config.use_cache == before
    if not training:
        assert caches_seen(model, forward(model, name)) == [(24, True)]


@only_on("<5.0.0rc0")
def test_102_generation_would_lose_its_cache() -> None:
    """The trap that the patch avoids: a config with a generation parameter, and the cache off."""
    model = tiny.build("gemma2").eval()
    model.config.temperature = 0.7
    model.config.use_cache = False
    assert [count for count, _ in caches_seen(model, generate(model, "gemma2"))] == [6, 7, 8, 9]
    assert model.generation_config.use_cache is False


# GC103 -------------------------------------------------------------------------------------------

CANNOT_GATHER = r"Unsupported types \(<class '[\w.]*Cache'>\) passed to `_pad_across_processes`"


def gathers_103(name: str) -> bool:
    if name == "paligemma":
        return on("<4.49.0")
    return name in {"gemma3", "gemma4"} and on(">=5.4.0,<5.20.0")


def arguments_103() -> dict[str, Any]:
    """Trainer 5 would hide Gemma 4's case by turning its cache off."""
    return {"use_cache": True} if on(">=5.0.0rc1") else {}


@pytest.mark.parametrize("name", NAMES)
def test_103_breaks_and_is_cured(name: str, tmp_path: Any) -> None:
    if not gathers_103(name):
        pytest.skip(f"{name} on {RELEASE} names past_key_values")
    with pytest.raises(TypeError, match=CANNOT_GATHER):
        trainer(tiny.build(name, **unshared(name)), name, tmp_path, **arguments_103()).predict(
            Rows(name)
        )
    model = tiny.build(name, **unshared(name))
    apply("GC103", model)
    got = trainer(model, name, tmp_path, **arguments_103()).predict(Rows(name))
    plain = trainer(tiny.build(name, **unshared(name)), name, tmp_path, without_cache)
    expected = plain.predict(Rows(name))
    assert got.metrics["test_loss"] == pytest.approx(expected.metrics["test_loss"], abs=1e-6)
    assert abs(got.predictions - expected.predictions).max() < 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_103_is_not_needed_elsewhere(name: str, tmp_path: Any) -> None:
    if gathers_103(name):
        pytest.skip("the release that breaks")
    got = trainer(tiny.build(name, **unshared(name)), name, tmp_path, **arguments_103()).predict(
        Rows(name)
    )
    assert got.predictions.shape == (3, 12, tiny.VOCAB)


@pytest.mark.parametrize("name", NAMES)
def test_103_leaves_the_config_and_other_forwards_alone(name: str) -> None:
    model = tiny.build(name, **unshared(name)).eval()
    model.config.keys_to_ignore_at_inference = ["other"]
    before = model(**tiny.batch(name)).past_key_values
    apply("GC103", model)
    assert model.config.keys_to_ignore_at_inference == ["other"]
    assert type(model(**tiny.batch(name)).past_key_values) is type(before)
    # On 4.57.6 the multimodal Gemma 3 returns none for this batch, patched or not.
    assert before is not None or (name == "gemma3" and on("<5"))
