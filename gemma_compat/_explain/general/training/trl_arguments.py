"""Arguments of TRL and PEFT that moved or have another name, and TRL's chat templates."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from ..released import Released, released

# What TRL's trainers took themselves up to 0.12, and their configs take since.
_IN_THE_CONFIG = {
    "dataset_text_field",
    "dataset_num_proc",
    "dataset_batch_size",
    "dataset_kwargs",
    "packing",
    "num_of_sequences",
    "chars_per_token",
    "eval_packing",
    "neftune_noise_alpha",
    "model_init_kwargs",
    "beta",
    "max_prompt_length",
    "max_completion_length",
    "label_smoothing",
    "loss_type",
    "truncation_mode",
    "ref_model_init_kwargs",
}


def told_of_trl(name: str, function: str) -> Answer | None:
    """Answer for an argument of TRL's trainers by its name, where the log has no frames."""
    trainer = function.partition(".")[0]
    config = f"{trainer.removesuffix('Trainer')}Config" if trainer.endswith("Trainer") else ""
    if name == "tokenizer" and (config or not function):
        return Answer(
            "the trainer takes the tokenizer under another name: processing_class",
            (
                "processing_class=tokenizer",
                "or pip install 'trl<0.13' 'transformers<5'   for a script of that time",
            ),
            why="transformers 4.46 renamed it; TRL's trainers followed one by one, and no longer "
            "take the old name",
            known="the message names the argument; which trainer dropped it when, the log does "
            "not say",
        )
    if name in _IN_THE_CONFIG and (config or not function):
        return Answer(
            f"{trainer or 'the trainer'} no longer takes {name} itself: its config does",
            (
                f"{config or 'SFTConfig'}({name}=...), and not in {trainer or 'SFTTrainer'}",
                "or pip install 'trl<0.13'   for a script of that time",
            ),
            why="TRL moved what belongs to the data and the loss from its trainers to their "
            "configs, which are TrainingArguments with more fields",
            known="the message names the argument",
        )
    return None


def of_a_generated_trainer(name: str, function: str) -> Answer:
    """Answer for a trainer that Unsloth generated from the TRL that it found."""
    trainer = function.partition(".")[0].lstrip("_").removeprefix("Unsloth")
    return Answer(
        f"{trainer}, as Unsloth generated it, takes no {name}",
        (
            "rm -rf unsloth_compiled_cache, and start again: it is generated from the TRL that is "
            "installed now",
            f"python -c 'import inspect, trl; print(inspect.signature(trl.{trainer}.__init__))'   "
            f": does TRL itself take {name}?",
            "pip install -U unsloth unsloth_zoo",
        ),
        why="a cache of another TRL, or an argument that this TRL does not have (renamed or moved "
        "to the config)",
        known="the name is that of a generated class; which TRL it is of, the log does not say",
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "template-is-there-already",
        r"Chat template is already added to the tokenizer",
        always(
            "setup_chat_format is to set a chat template where the tokenizer has one",
            "leave setup_chat_format out   the -it checkpoints of Gemma bring their template",
            "or tokenizer.chat_template = None before it, where ChatML is wanted in its place",
            why="it adds ChatML's marks as tokens and resizes the embeddings: a model that was "
            "tuned on another template would have to learn it anew",
            known="the message; read in TRL 0.24.0",
        ),
        {
            "ValueError: Chat template is already added to the tokenizer. If you want to overwrite "
            "it, please set it to None": "leave setup_chat_format out"
        },
    ),
    General(
        "formatting-beside-completions",
        r"completion_only_loss\b[^\n]{0,40}(?:conflicts?|incompatible)[^\n]{0,40}formatting",
        always(
            "completion_only_loss needs rows of prompt and completion, and formatting_func makes "
            "one text of each",
            "without formatting_func: dataset.map(...) to columns prompt and completion",
            "or completion_only_loss=False   : every token counts then",
            "or rows of messages, with assistant_only_loss=True",
            why="in one text the trainer cannot tell where the answer begins",
            known="TRL says so",
        ),
        {
            "**Symptom**: `completion_only_loss=True conflicts with formatting_func`": (
                "without formatting_func"
            ),
        },
        alone=True,
    ),
    General(
        "argument-of-the-trainer-is-told",
        r"(?i:unexpected (?:keyword )?(?:arguments?|kwargs?|keywords?) [`'\"]?)"
        rf"(?P<name>tokenizer|{'|'.join(sorted(_IN_THE_CONFIG))})\b(?![`'\"]?\.)",
        lambda case: (
            None
            if "__init__" in case.hit.text or not (told := told_of_trl(case.match["name"], ""))
            else told.replace(certain=case.match["name"] == "tokenizer")
        ),
        {
            "# `unexpected keyword argument tokenizer` [FIXED]": "processing_class=tokenizer",
            "# run_sft.py SFTrainer: got unexpected keyword model_init_kwargs": (
                "SFTConfig(model_init_kwargs=...)"
            ),
            "unexpected keyword argument 'x'": "",
        },
        alone=True,
    ),
)


OF_A_CALLBACK = Answer(
    "the Trainer calls a callback's method with more arguments than it takes",
    ("def on_epoch_end(self, args, state, control, **kwargs):   for each method of the callback",),
    why="all of them get args, state and control, and the rest (model, processing_class, logs, "
    "metrics, ...) by name",
    known="the name of the method; so it is in every release of transformers",
)
TOO_OLD_TO_UNWRAP = Answer(
    "transformers calls unwrap_model() with keep_torch_compile, and this accelerate is older than "
    "that argument",
    ("pip install -U 'accelerate>=1.3.0'   and restart the kernel",),
    why="the argument came with accelerate 1.3.0",
    known="read in accelerate 1.2.1 and 1.3.0, accelerator.py",
)

