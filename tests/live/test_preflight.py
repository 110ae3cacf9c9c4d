"""Preflight passes healthy models, finds planted and real faults by name, and leaves no trace."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers

import gemma_compat
from gemma_compat import versions
from gemma_compat._preflight.result import Outcome
from gemma_compat.errors import PreflightFailed, UsageError

from .. import tiny
from . import healthy
from .compare import add_lora, graph
from .trainers import trainer

NAMES = tiny.available()
LOSES_SHARING = versions.contains("<5.0.0rc1", transformers.__version__)
REENTRANT = {
    "gradient_checkpointing": True,
    "gradient_checkpointing_kwargs": {"use_reentrant": True},
}
PLAIN = {
    "gradient_checkpointing": True,
    "gradient_checkpointing_kwargs": {"use_reentrant": False},
}


def failures(result: Any) -> list[str]:
    return [item.name for item in result.failed]


# Healthy models pass.


@pytest.mark.parametrize("name", NAMES)
def test_a_trained_model_passes_and_its_untrained_twin_is_warned_of(name: str) -> None:
    model, batch = healthy.overfitted(name), healthy.batch(name)
    gemma_compat.patch(model, args=PLAIN)
    result = gemma_compat.preflight(model, batch, args=PLAIN)
    assert result.ok, str(result)
    assert result.of("loss-is-plausible").outcome is Outcome.PASS
    assert result.of("gradients-agree").outcome is Outcome.PASS
    assert result.passes / len(result.checks) < 4
    twin = gemma_compat.preflight(tiny.build(name), batch)
    assert twin.of("loss-is-plausible").outcome is Outcome.WARNING


@pytest.mark.skipif(not LOSES_SHARING, reason="this release carries shared keys and values")
@pytest.mark.skipif("gemma3n_text" not in NAMES, reason="this release has no Gemma 3n")
def test_a_lost_sharing_is_found_by_the_name_of_its_rule_and_gone_when_patched() -> None:
    model, batch = healthy.overfitted("gemma3n_text"), healthy.batch("gemma3n_text")
    result = gemma_compat.preflight(model, batch)
    assert failures(result) == ["loss-agrees"]
    assert result.of("loss-agrees").rules == ("GC104",)
    gemma_compat.patch(model)
    assert gemma_compat.preflight(model, batch).ok


@pytest.mark.skipif("gemma4_text" not in NAMES, reason="this release has no Gemma 4")
@pytest.mark.skipif(
    versions.contains("<5.5.2", transformers.__version__),
    reason="this release loses shared keys and values themselves",
)
def test_detached_gradients_are_found_though_the_loss_is_right() -> None:
    model, batch = healthy.overfitted("gemma4_text"), healthy.batch("gemma4_text")
    result = gemma_compat.preflight(model, batch, args=REENTRANT)
    assert failures(result) == ["gradients-agree"]
    assert result.of("gradients-agree").rules == ("GC201",)
    gemma_compat.patch(model, args=REENTRANT)
    assert gemma_compat.preflight(model, batch, args=REENTRANT).ok


# Planted faults, each found by its own check.


def _two_bos(model: Any, batch: dict[str, Any]) -> None:
    batch["input_ids"][:, 1] = healthy.BOS


def _no_bos(model: Any, batch: dict[str, Any]) -> None:
    batch["input_ids"][batch["input_ids"] == healthy.BOS] = 7


def _no_label(model: Any, batch: dict[str, Any]) -> None:
    batch["labels"][:] = -100


def _too_long(model: Any, batch: dict[str, Any]) -> None:
    model.config.max_position_embeddings = 8


def _not_a_number(model: Any, batch: dict[str, Any]) -> None:
    with torch.no_grad():
        model.model.layers[2].mlp.down_proj.weight[0, 0] = float("nan")


def _another_network_in_training(model: Any, batch: dict[str, Any]) -> None:
    def halve(module: Any, args: Any, output: Any) -> Any:
        return output / 2 if module.training else output

    model.model.norm.register_forward_hook(halve)


def _frozen_halfway(model: Any, batch: dict[str, Any]) -> None:
    model.model.layers[3].mlp.register_forward_hook(lambda module, args, output: output.detach())


def _nothing_reaches_the_weights(model: Any, batch: dict[str, Any]) -> None:
    model.model.embed_tokens.requires_grad_(False)
    model.model.norm.register_forward_hook(
        lambda module, args, output: output.detach().requires_grad_()
    )


def _raises_in_training(model: Any, batch: dict[str, Any]) -> None:
    def fail(module: Any, args: Any) -> None:
        if module.training:
            raise ValueError("planted")

    model.model.register_forward_pre_hook(fail)


def _raises_in_evaluation(model: Any, batch: dict[str, Any]) -> None:
    def fail(module: Any, args: Any) -> None:
        if not module.training:
            raise ValueError("planted")

    model.model.register_forward_pre_hook(fail)


def _half_of_it_quantized(model: Any, batch: dict[str, Any]) -> None:
    model.config.quantization_config = {"load_in_4bit": True, "quant_method": "bitsandbytes"}


def _forgets_on_recomputation(model: Any, batch: dict[str, Any]) -> None:
    """A layer that answers otherwise the second time: what dropout without its seed would do."""
    layer, calls = model.model.layers[2].mlp, []

    def drift(module: Any, args: Any, output: Any) -> Any:
        calls.append(1)
        return output * (1.0 if len(calls) % 2 else 3.0)

    layer.register_forward_hook(drift)


FAULTS: list[tuple[Callable[..., None], str]] = [
    (_two_bos, "one-bos"),
    (_no_bos, "one-bos"),
    (_no_label, "labels-train"),
    (_too_long, "length-fits"),
    (_not_a_number, "weights-are-finite"),
    (_another_network_in_training, "loss-agrees"),
    (_frozen_halfway, "every-parameter-learns"),
    (_nothing_reaches_the_weights, "every-parameter-learns"),
    (_raises_in_training, "training-step-runs"),
    (_raises_in_evaluation, "evaluation-runs"),
    (_half_of_it_quantized, "quantization-is-real"),
]


@pytest.mark.parametrize(("plant", "check"), FAULTS, ids=[f.__name__ for f, _ in FAULTS])
def test_a_planted_fault_is_found(plant: Callable[..., None], check: str) -> None:
    model, batch = tiny.build("gemma3_text"), healthy.batch("gemma3_text")
    assert check not in failures(gemma_compat.preflight(model, batch))
    plant(model, batch)
    result = gemma_compat.preflight(model, batch)
    assert check in failures(result), str(result)


def test_a_recomputation_that_differs_is_found() -> None:
    model, batch = tiny.build("gemma3_text"), healthy.batch("gemma3_text")
    _forgets_on_recomputation(model, batch)
    result = gemma_compat.preflight(model, batch, args=PLAIN)
    assert "gradients-agree" in failures(result), str(result)


def test_activations_near_the_end_of_float16_are_warned_of() -> None:
    model, batch = tiny.build("gemma3_text", dtype=torch.float16), healthy.batch("gemma3_text")
    with torch.no_grad():
        model.model.layers[0].post_feedforward_layernorm.weight.fill_(8e3)
    result = gemma_compat.preflight(model, batch)
    assert result.of("activations-fit").outcome is not Outcome.PASS, str(result)


class _Tokenizer(SimpleNamespace):
    bos_token_id = healthy.BOS
    chat_template = "{{ '<start_of_turn>' }}"

    def convert_tokens_to_ids(self, token: str) -> int:
        return 106


def test_an_end_of_turn_without_a_label_is_found() -> None:
    model, batch = tiny.build("gemma3_text"), healthy.batch("gemma3_text")
    batch["input_ids"][:, -1] = 106
    batch["labels"][:, -1] = -100
    result = gemma_compat.preflight(model, batch, tokenizer=_Tokenizer())
    assert failures(result) == ["turn-end-is-trained"]


def test_another_familys_template_is_found() -> None:
    model, batch = tiny.build("gemma3_text"), healthy.batch("gemma3_text")
    tokenizer = _Tokenizer(chat_template="<|im_start|>user")
    assert "template-is-the-models" in failures(
        gemma_compat.preflight(model, batch, tokenizer=tokenizer)
    )


@pytest.mark.skipif("gemma3" not in NAMES, reason="this release has no Gemma 3")
def test_image_tokens_without_images_are_found() -> None:
    model, batch = tiny.build("gemma3"), healthy.batch("gemma3")
    batch["input_ids"][0, 3] = model.config.image_token_index
    assert "images-match-tokens" in failures(gemma_compat.preflight(model, batch))


# Trainers.


def test_a_trainer_is_tried_with_its_own_data_and_left_alone(tmp_path: Any) -> None:
    model = tiny.build("gemma3_text")
    run = trainer(model, "gemma3_text", tmp_path, gradient_accumulation_steps=4)
    before, loader = graph(model), list(run.accelerator._dataloaders)
    result = gemma_compat.preflight(run)
    assert result.of("accumulation-keeps-scale").outcome is Outcome.PASS, str(result)
    assert result.of("evaluation-runs").outcome is Outcome.PASS, str(result)
    assert graph(model) == before and run.accelerator._dataloaders == loader
    run.train()


@pytest.mark.skipif(
    not versions.contains(">=4.50.0.dev0,<4.57.0", transformers.__version__),
    reason="this release scales the loss right",
)
def test_a_loss_that_accumulation_multiplies_is_found(tmp_path: Any) -> None:
    run = trainer(tiny.build("gemma3"), "gemma3", tmp_path, gradient_accumulation_steps=4)
    result = gemma_compat.preflight(run)
    assert "accumulation-keeps-scale" in failures(result), str(result)
    assert result.of("accumulation-keeps-scale").rules == ("GC501",)


@pytest.mark.skipif(
    not versions.contains(">=4.50.0.dev0,<4.51.0", transformers.__version__),
    reason="this release has no HybridCache without a float",
)
def test_an_evaluation_that_crashes_is_found_by_its_rule(tmp_path: Any) -> None:
    model = tiny.build("gemma3_text", dtype=torch.bfloat16)
    result = gemma_compat.preflight(trainer(model, "gemma3_text", tmp_path, bf16=True))
    assert result.of("evaluation-runs").rules == ("GC101",), str(result)


class Reporter(transformers.TrainerCallback):
    """What TensorBoard and W&B are given."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        self.seen.append(dict(logs))


