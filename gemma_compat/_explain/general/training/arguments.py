"""Arguments that a function does not take: renamed, moved, newer or older."""

from __future__ import annotations

import re

from ....atlas.intervals import told
from ...answer import Answer
from ..base import Case, General
from ..installing.successors import by_autoawq
from ..released import released, upgrade

# What transformers made required in the parts of every model, and since when.
_REQUIRED_SINCE = {
    ("Attention.forward", "position_embeddings"): ("4.48", "4.47.1 and 4.48.0"),
    ("RotaryEmbedding.forward", "position_ids"): ("4.38", "4.37.2 and 4.38.0"),
}


def _required_since(function: str, name: str) -> Answer | None:
    """Answer an argument that the parts of all models of transformers ask for since a release."""
    for (part, argument), (since, read) in _REQUIRED_SINCE.items():
        if name == argument and function.endswith(part):
            return Answer(
                f"{function}() asks for {name} from transformers {since} on, and its caller was "
                "written for an older one",
                (
                    f"pip install 'transformers<{since}'",
                    "or a newer release of the code that calls it: the model's own files, the "
                    "framework or the quantizer in the frame above",
                ),
                why="transformers computes it once for all layers since then; code that copies or "
                "calls a model's parts has to follow",
                known=f"read in transformers {read}, modeling_llama.py; the other models follow it",
                certain=function.startswith("Llama"),
            )
    return None


def _called_without(case: Case, function: str, name: str) -> Answer:
    """Answer a missing argument by who calls: a call fails in the caller's frame."""
    callers = [item for item in case.packages if item not in {"torch", "accelerate", "peft"}]
    if case.is_of_the_script:
        return Answer(
            f"the script calls {function}() without {name}, which it asks for",
            (
                f"hand {name} over in the line of the last frame, or compare it with the signature "
                f"of {function.rpartition('.')[2]} as it is installed",
                "or the releases that the script was written for: its requirements",
            ),
            why="a class that is called in place of its object misses self; a function of another "
            "release asks for more",
            known="the message, and the last frame, which is the caller's",
            settles=False,
        )
    who = callers[-1] if callers else ""
    return Answer(
        f"{function}() is called without {name}, which it asks for"
        + (f": the caller is {who}" if who else ""),
        (
            *([upgrade(who)] if who and who != "transformers" else []),
            "bring the caller, which the frame above shows, and what it calls to releases of the "
            "same time: python -m gemma_compat advise",
        ),
        why="code of one release calls that of another; or, where the batch is handed over as "
        "**inputs, a column is missing: print(batch.keys())",
        known="the message; which release changed the signature is not in it",
        settles=False,
    )


# Who calls a function of the user's that gives points to completions.
_REWARDED = re.compile(
    r"\breward_f(?:unc|n)\w*\(|_calculate_rewards|reward_manager|compute_score\("
)
_OF_TRL = {"prompts", "completions", "completion_ids"}


def _is_a_reward(case: Case, function: str) -> bool:
    """Return whether a reward function is what was called: by the caller's code, or its name."""
    called = "\n".join(case.around.splitlines()[-12:])
    return _REWARDED.search(called) is not None or re.search("reward", function) is not None


def _column_for_a_reward(function: str, name: str) -> Answer:
    """Answer a reward function that asks for what no column of the data set gives."""
    if name in _OF_TRL:
        return Answer(
            f"the reward function {function}() asks for {name}, and its caller does not hand it "
            "over under that name",
            (
                f"def {function}(completions, **kwargs):   and kwargs.get('{name}')",
                "pip install -U trl   where its trainer is older than the function",
            ),
            why="which names are handed over changed with the releases of the trainer",
            known="the message; which release changed it is not in it",
            settles=False,
        )
    return Answer(
        f"the reward function {function}() asks for {name}, and the rows bring no such column",
        (
            f"print(train_dataset.column_names)   : a column {name} has to be among them when the "
            "trainer is made",
            f"def {function}(completions, {name}=None, **kwargs):   where not every row has one",
            "remove_unused_columns=False, and no remove_columns for it in a map before",
        ),
        why="a trainer hands prompts and completions to a reward function, and each other column "
        "of the rows under that column's name",
        known="the message; that rows bring it is how TRL calls reward functions (read in trl "
        "0.14.0 to 0.24.0)",
        certain=False,
        settles=False,
    )


