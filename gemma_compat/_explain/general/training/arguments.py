"""Arguments that a function does not take: renamed, moved, newer or older."""

from __future__ import annotations

import re

from ...answer import Answer
from ...places import distribution_of
from ...unknown import OWN
from ..base import Case, General
from ..released import upgrade
from .calls_of_packages import TOO_MANY, by_a_package
from .missing_argument import is_a_reward, missing_argument


def _twice(case: Case) -> Answer:
    name, function = case.match["name"], case.match["function"]
    packages = [item for item in dict.fromkeys(case.packages) if item not in {"torch"}][-3:]
    near = case.hit.before[-4000:] + case.around + case.hit.after
    is_unsloth = "nsloth" in near and (re.search(r"[._]forward$", function) or "_zoo" in near)
    if not packages and is_unsloth:
        packages = ["unsloth", "unsloth_zoo"]
    # Python says "keyword argument" only where both stand by name: f(x=1, **{"x": 2})
    by_name = "keyword argument" in case.match[0]
    place = case.caller
    of_script = place is not None and place.owner == OWN
    own = (
        f"take {name} out of the ** that is spread in that call, or do not name it there"
        if by_name
        else f"name every value in that call ({name}=...), or leave {name} out of the ** in it"
    )
    # Unsloth's two go together, and bring what they allow.
    named = " ".join(distribution_of(item) for item in packages)
    is_of_unsloth = any(item.startswith("unsloth") for item in packages)
    both = upgrade("unsloth") if is_of_unsloth else f"pip install -U {named}"
    together = f"{both}   to releases of the same time"
    return Answer(
        f"{function} is given {name} twice: by its name, and again in what is spread with **"
        if by_name
        else f"{function} is given {name} twice: by position, and by its name as well",
        (own,)
        if of_script
        else (
            together if packages else "look at the last frame: which of the calls adds it",
            f"or leave {name} out, if the script gives it" if packages or place else own,
        ),
        why="model(input_ids, **inputs) gives input_ids twice: inputs holds it as well"
        if of_script
        else "a wrapper passes on what it was given and adds the argument itself",
        known="Python's words tell the two ways apart"
        + ("" if of_script else "; which of the callers should leave it out, they do not say"),
        settles=False,
    )


def _by_position(function: str) -> Answer:
    """Answer a reward function that is handed prompts and completions by position."""
    return Answer(
        f"the reward function {function}() is handed more values by position than it takes",
        (
            "pip install -U trl   where a frame is of TRL's trainer: releases from 0.14.0 on hand "
            "them over by name",
            f"def {function}(prompts, completions, **kwargs):   for a caller that goes by position",
        ),
        why="TRL's source before 0.14.0 called reward_func(prompts, completions); other frameworks "
        "have their own order, and say which in the frame above",
        known="the message; read in trl 0.14.0",
        certain=False,
        settles=False,
    )


def _by_the_script(function: str) -> Answer:
    """Answer a call that the script's own line makes."""
    called = function.rpartition(".")[2]
    return Answer(
        f"the script hands {function}() more values by position than it takes",
        (
            f"help({called})   shows its arguments: hand them over by name"
            if called not in {"__init__", "<lambda>"}
            else "hand them over by name: many classes take nothing by position",
            "def NAME(self, ...)   for a method of your own class",
        ),
        why="arguments that stand behind * in a signature are taken by name only, newer releases "
        "add that mark, and of a method the count includes self",
        known="the message, and the last frame, which is the caller's",
        settles=False,
    )


