"""The loss of a RecurrentGemma that torch compiled, beside that of the same one uncompiled.

It has no attention, which the last candidate of transformers 5.0.0 cannot run. The graph is run
as it was traced, without a compiler, so that nothing but the tracing can differ.
"""

from __future__ import annotations

import gemma_compat
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("recurrent_gemma",)
COMPILED, UNCOMPILED = "compiled", "not compiled"
VARIANTS = (COMPILED, UNCOMPILED)
TOLERANCE = 1e-5  # of a loss near 6; the same kernels run in the same order


def observe(case: Case) -> Observation:
    import torch

    model = tiny.build(case.model_type, block_types=("recurrent",))
    model.config.use_cache = False  # with it the layers keep a state (GC107)
    is_compiled = case.variant == COMPILED
    training = TrainingFacts(torch_compile=is_compiled)
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    batch = tiny.batch(case.model_type)
    expected = model(**batch).loss.item()
    if is_compiled:
        torch._dynamo.reset()
        model = torch.compile(model, backend="eager")
    got = model(**batch).loss.item()
    seen = f"loss {got:.4f}, uncompiled {expected:.4f}"
    return Observation(facts, broken=abs(got - expected) > TOLERANCE, seen=seen)
