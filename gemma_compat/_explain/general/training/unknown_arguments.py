"""Arguments that a function does not take."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from ..installing.successors import by_autoawq
from ..released import Released, of_another_release, released, released_in, upgrade
from .calls_of_packages import UNKNOWN, by_a_package, owner_in
from .handed_to_models import OF_THE_TRAINER, handed_to_a_model
from .known_by_name import known_by_name
from .renamed_arguments import of_an_old_name, renamed
from .trl_arguments import (
    OF_A_CALLBACK,
    OF_LORA,
    TOO_OLD_TO_UNWRAP,
    by_the_atlas,
    meant_of_lora,
    of_a_generated_trainer,
    of_an_adapter,
    told_of_trl,
)

# What a trainer calls that the script has passed to it.
_HANDED_OVER = re.compile(
    r"(?<!def )\b(?P<hook>reward_func|compute_metrics|preprocess_logits_for_metrics|"
    r"compute_loss_func|formatting_func|data_collator|collate_fn|model_init)\("
)


def _handed_to_a_hook(caller: str, name: str, function: str, hook: str) -> Answer:
    """Answer an argument that a function of the user's does not take."""
    return Answer(
        f"{caller} hands {name} to {function}(), which was passed as {hook} and does not take it",
        (
            f"def {function.rpartition('.')[2]}(..., **kwargs):   so that it takes what else "
            "is handed on",
        ),
        why="TRL gives a reward function prompts, completions, completion_ids, trainer_state "
        "and every other column by name"
        if hook == "reward_func"
        else "",
        known="the last frame calls what was passed; its signature is not in the log",
    )


def _by_nobody_known(name: str, function: str) -> Answer:
    """Answer where no frame of a package shows who calls."""
    if function == "__init__":
        return Answer(
            f"a class is made with {name}, which it does not take",
            ("the whole traceback: its last frame shows which class, and who makes it",),
            why="Python before 3.10 leaves the name of the class out",
            known="the message; which class it is, it does not say",
            settles=False,
        )
    return Answer(
        f"{function}() is given {name}, and takes no such argument",
        (
            f"look up {function} as it is installed: the argument was renamed, moved, or is "
            "newer or older than it",
        ),
        known="the message; which release has it is not in the log",
        settles=False,
    )


def _as_installed(case: Case) -> Case:
    """Return the case without releases that only a command names: what was tried, or what cures."""
    known = {
        name: package
        for name, package in case.facts.packages.items()
        if f"packages.{name}" not in case.log.unsure
    }
    return case.replace(facts=case.facts.replace(packages=known))


def _argument(case: Case) -> Answer:
    name = case.match["name"]
    function = re.sub(r"\.init$", ".__init__", case.match["function"])  # Markdown takes the lines
    case = _as_installed(case)
    packages = case.packages
    if of_awq := by_autoawq(case, function, f"with {name}, which that function does not take"):
        return of_awq
    if by_name := known_by_name(function, name):
        return by_name
    known = by_the_atlas(case, function, name)
    if known is None and (owner := owner_in(case, function)):
        known = released_in(case, owner, function, name)
    if of_adapter := of_an_adapter(case, function, known):
        return of_adapter
    if known is not None and not known.contradicts:
        return _known_argument(case, known, packages)
    if name in OF_LORA and function.startswith("LoraConfig"):
        return meant_of_lora(name)
    if re.search(r"(?:^|\.)on_[a-z_]{3,30}$", function):
        return OF_A_CALLBACK
    if known is None and name == "keep_torch_compile":
        return TOO_OLD_TO_UNWRAP
    if function.lstrip("_").startswith("Unsloth"):
        return of_a_generated_trainer(name, function)
    if known is not None and known.found.releases:
        return of_another_release(known)
    if known is None and (of_a_class := of_an_old_name(function, name)):
        return of_a_class
    told = told_of_trl(name, function) if known is None else None
    if told is not None:
        return told
    is_of_a_model = re.search(r"(?:For[A-Z]\w{3,40}|Model)\.forward$", function) is not None
    if known is None and (is_of_a_model or function == "forward" and name in OF_THE_TRAINER):
        return handed_to_a_model(case, function, name)
    hook = _hook(case)
    if hook and packages:
        return _handed_to_a_hook(packages[-1], name, function, hook)
    return by_a_package(case, function, UNKNOWN, name) or _by_nobody_known(name, function)


