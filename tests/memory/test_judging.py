"""Whether a run fits, what would fit, and what to change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gemma_compat.errors import UsageError
from gemma_compat.facts import Facts, Gpu, Package
from gemma_compat.memory import (
    ALL_LINEAR,
    Adapter,
    Setup,
    Shape,
    estimate,
    judge,
    judge_setup,
    read_shape,
    usable,
)
from gemma_compat.tables import checkpoints

from ..made import few_facts


def shape(name: str) -> Shape:
    found = checkpoints.find(name)
    assert found is not None
    return read_shape(found.config)


def facts(memory: int | None = 40960, model: Any = None, adapter: Any = None, **run: Any) -> Facts:
    gpus = () if memory is None else (Gpu(index=0, name="card", memory_total=memory),)
    return few_facts({"trl": "1.6.0"}, model=model, training=run, adapter=adapter, gpus=gpus)


SMALL = {"peft": True, "mixed_precision": "bf16", "per_device_train_batch_size": 1}


def test_a_27b_does_not_fit_40_gib_and_the_way_there_is_told() -> None:
    found = judge("google/gemma-3-27b-it", facts(max_length=2048, **SMALL))
    assert found is not None and found.fits is False
    assert found.largest == (0, 0)
    assert found.changes[-1].fits and "load_in_4bit" in found.changes[-1].text
    totals = [change.total for change in found.changes]
    assert totals == sorted(totals, reverse=True)


def test_what_fits_at_most_fits_and_the_next_does_not() -> None:
    setup = Setup(rows=1, tokens=1024, adapter=Adapter(), checkpointing=True)
    found = judge_setup(shape("google/gemma-3-1b-it"), setup, 24564)
    assert found.fits and found.rows and found.tokens and found.available
    most = replace(setup, rows=found.rows)
    assert estimate(found.shape, most).total <= found.available
    more = replace(setup, rows=found.rows + max(1, found.rows // 32) + 1)
    assert estimate(found.shape, more).total > found.available


def test_between_the_peak_and_the_margin_nothing_is_claimed() -> None:
    setup = Setup(rows=2, tokens=2048)
    found = estimate(shape("google/gemma-3-1b-it"), setup)
    between = (found.least + found.total) // 2 // 2**20
    memory = next(n for n in range(between, 2 * between) if usable(n) >= found.least)
    assert judge_setup(shape("google/gemma-3-1b-it"), setup, memory).fits is None


def test_without_a_card_there_is_a_total_and_no_verdict() -> None:
    found = judge("google/gemma-3-1b-it", facts(memory=None, **SMALL))
    assert found is not None and found.fits is None and found.available is None and found.total > 0


@pytest.mark.parametrize(
    "name", ["meta-llama/Llama-3-8B", "google/vaultgemma-1b", "google/t5gemma-2-1b-1b"]
)
def test_no_figure_is_made_up(name: str) -> None:
    assert judge(name, facts(**SMALL)) is None


def test_weights_in_4_bits_are_not_trained_themselves() -> None:
    with pytest.raises(UsageError, match="cannot be trained"):
        judge("google/gemma-3-1b-it", facts(model={"quantization_bits": 4}, peft=False))


@pytest.mark.parametrize("version, chunked", [("1.6.0", False), ("1.7.0", True)])
def test_trl_computes_its_loss_in_chunks_from_1_7(version: str, chunked: bool) -> None:
    packages = {"trl": Package(name="trl", version=version)}
    found = judge("google/gemma-3-1b-it", facts(**SMALL).replace(packages=packages))
    assert found is not None and (found.setup.loss == "chunked") == chunked


@pytest.mark.parametrize(
    "change",
    [
        {"checkpointing": True},
        {"tokens": 1024},
        {"rows": 1},
        {"bits": 4},
        {"loss": "chunked"},
        {"adapter": Adapter(rank=4)},
        {"spread": "fsdp", "ranks": 4},
    ],
    ids=str,
)
def test_each_saves(change: dict[str, Any]) -> None:
    base = Setup(rows=2, tokens=2048, adapter=Adapter(rank=64))
    whole = shape("google/gemma-3-4b-it")
    assert estimate(whole, replace(base, **change)).total < estimate(whole, base).total


@pytest.mark.parametrize(
    ("spread", "parts"),
    [("zero1", {"optimizer"}), ("zero2", {"optimizer", "gradients"}), ("fsdp", {"weights"})],
)
def test_sharding_divides_what_it_says(spread: str, parts: set[str]) -> None:
    whole = shape("google/gemma-3-1b-it")
    alone = estimate(whole, Setup(tokens=512, checkpointing=True))
    spread_out = estimate(whole, Setup(tokens=512, checkpointing=True, spread=spread, ranks=8))
    before = {part.name: part.bytes for part in alone.parts}
    after = {part.name: part.bytes for part in spread_out.parts}
    assert all(after.get(name, 0) < before[name] for name in parts & before.keys())


def test_an_optimizer_that_is_not_counted_is_said() -> None:
    found = judge("google/gemma-3-1b-it", facts(optimizer="lomo", **SMALL))
    assert found is not None and any("lomo" in line for line in found.assumed)


def test_the_rank_and_targets_of_the_adapter_count() -> None:
    few = {"rank": 8, "target_modules": ("q_proj", "v_proj")}
    small = judge("google/gemma-3-4b-it", facts(adapter=few, **SMALL))
    large = judge("google/gemma-3-4b-it", facts(**SMALL))
    assert small is not None and large is not None and small.total < large.total
    assert small.setup.adapter == Adapter(8, ("q_proj", "v_proj"))


@pytest.mark.parametrize(
    ("stated", "targets"),
    [
        (r".*language_model.*\.(q_proj|v_proj)", ("q_proj", "v_proj")),
        (r"model.language_model.layers.[\d]+.(mlp|self_attn).(up|q)_proj", ("q_proj", "up_proj")),
        (r".*\.experts\..*", ALL_LINEAR),
        ("[", ALL_LINEAR),
        (("self_attn.q_proj", "down_proj"), ("q_proj", "down_proj")),
    ],
)
def test_a_pattern_names_the_matrices_that_peft_would_adapt(stated: Any, targets: Any) -> None:
    found = judge("google/gemma-3-4b-it", facts(adapter={"target_modules": stated}, **SMALL))
    assert found is not None and found.setup.adapter is not None
    assert found.setup.adapter.targets == targets
    assert (targets == ALL_LINEAR) == any("names none" in line for line in found.assumed)


@pytest.mark.parametrize(
    ("run", "model", "said"),
    [
        ({"torch_compile": True}, None, "torch.compile"),
        ({}, {"quantization": "gguf"}, "how much gguf saves"),
        ({"distributed": "deepspeed", "deepspeed_stage": 2}, None, "not measured"),
    ],
)
def test_what_is_not_counted_is_said(run: Any, model: Any, said: str) -> None:
    found = judge("google/gemma-3-4b-it", facts(model=model, **run, **SMALL))
    assert found is not None and any(said in line for line in found.assumed)


def test_a_model_without_a_head_has_no_logits() -> None:
    whole = shape("google/embeddinggemma-300m")
    assert not whole.head and shape("google/gemma-3-1b-it").head
    found = estimate(whole, Setup(tokens=4096, checkpointing=True))
    assert "logits" not in {part.name for part in found.parts}


def test_a_vocabulary_that_nothing_states_is_said() -> None:
    found = judge("google/medgemma-27b-text-it", facts(**SMALL))
    assert found is not None and any("vocabulary" in line for line in found.assumed)


def test_sizes_of_single_layers_are_read() -> None:
    """As transformers 5.16 and later save them: by layer, and not for all full-attention ones."""
    config = checkpoints.find("google/embeddinggemma-2")
    assert config is not None
    layers = read_shape(config.config).layers
    assert {(layer.head, layer.keys) for layer in layers if not layer.sliding} == {(512, 512)}
    assert {(layer.head, layer.keys) for layer in layers if layer.sliding} == {(256, 512)}
