"""``memory``: whether a run fits a card, by how much, and what would make it fit."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from . import assumptions
from .output import CLEAN, FINDINGS, FORMATS, write

if TYPE_CHECKING:
    from ..facts import Facts, Gpu
    from ..memory import Setup

_SECONDS = 10.0  # to wait for NVML at most
_EXITS = """\
exit status: 0 it fits, or no card was named; 1 it does not, or may not; 2 wrong usage or input
"""


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "memory",
        help="whether a run fits a card, by how much, and what would make it fit",
        description="What a training step takes at its peak, by arithmetic on published sizes: "
        "no torch, no weights, no network.",
        epilog=_EXITS,
        allow_abbrev=False,
    )
    parser.set_defaults(command=_memory)
    option = parser.add_argument
    option("--model", metavar="MODEL", help="a directory, config.json or known name")
    option("--args", metavar="FILE", help="the training arguments as JSON or YAML")
    option("--adapter", metavar="DIR", help="the directory of a PEFT adapter")
    option("--format", choices=FORMATS, default="text")
    assumptions.add_options(parser)


def _memory(options: argparse.Namespace) -> int:
    from ..detect.model import judged_by_name
    from ..memory import MissingFigure, judge_setup, read_setup, read_shape
    from ..report import memory as renderer
    from .cards import chosen

    config, facts = _situation(options)
    try:
        shape = read_shape(config)
    except MissingFigure as error:
        raise UsageError(f"{options.model}: {error}; no estimate can be made") from error
    setup, assumed = read_setup(shape, config, facts)
    if judged := judged_by_name(options.model):
        assumed = (f"{options.model} is {judged}", *assumed)
    if options.gpu == "all":
        write(getattr(renderer, f"table_{options.format}")(options.model, shape, setup, assumed))
        return CLEAN
    _refuse(facts, setup)
    card = chosen(options, facts)
    found = judge_setup(shape, setup, card.memory, assumed)
    write(
        getattr(renderer, f"render_{options.format}")(found, options.model, card.name),
        options.format,
    )
    return CLEAN if found.fits or not card.name else FINDINGS


def _situation(options: argparse.Namespace) -> tuple[Mapping[str, Any], Facts]:
    """Return the model's config, and the facts of GPU, run and adapter.

    Of this machine, read only the GPUs.
    """
    from ..detect.adapter import read_adapter
    from ..detect.model import config_of, read_model
    from ..detect.training import read_training
    from ..facts import Facts
    from ..tables import gpus
    from .inputs import read_arguments

    read_arguments(options)
    if options.model is None:
        raise UsageError("which model? give --model, or a YAML file that names one")
    config = config_of(options.model)
    every = options.gpu == "all"
    model, _ = read_model(options.model)
    training, _ = read_training(options.args)
    facts = Facts(model=model, training=training, gpus=() if options.gpu else _gpus_here())
    if options.adapter is not None:
        facts = facts.replace(adapter=read_adapter(options.adapter)[0])
    if every:
        options = argparse.Namespace(**{**vars(options), "gpu": None})
    elif options.gpu and (unknown := gpus.named(options.gpu).unknown):
        raise UsageError(unknown[0])  # where other commands go on, with a note
    return config, assumptions.apply(options, facts)


def _gpus_here() -> tuple[Gpu, ...]:
    import sys

    from ..detect.gpu import GpuQuestion

    return GpuQuestion(sys.path).gpus(_SECONDS)


def _refuse(facts: Facts, setup: Setup) -> None:
    """Warn about FlashAttention 2 on a card that it does not support (GC304)."""
    if setup.attention != "flash_attention_2" or not facts.known("gpus"):
        return
    from ..tables import gpus

    for gpu in facts.gpus:
        capability = gpu.get("compute_capability")
        if capability is not None and not gpus.architecture(capability).flash_attention_2:
            name = gpu.get("name") or gpu.get("architecture")
            raise UsageError(
                f"FlashAttention 2 refuses {name} (GC304): leave --attn-implementation out"
            )
