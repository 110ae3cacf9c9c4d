"""Read how a run was launched: processes, FSDP, DeepSpeed, accelerate's config."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .base import LISTED, MENTIONED, STATED, Reader, Reading, always, unless_advice

_TYPES = {
    "FSDP": "fsdp",
    "MULTI_GPU": "ddp",
    "DEEPSPEED": "deepspeed",
    "NO": "no",
}


def _rank(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("highest_rank", int(match["rank"]), STATED)


def _processes(match: re.Match[str]) -> Iterator[Reading]:
    count = int(match["count"])
    if count:
        yield Reading("ranks", count, STATED)


def _distributed_type(match: re.Match[str]) -> Iterator[Reading]:
    kind = _TYPES.get(match["kind"].upper())
    if kind:
        yield Reading("training.distributed", kind, LISTED)


def _fsdp(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("training.distributed", "fsdp", STATED)
    if match["version"]:
        yield Reading("training.fsdp_version", int(match["version"]), STATED)


def _stage(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("training.distributed", "deepspeed", STATED)
    yield Reading("training.deepspeed_stage", int(match["stage"]), STATED)


def _stage_of(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("training.distributed", "deepspeed", STATED)
    yield Reading("training.deepspeed_stage", int(match["stage"] or match["name"]), STATED)


def _classes(match: re.Match[str]) -> Iterator[Reading]:
    names = re.findall(r"\b[A-Z]\w{3,60}", match["names"])
    if names:
        yield Reading("training.fsdp_layer_classes", tuple(names), STATED)


def _wraps(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("training.external_checkpointing", match["on"].lower() == "true", STATED)


LAUNCH: tuple[Reader, ...] = (
    Reader(
        r"^\[rank(?P<rank>\d{1,4})\]",
        _rank,
        {"[rank3]: x": {"highest_rank": 3, "ranks": ...}},
    ),
    Reader(
        r"(?:\bworld[_ ]size ?[:=] ?|--?nproc[_-]per[_-]node[= ]|[-_ ]num_processes ?[:=]? ?|"
        r"\bdp_size: )(?P<count>\d{1,4})\b",
        unless_advice(_processes),
        {
            "Please rerun your script specifying `--num_processes=1`": {"ranks": ...},
            "rank: 0, local_rank: 0, world_size: 8": {"ranks": 8},
            "- num_processes: 2": {"ranks": 2},
            "torchrun --nproc-per-node=4 x.py": {"ranks": 4},
            "accelerate launch --num_processes 2": {"ranks": 2},
        },
        limit=40,
    ),
    Reader(
        r"distributed_type[\"']? ?[:=] ?[\"']?(?:DistributedType\.)?(?P<kind>[A-Z_]{2,20})",
        _distributed_type,
        {
            "distributed_type: FSDP": {"training.distributed": "fsdp"},
            "- distributed_type: MULTI_GPU": {"training.distributed": "ddp"},
            "- distributed_type: NO": {"training.distributed": "no"},
        },
    ),
    Reader(
        r"(?:fsdp_(?:version[\"']?: ?(?P<version>[12])|sharding_strategy|auto_wrap_policy)|"
        r"strategy[ :=]{1,3}[\"']?fsdp2?\b|--fsdp [\"']?full_shard|FullyShardedDataParallel\()",
        _fsdp,
        {
            "fsdp_version: 2": {"training.fsdp_version": 2, "training.distributed": "fsdp"},
            "  fsdp_sharding_strategy: FULL_SHARD": {"training.distributed": "fsdp"},
        },
        limit=20,
    ),
    Reader(
        r"(?:strategy[ :=]{1,3}[\"']?fsdp2\b|\bFSDP2\b)",
        unless_advice(always(("training.distributed", "fsdp"), ("training.fsdp_version", 2))),
        {"distributed.strategy: fsdp2": {"training.fsdp_version": 2}},
        limit=20,
    ),
    Reader(
        r"(?:zero_stage[\"']?|zero_optimization[\"']?[^\n]{0,20}\n?\s{0,20}[\"']?stage[\"']?)"
        r" ?[:=] ?"
        r"(?P<stage>[0-3])\b|"
        r"deepspeed[^\n]{0,60}?\b(?:ds_)?(?:z|zero)[-_]?(?P<name>[0-3])",
        _stage_of,
        {
            "deepspeed: examples/deepspeed/ds_z3_config.json": {"training.deepspeed_stage": 3},
            "--deepspeed zero3": {"training.deepspeed_stage": 3},
            "  zero_stage: 2": {"training.deepspeed_stage": 2},
            '"zero_optimization": {\n    "stage": 3,': {"training.deepspeed_stage": 3},
        },
        lines=2,
        limit=20,
    ),
    Reader(
        r"ds_config[\"']?: ?[\"']?[^\n\"']{0,60}zero[-_]?(?P<stage>[0-3])",
        _stage,
        {'ds_config: "configs/ds_zero3.json"': {"training.deepspeed_stage": 3}},
    ),
    Reader(
        r"transformer_layer_cls_to_wrap[\"']? ?[:=] ?(?P<names>[^\n]{1,200})",
        _classes,
        {
            "fsdp_transformer_layer_cls_to_wrap: SiglipVisionEmbeddings,Gemma3DecoderLayer": {
                "training.fsdp_layer_classes": ("SiglipVisionEmbeddings", "Gemma3DecoderLayer")
            }
        },
    ),
    Reader(
        r"fsdp_activation_checkpointing[\"']? ?[:=] ?(?P<on>[Tt]rue|[Ff]alse)",
        _wraps,
        {"fsdp_activation_checkpointing: true": {"training.external_checkpointing": True}},
    ),
    Reader(
        r"device_map ?= ?[\"'](?:auto|balanced|sequential)",
        unless_advice(always(("spread", True), strength=STATED)),
        {"from_pretrained(x, device_map='auto')": {"spread": True}},
    ),
    Reader(
        r"\bdevice ?[:=] ?[\"']?mps\b|\bMPS backend\b|macOS-|Darwin-",
        always(("apple", True), strength=MENTIONED),
        {"INFO tuner: device=mps dtype=torch.bfloat16": {"apple": True}},
        limit=10,
    ),
)
