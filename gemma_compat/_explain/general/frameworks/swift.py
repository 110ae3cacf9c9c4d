"""ms-swift: its options, templates, checkpoints and rows."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_SAYS = "ms-swift says so"


def _model_type(case: Case) -> Answer:
    offered = re.findall(r"'((?:gemma|paligemma)\w{0,20})'", case.message)
    name = case.match["name"]
    if name:
        return Answer(
            f"this ms-swift has no model_type {name}",
            (
                "pip install -U ms-swift   or its main branch, for a family that is new",
                "or one of the types that the message lists"
                + (f": {', '.join(offered[:6])}" if offered else ""),
            ),
            why="ms-swift 3.7 knows gemma, gemma2, gemma3_text, gemma3_vision, gemma3n and "
            "paligemma; gemma4 came with a 4.x",
            known=f"{_SAYS}; the names were read in 3.7.0 and 4.6.0",
        )
    return Answer(
        "ms-swift cannot tell from the folder which kind of model it is",
        (
            f"--model_type {offered[0]}"
            + (f"   (or {', '.join(offered[1:4])})" * bool(offered[1:]))
            if offered
            else "--model_type gemma3_text   (text alone), gemma3_vision, gemma3n, gemma2, gemma",
        ),
        why="it goes by the folder's name and by config.json, and several types share that "
        "architecture, or none has it",
        known=f"{_SAYS}; which type fits is for you to say",
    )


def _rows_too_long(case: Case) -> Answer:
    images = re.search(r"UnidentifiedImageError|cannot identify image file", case.hit.before)
    if "Failed to retrieve" in case.hit.text and images:
        return Answer(
            "ms-swift could read no row: the images of those it tried are missing or unreadable",
            (
                "ls -l PATH   of an image in the data, from the folder in which swift runs: a "
                "path that "
                "does not exist is taken for the image's bytes",
                "file PATH   says what a file holds that does exist",
            ),
            why="it tries other rows in place of one that fails, and then speaks of max_length",
            known="the rows' own errors, above",
        )
    return Answer(
        "rows are longer than max_length, and none that is short enough was found in time",
        (
            "--max_length 4096   or what the rows need",
            "or --truncation_strategy left   (delete leaves long rows out; an image's placeholders "
            "cannot be cut)",
        ),
        why="ms-swift leaves out rows that do not fit, or stops at them under strict",
        known=_SAYS,
    )


def _no_rows_left(case: Case) -> Answer | None:
    if not re.search(r"[/\\]swift[/\\]\S{1,60}, line \d+, in _show_dataset\b", case.frames):
        return None
    reason = re.findall(r"^(?:ValueError|KeyError|\S{0,60}Error): ([^\n]{3,120})", case.above, re.M)
    return Answer(
        "no row of the data is left: ms-swift leaves out every row that fails or does not fit"
        + (f" ({reason[-1].rstrip('.')})" if reason else ""),
        (
            "--max_length 4096   where rows are longer than it",
            "the errors that it logs above, one for a row: a dpo row needs rejected_response, an "
            "image its file",
            "--strict true   stops at the first row that fails",
        ),
        known="the last frame shows the first row, and the data set is None",
    )


def _unknown_to_swift(case: Case) -> Answer:
    if case.match["tuner"]:
        return Answer(
            f"ms-swift has no tuner_type {case.match['tuner']}",
            (
                "--tuner_type lora --quant_method bnb --quant_bits 4   for QLoRA",
                "--tuner_type full   for all weights",
            ),
            known=_SAYS,
        )
    offered = re.findall(r"'((?:gemma|paligemma)\w{0,20})'", case.message)
    return Answer(
        f"ms-swift has no template {case.match['template']}",
        (
            "one of the names that the message lists"
            + (f": {', '.join(offered[:6])}" if offered else ""),
            "or without --template: it goes by the model_type",
        ),
        known=_SAYS,
    )


def _path_of_swift(case: Case) -> Answer:
    path = case.match["path"] or case.match["missing"]
    return Answer(
        f"a folder or file that is read is not there: {path}",
        (
            f"ls -d {path}   on the machine (or in the container) that runs this",
            "or OWNER/NAME with --use_hf true, for a model of the Hub",
        ),
        known="the message names the path",
    )


KINDS: tuple[General, ...] = (
    General(
        "template-without-packing",
        r"Template [`'\"]?(?P<name>[\w-]{2,40})[`'\"]? does not support padding free or packing",
        always(
            "ms-swift packs no rows for this template",
            "without --packing and --padding_free",
            "or pip install -U ms-swift",
            why="a multimodal model packs only where its template says that it can, and that of "
            "Gemma does not in 4.2.0",
            known="ms-swift says so; read in ms-swift 4.2.0",
        ),
        {"ValueError: Template `gemma4` does not support padding free or packing.": "--packing"},
        alone=True,
    ),
    General(
        "no-checkpoint-of-this-run",
        r"'TrainerState' object has no attribute 'last_model_checkpoint'",
        always(
            "the run of ms-swift ended without saving, and its last step asks for what was saved",
            "a larger --num_train_epochs or --max_steps where the run resumes: the steps of the "
            "checkpoint count",
            "--resume_only_model true   to begin anew from those weights",
            "--save_steps below the number of steps",
            why="last_model_checkpoint is set at a save alone. A run that resumes at its last "
            "step, or is shorter than save_steps, saves nothing",
            known="read in swift/trainers/mixin.py of ms-swift 2.4.2; why nothing was saved, the "
            "message does not say",
            settles=False,
        ),
        {
            "AttributeError: 'TrainerState' object has no attribute 'last_model_checkpoint'. Did "
            "you mean: 'best_model_checkpoint'?": "num_train_epochs",
            "AttributeError: 'TrainerState' object has no attribute 'epoch'": "",
        },
    ),
    General(
        "model-type-for-swift",
        r"Please explicitly pass the model_type|Failed to automatically match `?model_type|"
        r"no suitable `model_type` was found|"
        r"model_type: '(?P<name>[\w.-]{2,40})' not in (?:\[|dict_keys)",
        _model_type,
        {
            "ValueError: Please explicitly pass the model_type. For reference, the available "
            "model_types: ['gemma3_text', 'gemma3_vision'].": "--model_type gemma3_text",
            "ValueError: model_type: 'gemma4' not in ['qwen2', 'gemma3_text']": (
                "pip install -U ms-swift"
            ),
        },
    ),
    General(
        "no-rows-left-for-swift",
        r"TypeError: 'NoneType' object is not iterable",
        _no_rows_left,
        {
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/swift/pipelines/train/sft.'
            'py", line 288, in _show_dataset\n    inputs = train_dataset[0]\nTypeError: '
            "'NoneType' object is not iterable": "--max_length",
            "TypeError: 'NoneType' object is not iterable": "",
        },
    ),
    General(
        "name-that-swift-does-not-have",
        r"template_type: '(?P<template>[\w.-]{1,40})' not in|Unknown tuner_type: "
        r"(?P<tuner>\S{1,40})",
        _unknown_to_swift,
        {
            "ValueError: template_type: 'gemma-3' not in ['chatml', 'gemma', 'gemma3_text', "
            "'gemma3_vision']": "gemma3_text",
            "ValueError: Unknown tuner_type: qlora": "--quant_bits 4",
        },
    ),
    General(
        "path-that-swift-does-not-find",
        r"(?:ValueError: path: '(?P<path>[^'\n]{1,200})' not found|"
        r"FileNotFoundError: path: '(?P<missing>[^'\n]{1,200})')",
        _path_of_swift,
        {
            "ValueError: path: '/models/gemma-3-1b' not found": "ls -d /models/gemma-3-1b",
            "FileNotFoundError: path: '/x/out/checkpoint-10'": "ls -d",
        },
    ),
    General(
        "rows-too-long-for-swift",
        r"Current length of row\(\d+\) is larger than the max_length|"
        r"Failed to retrieve the dataset\. You can avoid this issue by increasing",
        _rows_too_long,
        {
            "swift.llm.template.base.MaxLengthError: Current length of row(5000) is larger than "
            "the max_length(2048).": "--max_length"
        },
    ),
    General(
        "swift-places-by-itself",
        r"(?:(?:DeepSpeed|FSDP2) is|(?:GRPO|GKD) with vLLM is) not compatible with `device_map`|"
        r"liger_kernel does not support device_map",
        always(
            "several GPUs are visible to one process, which ms-swift spreads the model over",
            "NPROC_PER_NODE=GPUS swift sft ...   with as many as CUDA_VISIBLE_DEVICES names",
            "or CUDA_VISIBLE_DEVICES=0 for one",
            why="without NPROC_PER_NODE it starts one process with device_map='auto', which "
            "DeepSpeed, liger-kernel and vLLM do not go with",
            known=_SAYS,
        ),
        {
            "ValueError: DeepSpeed is not compatible with `device_map`. n_gpu: 4, "
            "local_world_size: 1.": "NPROC_PER_NODE"
        },
    ),
)
