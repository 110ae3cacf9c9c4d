"""Train a step on two ranks under FSDP2, and compare with the single process.

Two gloo processes on the CPU; each decoder layer and the whole are given to `fully_shard`.
"""

from __future__ import annotations

import gemma_compat
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.distributed import two_ranks
from tests.distributed.scenarios import Scenario
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma4_text", "gemma4", "gemma3n_text")
FULL, BF16, DDP, UNSHARED = (
    "training step, fully_shard, float32",
    "training step, fully_shard, MixedPrecisionPolicy in bfloat16",
    "training step, DistributedDataParallel",
    "training step, fully_shard, float32, no shared layers",
)
VARIANTS = (FULL, BF16, DDP, UNSHARED)


def observe(case: Case) -> Observation:
    wrapper = "ddp" if case.variant == DDP else "fsdp2"
    # Gemma 3n leaves the borrowers' own projections without a gradient before 5.6.0 (GC104).
    scenario = Scenario(case.model_type, wrapper, towers=False, find_unused=True)
    if case.variant == BF16:
        scenario = scenario.but(precision="bf16")
    if case.variant == UNSHARED:
        scenario = scenario.but(shares_kv=False)
    training = TrainingFacts(
        trainer=False,
        use_cache=None,
        gradient_checkpointing=False,
        mixed_precision="bf16" if case.variant == BF16 else "no",
        distributed="ddp" if case.variant == DDP else "fsdp",
        fsdp_version=None if case.variant == DDP else 2,
    )
    changes = {} if scenario.shares_kv else {"num_kv_shared_layers": 0}
    model = tiny.build(case.model_type, **changes)
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    seen = two_ranks.run(
        scenario.but(patch="before", select="GC1001") if case.patched else scenario
    )
    if seen["outcome"] not in {"right", "wrong"} and not seen["seen"].startswith("KeyError"):
        raise RuntimeError(seen["seen"])
    return Observation(facts, seen["outcome"] != "right", seen["seen"])