def _of_masks(function: str) -> Answer:
    return Answer(
        f"{function.rpartition('.')[2]}() was written for an older transformers, which handed "
        "cache_position to its mask functions",
        (
            "pip install -U   the package that puts this function in place of transformers' "
            "(SequenceParallel: ms-swift)",
            "with ms-swift: --sequence_parallel_size 1",
        ),
        why="newer releases of transformers 5 hand over q_length and q_offset instead",
        known="read in transformers 5.0.0, with cache_position, and 5.17.0, without",
    )


def _missing_argument(case: Case) -> Answer:
    function, name = case.match["function"], case.match["name"]
    if _is_a_reward(case, function):
        return _column_for_a_reward(function.rpartition(".")[2], name)
    if of_awq := by_autoawq(case, function, f"without {name}, which that function asks for"):
        return of_awq
    if name == "cache_position" and "mask" in function:
        return _of_masks(function)
    asked = f"TypeError: {function}() got an unexpected keyword argument '{name}'"
    known = released(case, asked)
    spans = known.found.releases if known is not None and "." in function else ()
    if known is None or not spans or spans[0].from_start:
        return _required_since(function, name) or _called_without(case, function, name)
    package, first = known.found.package, spans[0].first
    return Answer(
        f"{function}() asks for {name} in {package} {told(spans)}, and its caller was written for "
        "an older one",
        (
            f"pip install '{package}<{first}'",
            "or a newer release of the package that calls it",
        ),
        why="code that copies or calls a model's parts has to follow their signatures",
        known=f"read in the wheels of {package}",
    )


def _twice(case: Case) -> Answer:
    name, function = case.match["name"], case.match["function"]
    packages = list(dict.fromkeys(case.packages))[-3:]
    near = case.hit.before[-4000:] + case.around + case.hit.after
    is_unsloth = "nsloth" in near and (re.search(r"[._]forward$", function) or "_zoo" in near)
    if not packages and is_unsloth:
        packages = ["unsloth", "unsloth_zoo"]
    together = f"pip install -U {' '.join(packages)}   to releases of the same time"
    return Answer(
        f"{function} is given {name} twice: by position, or by two callers that wrap each other",
        (
            together if packages else "look at the last frame: which of the calls adds it",
            f"or leave {name} out, if the script gives it",
        ),
        why="a wrapper passes on what it was given and adds the argument itself",
        known="the message; which of the callers should leave it out, it does not say",
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


def _too_many(case: Case) -> Answer:
    function = case.match["function"]
    if _is_a_reward(case, function) and "." not in function:
        return _by_position(function)
    near = case.hit.before[-4000:] + case.around + case.hit.after[:2000]
    if "nsloth" in near:
        do: tuple[str, ...] = (
            "pip install -U unsloth unsloth_zoo   and delete unsloth_compiled_cache, then restart",
            "or the TRL that this Unsloth allows: pip show unsloth names it",
        )
        why = (
            "a release of TRL gave a method one more argument, and Unsloth, which writes TRL's "
            "trainers anew at import, knows the other number"
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
        f"{function}() is handed another number of arguments than it takes",
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
        _missing_argument,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/transformers/a.py", '
            "line 3, in f\n    g()\nTypeError: Gemma2DecoderLayer.forward() missing 1 required "
            "positional argument: 'position_embeddings'": "in transformers 4.48.0 to ",
            "TypeError: f() missing 1 required positional argument: 'x'": "without x",
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
            "TypeError: A.forward() missing 1 required positional argument: 'x'\nAutoAWQ": "0.2.9",
            "TypeError: SequenceParallel._prepare_flash_attn.<locals>.flash_attention_mask() "
            "missing 1 required positional argument: 'cache_position'": "ms-swift",
        },
    ),
)
