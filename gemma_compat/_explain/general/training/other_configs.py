"""Answers where a trainer of TRL gets another config or model than it reads."""

from __future__ import annotations

from ...answer import Answer
from ...places import distribution_of
from ...unknown import OWN
from ..base import Case
from ..released import upgrade

_OWN_CONFIG = "SFTConfig, DPOConfig, GRPOConfig, RewardConfig ... in place of TrainingArguments"
_TRAINERS = {"trl", "transformers", "unsloth", "unsloth_compiled_cache", "unsloth_zoo", "peft"}


def _read_elsewhere(case: Case) -> Answer | None:
    """Answer a line of the script, or of a package other than TRL, that reads the setting."""
    place = case.places[-1] if case.places else None
    if place is None or not case.match["name"] or place.module in _TRAINERS:
        return None
    name = case.match["name"]
    by_script = place.owner == OWN
    who = distribution_of(place.module)
    return Answer(
        f"a line of the script reads {name} of TrainingArguments, which have no such setting"
        if by_script
        else f"{who} reads {name} of TrainingArguments, which have no such setting",
        (
            f"getattr(self.args, '{name}', None)   in that line, or the value from your own config",
            f"args=SFTConfig(..., {name}=...)   (or the config of your trainer), which is "
            "TrainingArguments with more fields",
        )
        if by_script
        else (
            f"{upgrade(who)}   with the trl and transformers that it asks for: python -m "
            f"gemma_compat advise --with {who}",
        ),
        why=f"{name} is a setting of TRL's configs",
        known="the last frame reads it; TrainingArguments never had it",
        settles=False,
    )


def other_config(case: Case) -> Answer:
    """Answer by who reads the setting: a trainer of TRL, or other code."""
    return _read_elsewhere(case) or Answer(
        "a trainer of TRL was given TrainingArguments, and it reads settings that only its "
        "config class has",
        (
            f"args={case.match['config']}(...)   in place of TrainingArguments"
            if case.match["config"]
            else _OWN_CONFIG,
            "from trl import DPOConfig   and so on; it takes all that TrainingArguments takes",
        ),
        why="each of TRL's trainers has a config class that adds its own settings",
        known="the attribute is one of those classes'; TrainingArguments never had it"
        if case.match["name"]
        else "TRL says so",
        certain=bool(case.match["config"] or case.places),
    )


def value_head(case: Case) -> Answer:
    """Answer by the trainer that got the wrapper: PPO's of another release, or another's."""
    plain = (
        "AutoModelForCausalLM.from_pretrained(...), or the name of the model, in place of "
        "AutoModelForCausalLMWithValueHead"
    )
    is_ppo = "PPO" in f"{case.near}{case.around}" or "ppo_trainer" in case.frames
    return Answer(
        "the model is wrapped with a value head, as PPO took it up to TRL 0.11: it has no "
        f"{case.match['name']}"
        if is_ppo
        else "the model is wrapped with a value head, which only PPO uses: it has no "
        f"{case.match['name']}",
        (
            "pip install 'trl<0.12'   for a script of that time, whose PPOTrainer takes this "
            "wrapper",
            f"with a newer TRL: {plain}, and value_model, reward_model and ref_model beside it",
        )
        if is_ppo
        else (
            plain,
            "for PPO itself: the trl that the script was written for; up to 0.11 its "
            "PPOTrainer takes this wrapper",
        ),
        why="the wrapper hands on only some attributes of the model in it; "
        + (
            "since 0.12 PPOTrainer takes a plain model and a separate one for values"
            if is_ppo
            else "SFT, DPO and GRPO take the plain model"
        ),
        known="the message names the class",
    )
