"""The GPU run on small models without a GPU: that it measures what it says."""

from __future__ import annotations

from itertools import islice

import pytest

from benchmarks.gpu import circumstances, costs, overflow, padding, patches, reentry
from benchmarks.gpu.options import Options
from tests import tiny

CPU = Options("cpu", tiny=True)


def test_float16_overflows_where_bfloat16_does_not():
    if "gemma3_text" not in tiny.available():
        pytest.skip("no Gemma 3")
    by_dtype = {record.get("dtype"): record for record in overflow.measure(CPU)}
    assert by_dtype["float32"]["largest_activation"] > 65504
    assert by_dtype["float32"]["cosine_with_float32"] == pytest.approx(1, abs=1e-5)
    assert by_dtype["bfloat16"]["logits_finite"] and by_dtype["bfloat16"]["gradients_finite"]
    assert not by_dtype["float16"]["logits_finite"]


@pytest.mark.parametrize("kind", ["bool", "smallest", "-inf"])
def test_a_masked_row_is_masked(kind):
    import torch

    mask = padding._mask(kind, torch.float32, "cpu")
    seen = mask if kind == "bool" else mask == 0
    rows = seen.any(-1)
    assert not rows[0, 0, : padding._PADDED].any()
    assert rows[0, 0, padding._PADDED :].all() and rows[1].all()


@pytest.mark.parametrize("model_type", ["gemma3_text", "gemma3n_text", "gemma4_text"])
def test_patches_are_found_measured_and_taken_back(model_type):
    if model_type not in tiny.available():
        pytest.skip(f"no {model_type} in this release")
    about, first = islice(patches.measure(model_type, CPU), 2)
    assert about["parameters"] > 100_000
    assert first["circumstance"] == "reentrant checkpointing"
    if first["patches"]:
        # One of two that would write the same finds nothing left to do.
        assert first["applied"] and set(first["applied"]) <= set(first["patches"])
        assert first["gradients"]["patched_with_reference"]["cosine"] > 0.999
        assert "ms" in first["unpatched"] and "ms" in first["patched"]


def test_a_cure_is_measured_against_the_same_step_without_it():
    if "gemma3_text" not in tiny.available():
        pytest.skip("no Gemma 3")
    bench = costs._bench(costs.large.SHAPES["gemma3-4b"], CPU)
    with costs._WHERE["own loop"](bench):
        record = costs._compare(bench, "GC102", "own loop", blocks=1)
    assert record["gradients"]["cosine"] > 0.999
    assert record["unpatched"]["loss"] == record["patched"]["loss"]
    assert not bench.model._forward_pre_hooks  # the cure was taken off


def test_a_step_in_a_trainers_evaluation_is_seen_as_one():
    from gemma_compat.patching.cache_switch import is_in_evaluation

    assert not is_in_evaluation()
    assert costs.as_a_trainer(is_in_evaluation)()


def test_a_cure_is_at_work_in_that_evaluation():
    if "gemma3_text" not in tiny.available():
        pytest.skip("no Gemma 3")
    bench = costs._bench(costs.large.SHAPES["gemma3-4b"], CPU)
    step = costs.as_a_trainer(lambda: bench.model(**bench.batch).past_key_values)
    with costs._WHERE[costs._IN_TRAINER](bench):
        assert step() is not None
        with costs._patched(bench, "GC102"):
            assert step() is None


def test_the_yardstick_is_no_cure():
    if "gemma3_text" not in tiny.available():
        pytest.skip("no Gemma 3")
    bench = costs._bench(costs.large.SHAPES["gemma3-4b"], CPU)
    with costs._patched(bench, costs.NOTHING):
        assert not any(module._forward_pre_hooks for module in bench.model.modules())
    assert costs._planned(bench, costs.NOTHING) == []


def test_only_the_circumstances_asked_for_are_measured():
    if "gemma3_text" not in tiny.available():
        pytest.skip("no Gemma 3")
    few = Options("cpu", tiny=True, where=("own loop",))
    records = list(costs.steps("gemma3-270m", few))
    assert [record.get("cure") for record in records] == [None, "nothing", "all"]
    assert records[0]["weights"] == "random"  # a tiny model takes no published ones


def test_one_process_trains_under_fsdp2():
    if "gemma3_text" not in tiny.available():
        pytest.skip("no Gemma 3")
    import torch.distributed as dist

    bench = costs._bench(costs.large.SHAPES["gemma3-4b"], CPU)
    before = bench.step()
    try:
        with circumstances.fully_sharded(bench):
            assert bench.step() == pytest.approx(before, rel=1e-3)
    finally:
        dist.destroy_process_group()


def test_reentry_is_measured_beside_its_cure(monkeypatch):
    if "gemma4_text" not in tiny.available():
        pytest.skip("no Gemma 4")
    monkeypatch.setattr(reentry, "_ROWS", (1,))
    about, *records = reentry.measure("gemma4-e2b", CPU)
    assert about["model"] == "Gemma 4 E2B"
    assert [record["cure"] for record in records].count("GC201") == 2
    assert all(record["ms"] >= record["min_ms"] >= record["sent_ms"] > 0 for record in records)
