"""Too little memory where a trainer and an engine for rollouts share a card."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case
from .figures import allocator_of
from .names import smaller_step

_VERL = re.compile(r"\bactor_rollout_ref\.|[/\\]verl[/\\]|-m verl\.")
_SWIFT = re.compile(r"[/\\]swift[/\\](?:llm|trainers|cli)|\bswift rlhf\b|--rlhf_type\b")
_BESIDE = re.compile(
    r"UNSLOTH_VLLM_STANDBY|fast_inference ?= ?True|Unsloth Standby|vllm_mode|colocate|"
    r"gpu_memory_utilization|vllm_gpu_memory|GRPO[^\n]{0,200}\b[vV](?:llm|LLM)|"
    r"\b[vV](?:llm|LLM)\b[^\n]{0,200}GRPO|\bactor_rollout_ref\.|-m verl\.trainer"
)
_TRAINER_OF_ROLLOUTS = re.compile(
    r"[/\\]trl[/\\]trainer[/\\](?:grpo|rloo|online_dpo)|[/\\]verl[/\\]|rlhf_trainers?[/\\]|"
    r"[/\\]openrlhf[/\\]|UnslothGRPOTrainer|\bin _generate_and_score_completions|GRPOTrainer"
)
_STEP_OF_ROLLOUTS = re.compile(
    r"grpo_accumulated_loss|\bin _get_per_token_logps|in compute_loss\b.{0,600}(?:grpo|GRPO)|"
    r"(?:GRPO|grpo|rloo)_?[tT]rainer\.py\"?, line \d+, in (?:compute_loss|_compute_loss)",
    re.DOTALL,
)
_ENGINE = re.compile(r"[/\\](?:vllm|sglang)[/\\]")
# The engine makes its cache or its graphs, or takes back what it gave away while it slept.
_TAKES_ITS_SHARE = re.compile(
    r"\bin (?:_initialize_kv_caches|initialize_(?:cache|from_config|kv_cache)|allocate_kv_cache|"
    r"_allocate_kv_cache|profile_run|determine_(?:num_)?available\w{0,20}|capture_model|"
    r"from_engine_args|wake_up|create_and_map)\b|trainer\.py\", line \d+, in __init__"
)
_SHARES = (
    (
        _VERL,
        (
            "actor_rollout_ref.rollout.gpu_memory_utilization=0.4   or lower, with "
            "rollout.free_cache_engine=True",
            "actor_rollout_ref.actor.fsdp_config.param_offload=True and optimizer_offload=True",
        ),
    ),
    (
        _SWIFT,
        (
            "--vllm_gpu_memory_utilization 0.4   or lower, with --sleep_level 1",
            "--offload_model true --offload_optimizer true   while the engine generates",
        ),
    ),
)
BESIDE_AN_ENGINE = (
    "gpu_memory_utilization=0.5   at loading (Unsloth) or as vllm_gpu_memory_utilization "
    "(TRL), lower until a step fits",
    "a shorter max_seq_length (it sizes the engine's cache), fewer num_generations, "
    "per_device_train_batch_size=1",
    "UNSLOTH_VLLM_STANDBY=1 before the import (vllm_enable_sleep_mode=True in TRL): the "
    "engine gives its cache back while the model is trained",
    "resuming: start a fresh process, and load neither model nor engine a second time",
)
WHY_BESIDE = (
    "the engine takes its share of the whole card once, for weights and cache; what is left "
    "has to hold gradients, optimizer, activations and the logits of every completion"
)


def has_its_engine(case: Case) -> bool:
    """Return whether the text near the line speaks of an engine beside the trainer."""
    return _BESIDE.search(case.hit.before[-3000:] + case.hit.text + case.hit.after) is not None


def smaller_share(case: Case) -> tuple[str, ...]:
    """Return what leaves the trainer more of the card, by the framework's names."""
    text = f"{case.above}{case.around}{case.near}"
    return next((steps for mark, steps in _SHARES if mark.search(text)), BESIDE_AN_ENGINE[:1])


def beside_an_engine(case: Case) -> Answer | None:
    """Answer an error of a run that trains and generates on the same card."""
    of_engine = _ENGINE.search(case.frames) is not None
    of_rollouts = _TRAINER_OF_ROLLOUTS.search(case.above + case.around) is not None
    if of_engine and not of_rollouts:
        return None  # a server, without a trainer
    if not of_engine and not has_its_engine(case):
        return _of_a_step(case) if _STEP_OF_ROLLOUTS.search(case.frames) else None
    last = "\n".join(case.frames.splitlines()[-14:])
    takes = of_engine and _TAKES_ITS_SHARE.search(last) is not None
    share, step = smaller_share(case), smaller_step(case)
    trains = case.frames and not of_engine
    return Answer(
        "out of memory where the engine for rollouts takes its share of the card, beside the "
        "trainer"
        if takes
        else "out of memory in a run that trains and generates (vLLM, SGLang) on the same card",
        (*step[:1], *share, *step[1:]) if trains else (*share, *step),
        why=f"{_more_than_the_card(case)}{WHY_BESIDE}",
        known="the frames are the engine's, called by the trainer; how much each holds is not in "
        "the log"
        if of_engine
        else "the log sets up both; which of them holds how much, it does not say",
        settles=False,
    )


def with_estimate(shared: Answer, found: Answer | None) -> Answer:
    """Return the estimate of a step, if the log states enough for one, with what shares a card."""
    if found is None or "takes its share" in shared.happened:
        return shared
    return found.replace(do=(*found.do[:3], *shared.do[:2]), why=f"{found.why}; {WHY_BESIDE}")


def _of_a_step(case: Case) -> Answer:
    batch, *rest = smaller_step(case) or ("a smaller batch",)
    return Answer(
        "out of memory in the loss of a run with rollouts (GRPO and its like)",
        (
            f"{batch}, fewer num_generations",
            "a shorter max_completion_length: each completion's logits are kept",
            "a smaller share for an engine on the same card: gpu_memory_utilization (Unsloth), "
            "vllm_gpu_memory_utilization (TRL)",
            *rest[:1],
        ),
        why="a step holds the logits of all completions of its prompts, of the reference too; an "
        "engine on the same card keeps its share beside it",
        known="the frames are those of the trainer's loss; whether an engine runs beside it, they "
        "do not show",
        settles=False,
    )


def _more_than_the_card(case: Case) -> str:
    found = allocator_of(case.message)
    if not found.held or not found.capacity or found.held <= found.capacity:
        return ""
    return (
        f"PyTorch counts {found.held:.0f} GiB on a card of {found.capacity:.0f}: what a sleeping "
        "engine has given back is counted too; "
    )
