"""Attributes that many look for in the wrong object, and methods of an older Trainer."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from ..released import upgrade
from .caches import newer_reader
from .known_by_name import BROUGHT, is_of_no_trainer, of_the_base

_WRAPPERS = (
    r"DistributedDataParallel|FullyShardedDataParallel|DataParallel|DeepSpeedEngine|OptimizedModule"
)
# These hand a name on to the model in them, so that one that fails is of neither.
_HANDS_ON = {"DeepSpeedEngine", "FullyShardedDataParallel", "OptimizedModule"}
_OF_TEXT_MODEL = {"layers", "embed_tokens", "norm", "rotary_emb"}


def _of_a_wrapper(case: Case) -> Answer:
    name, owner = case.match["name"], case.match["owner"]
    if owner in _HANDS_ON:
        return Answer(
            f"neither {owner} nor the model in it has {name}",
            (
                f"accelerator.unwrap_model(model).{name}   where a second wrapper is in between, "
                "or PEFT's model, which hands names on itself (merge_and_unload, disable_adapter)",
                "print(type(model.module))   : the class, and its release, that the code expects?",
            ),
            why=f"{owner} looks a name up in the model that it wraps, before it says that it lacks "
            "it",
            known="read in DeepSpeed and torch: __getattr__ of the wrapper",
            settles=False,
        )
    return Answer(
        f"{owner} wraps the model, and has no {name} itself",
        ("torchrun --nproc_per_node GPUS SCRIPT   : only DistributedDataParallel has it",)
        if name == "no_sync"
        else (
            f"accelerator.unwrap_model(model).{name}   (trainer.accelerator), or model.module."
            f"{name}",
            "under ZeRO-3 and FSDP with the weights gathered: generate of a wrapped model needs "
            "TRL's unwrap_model_for_generation",
        ),
        known="the message names the wrapper",
    )


def _no_merge(case: Case) -> Answer | None:
    owner = case.match["owner"]
    if owner.startswith("Peft"):
        return Answer(
            "this adapter cannot be merged: merge_and_unload is of LoRA and its kin",
            (
                "model.save_pretrained(FOLDER)   the adapter alone, loaded beside its base",
                "or pip install -U peft, where it is a LoRA",
            ),
            why="prompt and prefix tuning add tokens, no weights",
            known="the message names the class",
            settles=False,
        )
    return Answer(
        f"merge_and_unload is of PEFT's model, and this is a {owner}, which PEFT did not wrap",
        (
            "base = AutoModelForCausalLM.from_pretrained(BASE); model = PeftModel.from_pretrained("
            "base, ADAPTER)   before merge_and_unload()",
            "or nothing at all, where the adapter was merged already",
        ),
        why="from_pretrained(ADAPTER_FOLDER) of transformers puts the adapter's layers into the "
        "base, and has no merge_and_unload; prompt and prefix tuning hand the name on to the base, "
        "and cannot be merged",
        known="the message names the class; whether an adapter is in it, it does not say",
        settles=False,
    )


def _of_peft(case: Case) -> Answer | None:
    owner, name = case.match["owner"], case.match["name"]
    if owner.startswith(("Peft", "Lora")):
        return None
    return Answer(
        f"{name} is of a PEFT model, and this is the model without one ({owner})",
        (
            "model = get_peft_model(model, LoraConfig(...))   before it; what that returns is the "
            "model to go on with",
            "or leave the line out, where all weights are trained",
        ),
        why="get_peft_model and PeftModel.from_pretrained return another object; code that trains "
        "without an adapter, or that keeps the first one, has no such method",
        known="the message names the class, which is not one of PEFT",
        settles=False,
    )


def _no_engine(case: Case) -> Answer | None:
    """Answer an Accelerator on which DeepSpeed is on and prepare() has made no engine."""
    if not case.match["name"] and "deepspeed_engine_wrapped." not in case.frames + case.hit.text:
        return None
    return Answer(
        "accelerate counts DeepSpeed as on, and this Accelerator has no engine of it: prepare() "
        "has not made one",
        (
            "one place that switches it on: deepspeed=CONFIG.json in TrainingArguments, or "
            "accelerate "
            "config; and unset ACCELERATE_USE_DEEPSPEED where neither is meant",
            "trainer.save_model() and evaluate() after train() in the same process, not before it",
            "pip install -U accelerate transformers deepspeed   to releases of the same time",
        ),
        why="the engine and its config are set where the model and the optimizer are prepared "
        "together; a second Accelerator, a trainer that prepares them otherwise, or one of another "
        "release leaves that out",
        known="read in accelerate 0.30.1 and 1.6.0; which of these it is, the message does not say",
        settles=False,
    )


def _inner_model(case: Case) -> Answer:
    owner, name = case.match["owner"], case.match["name"]
    return Answer(
        f"{owner} is the multimodal model: {name} is of the text model in it",
        (
            *newer_reader(case),
            f"model.language_model.{name}   on {owner} (model.model.language_model from the "
            "outside), from transformers 4.52 on",
            "model.get_decoder(), model.get_input_embeddings()   work on every release",
        ),
        why="a text-only member (Gemma 3 270M and 1B) has model.layers, the multimodal ones have "
        "their decoder one step deeper",
        known="the message names the class; the paths are those of transformers 4.52.4",
        of_gemma=True,
    )


def _overridden(case: Case) -> Answer | None:
    owner, _, method = (case.match["method"] or "").rpartition(".")
    if is_of_no_trainer(case, owner):
        return None
    by_itself = bool(case.places) and case.places[-1].module == "transformers"
    if owner == "Trainer" and not by_itself:  # else a subclass bears the same name
        return of_the_base(method)
    known = {"torch", "transformers", "accelerate"}
    outside = [item for item in case.packages if item not in known]
    signature = {
        "compute_loss": "def compute_loss(self, model, inputs, return_outputs=False, **kwargs):",
        "training_step": "def training_step(self, model, inputs, num_items_in_batch=None):",
        "log": "def log(self, logs, start_time=None):",
        "_get_train_sampler": "def _get_train_sampler(self, train_dataset=None):",
        "_save_checkpoint": "def _save_checkpoint(self, model, trial, metrics=None):",
        "get_batch_samples": "def get_batch_samples(self, epoch_iterator, num_batches, device):",
    }.get(method, f"def {method}(self, *args, **kwargs):")
    newer = method == "_save_checkpoint"  # which lost an argument
    return Answer(
        f"a subclass of the Trainer overrides {method} with the signature of a newer transformers"
        if newer
        else f"a subclass of the Trainer overrides {method} with the signature of an older "
        "transformers",
        (
            signature,
            *(["pip install -U 'transformers>=4.47'"] if newer else ()),
            *([upgrade(outside[-1])] if outside else ()),
            *(() if newer else (f"or pip install 'transformers<{BROUGHT.get(method, '4.46')}'",)),
        ),
        why="transformers up to 4.46 hands metrics to _save_checkpoint, newer ones do not"
        if newer
        else "transformers 4.46 hands num_items_in_batch to compute_loss and training_step, 4.47 "
        "start_time to log, 4.50 a device to get_batch_samples, 4.52 a data set to "
        "_get_train_sampler",
        known="the message; the releases were read in the wheels of transformers",
        settles=True,
    )


_HOOKS = (
    r"compute_loss|training_step|log|evaluation_loop|prediction_step|_save_checkpoint|"
    r"get_batch_samples|_get_train_sampler|create_optimizer|create_scheduler|_prepare_inputs|"
    r"_maybe_log_save_evaluate|save_model|_load_best_model"
)

KINDS: tuple[General, ...] = (
    General(
        "trainer-method-of-another-time",
        rf"(?<!\w)(?P<method>(?:\w{{1,60}}\.)?(?:{_HOOKS}))\(\) (?:got an unexpected keyword "
        r"argument '(?:num_items_in_batch|start_time|train_dataset|device|metrics|trial)'|"
        r"takes (?:from )?\d[^\n]{0,30}positional arguments? but \d+ (?:was|were) given)",
        _overridden,
        {
            "TypeError: T.compute_loss() got an unexpected keyword argument 'num_items_in_batch'": (
                "**kwargs):"
            ),
            "TypeError: Trainer.compute_loss() got an unexpected keyword argument "
            "'num_items_in_batch'": "transformers>=4.46",
            'Traceback (most recent call last):\n  File "/w/a.py", line 3, in f\n    '
            "logger.log(a, b)\nTypeError: MyLogger.log() takes 2 positional arguments but 3 were "
            "given": "",
            "TypeError: MyTrainer.log() takes 2 positional arguments but 3 were given": (
                "start_time=None"
            ),
        },
    ),
    General(
        "attribute-of-what-is-wrapped",
        rf"'(?P<owner>{_WRAPPERS})' object has no attribute '(?P<name>\w{{1,60}})'",
        _of_a_wrapper,
        {
            "AttributeError: 'DistributedDataParallel' object has no attribute 'generate'": (
                "unwrap_model(model).generate"
            )
        },
    ),
    General(
        "merge-without-an-adapter",
        r"'(?P<owner>\w{1,60})' object has no attribute 'merge_and_unload'",
        _no_merge,
        {
            "AttributeError: 'GemmaForCausalLM' object has no attribute 'merge_and_unload'": (
                "PeftModel.from_pretrained"
            ),
            "AttributeError: 'PeftModelForCausalLM' object has no attribute 'merge_and_unload'": (
                "cannot be merged"
            ),
        },
    ),
    General(
        "accelerator-without-an-engine",
        r"'?Accelerator'? object has no attribute '(?P<name>deepspeed_engine_wrapped|"
        r"deepspeed_config)'|'NoneType' object has no attribute 'backward'",
        _no_engine,
        {
            "AttributeError: 'Accelerator' object has no attribute 'deepspeed_config'": "no engine",
            "# Accelerator' object has no attribute 'deepspeed_engine_wrapped'": "no engine",
            '  File "/x/site-packages/accelerate/accelerator.py", line 2321, in backward\n    '
            "self.deepspeed_engine_wrapped.backward(loss, **kwargs)\nAttributeError: 'NoneType' "
            "object has no attribute 'backward'": "ACCELERATE_USE_DEEPSPEED",
            '  File "/home/me/t.py", line 3, in f\n    loss.backward()\nAttributeError: '
            "'NoneType' object has no attribute 'backward'": "",
        },
        alone=True,
    ),
    General(
        "method-of-a-model-with-an-adapter",
        r"'(?P<owner>\w{1,60}(?:ForCausalLM|ForConditionalGeneration|LMHeadModel|Model|"
        r"ForSequenceClassification))' object has no attribute "
        r"'(?P<name>print_trainable_parameters|"
        r"get_nb_trainable_parameters|peft_config|get_base_model|create_or_update_model_card)'",
        _of_peft,
        {
            "AttributeError: 'GPT2LMHeadModel' object has no attribute "
            "'print_trainable_parameters'": ("get_peft_model"),
            "AttributeError: 'Gemma3ForCausalLM' object has no attribute 'peft_config'": (
                "without one"
            ),
            "AttributeError: 'PeftModel' object has no attribute 'peft_config'": "",
            "AttributeError: 'GemmaForCausalLM' object has no attribute 'generate'": "",
        },
    ),
    General(
        "decoder-of-a-multimodal-model",
        r"'(?P<owner>(?:Gemma3|Gemma3n|Gemma4|PaliGemma)(?:Model|ForConditionalGeneration))' "
        r"object "
        rf"has no attribute '(?P<name>{'|'.join(sorted(_OF_TEXT_MODEL))})'",
        _inner_model,
        {"AttributeError: 'Gemma3Model' object has no attribute 'layers'": "language_model.layers"},
    ),
    General(
        "trainer-without-a-tokenizer",
        r"'(?P<owner>\w{0,40}Trainer)' object has no attribute 'tokenizer'",
        lambda case: Answer(
            f"{case.match['owner']} has no tokenizer; a Trainer keeps it as processing_class",
            (*newer_reader(case), "trainer.processing_class"),
            why="transformers 4.46 renamed it, and 5 no longer has the old name",
            known="the message; transformers' own deprecation names the release",
        ),
        {"AttributeError: 'SFTTrainer' object has no attribute 'tokenizer'": "processing_class"},
    ),
    General(
        "optimizer-without-train",
        r"'(?P<owner>\w{1,40})' object has no attribute '(?:train|eval)'",
        lambda case: (
            Answer(
                "the Trainer switches the optimizer to training, which this accelerate does not "
                "hand on",
                ("pip install -U 'accelerate>=0.34.0'",),
                why="a newer Trainer calls optimizer.train() where accelerate's wrapper has it, "
                "and "
                "that of 0.30 to 0.33 hands it on without asking whether the optimizer has one",
                known="the message; the wrapper was read in the wheels of accelerate 0.30.1, "
                "0.33.0 "
                "and 0.34.0",
                certain=False,
            )
            if re.search(r"Adam|SGD|Lion|Adafactor|Optimizer|Lamb", case.match["owner"])
            else None
        ),
        {
            "AttributeError: 'AdamW' object has no attribute 'train'": "accelerate>=0.34.0",
            "AttributeError: 'Thing' object has no attribute 'train'": "",
        },
    ),
)
