"""Watch whether the first layer of the text model is handed a cache in a forward.

The failure is a training step; the evaluation is there because releases before 5 build a cache in
it too, which the rule says where a run evaluates. It is run from a frame like that of a Trainer's
``evaluation_loop``, since elsewhere the patch leaves a forward in eval mode alone.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

import gemma_compat
from gemma_compat.facts import TrainingFacts
from gemma_compat.live.tree import named_configs, text_models
from tests import tiny
from tests.confusion import batches, subjects
from tests.evidence.observation import Case, Observation

MODEL_TYPES = (
    "gemma3_text", "gemma2", "gemma3", "paligemma", "gemma3n_text", "gemma4_text", "gemma4",
    "gemma", "vaultgemma", "gemma4_unified",
)  # fmt: skip
SHARING = {"gemma3n_text", "gemma4_text", "gemma4"}
TRAINING, EVALUATION, CACHE_OFF = (
    "training step, use_cache=True",
    "evaluation, use_cache=True",
    "training step, use_cache=False in every config",
)
VARIANTS = (TRAINING, EVALUATION, CACHE_OFF)
NAMES = ("cache", "past_key_values", "past_key_value")  # from 5.24, before, up to 4.55
EVERY_MINOR = True
# No tiny models of the other tests: those of the confusion matrix.
OF_THE_MATRIX = {"gemma": "", "vaultgemma": "", "gemma4_unified": "unshared"}


def observe(case: Case) -> Observation:
    model = _build(case.model_type).train(case.variant != EVALUATION)
    if case.variant == CACHE_OFF:
        for _, config in named_configs(model):
            config.use_cache = False
    training = TrainingFacts(trainer=False, use_cache=None, evaluates=case.variant == EVALUATION)
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    if case.patched:
        gemma_compat.patch(model, select=["GC102"])
    cache = _cache_given(model, case.model_type)
    seen = "no cache is built" if cache is None else f"the layers are handed a {cache}"
    return Observation(facts, broken=cache is not None, seen=seen)


def _build(name: str) -> Any:
    if name in OF_THE_MATRIX:
        return subjects.build(subjects.Subject(name, OF_THE_MATRIX[name]))
    return tiny.build(name, **({"num_kv_shared_layers": 0} if name in SHARING else {}))


def _batch(name: str) -> Any:
    return batches.batch(name, "padded") if name in OF_THE_MATRIX else tiny.batch(name)


def as_called(forward: Any) -> Any:
    return forward()


def evaluation_loop(forward: Any) -> Any:
    return forward()


in_evaluation = FunctionType(evaluation_loop.__code__, {"__name__": "transformers.trainer"})


def _cache_given(model: Any, name: str) -> str | None:
    """The class of the cache that the first attention gets in one forward, if any."""
    import torch

    given: list[Any] = []

    def note(module: Any, args: Any, kwargs: Any) -> None:
        given.append(next((kwargs[key] for key in NAMES if kwargs.get(key) is not None), None))

    attention = text_models(model)[0][1].layers[0].self_attn
    attention.register_forward_pre_hook(note, with_kwargs=True)
    run = as_called if model.training else in_evaluation
    with torch.set_grad_enabled(model.training):
        run(lambda: model(**_batch(name)))
    return None if given[0] is None else type(given[0]).__name__
