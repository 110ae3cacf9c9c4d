"""Shards of a training put together: verl's merger, FSDP's folders, tensors without a dimension."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_MERGE = (
    "python -m verl.model_merger merge --backend fsdp --local_dir CHECKPOINT/actor --target_dir OUT"
)


def _no_dimension(case: Case) -> Answer:
    if case.says(r"model_merger|\bverl\b"):
        return Answer(
            "shards are put together along their first dimension, and one entry is a single number "
            "without any",
            (
                f"pip install -U verl; {_MERGE}   (read in 0.9.1: one copy is kept)",
                "or keep one copy: value = parts[0] if parts[0].dim() == 0 else torch.cat(parts)",
            ),
            why="FSDP2 cuts weights and leaves buffers whole on every rank; Gemma 4 has buffers of "
            "one number. Buffers with a dimension come out too long by the same step",
            known="torch names the size; the frames are those of a merger",
        )
    return Answer(
        "single numbers without a dimension are joined by torch.cat",
        (
            "the model's outputs without lone numbers beside the logits: "
            "prediction_loss_only=True, or what compute_loss(return_outputs=True) returns",
            "per_device_eval_batch_size: does a last batch of one row lose its dimension "
            "(squeeze())?",
        )
        if case.phase == "evaluating" or "trainer_pt_utils" in case.frames
        else (
            "torch.stack(values)   or value.unsqueeze(0) before torch.cat",
            "a loss of each GPU: loss.mean(), and one process per GPU in place of DataParallel",
        ),
        known="torch says so; which values they are, the frames show",
        settles=False,
    )


_OF_VERL = re.compile(r"\b(?:verl|actor|critic|global_step_\d+|model_merger)\b")
_NO_CONFIG_OF_FSDP = Answer(
    "verl's merger reads fsdp_config.json, which this checkpoint has not",
    (
        "ls CHECKPOINT/actor/model_world_size_*   : the number behind it is that of the ranks",
        'echo \'{"FSDP_version": 1, "world_size": 8}\' > CHECKPOINT/actor/fsdp_config.json   '
        "with the run's version of FSDP and this number",
        "or the merger of the release that saved it (scripts/legacy_model_merger.py)",
    ),
    why="newer releases of verl write this file beside the shards",
    known="the message names the file",
    settles=False,
)

KINDS: tuple[General, ...] = (
    General(
        "number-joined-by-cat",
        r"zero-dimensional tensor \(at position \d+\) cannot be concatenated",
        _no_dimension,
        {
            'File "verl/model_merger/fsdp_model_merger.py", line 202, in f\n'
            "RuntimeError: zero-dimensional tensor (at position 0) cannot be concatenated": (
                "verl.model_merger"
            ),
            "RuntimeError: zero-dimensional tensor (at position 0) cannot be concatenated": (
                "torch.stack"
            ),
            'File "t.py", line 4, in merge_fsdp\n    torch.cat([a, b])\n'
            "RuntimeError: zero-dimensional tensor (at position 0) cannot be concatenated": (
                "torch.stack"
            ),
            'File "/x/site-packages/torch/utils/checkpoint.py", line 9, in forward\n    f()\nFile '
            '"/x/site-packages/transformers/trainer.py", line 838, in evaluation_loop\n    '
            "torch.cat((preds, logits))\nRuntimeError: zero-dimensional tensor (at position 0) "
            "cannot be concatenated": "a last batch of one row",
        },
    ),
    General(
        "merger-wants-sharded-weights",
        r"assert isinstance\(weight, (?:torch\.distributed\.\w{0,8}\.?)?DTensor\)|"
        r"Non-DTensor entry '\S{1,120}' differs between rank",
        always(
            "the merger expects sharded weights (DTensor), and the checkpoint has plain ones",
            f"pip install -U verl; {_MERGE}   (read in 0.9.1: plain entries are kept as they are)",
            "a run on one GPU saves whole weights: they need no merging, only their names",
            why="with one process nothing is cut; buffers and what FSDP did not wrap are plain too",
            known="the line of the merger",
            settles=False,
        ),
        {
            "    assert isinstance(weight, torch.distributed._tensor.DTensor)\nAssertionError": (
                "verl.model_merger"
            )
        },
        alone=True,
    ),
    General(
        "checkpoint-older-than-its-merger",
        r"fsdp_config\.json[`'\"]?(?: file)? does not exist|"
        r"No such file or directory: '?\S{0,200}fsdp_config\.json",
        lambda case: (
            _NO_CONFIG_OF_FSDP if _OF_VERL.search(f"{case.frames}\n{case.hit.text}") else None
        ),
        {
            "The error message is `ckpt/actor/fsdp_config.json does not exist.`": "world_size",
            "FileNotFoundError: [Errno 2] No such file or directory: "
            "'conf/my_fsdp_config.json'": "",
        },
        alone=True,
    ),
    General(
        "shards-taken-for-an-adapter",
        r"pytorch_model_fsdp_\d[`'\"]{0,2} (?:does not have|has no|doesn't have)[^\n]{0,20}"
        r"(?:adapters?_config|config)\.json|"
        r"(?:Repo id must|Can't find '?(?:adapter_)?config\.json)[^\n]{0,200}pytorch_model_fsdp_\d",
        always(
            "that folder holds FSDP's shards, and neither an adapter nor a model",
            "accelerate merge-weights CHECKPOINT/pytorch_model_fsdp_0 OUT   puts the weights "
            "together",
            "fsdp_state_dict_type: FULL_STATE_DICT   in the next run, so that the Trainer writes "
            "adapter_model.safetensors",
            "adapter_config.json: that of the output folder, or made anew with LoraConfig",
            why="SHARDED_STATE_DICT writes .distcp files, which PEFT and transformers do not read",
            known="the folder's name is FSDP's own",
            settles=False,
        ),
        {
            "it complains that the folder `dpo/checkpoint-2000/pytorch_model_fsdp_0` does not have "
            "a adapters_config.json": "merge-weights"
        },
        alone=True,
    ),
    General(
        "merger-leaves-the-adapter-out",
        r"(?i:model[_ ]merger`?[^\n]{0,40}(?:not merg\w{3}|(?:does|did)(?: not|n't) merge|without|"
        r"ignor\w{2,3}) (?:the )?lora)",
        always(
            "verl's merger is said to leave the adapter out of the weights",
            "ls CHECKPOINT/actor OUT   : lora_adapter holds the adapter",
            "PeftModel.from_pretrained(base, OUT/lora_adapter).merge_and_unload()   then "
            "save_pretrained",
            why="the merger puts shards together, and writes an adapter beside the base model's "
            "weights",
            known="a sentence tells of it; what the folder has, ls shows",
            certain=False,
            settles=False,
        ),
        {"[model merger] bug: `verl/model_merger` is not merging LoRA weights": "lora_adapter"},
        alone=True,
    ),
    General(
        "unused-parameters-are-not-to-be-found",
        r"ddp_find_unused_parameters`? needs? to be set (?:as|to) False|"
        r"LightningModule has parameters that were not used in producing",
        lambda case: (
            Answer(
                "LLaMA-Factory wants DDP not to look for unused parameters, with LoRA",
                (
                    "ddp_find_unused_parameters: false   in the YAML, or "
                    "--ddp_find_unused_parameters False",
                ),
                why="the Trainer looks for them by default where gradient checkpointing is off",
                known="LLaMA-Factory says so",
            )
            if "ddp_find" in case.match[0]
            else Answer(
                "DDP waits for gradients of parameters that took no part in the loss",
                (
                    "freeze what is not used: a vision or audio tower in a run on text",
                    "or strategy='ddp_find_unused_parameters_true' in Lightning's Trainer",
                ),
                known="Lightning says so",
                settles=False,
            )
        ),
        {
            "关于`ddp_find_unused_parameters` needs to be set as False for LoRA in DDP training. "
            "报错": "ddp_find_unused_parameters: false",
            "RuntimeError: It looks like your LightningModule has parameters that were not used in "
            "producing the loss": "freeze",
        },
        alone=True,
    ),
)