def test_the_hook_stops_a_run_that_fails_and_lets_one_that_passes_train(tmp_path: Any) -> None:
    gemma_compat.install(preflight=True, watch=True)
    try:
        run = trainer(tiny.build("gemma3_text"), "gemma3_text", tmp_path)
        with pytest.raises(PreflightFailed, match="one-bos"):  # the rows have no <bos>
            run.train()
        model = tiny.build("gemma3_text")
        model.config.bos_token_id = None
        logged = trainer(
            model,
            "gemma3_text",
            tmp_path,
            logging_strategy="steps",
            logging_steps=1,
            include_num_input_tokens_seen=True,
            max_steps=3,
        )
        reporter = Reporter()
        logged.add_callback(reporter)
        logged.train()
        assert any("gemma_compat/tokens_per_second" in entry for entry in reporter.seen)
    finally:
        gemma_compat.uninstall()


def test_the_callback_tries_a_batch_too(tmp_path: Any) -> None:
    run = trainer(tiny.build("gemma3_text"), "gemma3_text", tmp_path)
    run.callback_handler.add_callback(gemma_compat.GemmaCompatCallback(preflight=True))
    with pytest.raises(PreflightFailed, match="one-bos"):
        run.train()


# No trace.


def state(model: Any) -> dict[str, Any]:
    """Everything that must be as it was, by identity or bit for bit."""
    return {
        "graph": graph(model),
        "weights": {name: value.clone() for name, value in model.state_dict().items()},
        "grads": {n: (id(p.grad), p.requires_grad) for n, p in model.named_parameters()},
        "grad values": {
            n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None
        },
        "torch": torch.get_rng_state().clone(),
        "python": random.getstate(),
        "numpy": np.random.get_state()[1].tolist(),
    }


