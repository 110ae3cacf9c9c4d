"""Arguments that a function asks for and is not given: by who calls it, and how."""

from __future__ import annotations

import re

from ....atlas.intervals import Interval, told
from ...answer import Answer
from ..base import Case
from ..installing.successors import by_autoawq
from ..released import released, upgrade
from .calls_of_packages import MISSING, by_a_package
from .known_by_name import PLACEHOLDERS, known_by_name

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


# What a batch brings, and a model's forward asks for.
_OF_A_BATCH = {
    *("input_ids", "labels", "attention_mask", "pixel_values", "decoder_input_ids", "inputs"),
    *("token_type_ids", "input_features", "inputs_embeds"),
}


def _of_a_replica(case: Case, name: str) -> Answer | None:
    """Answer a copy of the model, of DataParallel, that got no part of the batch."""
    if not re.search(r"in replica \d|parallel_apply|data_parallel\.py", case.around):
        return None
    return Answer(
        f"a copy of the model on another GPU is called without {name}: DataParallel had no part of "
        "the batch for it",
        (
            "CUDA_VISIBLE_DEVICES=0 before the command: one GPU",
            "or one process for each GPU: accelerate launch, torchrun --nproc_per_node GPUS",
            "a batch of at least one row for each GPU, and dataloader_drop_last=True",
        ),
        why="a script without a launcher on several GPUs runs under DataParallel, which splits "
        "tensors by their first dimension; a batch with fewer rows than GPUs, or an input that is "
        "no tensor, leaves the last ones without",
        known="the frames are DataParallel's; how many rows the batch had, they do not say",
        certain=False,
        settles=False,
    )


def _of_a_batch(case: Case, function: str, name: str) -> Answer:
    """Answer a model whose forward did not get what a batch should bring."""
    return Answer(
        f"{function}() is called without {name}: the batch has no such entry, or the call leaves "
        "it out",
        (
            f"print(batch.keys())   : {name} has to be among them; dataset.map(tokenize) and the "
            "collator make it",
            "model(**batch)   with both stars, not model(batch)",
            f"remove_unused_columns=False   where the Trainer dropped {name}",
        ),
        why="a trainer hands the batch over as **inputs, so what a row lacks is an argument that "
        "is missing",
        known="the message; what the batch held is not in it",
        settles=False,
    )


def _of_self(function: str) -> Answer:
    owner, _, method = function.rpartition(".")
    who = owner.rpartition(".")[2]
    return Answer(
        f"{method} is called on the class{f' {who}' if who else ''} itself, and not on an object "
        "of it",
        (
            f"x = {who or 'CLASS'}(...)   first, then x.{method}(...): look for a name that is "
            "still the class, or brackets that are missing",
        ),
        why="Python hands the object over as self; a class has none",
        known="the message: self is what is missing",
    )


def _called_without(case: Case, function: str, name: str) -> Answer:
    """Answer a missing argument by who calls: a call fails in the caller's frame."""
    if name == "self":
        return _of_self(function)
    if function.endswith("forward") and name in _OF_A_BATCH:
        return _of_a_replica(case, name) or _of_a_batch(case, function, name)
    callers = [item for item in case.packages if item not in {"torch", "accelerate", "peft"}]
    if case.is_of_the_script or not case.places:
        return Answer(
            f"the script calls {function}() without {name}, which it asks for"
            if case.places
            else f"{function}() is called without {name}, which it asks for",
            (
                f"hand {name} over in the line of the last frame, or compare it with the signature "
                f"of {function.rpartition('.')[2]} as it is installed"
                if case.places
                else f"{_constructor(function)}(..., {name}=...)   in the line that calls it",
                "or the releases that the script was written for: its requirements",
            ),
            why="a function of another release asks for more, or gives no default any longer",
            known="the message, and the last frame, which is the caller's"
            if case.places
            else "the message",
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


def _constructor(function: str) -> str:
    """Return what a script writes to call it: a class for its __init__."""
    return function.removesuffix(".__init__").rpartition(".")[2]


# Who calls a function of the user's that gives points to completions.
_REWARDED = re.compile(
    r"\breward_f(?:unc|n)\w*\(|_calculate_rewards|reward_manager|compute_score\("
)
# Not the user's: TRL's own for PPO, and methods of trainers.
_OF_A_LIBRARY = re.compile(r"\bget_reward$|Trainer\.\w+$")
_OF_TRL = {"prompts", "completions", "completion_ids"}


def is_a_reward(case: Case, function: str) -> bool:
    """Return whether a reward function is what was called: by the caller's code, or its name.

    What a reward function calls itself is called by the script.
    """
    called = case.code or "\n".join(case.around.splitlines()[-12:])
    if _REWARDED.search(called):
        return True
    is_named = "reward" in function and not _OF_A_LIBRARY.search(function)
    return is_named and not case.is_of_the_script


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


# What a model's file calls of transformers to make its masks.
_OF_TRANSFORMERS = re.compile(r"create_(?:\w{1,20}_)?(?:causal_mask|masks_for_generate)")
_NEWER_MASKS = Answer(
    "the installed transformers asks for cache_position where a mask is made, and the caller, "
    "written for a newer one, does not hand it over",
    (
        "pip install -U transformers",
        "or the model's files of a revision that is as old as the installed transformers",
    ),
    why="releases of transformers 5 stopped handing cache_position to these functions",
    known="read in transformers 4.57.6 and 5.0.0, which ask for it, and 5.17.0, which does not",
    certain=False,
)


def _is_as_old(case: Case, function: str, first: Interval) -> bool:
    """Return whether the function is as new as its argument: then the model is new."""
    asked = f"TypeError: {function}() got an unexpected keyword argument 'self'"
    known = released(case, asked)
    return known is not None and known.found.releases[:1] == (first,)


def missing_argument(case: Case) -> Answer:
    """Answer a call that lacks an argument, by whose call and whose function it is."""
    function, name = case.match["function"], case.match["name"]
    if is_a_reward(case, function):
        return _column_for_a_reward(function.rpartition(".")[2], name)
    if name == "compute_result" and (by_name := known_by_name(function, name)):
        return by_name
    if of_awq := by_autoawq(case, function, f"without {name}, which that function asks for"):
        return of_awq
    if name == "cache_position" and "mask" in function:
        is_called = _OF_TRANSFORMERS.fullmatch(function)
        return _NEWER_MASKS if is_called else _of_masks(function)
    of_here = case.facts.packages.get("transformers")
    fits = of_here is None or of_here.get("version") in {None, "4.55.0"}
    if function == "Gemma3nModel.get_placeholder_mask" and name.endswith("_features") and fits:
        return PLACEHOLDERS
    asked = f"TypeError: {function}() got an unexpected keyword argument '{name}'"
    known = released(case, asked)
    is_data = name == "self" or (function.endswith("forward") and name in _OF_A_BATCH)
    by_one = None if is_data else by_a_package(case, function, MISSING, name)
    if by_one is not None and "itself" in by_one.happened:
        return by_one
    spans = known.found.releases if known is not None and "." in function else ()
    if known is None or not spans or spans[0].from_start or _is_as_old(case, function, spans[0]):
        since = _required_since(function, name)
        return since or by_one or _called_without(case, function, name)
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