def _hook(case: Case) -> str:
    """Return under which name the function that does not take the argument was passed; or empty."""
    lines = case.frames.splitlines()
    found = _HANDED_OVER.search(lines[-1]) if lines else None
    return found["hook"] if found else ""


def _known_argument(case: Case, known: Released, packages: list[str]) -> Answer:
    """Answer with the releases that take the argument, and with what took its place."""
    name, function = known.found.name, known.found.owner
    instead = renamed(function, name)
    if not known.found.releases and not instead:
        by_package = by_a_package(case, function, UNKNOWN, name, known.happened)
        if by_package is not None:
            return by_package
    moved = _moved(case, function, name)
    who = packages[-1] if packages else "the script"
    # Without frames a script, a framework or a file may give it.
    gives = (
        f"{who} gives {name} to {function}()" if case.frames else f"{function}() is given {name}"
    )
    do: list[str] = []
    if instead and not known.is_newer:
        return _renamed(case, known, instead, gives, who)
    if moved:
        do.append(f"{moved}({name}=...), and not in {function.partition('.')[0]}")
    if who not in {"the script", known.found.package} and not known.is_newer:
        do.append(upgrade(who))
    do += [known.command] if known.command else [f"leave {name} out"]
    older = f": what ran is older than {known.found.oldest}, or another of that name"
    return Answer(
        f"{gives}: {known.happened}{older if known.is_everywhere else ''}",
        tuple(do),
        why="the caller was written for another release of what it calls",
        known=f"read in the wheels of {known.found.package}",
    )


def _renamed(case: Case, known: Released, instead: str, gives: str, who: str) -> Answer:
    """Answer with what took the place of an argument."""
    is_dropped = instead.startswith("leave ")
    return Answer(
        f"{gives}, which does not take it any more"
        if is_dropped
        else f"{gives}, where that argument has another name now",
        (
            *([] if who in {"the script", known.found.package} else [upgrade(who)]),
            instead,
            *([known.command] if known.command else []),
            *([upgrade("unsloth")] if not case.frames and "nsloth" in case.near else []),
        ),
        why=""
        if is_dropped
        else "it was renamed, took both names for some releases, and takes the new one only",
        known=f"{known.happened}: read in the wheels of {known.found.package}",
    )


def _moved(case: Case, function: str, name: str) -> str:
    """Return TRL's config that takes an argument which its trainer does not; empty if none does."""
    trainer = function.partition(".")[0]
    if not trainer.endswith("Trainer") or renamed(function, name):
        return ""
    config = f"{trainer.removesuffix('Trainer')}Config"
    asked = f"TypeError: {config}.__init__() got an unexpected keyword argument '{name}'"
    found = released(case, asked)
    return config if found is not None and found.is_newer else ""