# Arguments whose names only one class has, where Python before 3.10 leaves the class out.
OF_ONE_CLASS = {
    **dict.fromkeys(
        ("dispatch_batches", "split_batches", "even_batches", "use_seedable_sampler"), "Accelerator"
    ),
    **dict.fromkeys(
        (
            "use_dora", "use_rslora", "loftq_config", "rank_pattern", "alpha_pattern",
            "layer_replication", "megatron_config", "eva_config", "corda_config", "lora_bias",
            "exclude_modules", "trainable_token_indices", "target_parameters", "arrow_config",
        ),
        "LoraConfig",
    ),
    **dict.fromkeys(
        ("evaluation_strategy", "eval_strategy", "group_by_length", "neftune_noise_alpha"),
        "TrainingArguments",
    ),
}  # fmt: skip

# What scripts write for an argument of PEFT's LoraConfig, and its name there.
OF_LORA = {
    "dropout": "lora_dropout=0.05",
    "alpha": "lora_alpha=16",
    "rank": "r=16",
    "lora_r": "r=16",
    "lora_rank": "r=16",
    "target_module": "target_modules=[...]",
    "modules": "target_modules=[...]",
}


def meant_of_lora(name: str) -> Answer:
    """Answer for an argument of LoraConfig that has another name in every release."""
    return Answer(
        f"LoraConfig() is given {name}, which has another name there",
        (OF_LORA[name],),
        known="read in PEFT's LoraConfig, which has r, lora_alpha, lora_dropout and target_modules "
        "in every release of the atlas, and no such argument",
    )


# How an adapter is loaded: then its adapter_config.json gives the arguments, and no script does.
_LOADS_AN_ADAPTER = re.compile(
    r"adapter_config|adapter_name_or_path|AutoPeft|PeftConfig\.from_|load_adapter|"
    r"(?i:peft\w{0,30})\.from_pretrained|peft[/\\](?:config|peft_model|auto)\.py|"
    r"(?i:load\w{0,4}|merg\w{1,4}|infer\w{0,6}|serv\w{1,4}|convert\w{0,4}) (?:\w{1,12} ){0,3}"
    r"(?:lora|adapter|checkpoint)"
)


def _by_whom(name: str, owner: str) -> Answer:
    return Answer(
        f"{owner} is given {name}, and takes no such argument",
        (
            f"where an adapter is loaded: take {name} out of its adapter_config.json, or install "
            "the PEFT that wrote it (pip install -U peft, where that is newer)",
            f"where a script makes it: leave {name} out; python -c 'import peft; "
            f"help(peft.{owner})'   lists what it takes",
        ),
        why="PEFT hands every entry of an adapter's file to that class",
        known="the message; whether a script or a file gave it, it does not say",
        settles=False,
    )


def of_an_adapter(case: Case, function: str, known: Released | None) -> Answer | None:
    """Answer a config of PEFT that a file of an adapter fills in."""
    name = case.match["name"]
    owner = function.partition(".")[0]
    is_of_peft = re.fullmatch(r"(?:Peft|Lora|AdaLora|Prompt\w+|Prefix\w+|IA3|Vera)Config", owner)
    if function == "__init__" and re.search(r"peft[/\\](?:utils[/\\])?config\.py", case.frames):
        is_of_peft, owner = re.match("", ""), "the class"  # Python before 3.10 leaves its name out
    if is_of_peft is None or name in OF_LORA or (known is not None and known.contradicts):
        return None
    if re.search(rf"Config\([^)]{{0,400}}\b{name}\s?=", case.near):
        return None  # a script gives it
    if not _LOADS_AN_ADAPTER.search(case.near):
        return _by_whom(name, owner) if known is None and not case.is_of_the_script else None
    newer = known.command if known is not None and known.is_newer else ""
    return Answer(
        f"the adapter's adapter_config.json states {name}, which {owner} of the installed PEFT "
        "does not take"
        + (f": {known.happened}" if known is not None and known.found.releases else ""),
        (
            *([newer] if newer else []),
            f"take {name} (and what else is refused then) out of adapter_config.json, where it is "
            "null or false",
            *([] if newer else ["or the PEFT that wrote the adapter: its model card names it"]),
        ),
        why="PEFT hands every entry of that file to the class: a newer PEFT, or a fork of it, "
        "wrote more than this one knows. PEFT 0.14 and newer leaves out what it does not know",
        known="the class of the message, and that an adapter is loaded here"
        + (f"; read in the wheels of {known.found.package}" if newer and known else ""),
        certain=False,
        settles=bool(newer),
    )


def by_the_atlas(case: Case, function: str, name: str) -> Released | None:
    """Return the releases that take the argument, also where the class is not named."""
    known = released(case)
    if known is None and (case.error is None or "got unexpected" in case.hit.text):  # retold
        asked = f"TypeError: {function}() got an unexpected keyword argument '{name}'"
        known = released(case, asked)
    if known is None and function == "__init__" and name in OF_ONE_CLASS:
        owner = OF_ONE_CLASS[name]
        known = released(
            case, f"TypeError: {owner}.__init__() got an unexpected keyword argument '{name}'"
        )
    return known
