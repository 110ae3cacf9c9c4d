"""A model that is patched has none of what was patched: ``diagnose`` finds it, ``patch`` rests.

Every rule with a patch, on every model type that this release has: first it fires, then its patch
is applied, then it does not.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import gemma_compat  # noqa: E402
from gemma_compat.detect import detect_facts  # noqa: E402
from gemma_compat.engine.diagnosis import judge_all  # noqa: E402
from gemma_compat.engine.rule import Rule  # noqa: E402
from gemma_compat.errors import PatchError, PatchNotNeeded  # noqa: E402
from gemma_compat.facts import Facts  # noqa: E402
from gemma_compat.rules import all_rules, find  # noqa: E402

from .. import tiny  # noqa: E402
from ..conftest import A100, UNSLOTH, facts_for  # noqa: E402
from .patched import apply, unshared  # noqa: E402
from .test_four_bit_dtype import Linear4bit  # noqa: E402
from .test_patch_contract import covers  # noqa: E402

torch.set_num_threads(1)

# Rules that still fire after their patch, or that other tests try, and why.
STAY = {
    "GC107": "RecurrentGemma is no tiny model of these tests; the confusion matrix patches it",
    "GC204": "its patch stops the run by name, and does not make it right",
    "GC901": "its patch is for a module, at import",
    "GC1105": "its patch stops the run at once",
}

# Training facts under which each of the others fires on a model of ``MODELS``.
RUNS: dict[str, dict[str, Any]] = {
    "GC101": {"evaluates": True},
    "GC102": {"evaluates": True},
    "GC103": {"evaluates": True, "gathers_outputs": True},
    "GC104": {"gradient_checkpointing": True},
    "GC201": {"gradient_checkpointing": True, "use_reentrant": True},
    "GC202": {"gradient_checkpointing": True, "passes_cache": True},
    "GC203": {"external_checkpointing": True},
    "GC301": {},
    "GC401": {"mixed_precision": "fp16"},
    "GC404": {},
    "GC501": {"gradient_accumulation_steps": 4},
    "GC601": {"reads_top_config": True},
    "GC606": {},
    "GC607": {},
    "GC622": {},
    "GC801": {"supplies_token_types": False},
    "GC804": {"packing": True},
    "GC1001": {"distributed": "fsdp", "fsdp_version": 2},
}


def four_bit(name: str) -> Any:
    model = tiny.build(name)
    model.config.quantization_config = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    model.extra = Linear4bit(4, 4)
    model.extra.compute_dtype = torch.float32
    return model


def with_own_head(name: str) -> Any:
    model = tiny.build(name)
    head = model.get_output_embeddings()
    head.weight = torch.nn.Parameter(head.weight.detach().clone())
    return model


MODELS: dict[str, Callable[[str], Any]] = {
    "GC101": lambda name: tiny.build(name, dtype=torch.bfloat16),
    "GC102": lambda name: tiny.build(name, **unshared(name)),
    "GC301": lambda name: tiny.build(name, attn="sdpa"),
    "GC404": four_bit,
    "GC607": with_own_head,
    "GC622": lambda name: tiny.build(name, hidden_act="gelu"),
    "GC801": lambda name: tiny.build(name, **both_ways(name)),
}


def both_ways(name: str) -> dict[str, Any]:
    return {"use_bidirectional_attention": "vision"} if name == "gemma4" else {}


def facts_of(model: Any, rule: Rule) -> Facts:
    """What the model shows, in a run in which the rule fires; nothing else is unknown."""
    found = detect_facts(model)
    training = facts_for().training.replace(**RUNS[rule.code])
    return found.replace(training=training, gpus=(A100,), unsloth=UNSLOTH, environment={})


def fires(model: Any, rule: Rule) -> bool:
    made = judge_all(facts_of(model, rule), [rule])
    return bool(made.findings or made.undetermined)


def cases() -> Iterator[Any]:
    for code in RUNS:
        for name in tiny.available():
            if covers(find(code), name):
                yield pytest.param(find(code), name, id=f"{code}-{name}")


def test_every_rule_with_a_patch_is_here() -> None:
    assert {rule.code for rule in all_rules() if rule.patch} == {*RUNS, *STAY}


@pytest.mark.parametrize(("rule", "name"), list(cases()))
def test_a_patched_model_has_no_finding(rule: Rule, name: str) -> None:
    model = MODELS.get(rule.code, tiny.build)(name)
    if not fires(model, rule):
        pytest.skip("does not apply to this tiny model")
    try:
        ledger = apply(rule.code, model)
    except PatchError as error:
        assert fires(model, rule) or isinstance(error, PatchNotNeeded)
        pytest.skip(f"{type(error).__name__}: {error}")
    assert not fires(model, rule)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert not fires(copied, rule)
    ledger.revert()
    assert fires(model, rule)


ARGS = {
    "gradient_checkpointing": True,
    "gradient_checkpointing_kwargs": {"use_reentrant": True},
    "eval_strategy": "steps",
    "prediction_loss_only": False,
}


@pytest.mark.parametrize("name", tiny.available())
@pytest.mark.parametrize("args", [None, ARGS], ids=["unknown run", "reentrant"])
def test_patching_twice_plans_nothing_the_second_time(name: str, args: Any) -> None:
    model = tiny.build(name)
    first = gemma_compat.patch(model, args=args)
    again = gemma_compat.patch(model, args=args)
    assert {item.rule.code for item in again.plan.patches} <= {"GC204"} and again.codes == ()
    found = gemma_compat.diagnose(model, args=args)
    assert not {item.rule.code for item in found.findings} & set(first.codes)


def test_a_hook_that_was_taken_off_is_no_cure() -> None:
    model = tiny.build("gemma2")
    apply("GC101", model)
    assert detect_facts(model).model.patched_with == ("give_cache_float",)
    for module in model.modules():
        module._forward_hooks.clear()
    assert detect_facts(model).model.patched_with == ()
