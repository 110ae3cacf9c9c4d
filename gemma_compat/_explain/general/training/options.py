"""Options of the Trainer that are misspelt, out of range or need another option."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .command_words import words_of_a_command


def _not_a_choice(case: Case) -> Answer:
    value, name = case.match["value"], case.match["name"]
    choices = re.findall(r"'([\w-]{1,40})'", case.match["choices"])
    near = [item for item in choices if item[:5] == value[:5]] or choices[:6]
    option = {
        "OptimizerNames": "optim",
        "SchedulerType": "lr_scheduler_type",
        "IntervalStrategy": "eval_strategy, save_strategy or logging_strategy",
        "SaveStrategy": "save_strategy",
        "FSDPOption": "fsdp",
    }.get(name, name)
    return Answer(
        f"the installed transformers has no value {value} for {option}",
        (
            f"one of these: {', '.join(near)}" if near else "one of those that the message lists",
            "pip install -U transformers   where the value is newer than what is installed",
        ),
        why="values are compared letter by letter, and each release knows its own list",
        known="the message lists the values",
    )


# What pip installs for a tracker whose callback has another name.
_TRACKERS = {"comet": "comet-ml", "azureml": "azureml-sdk", "flyte": "flytekit"}


KINDS: tuple[General, ...] = (
    General(
        "value-that-is-no-choice",
        r"(?P<value>[\w.-]{1,60}) is not a valid (?P<name>[A-Z]\w{3,40}), please select one of "
        r"(?P<choices>[^\n]{0,1500})",
        _not_a_choice,
        {
            "ValueError: epochs is not a valid IntervalStrategy, please select one of ['no', "
            "'steps', 'epoch']": "one of these: epoch",
            "ValueError: adamw8bit is not a valid OptimizerNames, please select one of "
            "['adamw_torch', 'adamw_bnb_8bit']": "adamw_bnb_8bit",
        },
        alone=True,
    ),
    General(
        "optimizer-handed-to-a-sharded-run",
        r"Passing `?optimizers`? is not allowed if",
        always(
            "an optimizer made beforehand does not go with DeepSpeed or FSDP, which make it over "
            "the sharded parameters",
            'optim="adamw_torch" and learning_rate=... in the arguments, and no optimizers=(...)',
            "or a Trainer of your own that overrides create_optimizer",
        ),
        {
            "RuntimeError: Passing `optimizers` is not allowed if Deepspeed or PyTorch FSDP is "
            "enabled. You should subclass `Trainer` and override the "
            "`create_optimizer_and_scheduler` method.": "create_optimizer"
        },
    ),
    General(
        "stopping-early-without-a-measure",
        r"EarlyStoppingCallback requires",
        always(
            "EarlyStoppingCallback needs the best model to be tracked, and the arguments do not "
            "ask for that",
            'load_best_model_at_end=True, metric_for_best_model="eval_loss", '
            'eval_strategy="steps", eval_steps=100, save_strategy="steps", save_steps=100',
            why="it compares one figure between evaluations",
        ),
        {
            "AssertionError: EarlyStoppingCallback requires load_best_model_at_end = True": (
                "eval_loss"
            ),
            "AssertionError: EarlyStoppingCallback requires metric_for_best_model is defined": (
                "metric_for_best_model"
            ),
        },
    ),
    General(
        "fsdp-and-deepspeed",
        r"Using --fsdp xxx together with --deepspeed",
        always(
            "FSDP and DeepSpeed are both on, and a run has one of them",
            "leave out fsdp=... and fsdp_config, or deepspeed=...",
            "accelerate config   shows which of them the launcher switches on",
        ),
        {
            "ValueError: Using --fsdp xxx together with --deepspeed is not possible, deactivate "
            "one of those flags.": "leave out"
        },
    ),
    General(
        "optimizer-library-missing",
        r"Trainer (?:tried to instantiate|failed to import) (?P<name>[\w ]{2,30}?)(?: optimizer)?"
        r"(?: but|\.| from)",
        lambda case: Answer(
            "the optimizer that optim names is in a package that is not installed, or that cannot "
            "be loaded",
            (
                "pip install -U bitsandbytes   for the names with 8bit or paged"
                if case.match["name"].strip().startswith("bnb")
                else "pip install the package that the message names",
                'optim="adamw_torch"   needs no package',
            ),
            known="the message names the package",
        ),
        {
            "ValueError: Trainer tried to instantiate bnb optimizer but bnb is not installed!": (
                "bitsandbytes"
            ),
            "ValueError: Trainer tried to instantiate apex FusedAdam but apex is not installed!": (
                "adamw_torch"
            ),
        },
    ),
    General(
        "modules-of-a-projected-optimizer",
        r"define (?:a )?`optim_target_modules`|`optim_target_modules` (?:has to|must) be|"
        r"None of the target modules were found! \(|No target modules found for \w{2,20} \(",
        always(
            "this optimizer works on named linear layers, and optim_target_modules names none of "
            "this model",
            'optim_target_modules=["attn", "mlp"]   or "all-linear"',
            why="GaLore, APOLLO and their kin replace the update of whole matrices; they want no "
            "adapter in front of them",
        ),
        {
            "ValueError: You need to define a `optim_target_modules` in order to properly use "
            "GaLore optimizers": "all-linear"
        },
    ),
    General(
        "evaluation-without-its-steps",
        r"(?:evaluation|logging) strategy \S{1,40} requires (?:either )?non-zero|"
        r"--(?P<name>eval|save|logging)_steps must be an integer if bigger than 1|"
        r"Setting `strategy` as 'steps' requires a positive value",
        lambda case: Answer(
            "a strategy by steps has no whole number of steps",
            (
                f"{case.match['name'] or 'eval'}_steps=200   (a whole number, or a share below 1)",
                f"or a strategy by epochs: {case.match['name'] or 'eval'}_strategy='epoch'",
            ),
        ),
        {
            "ValueError: evaluation strategy steps requires either non-zero --eval_steps or "
            "--logging_steps": "eval_steps=200",
            "ValueError: --save_steps must be an integer if bigger than 1: 12.5": "save_steps=200",
        },
    ),
    General(
        "warmup-out-of-range",
        r"warmup_ratio must lie in range|warmup_steps must be of type int|"
        r"warmup_steps must be (?:either )?(?:a )?(?:0 or|positive|>= ?0)",
        always(
            "the warm-up is given as a number of the other kind",
            "warmup_steps=50   (steps), or warmup_ratio=0.03   (a share of all steps)",
            why="warmup_ratio lies between 0 and 1, and warmup_steps is a whole number; from "
            "transformers 5 warmup_steps takes a share as well",
            known="the message; the last was read in transformers 5.23.0",
        ),
        {"ValueError: warmup_ratio must lie in range [0,1]": "warmup_steps=50"},
    ),
    General(
        "tf32-before-ampere",
        r"--tf32 requires Ampere",
        always(
            "tf32=True, and the GPU is older than Ampere, or none is visible",
            "tf32=False   (a T4 or V100 has no TF32)",
        ),
        {
            "ValueError: --tf32 requires Ampere or a newer GPU arch, cuda>=11 and torch>=1.7": (
                "tf32=False"
            )
        },
    ),
    General(
        "loss-on-another-device",
        r"Calculated loss must be on the original device: (?P<one>\S{3,12}) but device in use is "
        r"(?P<other>\S{3,12})",
        lambda case: Answer(
            f"the model is spread over GPUs: its loss lies on {case.match['other'].rstrip('.')}, "
            f"and the Trainer adds it up on {case.match['one']}",
            (
                'device_map={"": 0}   if the model fits on one card',
                "or one process for each GPU: accelerate launch SCRIPT, without device_map",
                "CUDA_VISIBLE_DEVICES=0   keeps device_map='auto' from spreading it",
            ),
            why="device_map='auto' puts the last layers, and with them the loss, on the last GPU",
            known="the message has both devices; that device_map spread it is likely",
            certain=False,
        ),
        {
            "ValueError: Calculated loss must be on the original device: cuda:0 but device in use "
            "is cuda:1": "CUDA_VISIBLE_DEVICES=0"
        },
    ),
    General(
        "collator-that-is-none",
        r"`data_collator` should be a simple callable",
        always(
            "data_collator is an object that cannot be called",
            "data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=False)",
            why="a tokenizer or a processor is handed over as processing_class",
        ),
        {
            "ValueError: The `data_collator` should be a simple callable (function, class with "
            "`__call__`).": "processing_class"
        },
    ),
    General(
        "accumulation-set-twice",
        r"`num_steps` is set but `gradient_accumulation_steps` is greater than 1",
        always(
            "gradient accumulation is set twice: in accelerate's config and in the arguments",
            "leave out num_steps of accelerator_config, and keep gradient_accumulation_steps",
        ),
        {
            "ValueError: The `AcceleratorConfig`'s `num_steps` is set but "
            "`gradient_accumulation_steps` is greater than 1 in the passed `TrainingArguments`": (
                "leave out num_steps"
            )
        },
    ),
    General(
        "trainer-without-a-model",
        r"`Trainer` requires either a `model` or `model_init`|model_init should not return None|"
        r"No model provided\. Please provide a model",
        always(
            "the trainer was made without a model",
            "model=AutoModelForCausalLM.from_pretrained(...)",
            why="the variable is None, or a function that was to return the model returns nothing",
        ),
        {"RuntimeError: `Trainer` requires either a `model` or `model_init` argument": "is None"},
    ),
    General(
        "tracker-missing",
        r"(?P<name>(?i:tensorboard|wandb|comet|mlflow|neptune|azureml|codecarbon|clearml|dagshub|"
        r"flyte|dvclive|swanlab|trackio))Callback requires [^\n.]{2,60}(?:installed|package)",
        lambda case: Answer(
            f"the run is to report to {case.match['name']}, which is not installed",
            (
                'report_to="none"',
                "or pip install "
                + _TRACKERS.get(case.match["name"].lower(), case.match["name"].lower()),
            ),
            why="report_to names it, or is 'all', as it was by default before transformers 5",
            known="the message names it",
        ),
        {
            "RuntimeError: AzureMLCallback requires azureml to be installed. Run `pip install "
            "azureml-sdk`.": "azureml-sdk",
            "RuntimeError: TensorBoardCallback requires tensorboard to be installed. Either update "
            "your PyTorch version or install tensorboardX.": 'report_to="none"',
        },
    ),
    General(
        "words-that-the-command-does-not-know",
        r"(?:error: |`)(?:unrecognized arguments: (?P<names>[^\n`]{2,200})|the following "
        r"arguments are required: (?P<required>[^\n]{2,200})|argument (?P<one>\S{2,60}): "
        r"(?:invalid|expected) [^\n]{2,200})|[Nn]o such option: (?P<option>\S{2,60})",
        words_of_a_command,
        {
            "train.py: error: unrecognized arguments: --local-rank=0": "torchrun",
            "ipykernel_launcher.py: error: unrecognized arguments: -f /home/me/kernel-1.json": (
                "parse_args([])"
            ),
            "- **v17**: `unrecognized arguments: --lora-extra-vocab-size`": "--lora-extra-vocab",
            "usage: x\ntrain.py: error: the following arguments are required: --data_path": "lacks",
            "train.py: error: unrecognized arguments: -f configs/kernel-size.json": "--help lists",
            "sft.py: error: argument --tuner_backend: invalid choice: 'unsloth' (choose from "
            "'swift', 'peft')": "with one of 'swift', 'peft'",
            "convert.py: error: argument --outtype: invalid choice: 'q4_k_m'": "llama-quantize",
        },
        alone=True,
    ),
)
