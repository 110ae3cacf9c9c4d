"""A cache under checkpointing, the model's own and one from outside, on real tiny models.

Runs on whatever transformers is importable; each test says on which releases its rule fires, and
that the patch changes nothing on the others.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from gemma_compat.errors import PatchRefused  # noqa: E402
from gemma_compat.live.tree import named_configs, text_models  # noqa: E402

from .. import tiny  # noqa: E402
from . import compare  # noqa: E402
from .patched import (  # noqa: E402
    CASES,
    NAMES,
    OTHERS,
    RELEASE,
    SHARING,
    apply,
    batch_for,
    caches_seen,
    can_sdpa,
    generate,
    on,
    only_on,
    unshared,
)
from .trainers import trainer  # noqa: E402

# GC202 and GC204 ---------------------------------------------------------------------------------

REENTRANT = pytest.mark.parametrize("reentrant", [False, True], ids=["nonreentrant", "reentrant"])
REFILLED = r"The size of tensor a \(48\) must match the size of tensor b \(24\)"


def checkpointed(name: str, reentrant: bool, **changes: Any) -> Any:
    model = tiny.build(name, **changes).train()
    model.gradient_checkpointing_enable({"use_reentrant": reentrant})
    if reentrant:
        model.enable_input_require_grads()
    return model


def hybrid_cache(model: Any) -> Any:
    from transformers.cache_utils import HybridCache

    config = getattr(model.config, "text_config", model.config)
    sizes = {"max_batch_size": 2, "max_cache_len": 48, "device": "cpu"}
    return HybridCache(config, dtype=torch.float32, **sizes)


def fill(model: Any, name: str, cache: Any) -> dict[str, Any]:
    """Five tokens into the cache, and the batch that goes on from there."""
    prefix = tiny.batch(name, tokens=5, seed=9)
    prefix.pop("labels")
    mode = model.training
    with torch.no_grad():
        model.eval()(**prefix, past_key_values=cache, use_cache=True)
    model.train(mode)
    batch = tiny.batch(name)
    batch["attention_mask"] = torch.ones(2, 29, dtype=torch.long)
    return {**batch, "past_key_values": cache}


def empty_cache() -> Any:
    return transformers.DynamicCache()


def gradient_reference(name: str) -> compare.Run:
    return compare.reference(name, **unshared(name))


@REENTRANT
@pytest.mark.parametrize("name", OTHERS)
def test_202_empty_cache(name: str, reentrant: bool) -> None:
    """Refilled up to 4.52, kept out by transformers itself from 4.53."""
    batch = tiny.batch(name)
    if on("<4.53.0"):
        with pytest.raises(RuntimeError, match=REFILLED):
            compare.run(checkpointed(name, reentrant), batch, past_key_values=empty_cache())
    model = checkpointed(name, reentrant)
    apply("GC202", model)
    got = compare.run(model, batch, past_key_values=empty_cache())
    compare.assert_same(gradient_reference(name), got)


@only_on("<4.53.0")
@REENTRANT
@pytest.mark.parametrize("patched", [False, True])
@pytest.mark.parametrize("name", OTHERS)
def test_202_hybrid_cache_is_harmless(name: str, patched: bool, reentrant: bool) -> None:
    """The working row: it writes the same values to the same places, so it is left alone."""
    model = checkpointed(name, reentrant)
    if patched:
        apply("GC202", model)
    cache = hybrid_cache(model)
    got = compare.run(model, tiny.batch(name), past_key_values=cache)
    compare.assert_same(gradient_reference(name), got)
    assert cache.get_seq_length() > 0, "the caller's cache is filled, as without checkpointing"


@only_on("<4.53.0")
@REENTRANT
@pytest.mark.parametrize("name", [n for n in OTHERS if n != "paligemma"])
def test_202_filled_hybrid_cache_is_harmless(name: str, reentrant: bool) -> None:
    plain = tiny.build(name).train()
    expected = compare.run(plain, fill(plain, name, hybrid_cache(plain)))
    model = checkpointed(name, reentrant)
    apply("GC202", model)
    compare.assert_same(expected, compare.run(model, fill(model, name, hybrid_cache(model))))


def gemma(**changes: Any) -> Any:
    """The first Gemma, which has no sliding window: a growing cache works in training."""
    config = transformers.GemmaConfig(**{**tiny._text(), **changes})
    config._attn_implementation = "eager"
    torch.manual_seed(0)
    return transformers.GemmaForCausalLM(config)


@only_on("<4.53.0")
@REENTRANT
def test_202_filled_growing_cache_is_refused(reentrant: bool) -> None:
    model = gemma().train()
    compare.run(model, fill(model, "gemma2", empty_cache()))  # right without checkpointing
    model.gradient_checkpointing_enable({"use_reentrant": reentrant})
    model.enable_input_require_grads()
    with pytest.raises(RuntimeError, match="must match the size"):
        compare.run(model, fill(model, "gemma2", empty_cache()))
    apply("GC202", model)
    with pytest.raises(PatchRefused, match="GC202"):
        compare.run(model, fill(model, "gemma2", empty_cache()))


@pytest.mark.parametrize("code", ["GC202", "GC204"])
@pytest.mark.parametrize("name", OTHERS)
def test_caller_cache_hooks_leave_the_rest_alone(code: str, name: str) -> None:
    """Without checkpointing, and in eval mode, the caller's cache is used."""
    model = tiny.build(name)
    apply(code, model)
    for mode in (model.train(), checkpointed(name, False).eval()):
        assert caches_seen(mode, partial(mode, **tiny.batch(name), past_key_values=empty_cache()))
    tokens = [count for count, _ in caches_seen(model.eval(), generate(model, name))]
    assert tokens == [6, 1, 1, 1]


