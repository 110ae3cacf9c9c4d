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

from ...engine.rule import Applicability, Evidence, Problem, Rule, Scope, Severity, condition
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES
from ...tables.gpu_tables import MINIMUM_DRIVERS


@condition("the NVIDIA driver is older than the CUDA release that torch was built for")
def driver_is_older(facts: Facts) -> bool:
    if not facts.gpus or facts.torch.cuda is None:
        return False
    needed = _major(facts.torch.cuda)
    if facts.known("cuda_driver"):
        return facts.cuda_driver is not None and _major(facts.cuda_driver) < needed
    minimum = MINIMUM_DRIVERS.get(needed)
    return facts.driver is not None and minimum is not None and _is_below(facts.driver, minimum)


def _major(release: str) -> int:
    return int(release.partition(".")[0])


def _is_below(driver: str, minimum: str) -> bool:
    return _major(driver) < _major(minimum)


def describe(facts: Facts) -> Problem:
    cuda = facts.torch.cuda or ""
    major = _major(cuda)
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


RULE = Rule(
    code="GC904",
    name="driver-older-than-torch",
    severity=Severity.ERROR,
    applicability=Applicability.DISPLAY_ONLY,
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {"torch": ">=2.0.0"}),),
    when=(driver_is_older,),
    describe=describe,
    evidence=Evidence.SOURCE,
    symptoms=(
        r"The NVIDIA driver on your system is too old \(found version \d+\)",
        r"CUDA driver version is insufficient for CUDA runtime version",
    ),
    since="0.1.0",
)