def assert_same(before: dict[str, Any], after: dict[str, Any]) -> None:
    for key in ("graph", "grads", "python", "numpy"):
        assert before[key] == after[key], key
    assert torch.equal(before["torch"], after["torch"])
    for key in ("weights", "grad values"):
        assert before[key].keys() == after[key].keys()
        assert all(torch.equal(value, after[key][name]) for name, value in before[key].items())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_it_leaves_no_trace(name: str, training: bool) -> None:
    model, batch = tiny.build(name).train(training), healthy.batch(name)
    gemma_compat.patch(model)
    model(**batch, use_cache=False).loss.backward()  # gradients that must stay
    before = state(model)
    gemma_compat.preflight(model, batch, args=PLAIN)
    assert_same(before, state(model))


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_it_leaves_no_trace_where_a_pass_is_interrupted(error: type[BaseException]) -> None:
    model, batch = add_lora(tiny.build("gemma3_text")), healthy.batch("gemma3_text")

    def stop(module: Any, args: Any, output: Any) -> None:
        torch.rand(1)
        raise error("planted")

    layer = model.get_base_model().model.layers[3]
    layer.mlp.register_forward_hook(stop)
    before = state(model)
    if error is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            gemma_compat.preflight(model, batch, args=REENTRANT)
    else:
        assert not gemma_compat.preflight(model, batch, args=REENTRANT).ok
    assert_same(before, state(model))