TYPES_204 = [n for n in ("gemma2", "gemma3_text", "gemma3n_text") if n in NAMES]


@REENTRANT
@pytest.mark.parametrize("name", TYPES_204)
def test_204_filled_cache(name: str, reentrant: bool) -> None:
    if on("<4.53.0"):
        pytest.skip("the cache reaches the layers there: GC202")
    plain = tiny.build(name).train()
    expected = compare.run(plain, fill(plain, name, empty_cache()))
    model = checkpointed(name, reentrant)
    if on("<5.2.0"):
        compare.assert_differs(expected, compare.run(model, fill(model, name, empty_cache())))
    else:
        with pytest.raises(RuntimeError, match=r"must match the size of tensor b \(29\)"):
            compare.run(model, fill(model, name, empty_cache()))
    if on(">=5.24.0.dev0"):
        return  # far past the rule, and the text model is handed the cache under another name
    apply("GC204", model)
    with pytest.raises(PatchRefused, match="GC204"):
        compare.run(model, fill(model, name, empty_cache()))


@only_on(">=4.53.0,<5.2.0")
def test_204_prefix_tuning_learns_nothing(tmp_path: Any) -> None:
    """A Trainer turns checkpointing on after PEFT has looked whether it is."""
    from peft import PrefixTuningConfig, get_peft_model

    def prefix_model() -> Any:
        settings = PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4)
        return get_peft_model(tiny.build("gemma2"), settings)

    def moved(model: Any, **arguments: Any) -> bool:
        before = {n: p.clone() for n, p in model.named_parameters() if p.requires_grad}
        model.enable_input_require_grads()
        trainer(model, "gemma2", tmp_path, learning_rate=0.1, **arguments).train()
        after = dict(model.named_parameters())
        return any(not torch.equal(after[n], p) for n, p in before.items())

    assert moved(prefix_model())
    assert not moved(prefix_model(), gradient_checkpointing=True)
    model = prefix_model()
    apply("GC204", model)
    with pytest.raises(PatchRefused, match="GC204"):
        moved(model, gradient_checkpointing=True)


# GC203 -------------------------------------------------------------------------------------------

BREAKS_203 = on(">=5.0.0rc1")


def wrap_layers(model: Any, reentrant: bool) -> None:
    """What accelerate's and FSDP's ``activation_checkpointing`` do to the decoder layers."""
    from torch.distributed.algorithms._checkpoint import checkpoint_wrapper as torch_wrapper

    layer = type(text_models(model)[0][1].layers[0])
    kinds = torch_wrapper.CheckpointImpl
    impl = kinds.REENTRANT if reentrant else kinds.NO_REENTRANT
    torch_wrapper.apply_activation_checkpointing(
        model,
        checkpoint_wrapper_fn=partial(torch_wrapper.checkpoint_wrapper, checkpoint_impl=impl),
        check_fn=lambda module: isinstance(module, layer),
    )
    if reentrant:
        model.get_input_embeddings().register_forward_hook(lambda m, a, out: out.requires_grad_())


