"""Conditions on Unsloth: whether it is used, what it does by itself, its environment variables."""

from __future__ import annotations

from collections.abc import Mapping

from .. import versions
from ..engine.condition import NO, all_of, any_of, condition, first_known, not_
from ..facts import Facts, Package

_PREFERENCE = {"sigmoid", "hinge", "ipo", "robust", "exo_pair", "nca_pair", "bco_pair", "apo_zero"}


@condition("the run uses Unsloth")
def uses_unsloth(facts: Facts) -> bool:
    return facts.unsloth.used


uses_no_unsloth = not_(uses_unsloth, "the run does not use Unsloth")


@condition("Unsloth runs on its CPU backend, which patches nothing")
def is_on_cpu_backend(facts: Facts) -> bool:
    return facts.unsloth.backend == "cpu"


# Environment variables. One that is not set is not in the fact.


@condition("UNSLOTH_FORCE_FLOAT32 is set, by an earlier load")
def float32_was_forced(facts: Facts) -> bool:
    return _value(facts.environment, "UNSLOTH_FORCE_FLOAT32") == "1"


@condition("UNSLOTH_COMPILE_DISABLE is set")
def is_not_compiled(facts: Facts) -> bool:
    return _value(facts.environment, "UNSLOTH_COMPILE_DISABLE") not in {"", "0"}


@condition("UNSLOTH_RETURN_LOGITS is not set")
def drops_logits(facts: Facts) -> bool:
    return _value(facts.environment, "UNSLOTH_RETURN_LOGITS") != "1"


@condition("UNSLOTH_IS_PRESENT is set")
def is_present(facts: Facts) -> bool:
    return "UNSLOTH_IS_PRESENT" in facts.environment


def _value(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name, "")


# Without Unsloth nothing reads the variable, whatever it says.
is_not_forced_to_float32 = any_of(
    first_known(uses_no_unsloth, NO),
    not_(float32_was_forced, "UNSLOTH_FORCE_FLOAT32 is not set"),
    phrase="Unsloth does not keep the model in float32 (UNSLOTH_FORCE_FLOAT32)",
)


# From these releases of unsloth_zoo on it carries shared keys and values itself.
_ZOO_CARRIES = {
    "gemma3n": ">=2026.9.8",
    "gemma3n_text": ">=2026.9.8",
    "gemma4": ">=2026.6.7",
    "gemma4_text": ">=2026.6.7",
}


@condition("Unsloth carries the shared keys and values of this model")
def carries_shared_kv(facts: Facts) -> bool:
    return facts.unsloth.carries_shared_kv


@condition("unsloth_zoo has releases that carry shared keys and values for this model type")
def zoo_knows_type(facts: Facts) -> bool:
    return facts.model.model_type in _ZOO_CARRIES


@condition("unsloth_zoo is installed")
def has_zoo(facts: Facts) -> bool:
    return facts.version("unsloth-zoo") is not None


@condition("this unsloth_zoo carries shared keys and values for this model type")
def zoo_is_new_enough(facts: Facts) -> bool:
    wanted = _ZOO_CARRIES[facts.model.model_type]
    return versions.contains(wanted, str(facts.version("unsloth-zoo")))


# By what is on the model in hand; else by the releases, where the run will use Unsloth.
is_not_cured_by_unsloth = any_of(
    first_known(uses_no_unsloth, NO),
    first_known(
        not_(carries_shared_kv, "Unsloth does not carry them"),
        any_of(
            not_(
                all_of(has_zoo, zoo_knows_type, zoo_is_new_enough),
                "this unsloth_zoo does not carry them",
            ),
            uses_no_unsloth,
            is_on_cpu_backend,
        ),
    ),
    phrase="Unsloth does not carry the shared keys and values itself",
)


@condition("a preference loss is trained against the adapter's own base (DPO)")
def prefers(facts: Facts) -> bool:
    return facts.training.loss_type in _PREFERENCE


@condition("unsloth-zoo was installed from its repository")
def zoo_is_from_repository(facts: Facts) -> bool:
    return _repository(facts.package("unsloth-zoo")) is not None


def _repository(package: Package | None) -> str | None:
    return None if package is None else package.vcs
