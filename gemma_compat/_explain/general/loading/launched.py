"""Processes that do not find each other, or the card that is theirs."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_NO_LIBUV = Answer(
    "processes are to meet through a store with libuv, which this build of torch does not have",
    (
        "set USE_LIBUV=0   before the command (Linux: export USE_LIBUV=0)",
        "then --backend gloo, or one process without a launcher: torch on Windows has no NCCL",
    ),
    why="torch asks for libuv by default, and its builds for Windows are without it in many "
    "releases",
    known="the message; the variable was read in torch 2.13.0, distributed/rendezvous.py",
)
_no_nccl = always(
    "this torch cannot connect several processes by NCCL",
    "Linux or WSL2 with torch for CUDA: torch on Windows has no NCCL",
    "or one process: without a launcher and without ddp_backend",
)
_OWN_CARD = 'device_map={"": PartialState().process_index}   (from accelerate import PartialState)'
_DEVICES = re.compile(r"module parameters \{(?P<devices>[^}]{0,300})\}")


_CUT_ALREADY = Answer(
    "the model is cut into shards (DTensor) already, and DDP wants whole copies",
    (
        "no tp_plan and no tp_size in from_pretrained, where DDP is to train it",
        "or FSDP2 alone: no DDP around a model that fully_shard or tensor parallelism cut",
    ),
    known="torch says so; who cut it, it does not say",
    settles=False,
)


def _in_ddp(case: Case) -> Answer:
    """Answer by the devices that the message names."""
    if "DTensor" in case.match[0]:
        return _CUT_ALREADY
    said = " ".join(f"{case.hit.text} {case.hit.after[:300]}".split())
    found = _DEVICES.search(said)
    devices = found["devices"] if found else ""
    if devices and "cuda" not in devices:
        return Answer(
            "the model is on the meta device, and DDP was told to run it on a GPU"
            if "meta" in devices
            else "the model is on the CPU, and DDP was told to run it on a GPU",
            (
                "model.to(torch.device('cuda', int(os.environ['LOCAL_RANK'])))   before DDP(model, "
                "device_ids=[LOCAL_RANK])",
                f"or {_OWN_CARD}   in from_pretrained",
                "use_cpu=True   where it is to train on the CPU",
            ),
            known="the message names the devices of the parameters",
            settles=False,
        )
    if devices.count("device(") == 1:
        return Answer(
            "the model of this process lies on another GPU than the one that DDP was given",
            (
                _OWN_CARD,
                "torch.cuda.set_device(int(os.environ['LOCAL_RANK']))   before the model is made; "
                "no .cuda(0) and no device_map with a fixed number",
            ),
            known="the message names both",
            settles=False,
        )
    return Answer(
        "each process loaded the model over several devices, and DDP wants it on one",
        (_OWN_CARD, "or leave device_map out; or one process without a launcher"),
        why='device_map="auto" spreads the model over every GPU that the process sees',
    )


_LAUNCHED = re.compile(
    r"\btorchrun\b|accelerate launch|torch[./]distributed[./](?:run|launch|elastic)|\[rank\d+\]|"
    r"deepspeed --|\bsrun\b|mpirun"
)


def _no_group(case: Case) -> Answer | None:
    near = f"{case.near}\n{case.around}"
    if "process group" in case.match[0] and _LAUNCHED.search(near):
        return Answer(
            "a call of torch.distributed came before it was set up in this process, or after it "
            "was "
            "taken down",
            (
                "torch.distributed.init_process_group('nccl')   (or Accelerator(), or the "
                "TrainingArguments) before the line of the last frame",
                "if torch.distributed.is_initialized():   around it, where it runs without too",
            ),
            why="a launcher starts the processes; the group is made by the script, the Trainer or "
            "accelerate",
            known="the message; the log shows a launcher",
            settles=False,
        )
    name = re.search(r"RANK|WORLD_SIZE|MASTER_\w{4}|LOCAL_RANK", case.match[0])
    asks = re.search(r"environ|[/\\]os\.py|<frozen os>", case.frames)
    if case.match[0].startswith("KeyError") and case.frames and not asks:
        return None  # a table's column, a dict of the script
    of_another = name and re.search(r"\b(?:srun|mpirun)\b", near)
    return Answer(
        f"code for several processes asks for {name[0]}, which no launcher has set"
        if name
        else "code for several processes runs where no group of processes was made",
        (
            *(("srun (mpirun) torchrun ...   , one of it for each machine",) if of_another else ()),
            "torchrun --nproc_per_node GPUS SCRIPT   (or accelerate launch), for one GPU too",
            "or leave the distributed settings out: no deepspeed, no fsdp",
        ),
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "spread-model-in-ddp",
        r"device_ids and output_device arguments only work with single-device|"
        r"contains `DTensor` parameters, which is incompatible with DDP|"
        r"8-bit or 4-bit precision on multiple devices in any distributed mode",
        _in_ddp,
        {
            "ValueError: DistributedDataParallel device_ids and output_device arguments only work "
            "with single-device/multiple-device GPU modules or CPU modules, but got device_ids "
            "[0]": "PartialState",
            "ValueError: DistributedDataParallel device_ids and output_device arguments only work "
            "with single-device/multiple-device GPU modules or CPU modules, but got device_ids "
            "[0], "
            "output_device 0, and module parameters {device(type='cpu')}.": "is on the CPU",
            "ValueError: DistributedDataParallel device_ids and output_device arguments only work "
            "with single-device/multiple-device GPU modules or CPU modules, but got device_ids "
            "[1], "
            "output_device 1, and module parameters {device(type='cuda', index=0)}.": (
                "another GPU than"
            ),
            "RuntimeError: Model Gemma3ForCausalLM contains `DTensor` parameters, which is "
            "incompatible with DDP.": "tp_plan",
        },
    ),
    General(
        "no-process-group",
        r"Default process group has not been initialized|"
        r"environment variable (?:RANK|WORLD_SIZE|MASTER_ADDR|LOCAL_RANK) expected, but not set|"
        r"KeyError: '(?:RANK|WORLD_SIZE|MASTER_ADDR|MASTER_PORT|LOCAL_RANK)'",
        _no_group,
        {
            "ValueError: Default process group has not been initialized, please make sure to call "
            "init_process_group.": "torchrun",
            "KeyError: 'LOCAL_RANK'": "torchrun",
            "torchrun --nproc_per_node 4 train.py\n[rank0]: ValueError: Default process group has "
            "not been initialized, please make sure to call init_process_group.": (
                "before it was set up"
            ),
        },
    ),
    General(
        "no-nccl",
        r"Distributed package doesn't have NCCL|use_libuv was requested but PyTorch was buil",
        lambda case: _NO_LIBUV if "libuv" in case.match[0] else _no_nccl(case),
        {
            "RuntimeError: Distributed package doesn't have NCCL built in": "WSL2",
            "RuntimeError: use_libuv was requested but PyTorch was build without libuv support": (
                "USE_LIBUV=0"
            ),
        },
    ),
    General(
        "two-ranks-on-one-gpu",
        r"Duplicate GPU detected : rank",
        always(
            "two processes took the same GPU",
            "no device_map of a fixed number, no torch.cuda.set_device(0): use LOCAL_RANK",
            "and as many processes as nvidia-smi shows GPUs",
            known="NCCL names both ranks",
        ),
        {
            "torch.distributed.DistBackendError: NCCL error: Duplicate GPU detected : rank 0 and "
            "rank 1 both on CUDA device 1000": "LOCAL_RANK"
        },
    ),
    General(
        "consumer-cards-and-p2p",
        r"RTX 4000 series doesn't support faster communication",
        always(
            "cards of the RTX 40 series cannot talk to each other directly",
            "NCCL_P2P_DISABLE=1 NCCL_IB_DISABLE=1 before the command",
            why="accelerate launch sets both itself; python and torchrun do not",
        ),
        {
            "NotImplementedError: Using RTX 4000 series doesn't support faster communication "
            'broadband via P2P or IB. Please set `NCCL_P2P_DISABLE="1"`': "NCCL_P2P_DISABLE=1"
        },
    ),
)
