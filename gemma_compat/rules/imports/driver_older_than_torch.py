"""The NVIDIA driver is older than the CUDA release that torch was built for: no GPU is found.

## What breaks
`torch.cuda.is_available()` is `False`, with the warning `The NVIDIA driver on your system is too
old (found version 12020)`. A Trainer then trains on the CPU; code that asks for `cuda` ends with
that text as an error, or with `CUDA driver version is insufficient for CUDA runtime version`.

## Why
Programs built with a CUDA 12 or 13 need a driver that supports that major release: 525 or newer for
CUDA 12, 580 or newer for CUDA 13 (NVIDIA, CUDA Compatibility, Minor Version Compatibility). Within
a major release older drivers do, with limits. The release that the driver supports is asked of the
driver's library, so that a forward compatibility package counts; where that is not known, the
driver's own number decides. On Linux `pip install torch` installs a build for CUDA 12 up to
torch 2.10.0 and one for CUDA 13 from 2.11.0 on, as the wheels' metadata on PyPI require
(`nvidia-cuda-runtime-cu12==12.8.90`, then `cuda-toolkit==13.0.2`).

## Cure
Install a newer driver, or a torch built for an older CUDA. Nothing is patched.
"""

from __future__ import annotations

import re

from ...conditions.hardware import has_gpu
from ...engine.condition import all_of, condition, first_known
from ...engine.rule import Evidence, Problem, Rule, Scope, Severity
from ...errors import UnknownFact
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES
from ...tables.gpu_tables import MINIMUM_DRIVERS


@condition("torch is built for CUDA")
def is_built_for_cuda(facts: Facts) -> bool:
    return facts.torch.cuda is not None


@condition("the newest CUDA release that the driver supports is older than torch's")
def cuda_of_driver_is_older(facts: Facts) -> bool:
    return _is_below(facts.cuda_driver, "cuda_driver", _cuda(facts))


@condition("the driver's release is below what torch's CUDA release needs")
def driver_is_below_minimum(facts: Facts) -> bool:
    minimum = _major(MINIMUM_DRIVERS.get(_cuda(facts)), "driver")
    return _is_below(facts.driver, "driver", minimum)


driver_is_older = all_of(
    has_gpu,
    is_built_for_cuda,
    first_known(cuda_of_driver_is_older, driver_is_below_minimum),
    phrase="the NVIDIA driver is older than the CUDA release that torch was built for",
)


def _cuda(facts: Facts) -> int:
    """Return the major number of torch's CUDA release."""
    return _major(facts.torch.cuda, "torch.cuda")


def _is_below(release: str | None, topic: str, minimum: int) -> bool:
    """Return whether the major number is below; without a release, it is not."""
    return release is not None and _major(release, topic) < minimum


def _major(release: str | None, topic: str) -> int:
    """Return the first number of a release, 0 for none; ``UnknownFact`` where it begins
    otherwise.
    """
    found = re.match(r"\d{1,9}", release or "0")
    if found is None:
        raise UnknownFact(topic, f"{release!r} is not a release")
    return int(found[0])


RULE = Rule(
    code="GC904",
    since="0.1.0",
    severity=Severity.ERROR,
    evidence=Evidence.SOURCE,
    read_in=("METADATA of torch 2.10.0 and 2.11.0 on the package index",),
    effects=("slow",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {"torch": ">=2.0.0"}),),
    when=(driver_is_older,),
    symptoms=(
        r"The NVIDIA driver on your system is too old \(found version \d+\)",
        r"CUDA driver version is insufficient for CUDA runtime version",
    ),
)


def describe(facts: Facts) -> Problem:
    cuda = facts.torch.cuda or ""
    major = _cuda(facts)
    supported = f" (CUDA {facts.cuda_driver})" if facts.get("cuda_driver") else ""
    driver = f"driver {facts.driver}" if facts.get("driver") else "the NVIDIA driver"
    minimum = MINIMUM_DRIVERS.get(major)
    newer = f"install driver {minimum} or newer" if minimum else "install a newer driver"
    return Problem(
        message=f"torch {facts.version('torch')} is built for CUDA {cuda}, and {driver}{supported} "
        "is too old for that: torch finds no GPU, and training runs on the CPU or not at all",
        help=f"{newer}, or a torch built for CUDA {major - 1}: see "
        "https://pytorch.org/get-started/previous-versions",
    )