def plainly(run: compare.Run) -> compare.Run:
    """The same run with the wrapper's part taken out of the parameters' names."""
    grads = {name.replace("_checkpoint_wrapped_module.", ""): g for name, g in run.grads.items()}
    return compare.Run(run.loss, grads)


@pytest.mark.parametrize("wrapped_first", [True, False], ids=["wrap-patch", "patch-wrap"])
@REENTRANT
@pytest.mark.parametrize("name", NAMES)
def test_203_breaks_and_is_cured(name: str, reentrant: bool, wrapped_first: bool) -> None:
    batch = tiny.batch(name)
    expected = gradient_reference(name)
    model = tiny.build(name, **unshared(name)).train()
    if wrapped_first:
        wrap_layers(model, reentrant)
        if BREAKS_203:
            with pytest.raises(RuntimeError, match=REFILLED):
                compare.run(model, batch)
        else:
            compare.assert_same(expected, plainly(compare.run(model, batch)))
    apply("GC203", model)
    if not wrapped_first:
        wrap_layers(model, reentrant)
    compare.assert_same(expected, plainly(compare.run(model, batch)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("attn", "lora", "padded"), CASES)
def test_203_same_network(name: str, attn: str, lora: bool, padded: bool) -> None:
    can_sdpa(name, attn)
    batch = batch_for(name, padded)
    expected = compare.reference(name, attn, lora, batch, **unshared(name))
    model = compare.make(name, attn, lora, **unshared(name)).train()
    wrap_layers(model, reentrant=False)
    if BREAKS_203:
        with pytest.raises((RuntimeError, torch.utils.checkpoint.CheckpointError)):
            compare.run(model, batch)
    apply("GC203", model)
    compare.assert_same(expected, plainly(compare.run(model, batch)))


def shares_without_cache(name: str) -> bool:
    return on(">=5.6.0") if name.startswith("gemma3n") else on(">=5.5.2")


@pytest.mark.parametrize("name", SHARING)
def test_203_with_shared_keys_and_values(name: str) -> None:
    if not shares_without_cache(name):
        pytest.skip(f"GC104's on {RELEASE}: it needs the cache")
    model = tiny.build(name).train()
    wrap_layers(model, reentrant=False)
    with pytest.raises(RuntimeError, match=REFILLED):
        compare.run(model, tiny.batch(name))
    apply("GC203", model)
    got = plainly(compare.run(model, tiny.batch(name)))
    compare.assert_same(compare.reference(name), got)


@pytest.mark.parametrize("wrapped_first", [True, False], ids=["wrap-patch", "patch-wrap"])
@pytest.mark.parametrize("name", SHARING)
def test_203_refuses_reentrant_with_sharing(name: str, wrapped_first: bool) -> None:
    if not shares_without_cache(name):
        pytest.skip(f"GC104's on {RELEASE}: it needs the cache")
    model = tiny.build(name).train()
    if wrapped_first:
        wrap_layers(model, reentrant=True)
        with pytest.raises(PatchRefused, match="NO_REENTRANT"):
            apply("GC203", model)
        return
    apply("GC203", model)
    wrap_layers(model, reentrant=True)
    with pytest.raises(PatchRefused, match="NO_REENTRANT"):
        compare.run(model, tiny.batch(name))


@pytest.mark.parametrize("name", SHARING)
def test_203_reentrant_with_sharing_is_wrong(name: str) -> None:
    """Why it is refused: the loss is right, the gradients are not, and nothing is said."""
    if not shares_without_cache(name):
        pytest.skip(f"GC104's on {RELEASE}: it needs the cache")
    model = tiny.build(name).train()
    for _, config in named_configs(model):
        if hasattr(config, "use_cache") or config is model.config:
            config.use_cache = False
    wrap_layers(model, reentrant=True)
    run = plainly(compare.run(model, tiny.batch(name)))
    got = compare.differences(compare.reference(name), run)
    assert got.loss < 1e-5 and got.min_cosine < 0.99
