"""The installed torch has no kernels for a GPU that it sees: nothing runs there.

## What breaks
The first operation on the GPU ends with `CUDA error: no kernel image is available for execution
on the device`. Before it, torch warns that the GPU `with CUDA capability sm_120 is not compatible
with the current PyTorch installation`. A build without CUDA does not see the GPU at all: it ends
with `Torch not compiled with CUDA enabled`, or silently trains on the CPU.

## Why
A wheel holds machine code for a list of compute capabilities (`torch.cuda.get_arch_list()`). Code
for sm_86 runs on 8.6 to 8.9, never on another major number; only an entry `compute_90` is compiled
on the spot for newer GPUs. Wheels for CUDA before 12.8 know no Blackwell GPU, and wheels for CUDA
13 know none before Turing (7.5).

The list is read from torch's library, or with `--probe` asked of torch. Where neither shows it,
the CUDA release alone decides what it can: which architectures its compiler knows (PTX ISA, release
notes; CUDA 13.0 release notes).

## Cure
Install a torch built for the GPU: CUDA 12.8 or newer for Blackwell, CUDA 12.6 for Pascal and Volta.
Extensions (flash-attn, bitsandbytes) have separate lists. Nothing is patched.
"""

from __future__ import annotations

import re

from ...engine.condition import any_gpu, any_of, first_known
from ...engine.rule import Evidence, Problem, Rule, Scope, Severity
from ...errors import UnknownFact
from ...facts import Facts, Gpu
from ...tables.families import KNOWN_MODEL_TYPES
from ...tables.gpu_tables import ARCHITECTURES

_INDEX = "https://download.pytorch.org/whl"


@any_gpu("torch's list of kernels has none for a visible GPU")
def list_leaves_gpu_out(facts: Facts, gpu: Gpu) -> bool:
    return not _runs_on(facts.torch.arch_list, gpu.compute_capability)


@any_gpu("torch's CUDA release does not know a visible GPU")
def release_leaves_gpu_out(facts: Facts, gpu: Gpu) -> bool:
    return _is_unknown_to(facts.torch.cuda, gpu.compute_capability)


# By the list of kernels; where that is unknown, an old or new enough CUDA release decides too.
lacks_kernels = first_known(
    list_leaves_gpu_out,
    any_of(list_leaves_gpu_out, release_leaves_gpu_out),
    phrase="torch has no kernels for a visible GPU",
)


def _runs_on(arch_list: tuple[str, ...], capability: tuple[int, int]) -> bool:
    """Return whether a kernel runs here: ``sm_`` from its minor on, ``compute_`` on all newer."""
    major, minor = capability
    for name in arch_list:
        match = re.fullmatch(r"(sm|compute)_(\d+)(\d)([af]?)", name)
        if match is None:
            continue
        made_for = int(match[2]), int(match[3])
        if match[4] == "a":
            fits = made_for == (major, minor)
        elif match[1] == "compute" and not match[4]:
            fits = made_for <= (major, minor)
        else:
            fits = made_for[0] == major and made_for[1] <= minor
        if fits:
            return True
    return False


def _is_unknown_to(cuda: str | None, capability: tuple[int, int]) -> bool:
    if cuda is None:
        return True
    for item in ARCHITECTURES:
        if item.compute_capability == capability:
            too_old = item.first_cuda is not None and _number(cuda) < _number(item.first_cuda)
            too_new = item.last_cuda is not None and _number(cuda) > _number(item.last_cuda)
            return too_old or too_new
    return False


def _number(release: str) -> tuple[int, int]:
    """Return ``12.8`` as numbers; a patch release is cut off."""
    found = re.match(r"(\d{1,9})(?:\.(\d{1,9}))?", release)
    if found is None:
        raise UnknownFact("torch.cuda", f"{release!r} is not a release")
    return int(found[1]), int(found[2] or 0)


RULE = Rule(
    code="GC903",
    since="0.1.0",
    severity=Severity.ERROR,
    evidence=Evidence.SOURCE,
    read_in=("torch 2.1.0 to 2.15.0: torch/cuda/__init__.py, _check_cubins",),
    effects=("crash-in-training",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {"torch": ">=2.0.0"}),),
    when=(lacks_kernels,),
    symptoms=(
        r"no kernel image is available for execution on the device",
        r"with CUDA capability sm_\d+ is not compatible with the current PyTorch installation",
        r"Torch not compiled with CUDA enabled",
    ),
    reports=("Dao-AILab/flash-attention#1638", "hiyouga/LLaMA-Factory#6958"),
)


def _is_left_out(facts: Facts, gpu: Gpu) -> bool:
    return lacks_kernels.is_known_to_hold(facts.replace(gpus=(gpu,)))


def describe(facts: Facts) -> Problem:
    gpu = next(gpu for gpu in facts.gpus if _is_left_out(facts, gpu))
    capability = "{}.{}".format(*gpu.compute_capability)
    cuda = facts.torch.get("cuda")
    built = f"is built for CUDA {cuda}" if cuda else "is built without CUDA"
    wheel = "cu126" if gpu.compute_capability < (7, 5) else "cu128"
    return Problem(
        message=f"torch {facts.version('torch')} {built} and has no kernels for "
        f"{gpu.get('name', 'a visible GPU')} (compute capability {capability}): nothing runs on it",
        help=f"pip install --force-reinstall torch --index-url {_INDEX}/{wheel}, or another build "
        f"whose torch.cuda.get_arch_list() covers {capability}",
    )