KINDS: tuple[General, ...] = (
    General(
        "argument-unknown",
        r"(?P<function>[\w.<>]{1,80})\(\) got (?:an )?unexpected keyword argument "
        r"'(?P<name>\w{1,60})'",
        _argument,
        {
            "TypeError: f() got an unexpected keyword argument 'x'": "no such argument",
            "TypeError: TrainingArguments.__init__() got an unexpected keyword argument "
            "'warmup_ratio'": "warmup_steps=0.03",
            "TypeError: SFTTrainer.__init__() got an unexpected keyword argument "
            "'max_seq_length'": "max_length=... in SFTConfig",
            "TypeError: GRPOConfig.__init__() got an unexpected keyword argument "
            "'use_liger_loss'": "use_liger_kernel=True",
            "TypeError: ModelConfig.__init__() got an unexpected keyword argument "
            "'torch_dtype'": "dtype=...",
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/trl/trainer/grpo_trainer.py", '
            "line 1584, in _calculate_rewards\n    output_reward_func = reward_func(\nTypeError: "
            "reward() got an unexpected keyword argument 'prompts'": "**kwargs",
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/trl/trainer/sft_trainer.py",'
            " line 208, in __init__\n    model = prepare_model_for_kbit_training(\nTypeError: "
            "prepare_model_for_kbit_training() got an unexpected keyword argument "
            "'gradient_checkpointing_kwargs'": "peft>=0.9.0",
            "TypeError: LlamaForCausalLM.forward() got an unexpected keyword argument "
            "'unit_locations'": "print(batch.keys())",
            "TypeError: PhiForCausalLM.forward() got an unexpected keyword argument "
            "'num_items_in_batch'": "model_accepts_loss_kwargs = False",
            "TypeError: forward() got an unexpected keyword argument 'num_items_in_batch'": (
                "model_accepts_loss_kwargs = False"
            ),
            "TypeError: MyForCausalLM.forward() got an unexpected keyword argument "
            "'token_type_ids'": "return_token_type_ids=False",
            "TypeError: MyForCausalLM.forward() got an unexpected keyword argument "
            "'logits_to_keep'": "in a model of your own",
            'Traceback (most recent call last):\n  File "/x/site-packages/peft/utils/config.py", '
            "line 137, in from_pretrained\n    config = config_cls(**kwargs)\nTypeError: "
            "__init__() "
            "got an unexpected keyword argument 'merge_weights'": "adapter_config.json",
            "loading the adapter: TypeError: LoraConfig.__init__() got an unexpected keyword "
            "argument 'eva_config'": "adapter_config.json states eva_config",
            "LoraConfig(r=8, use_dora=True)\nPeftModel.from_pretrained(m, d)\nTypeError: "
            "LoraConfig.__init__() got an unexpected keyword argument 'use_dora'": "is given "
            "use_dora",
            "TypeError: Params4bit.__new__() got an unexpected keyword argument "
            "'_is_hf_initialized'": "-U accelerate bitsandbytes",
            "TypeError: QWenPreTrainedModel._set_gradient_checkpointing() got an unexpected "
            "keyword argument 'enable'": "gradient_checkpointing=False",
            "TypeError: MyModel.gradient_checkpointing_enable() got an unexpected keyword argument "
            "'gradient_checkpointing_kwargs'": "in a class of your own",
            "TypeError: compute_metrics() got an unexpected keyword argument 'compute_result'": (
                "batch_eval_metrics=False"
            ),
            "TypeError: Log.on_log() got an unexpected keyword argument 'model'": "**kwargs",
            "• Result: LoraConfig.__init__() got an unexpected keyword argument 'dropout'": (
                "lora_dropout"
            ),
            "6. `TypeError: SFTConfig.__init__() got unexpected keyword argument 'max_length'`\n"
            "TRL 0.29.1": "what ran is another release",
            "TypeError: ProgressCallback.on_epoch_end() got an unexpected keyword argument "
            "'control'": "**kwargs",
            "# TypeError: __init__() got an unexpected keyword argument 'dispatch_batches'": (
                "in its signature in accelerate"
            ),
            "# Failed: TypeError: Accelerator.__init__() got an unexpected keyword argument "
            "'use_seedable_sampler'": "in its signature in accelerate",
            "# TypeError: SFTTrainer.__init__() got an unexpected keyword argument 'tokenizer'": (
                "processing_class=tokenizer"
            ),
            "TypeError: _UnslothOnlineDPOTrainer.__init__() got an unexpected keyword argument "
            "'judge'": "rm -rf unsloth_compiled_cache",
            "# error\n`TypeError: SFTTrainer.__init__() got an unexpected keyword argument "
            "'dataset_text_field'`": "SFTConfig(dataset_text_field=...)",
        },
        alone=True,
    ),
    General(
        "argument-unknown-in-a-call",
        r"(?P<function>\w[\w.]{1,80})\((?P<name>\w{1,60})=[^)\n]{0,60}\)[^\n]{0,40}"
        r"unexpected keyword argument(?! ?['\"]?\w)",
        _argument,
        {"DPOConfig(max_prompt_length=...) raises `TypeError: unexpected keyword argument`": "DPO"},
        alone=True,
    ),
)
