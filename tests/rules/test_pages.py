"""Rules that are Markdown: their conditions are shared ones, so one table serves them all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from gemma_compat import versions
from gemma_compat.conditions import (
    adapter,
    attention,
    cache,
    checkpointing,
    hardware,
    model,
    precision,
    run,
    tokenizer,
)
from gemma_compat.conditions import unsloth as asks
from gemma_compat.conditions.checkpointing import checkpoints
from gemma_compat.conditions.model import shares_kv, shares_no_kv
from gemma_compat.conditions.run import gathers_outputs
from gemma_compat.engine.condition import Condition
from gemma_compat.engine.diagnosis import judge
from gemma_compat.engine.rule import Finding, Rule, Scope, Undetermined
from gemma_compat.facts import UNKNOWN, Facts, Package
from gemma_compat.rules import all_rules

from ..conftest import L4, T4, facts_for
from .found_facts import change_for
from .made import published

# What makes each question true; without it the facts of ``facts_for`` make it false.
MAKES: dict[Condition, dict[str, Any]] = {
    asks.uses_unsloth: {},
    shares_kv: {"model": {"num_kv_shared_layers": 18}},
    shares_no_kv: {"model": {"num_kv_shared_layers": 0}},
    gathers_outputs: {"training": {"gathers_outputs": True}},
    hardware.is_without_bfloat16: {"gpus": [T4]},
    precision.falls_back_to_float16: {"gpus": [T4]},
    hardware.has_little_shared_memory: {"gpus": [L4]},
    hardware.spreads_over_gpus: {"gpus": [T4, T4]},
    model.hears: {"model": {"towers": ("vision", "audio")}},
    model.has_towers: {"model": {"towers": ("vision",)}},
    adapter.adapts_towers: {"model": {"adapted_modules": ("vision_tower.layers.*.q_proj",)}},
    run.is_text_only: {"training": {"images": False}},
    attention.sees_images_both_ways: {"model": {"use_bidirectional_attention": "vision"}},
    model.has_experts: {"model": {"enable_moe_block": True}},
    run.accumulates: {"training": {"gradient_accumulation_steps": 4}},
    attention.runs_flash_attention: {"model": {"attn_implementation": "flash_attention_2"}},
    asks.is_not_compiled: {"environment": {"UNSLOTH_COMPILE_DISABLE": "1"}},
    asks.drops_logits: {},
    asks.compiles_blocks: {"unsloth": {"backend": "cuda"}},
    checkpoints: {"training": {"gradient_checkpointing": True}},
    asks.float32_was_forced: {"environment": {"UNSLOTH_FORCE_FLOAT32": "1"}},
    run.trains_every_weight: {"model": {"peft": None}},
    asks.prefers: {"training": {"loss_type": "sigmoid"}},
    run.trains_assistant_only: {"training": {"assistant_only_loss": True}},
    tokenizer.adds_no_bos: {"tokenizer": {"adds_bos": False, "template_writes_bos": False}},
    tokenizer.template_writes_no_bos: {},
    tokenizer.ends_turns_by_token: {"tokenizer": {"turn_end": "<turn|>"}},
    tokenizer.pads_left: {"tokenizer": {"padding_side": "left"}},
    run.has_trainer: {"training": {"trainer": True}},
    run.smooths_labels: {"training": {"smooths_labels": True}},
    run.drops_token_types: {"model": {"peft": "PREFIX_TUNING"}},
    cache.tunes_prefix: {"model": {"peft": "PREFIX_TUNING"}},
    run.uses_liger: {"training": {"use_liger_kernel": True}},
    model.is_prequantized: {"checkpoint": {"dtypes": ("BF16", "U8")}},
    adapter.trains_embeddings: {"adapter": {"trains_embeddings": True}},
    cache.loses_cache_under_unsloth: {"training": {"gradient_checkpointing": True}},
    hardware.is_rocm: {},
    asks.zoo_is_from_repository: {},
    cache.gets_filled_cache: {"model": {"peft": "PREFIX_TUNING"}},
    checkpointing.checkpoints: {"training": {"gradient_checkpointing": True}},
    checkpointing.checkpoints_without_reentry: {
        "training": {"gradient_checkpointing": True, "use_reentrant": False}
    },
    checkpointing.checkpoints_from_outside: {"training": {"external_checkpointing": True}},
    model.is_gguf: {"model": {"quantization": "gguf"}},
    run.is_four_bit: {"model": {"quantization_bits": 4}},
    model.is_not_quantized: {"model": {"quantization": None}},
}
# What ``facts_for`` already has: to take such a question away, this is needed.
UNMAKES: dict[Condition, dict[str, Any]] = {
    run.trains_every_weight: {"model": {"peft": "LORA"}},
    asks.uses_unsloth: {"unsloth": {"used": False}},
    shares_no_kv: {"model": {"num_kv_shared_layers": 18}},
    shares_kv: {"model": {"num_kv_shared_layers": 0}},
    run.is_text_only: {"training": {"images": True}},
    asks.drops_logits: {"environment": {"UNSLOTH_RETURN_LOGITS": "1"}},
    asks.compiles_blocks: {"environment": {"UNSLOTH_BLOCK_COMPILE": "0"}},
    model.has_towers: {"model": {"towers": ()}},
    model.is_not_quantized: {"model": {"quantization": "bitsandbytes"}},
    tokenizer.adds_no_bos: {"tokenizer": {"adds_bos": True}},
    tokenizer.template_writes_no_bos: {"tokenizer": {"template_writes_bos": True}},
}
MAKES_OF_SCOPE: dict[Condition, dict[str, Any]] = {
    checkpointing.checkpoints_from_outside: MAKES[checkpointing.checkpoints_from_outside],
    checkpointing.checkpoints: MAKES[checkpointing.checkpoints],
    checkpointing.is_reentrant: {"training": {"use_reentrant": True}},
    run.has_images: {"training": {"images": True}},
    run.generates: {"training": {"generates": True}},
    attention.sees_images_both_ways: MAKES[attention.sees_images_both_ways],
}
RUN_MAKES: dict[str, dict[str, Any]] = {
    "images": {"training": {"images": True}},
    "adapter": {"model": {"peft": "LORA"}},
    "full fine-tune": {"model": {"peft": None}},
    "4-bit": {"model": {"quantization_bits": 4}},
    "packing": {"training": {"packing": True}},
    "generation": {"training": {"generates": True}},
}
POOL = {
    "unsloth": "2024.11.5 2025.3.14 2025.3.17 2025.8.3 2025.9.2 2025.12.9 2026.1.4 2026.2.1 "
    "2026.3.15 2026.4.1 2026.4.2 2026.4.8 2026.5.1 2026.8.9 2026.9.7 2026.10.8",
    "unsloth-zoo": "2025.5.1 2025.6.1 2025.8.1 2026.1.4 2026.3.2 2026.4.1 2026.4.2 2026.4.7 "
    "2026.6.6 2026.9.7 2026.10.8",
    "transformers": "4.49.0 4.52.3 4.53.1 4.55.4 4.57.6 5.4.0 5.5.0 5.7.0 5.17.0 5.24.0",
    "trl": "0.22.2 0.27.0 1.0.0 1.15.0",
    "peft": "0.17.1 0.19.0",
    "torch": "2.4.1 2.10.0",
    "liger-kernel": "0.5.6 0.6.0",
    "datasets": "4.8.5",
    "torchao": "0.10.0 0.16.0",
}
JUDGED = [rule for rule in all_rules() if rule.describe is None and not rule.undetectable]
UNSLOTH = [rule for rule in JUDGED if asks.uses_unsloth in rule.when]
each_page = pytest.mark.parametrize("rule", JUDGED, ids=lambda rule: rule.code)
each_unsloth_page = pytest.mark.parametrize("rule", UNSLOTH, ids=lambda rule: rule.code)


def scope_of(rule: Rule, model_type: str) -> Scope:
    """The first scope for this model type."""
    return next(scope for scope in rule.scopes if model_type in scope.model_types)


def inside(package: str, specifier: str) -> str:
    """Return a release in the range: the newest of the pool, else the newest published one."""
    for pool in (POOL.get(package, "").split(), published(package)):
        fitting = [version for version in pool if versions.contains(specifier, version)]
        if fitting:
            return fitting[-1]
    raise AssertionError(f"no release of {package} is {specifier}")


def made_by(question: Condition) -> dict[str, Any]:
    """Return what makes the question true: of the table, else found."""
    return MAKES[question] if question in MAKES else change_for(question, True)


def unmade_by(question: Condition) -> dict[str, Any]:
    """Return what makes the question false; nothing where the facts already do."""
    if question in MAKES or question in UNMAKES:
        return UNMAKES.get(question, {})
    return change_for(question, False)


def merged(*parts: Mapping[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            whole[name] = {**whole.get(name, {}), **value} if isinstance(value, dict) else value
    return whole


def broken(
    rule: Rule, model_type: str, *changes: Mapping[str, Any], scope: Scope | None = None
) -> Facts:
    """Facts under which the rule fires, in its first scope for this type or another one."""
    scope = scope or scope_of(rule, model_type)
    installed = {name: inside(name, text) for name, text in scope.packages.items()}
    installed = {"unsloth": "2026.4.1", "unsloth-zoo": "2026.4.1", **installed}
    transformers = installed.pop("transformers", "5.17.0")
    made = [made_by(question) for question in rule.when]
    made += [MAKES_OF_SCOPE.get(question) or made_by(question) for question in scope.when]
    made += [RUN_MAKES[run.name] for run in rule.runs]
    wanted = merged({"packages": installed, "unsloth": {"used": True}}, *made, *changes)
    facts = facts_for(model_type, transformers, **wanted)
    if hardware.is_rocm in rule.when:
        facts = facts.replace(torch=facts.torch.replace(cuda=None, hip="6.4"))
    if asks.zoo_is_from_repository in rule.when and facts.version("unsloth-zoo"):
        zoo = Package(name="unsloth-zoo", version="2026.1.4", vcs="git+https://github.com/x@y")
        facts = facts.replace(packages={**facts.packages, "unsloth-zoo": zoo})
    return facts


def contract_facts(rule: Rule) -> Iterator[Facts]:
    """Facts in which the rule fires, and facts in which it does not."""
    for scope in rule.scopes:
        for model_type in sorted(scope.model_types):
            yield broken(rule, model_type, scope=scope)
    for model_type in sorted(rule.model_types):
        yield broken(rule, model_type, {"unsloth": {"used": False}})
        yield facts_for(model_type, "5.17.0")


def first(rule: Rule) -> str:
    return min(rule.model_types)


@each_page
def test_it_is_silent_past_each_upper_bound(rule: Rule) -> None:
    for package, text in scope_of(rule, first(rule)).packages.items():
        for part in text.split(","):
            if part.startswith("<"):
                if package == "transformers":
                    facts = broken(rule, first(rule))
                    newer = Package(name=package, version=part[1:])
                    facts = facts.replace(packages={**facts.packages, package: newer})
                else:
                    facts = broken(rule, first(rule), {"packages": {package: part[1:]}})
                assert judge(rule, facts) is None, (package, part)


@each_page
def test_each_of_its_questions_counts(rule: Rule) -> None:
    for question in rule.when:
        others = replace(rule, when=tuple(q for q in rule.when if q is not question))
        facts = broken(others, first(rule), unmade_by(question))
        assert judge(rule, facts) is None, question.phrase


@each_unsloth_page
def test_whether_the_run_uses_unsloth_may_be_unknown(rule: Rule) -> None:
    facts = broken(rule, first(rule), {"unsloth": {"used": UNKNOWN}})
    given = judge(rule, facts)
    assert isinstance(given, Undetermined)
    assert given.condition == "the run uses Unsloth"


@each_unsloth_page
def test_without_unsloth_it_is_silent(rule: Rule) -> None:
    facts = broken(rule, first(rule), {"packages": {"unsloth": None, "unsloth-zoo": None}})
    assert judge(rule, facts) is None


def test_the_newest_unsloth_has_few_of_them() -> None:
    newest = {"unsloth": "2026.10.9", "unsloth-zoo": "2026.10.9", "trl": "1.15.0", "peft": "0.21.2"}
    found = set()
    for rule in UNSLOTH:
        circumstances = [made_by(question) for question in rule.when] + [
            RUN_MAKES[r.name] for r in rule.runs
        ]
        wanted = merged({"packages": newest, "unsloth": {"used": True}}, *circumstances)
        if isinstance(judge(rule, facts_for(first(rule), "5.17.0", **wanted)), Finding):
            found.add(rule.code)
    assert found == {"GC1147", "GC1160", "GC1163", "GC1166"}