def _too_many(case: Case) -> Answer:
    function = case.match["function"]
    if is_a_reward(case, function) and "." not in function:
        return _by_position(function)
    near = case.hit.before[-4000:] + case.around + case.hit.after[:2000]
    if case.is_of_the_script:
        return _by_the_script(function)
    if by_one := by_a_package(case, function, TOO_MANY):
        return by_one
    if case.is_of_unsloth if case.places else "nsloth" in near:
        do: tuple[str, ...] = (
            "pip install -U unsloth unsloth_zoo   and delete unsloth_compiled_cache, then restart",
            "or the transformers and TRL that this Unsloth allows: pip show unsloth names them",
        )
        why = (
            "a release of transformers or TRL gave a method one more argument, and Unsloth, which "
            "puts its own in its place, knows the other number"
        )
    elif case.packages:
        do = (
            "bring the caller, which the last frame but one shows, and what it calls to releases "
            "of the same time: python -m gemma_compat advise",
        )
        why = "a newer release gave the method one more argument, or took one away"
    else:
        do = (f"compare the call in the last frame with def {function}(...)",)
        why = "a method of a class has self as its first argument, which the count includes"
    return Answer(
        f"{function}() is handed more arguments by position than it takes",
        do,
        why=why,
        known="the message has both numbers; which of the two is the older one, it does not say",
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "positional-arguments-of-another-time",
        r"(?P<function>[\w.<>]{1,80})\(\) takes (?:from \d+ to |exactly )?\d+ positional "
        r"arguments? but \d+ (?:was|were) given",
        _too_many,
        {
            "# TypeError: _get_per_token_logps() takes 5 positional arguments but 6 were given in "
            "GRPO training with Unsloth 2025.7.1": "unsloth_compiled_cache",
            "TypeError: f() takes 1 positional argument but 2 were given": "def f",
            "    rewards[i] = torch.tensor(reward_func(prompts, completions))\nTypeError: fmt() "
            "takes 1 positional argument but 2 were given": "0.14.0",
        },
    ),
    General(
        "argument-twice",
        r"(?P<function>[\w.]{1,80})\([^)\n]{0,20}\) got multiple values for (?:keyword )?argument "
        r"'(?P<name>\w{1,60})'",
        _twice,
        {
            "TypeError: Gemma4AudioModel(...) got multiple values for keyword argument "
            "'return_dict'": "return_dict twice",
            "TypeError: f() got multiple values for argument 'x'": "x twice",
            'Traceback (most recent call last):\n  File "/w/a.py", line 3, in <module>\n    '
            "model(input_ids, **inputs)\nTypeError: G.forward() got multiple values for argument "
            "'input_ids'": "model(input_ids, **inputs) gives",
            "# Gemma3ForCausalLM_forward() got multiple values for argument 'logits_to_keep'\n"
            "Unsloth 2025.3.18: Fast Gemma3 patching. Transformers: 4.50.0.": (
                "pip install -U unsloth unsloth_zoo"
            ),
        },
    ),
    General(
        "argument-missing",
        r"(?P<function>[\w.<>]{1,90})\(\) missing \d required (?:positional|keyword-only) "
        r"arguments?: "
        r"'(?P<name>\w{1,60})'",
        missing_argument,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/transformers/a.py", '
            "line 3, in f\n    g()\nTypeError: Gemma2DecoderLayer.forward() missing 1 required "
            "positional argument: 'position_embeddings'": "in transformers 4.48.0 to ",
            "TypeError: f() missing 1 required positional argument: 'x'": "without x",
            "TypeError: create_causal_mask() missing 1 required positional argument: "
            "'cache_position'": "pip install -U transformers",
            "TypeError: SequenceParallel.mask() missing 1 required positional argument: "
            "'cache_position'": "ms-swift",
            "TypeError: get_reward() missing 1 required positional argument: 'context_length'": (
                "is called without context_length"
            ),
            'Traceback (most recent call last):\n  File "/x/unsloth_compiled_cache/'
            'UnslothGRPOTrainer.py", line 6541, in _calculate_rewards\n    output_reward_func = '
            "reward_func(\nTypeError: reward() missing 1 required positional argument: 'answer'": (
                "dataset.column_names"
            ),
            "    output_reward_func = reward_func(prompts=a, **reward_kwargs)\nTypeError: acc"
            "() missing 1 required positional argument: 'solution'": "bring no such column",
            "TypeError: accuracy_reward() missing 1 required positional argument: 'assistant'": (
                "column_names"
            ),
            "TypeError: f1_score() missing 1 required positional argument: 'y'": "without y,",
            "TypeError: length_reward() missing 1 required positional argument: 'prompts'": (
                "kwargs.get"
            ),
            "TypeError: LlamaAttention.forward() missing 1 required positional argument: "
            "'position_embeddings'": "transformers<4.48",
            "TypeError: LlamaRotaryEmbedding.forward() missing 1 required positional argument: "
            "'position_ids'": "transformers<4.38",
            'Traceback (most recent call last):\n  File "/home/me/a.py", line 3, in f\n    g()\n'
            "TypeError: g() missing 1 required keyword-only argument: 'x'": "the script calls",
            'Traceback (most recent call last):\n  File "/x/site-packages/trl/a.py", line 3, in f\n'
            "    g()\nTypeError: g() missing 2 required positional arguments: 'x' and 'y'": (
                "pip install -U trl"
            ),
            "    special_image_mask, _ = self.get_placeholder_mask(\n            ^^^^^^^^^^\n"
            "TypeError: Gemma3nModel.get_placeholder_mask() missing 1 required positional "
            "argument: 'audio_features'": "transformers>=4.55.1",
            "    x = self.get_image_features(\n           ^^^^^^\nTypeError: Gemma3Model."
            "get_image_features() missing 1 required positional argument: 'pixel_values'": (
                "no line of the script"
            ),
            "    x = model.get_image_features()\nTypeError: Gemma3Model.get_image_features() "
            "missing 1 required positional argument: 'pixel_values'": "in the line that calls it",
            "TypeError: A.forward() missing 1 required positional argument: 'x'\nAutoAWQ": "0.2.9",
            "TypeError: SequenceParallel._prepare_flash_attn.<locals>.flash_attention_mask() "
            "missing 1 required positional argument: 'cache_position'": "ms-swift",
        },
    ),
)