# Bad input.


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda batch: None, "needs a batch"),
        (lambda batch: [1], "mapping of tensors"),
        (lambda batch: {"labels": batch["labels"]}, "input_ids"),
        (lambda batch: {"input_ids": batch["input_ids"]}, "labels"),
        (lambda batch: {**batch, "labels": batch["labels"][:, 1:]}, "where input_ids is"),
        (lambda batch: {**batch, "input_ids": batch["input_ids"][0]}, r"\(rows, tokens\)"),
    ],
)
def test_a_batch_that_cannot_be_used_is_one_clear_line(change: Any, words: str) -> None:
    model, batch = tiny.build("gemma3_text"), healthy.batch("gemma3_text")
    before = state(model)
    with pytest.raises(UsageError, match=words):
        gemma_compat.preflight(model, change(batch))
    assert_same(before, state(model))


def test_a_model_without_gradients_and_no_model_at_all() -> None:
    model = tiny.build("gemma3_text").requires_grad_(False)
    result = gemma_compat.preflight(model, healthy.batch("gemma3_text"))
    assert failures(result) == ["something-trains"]
    with pytest.raises(UsageError, match="not str"):
        gemma_compat.preflight("google/gemma-3-4b-it", healthy.batch("gemma3_text"))


def test_running_out_of_memory_is_an_answer() -> None:
    class OutOfMemoryError(RuntimeError):
        """As torch.cuda's: told by its name."""

    model, batch = tiny.build("gemma3_text"), healthy.batch("gemma3_text")

    def stop(module: Any, args: Any) -> None:
        if module.training:
            raise OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    model.model.register_forward_pre_hook(stop)
    result = gemma_compat.preflight(model, batch)
    assert "out of memory" in result.of("training-step-runs").figure


# Fit, and checkpointing of every n-th layer.


def test_an_estimate_says_so_and_grows_with_the_batch() -> None:
    model, batch = tiny.build("gemma3_text"), healthy.batch("gemma3_text")
    fit = gemma_compat.estimate_memory(model, batch, memory=1e9)
    assert not fit.measured and "estimated, not measured" in str(fit)
    small, large = fit.step(1, 64, every=0), fit.step(8, 64, every=0)
    assert small and large and large > small
    halves = fit.step(8, 64, every=2)
    assert halves and (fit.step(8, 64, every=1) or math.inf) < halves < large
    assert fit.largest_rows(64, every=1) >= fit.largest_rows(64, every=0) > 0
