"""Conditions on Unsloth: whether it is used, what it does by itself, its environment variables."""

from __future__ import annotations

from collections.abc import Mapping

from .. import versions
from ..engine.condition import NO, all_of, any_of, choose, condition, first_known, not_
from ..errors import UnknownFact
from ..facts import Facts, Package
from ..tables.published_pins import pins_of
from .hardware import is_without_bfloat16
from .model import is_live
from .precision import autocasts, weights_are_float16, weights_are_half
from .run import is_four_bit

_PREFERENCE = {"sigmoid", "hinge", "ipo", "robust", "exo_pair", "nca_pair", "bco_pair", "apo_zero"}


@condition("the run uses Unsloth")
def uses_unsloth(facts: Facts) -> bool:
    return facts.unsloth.used


def unsloth_pins(facts: Facts) -> Mapping[str, str]:
    """Return what this Unsloth asks of other packages: its metadata, else as it was published.

    Raises:
        UnknownFact: a release that was not installed here and is not among the published ones.
    """
    if facts.unsloth.known("requires"):
        return facts.unsloth.requires
    published = pins_of("unsloth", facts.version("unsloth") or "")
    return facts.unsloth.requires if published is None else published


def is_allowed(facts: Facts, name: str) -> bool:
    """Return whether the release of a package is one that Unsloth's metadata allows.

    Raises:
        UnknownFact: the metadata does not name the package, or neither can be read.
    """
    allowed = unsloth_pins(facts).get(name)
    if allowed is None or not versions.is_specifier(allowed):
        problem = "does not name" if allowed is None else "has no specifier for"
        raise UnknownFact("unsloth.requires", f"its metadata {problem} {name}")
    version = facts.version(name)
    return version is not None and versions.contains(allowed, version)


uses_no_unsloth = not_(uses_unsloth, "the run does not use Unsloth")


@condition("Unsloth runs on its CPU backend, which patches nothing")
def is_on_cpu_backend(facts: Facts) -> bool:
    return facts.unsloth.backend == "cpu"


# Environment variables. One that is not set is not in the fact.


@condition("UNSLOTH_FORCE_FLOAT32 is set, by an earlier load")
def float32_was_forced(facts: Facts) -> bool:
    return facts.variable("UNSLOTH_FORCE_FLOAT32") == "1"


@condition("UNSLOTH_COMPILE_DISABLE is set")
def is_not_compiled(facts: Facts) -> bool:
    return facts.variable("UNSLOTH_COMPILE_DISABLE") not in {None, "", "0"}


@condition("UNSLOTH_BLOCK_COMPILE is not 0")
def may_compile_blocks(facts: Facts) -> bool:
    return facts.variable("UNSLOTH_BLOCK_COMPILE") != "0"


compiles_blocks = all_of(
    may_compile_blocks,
    not_(is_not_compiled, "UNSLOTH_COMPILE_DISABLE is not set"),
    not_(is_on_cpu_backend, "Unsloth does not run on its CPU backend"),
    phrase="Unsloth compiles whole layers (neither UNSLOTH_BLOCK_COMPILE=0 nor "
    "UNSLOTH_COMPILE_DISABLE is set)",
)


@condition("UNSLOTH_RETURN_LOGITS is not set")
def drops_logits(facts: Facts) -> bool:
    return facts.variable("UNSLOTH_RETURN_LOGITS") != "1"


@condition("UNSLOTH_IS_PRESENT is set")
def is_present(facts: Facts) -> bool:
    return facts.variable("UNSLOTH_IS_PRESENT") is not None


# What its releases do to a run by themselves, read in the wheels: the first that does it for each
# model type. Where a live model or the environment shows what was done, that decides.

# loader.py: its list FORCE_FLOAT32. From 2026.7.1 on it takes unsloth_zoo's list in; an older
# unsloth beside that zoo, which pip installs, does not. A name on it also stands for what begins
# with it (gemma4_unified). A listed model that would run in float16 is loaded in bfloat16, computed
# in float32, and trained without mixed precision (rl.py: ACCELERATE_MIXED_PRECISION=no).
_FORCES_FLOAT32 = {
    "gemma3": {"unsloth": ">=2025.3.15"},
    "gemma3_text": {"unsloth": ">=2025.3.15,<2025.9.11|>=2026.2.1"},
    "gemma3n": {"unsloth": ">=2025.9.3"},
    "gemma3n_text": {"unsloth": ">=2025.9.3"},
    "gemma4": {"unsloth": ">=2026.7.1"},
    "gemma4_text": {"unsloth": ">=2026.7.1"},
    "gemma4_unified": {"unsloth": ">=2026.7.1"},
    "gemma4_unified_text": {"unsloth": ">=2026.7.1"},
    "embedding_gemma2": {"unsloth": ">=2026.10.1"},
    "embedding_gemma2_text": {"unsloth": ">=2026.10.1"},
}


@condition("this Unsloth computes this model type in float32 in place of float16")
def release_forces_float32(facts: Facts) -> bool:
    listed = _FORCES_FLOAT32.get(facts.model.model_type, {})
    return any(_is_in(text, facts.version(name)) for name, text in listed.items())


@condition("this Unsloth has the Trainer divide the loss where the model does not")
def release_divides_loss(facts: Facts) -> bool:
    return _is_in(">=2026.4.5", facts.version("unsloth"))  # apply_accepts_loss_kwargs_fix


@condition("this Unsloth adapts the linear layer inside a Gemma4ClippableLinear")
def release_adapts_inner_linear(facts: Facts) -> bool:
    return _is_in(">=2026.4.1", facts.version("unsloth"))  # vision.py, around get_peft_model


def _is_in(specifiers: str, version: str | None) -> bool:
    """Return whether the release is in one of the ranges, which ``|`` separates."""
    return version is not None and any(
        versions.contains(text, version) for text in specifiers.split("|")
    )


# A process in which Unsloth has loaded a model says by its environment what it decided.
forces_float32 = all_of(
    choose(
        first_known(is_live, NO),
        float32_was_forced,
        all_of(
            first_known(release_forces_float32, NO),
            any_of(is_without_bfloat16, weights_are_float16),
        ),
    ),
    uses_unsloth,
    phrase="Unsloth computes this model in float32 and turns mixed precision off",
)
is_not_forced_to_float32 = not_(
    forces_float32, "Unsloth does not keep the model in float32 (UNSLOTH_FORCE_FLOAT32)"
)
reaches_autocast = all_of(
    autocasts,
    not_(forces_float32, "Unsloth does not turn mixed precision off"),
)


@condition("PEFT's prepare_model_for_kbit_training gets the model, which makes it float32")
def is_kbit_prepared(facts: Facts) -> bool:
    return facts.training.kbit_prepared


# The weights of a live model are seen. Of one that is to be loaded in 4 bits the loader decides:
# PEFT's preparation makes float32 of all that is not quantized, Unsloth keeps it half.
weights_stay_half = all_of(
    weights_are_half,
    not_(
        all_of(
            first_known(is_four_bit, NO),
            not_(first_known(is_live, NO), "the model is not loaded yet"),
            uses_no_unsloth,
            is_kbit_prepared,
        ),
        "the model is not prepared by prepare_model_for_kbit_training",
    ),
)
# A release that is not known does nothing: most logs and stacks have no Unsloth.
divides_no_loss = not_(
    all_of(first_known(release_divides_loss, NO), uses_unsloth),
    "Unsloth does not have the Trainer divide the loss",
)
adapts_no_inner_linear = not_(
    all_of(first_known(release_adapts_inner_linear, NO), uses_unsloth),
    "Unsloth does not put the adapter on the linear layer inside",
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
