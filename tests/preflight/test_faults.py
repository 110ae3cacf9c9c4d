"""Each planted fault is found by the check that knows its cause, and told once.

A row of the table: what is planted, the check that must find it, how it ends, and words of the
finding. ``ALONE`` faults fail one check only; what follows from it is not run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import transformers
from torch.nn.functional import cross_entropy

import gemma_compat
from gemma_compat import versions
from gemma_compat._preflight.result import Outcome, Preflight

from .. import tiny
from ..live.compare import add_lora
from . import runs

FAIL, WARNING = Outcome.FAIL, Outcome.WARNING
V5 = versions.contains(">=5.0.0rc1", transformers.__version__)


def own_loss(how: Callable[[Any, Any], Any]) -> Any:
    class Run(transformers.Trainer):
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, **_: Any
        ) -> Any:
            output = model(**{k: v for k, v in inputs.items() if k != "labels"})
            loss = how(output.logits, inputs["labels"])
            return (loss, output) if return_outputs else loss

    return Run


class NoBackward(transformers.Trainer):
    def training_step(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Any:
        return self.compute_loss(model.train(), inputs).detach()


class NotDivided(transformers.Trainer):
    def training_step(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Any:
        loss = self.compute_loss(model.train(), self._prepare_inputs(inputs))
        self.accelerator.backward(loss)
        return loss.detach()


LOSSES: dict[str, tuple[Any, str]] = {
    "detached": (
        own_loss(lambda x, y: cross_entropy(x.detach()[:, :-1].flatten(0, 1), y[:, 1:].flatten())),
        "detached, in compute_loss",
    ),
    "summed": (
        own_loss(
            lambda x, y: cross_entropy(x[:, :-1].flatten(0, 1), y[:, 1:].flatten(), reduction="sum")
        ),
        "the sum over 46 tokens",
    ),
    "unshifted": (
        own_loss(lambda x, y: cross_entropy(x.flatten(0, 1), y.flatten())),
        "held against its own label",
    ),
    "no backward": (NoBackward, "makes no backward pass"),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_step_of_the_scripts_own_is_what_is_tried(name: str, tmp_path: Any) -> None:
    cls, words = LOSSES[name]
    result = gemma_compat.preflight(runs.trainer(tiny.build("gemma3_text"), tmp_path, cls=cls))
    assert len(result.failed) == 1, str(result)
    assert words in result.failed[0].figure


def test_a_step_that_forgets_to_divide_by_the_accumulation_is_found(tmp_path: Any) -> None:
    run = runs.trainer(
        tiny.build("gemma3_text"), tmp_path, cls=NotDivided, gradient_accumulation_steps=4
    )
    result = gemma_compat.preflight(run)
    assert [item.name for item in result.failed] == ["accumulation-keeps-scale"], str(result)


# Optimizer, schedule and arguments.


def adamw(model: Any, rate: float = 1e-4, only: str = "") -> Any:
    held = [p for name, p in model.named_parameters() if p.requires_grad and only in name]
    return torch.optim.AdamW(held, rate)


def _given(model: Any, optimizer: Any, factor: float | None = None) -> dict[str, Any]:
    scheduler = None
    if factor is not None:
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: factor)
    return {"model": model, "keywords": {"optimizers": (optimizer, scheduler)}}


def _before_lora() -> dict[str, Any]:
    model = tiny.build("gemma3_text")
    optimizer = adamw(model)
    return _given(add_lora(model), optimizer)


def _without_b() -> dict[str, Any]:
    model = add_lora(tiny.build("gemma3_text"))
    return _given(model, adamw(model, only="lora_A"))


def _scheduled(factor: float) -> dict[str, Any]:
    model = tiny.build("gemma3_text")
    return _given(model, adamw(model), factor)


def _anothers() -> dict[str, Any]:
    return _given(tiny.build("gemma3_text"), adamw(tiny.build("gemma3_text", seed=1)))


SETTINGS: dict[str, tuple[Callable[[], dict[str, Any]], str, Outcome, str]] = {
    "rate 0": (lambda: {"learning_rate": 0.0}, "schedule-moves", FAIL, "learning_rate is 0"),
    "rate 10": (lambda: {"learning_rate": 10.0}, "schedule-moves", FAIL, "comes to 10"),
    "rate .05": (lambda: {"learning_rate": 0.05}, "schedule-moves", WARNING, "below 0.002"),
    "warm-up": (lambda: {"warmup_steps": 1000}, "schedule-moves", WARNING, "1000 warm-up steps"),
    "clip": (
        lambda: {"max_grad_norm": 1e-12},
        "arguments-make-sense",
        FAIL,
        "clips every gradient",
    ),
    "decay": (
        lambda: {"weight_decay": 100.0},
        "arguments-make-sense",
        WARNING,
        "shrinks the weights",
    ),
    "scheduler 0": (lambda: _scheduled(0.0), "schedule-moves", FAIL, "comes to 0 of 0.0001"),
    "another's": (_anothers, "optimizer-holds-the-parameters", FAIL, "another model's"),
    "before LoRA": (_before_lora, "optimizer-holds-the-parameters", FAIL, "frozen parameters"),
    "without B": (_without_b, "optimizer-holds-the-parameters", FAIL, "lora_B"),
    "bf16, 1e-6": (
        lambda: {"model": tiny.build("gemma3_text", torch.bfloat16), "learning_rate": 1e-6},
        "update-survives-rounding",
        WARNING,
        "round back",
    ),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_trains_nothing_is_found(name: str, tmp_path: Any) -> None:
    make, check, outcome, words = SETTINGS[name]
    given = make()
    model = given.pop("model", None) or tiny.build("gemma3_text")
    found = gemma_compat.preflight(runs.trainer(model, tmp_path, **given)).of(check)
    assert found.outcome is outcome and words in found.figure, found


@pytest.mark.skipif(not V5, reason="the rule is about transformers 5")
def test_rounding_names_its_rule_for_a_live_model_with_arguments(tmp_path: Any) -> None:
    model = tiny.build("gemma3_text", torch.bfloat16)
    result = gemma_compat.preflight(runs.trainer(model, tmp_path, learning_rate=1e-6))
    assert result.of("update-survives-rounding").rules == ("GC605",)


# Batches. Each is changed in place.


def _rolled(batch: dict[str, Any]) -> None:
    batch["labels"] = batch["labels"].roll(1, 1)


def _masked_with_0(batch: dict[str, Any]) -> None:
    batch["labels"][:, :10] = 0


def _masked_with_minus_1(batch: dict[str, Any]) -> None:
    batch["labels"][:, :10] = -1


def _past_the_vocabulary(batch: dict[str, Any]) -> None:
    batch["input_ids"][0, 5] = batch["labels"][0, 5] = 300


def _identical(batch: dict[str, Any]) -> None:
    batch.update({name: value[:1].repeat(8, 1) for name, value in batch.items()})


def _left_padding_attended(batch: dict[str, Any]) -> None:
    batch["input_ids"][:, :4] = 0
    batch["labels"][:, :4] = -100
    del batch["attention_mask"]


def _mask_inverted(batch: dict[str, Any]) -> None:
    batch["input_ids"][:, -8:] = 0
    batch["labels"][:, -8:] = -100
    batch["attention_mask"][:, :-8] = 0


def _padding_trained(batch: dict[str, Any]) -> None:
    batch["input_ids"][:, -8:] = batch["labels"][:, -8:] = 0
    batch["attention_mask"][:, -8:] = 0


def _positions_zero(batch: dict[str, Any]) -> None:
    batch["position_ids"] = torch.zeros_like(batch["input_ids"])


def _joined_by_hand(batch: dict[str, Any]) -> None:
    batch["input_ids"][:, 12] = batch["labels"][:, 12] = runs.BOS
    batch["labels"][:, 13:16] = -100


def _joined_by_a_mask(batch: dict[str, Any]) -> None:
    batch["position_ids"] = torch.arange(12).repeat(len(batch["labels"]), 2)


def _mask_not_causal(batch: dict[str, Any]) -> None:
    batch["attention_mask"] = torch.zeros(len(batch["labels"]), 1, 24, 24)


BATCHES: list[tuple[Callable[..., None], str, Outcome, str]] = [
    (_rolled, "labels-are-the-tokens", FAIL, "previous one"),
    (_masked_with_0, "labels-are-the-tokens", FAIL, "labels are 0"),
    (_masked_with_minus_1, "ids-are-in-the-vocabulary", FAIL, "only -100"),
    (_past_the_vocabulary, "ids-are-in-the-vocabulary", FAIL, "256 rows"),
    (_identical, "dataset-is-varied", WARNING, "the same"),
    (_left_padding_attended, "padding-is-masked", FAIL, "on the left"),
    (_mask_inverted, "padding-is-masked", FAIL, "inverted"),
    (_padding_trained, "padding-is-masked", FAIL, "labels are padding"),
    (_positions_zero, "positions-count-up", FAIL, "do not count up"),
    (_joined_by_hand, "samples-are-apart", WARNING, "nothing keeps them apart"),
    (_joined_by_a_mask, "samples-are-apart", FAIL, "see each other"),
    (_mask_not_causal, "loss-agrees", FAIL, "without the batch's attention_mask"),
]


@pytest.mark.parametrize(
    ("plant", "check", "outcome", "words"), BATCHES, ids=[item[0].__name__ for item in BATCHES]
)
def test_a_batch_that_teaches_something_else_is_found_once(
    plant: Callable[..., None], check: str, outcome: Outcome, words: str, tmp_path: Any
) -> None:
    batch, model = runs.text(), tiny.build("gemma3_text", attn="sdpa")
    model.config.use_cache = False
    plant(batch)
    result = gemma_compat.preflight(runs.trainer(model, tmp_path, batch))
    found = result.of(check)
    assert found.outcome is outcome and words in found.figure, str(result)
    assert len(result.failed) == (outcome is FAIL), str(result)


# Text, with a tokenizer.


def _foreign(batch: dict[str, Any], tokenizer: Any) -> None:
    tokenizer.chat_template = "<|im_start|>"


def _assistant(batch: dict[str, Any], tokenizer: Any) -> None:
    tokenizer.add_tokens(["assistant"])
    batch["input_ids"][batch["input_ids"] == 11] = tokenizer.convert_tokens_to_ids("assistant")


def _end_masked(batch: dict[str, Any], tokenizer: Any) -> None:
    batch["labels"][batch["input_ids"] == runs.END] = -100


def _sides_swapped(batch: dict[str, Any], tokenizer: Any) -> None:
    trained = batch["labels"] != -100
    batch["labels"] = batch["input_ids"].masked_fill(trained | (batch["attention_mask"] == 0), -100)


def _cut(batch: dict[str, Any], tokenizer: Any) -> None:
    batch.update({name: value[:, :13] for name, value in batch.items()})


def _all_masked(batch: dict[str, Any], tokenizer: Any) -> None:
    batch["labels"][:] = -100


TEXTS: list[tuple[Callable[..., None], str, str]] = [
    (_foreign, "template-is-the-models", "another model's mark"),
    (_assistant, "text-is-the-models", "marked 'assistant'"),
    (_end_masked, "turn-end-is-trained", "never trained"),
    (_sides_swapped, "turn-end-is-trained", "prompts are trained"),
    (_cut, "turn-end-is-trained", "the row is cut"),
    (_all_masked, "labels-train", "nothing is trained"),
]


@pytest.mark.parametrize(
    ("plant", "check", "words"), TEXTS, ids=[item[0].__name__ for item in TEXTS]
)
def test_a_chat_that_teaches_something_else_is_found_once(
    plant: Callable[..., None], check: str, words: str, tmp_path: Any
) -> None:
    batch, tokenizer = runs.chat(), runs.tokenizer()
    plant(batch, tokenizer)
    run = runs.trainer(tiny.build("gemma3_text"), tmp_path, batch)
    result = gemma_compat.preflight(run, tokenizer=tokenizer)
    assert [item.name for item in result.failed] == [check], str(result)
    assert words in result.failed[0].figure


def test_rows_without_a_stop_are_warned_of(tmp_path: Any) -> None:
    batch = runs.chat(masked=False)
    for mark in (runs.START, runs.END, 108):
        batch["input_ids"][batch["input_ids"] == mark] = 20
    batch["labels"] = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    batch["attention_mask"][0, -3] = 0  # rows of different lengths
    batch["input_ids"][0, -3], batch["labels"][0, -3] = 0, -100
    run = runs.trainer(tiny.build("gemma3_text"), tmp_path, batch)
    found = gemma_compat.preflight(run, tokenizer=runs.tokenizer()).of("turn-end-is-trained")
    assert found.outcome is WARNING and "does not learn to stop" in found.figure


# The model.


def _disabled(model: Any) -> None:
    model.base_model.disable_adapter_layers()


def _merged(model: Any) -> None:
    model.merge_adapter()


def _for_inference(model: Any) -> None:
    """Leave the adapter as ``PeftModel.from_pretrained`` does by default."""
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            parameter.data.fill_(0.01)
    model.requires_grad_(False)
    model.peft_config["default"].inference_mode = True


def _frozen_afterwards(model: Any) -> None:
    model.requires_grad_(False)


ADAPTERS = [
    (_disabled, "disabled"),
    (_merged, "merged"),
    (_for_inference, "for inference"),
    (_frozen_afterwards, "frozen after it was made"),
]


@pytest.mark.parametrize(("plant", "words"), ADAPTERS)
def test_an_adapter_that_cannot_train_says_why(
    plant: Callable[..., None], words: str, tmp_path: Any
) -> None:
    model = add_lora(tiny.build("gemma3_text"))
    plant(model)
    result = gemma_compat.preflight(runs.trainer(model, tmp_path))
    assert [item.name for item in result.failed] == ["something-trains"], str(result)
    assert words in result.failed[0].figure


def test_an_adapter_that_is_merged_and_applied_again_is_found(tmp_path: Any) -> None:
    model = add_lora(tiny.build("gemma3_text"))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.1)
    clean = gemma_compat.preflight(runs.trainer(model, tmp_path)).of("adapter-is-sound")
    assert clean.outcome is Outcome.PASS, clean
    model.merge_adapter()
    for module in model.modules():
        if hasattr(module, "merged_adapters"):
            module.merged_adapters = []
    found = gemma_compat.preflight(runs.trainer(model, tmp_path)).of("adapter-is-sound")
    assert found.outcome is WARNING and "a second time" in found.figure, found


@pytest.mark.parametrize("settings", [{"lora_alpha": 4096}, {"lora_dropout": 0.95}])
def test_an_absurd_adapter_is_warned_of(settings: dict[str, Any], tmp_path: Any) -> None:
    from peft import LoraConfig, get_peft_model

    given = {"r": 4, "target_modules": ["q_proj"], "task_type": "CAUSAL_LM", **settings}
    model = get_peft_model(tiny.build("gemma3_text"), LoraConfig(**given))
    found = gemma_compat.preflight(runs.trainer(model, tmp_path)).of("adapter-is-sound")
    assert found.outcome is WARNING, found


def test_a_head_that_was_cut_loose_is_warned_of(tmp_path: Any) -> None:
    model = tiny.build("gemma3_text")
    model.lm_head.weight = torch.nn.Parameter(
        model.lm_head.weight.detach().clone(), requires_grad=False
    )
    found = gemma_compat.preflight(runs.trainer(model, tmp_path)).of("head-is-trained")
    assert found.outcome is WARNING, found


class StuckDropout(torch.nn.Dropout):
    def train(self, mode: bool = True) -> Any:
        self.training = True
        return self


@pytest.mark.parametrize("name", ["module", "function"])
def test_a_dropout_that_stays_on_in_evaluation_is_found(name: str, tmp_path: Any) -> None:
    model = tiny.build("gemma3_text")
    layer = model.model.layers[2].mlp

    def drop(module: Any, args: Any, output: Any) -> Any:
        return torch.nn.functional.dropout(output, 0.3, training=True)

    if name == "module":
        layer.down_proj = torch.nn.Sequential(layer.down_proj, StuckDropout(0.3))
    else:
        layer.register_forward_hook(drop)
    result = gemma_compat.preflight(runs.trainer(model, tmp_path))
    told = [*result.failed, *result.warned]
    assert any("random is on" in item.figure for item in told), str(result)


@pytest.mark.skipif("gemma4_text" not in tiny.available(), reason="this release has no Gemma 4")
def test_a_router_that_sends_all_tokens_to_one_place_is_found() -> None:
    model = tiny.build(
        "gemma4_text",
        num_kv_shared_layers=0,
        enable_moe_block=True,
        num_experts=4,
        top_k_experts=2,
        moe_intermediate_size=32,
    )
    batch = runs.text(2)
    healthy = gemma_compat.preflight(model, batch).of("experts-are-used")
    assert healthy.outcome is Outcome.PASS, healthy
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "router.proj" in name:
                parameter.zero_()
    found = gemma_compat.preflight(model, batch).of("experts-are-used")
    assert found.outcome is WARNING and "same 2 of 4" in found.figure, found


def test_a_rule_is_named_only_where_it_fires_and_has_this_symptom(tmp_path: Any) -> None:
    model = tiny.build("gemma3_text")
    model.model.register_forward_pre_hook(_raise)
    result: Preflight = gemma_compat.preflight(runs.trainer(model, tmp_path))
    assert [item.name for item in result.failed] == ["training-step-runs"], str(result)
    assert result.failed[0].rules == ()


def _raise(module: Any, args: Any) -> None:
    raise ValueError("planted")
