"""The GPU run on small models without a GPU: that it measures what it says."""

from __future__ import annotations

from itertools import islice

import pytest

from benchmarks.gpu import costs, overflow, padding, patches
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
        record = costs._compare(bench, "GC102", "own loop")
    assert record["gradients"]["cosine"] > 0.999
    assert record["unpatched"]["loss"] == record["patched"]["loss"]
    assert not bench.model._forward_pre_hooks  # the cure was taken off


def test_a_step_in_a_trainers_evaluation_is_seen_as_one():
    from gemma_compat.patching.cache_switch import is_in_evaluation

    assert not is_in_evaluation()
    assert costs.as_a_trainer(is_in_evaluation)()
