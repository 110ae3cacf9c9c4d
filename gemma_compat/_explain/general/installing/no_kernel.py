"""Whose kernels a card lacks: torch's own, or those of an extension beside it."""

from __future__ import annotations

import re

from ....tables import torch_wheels
from ...answer import Answer
from ..base import Case


def of_card(case: Case) -> str:
    """Return the log's first card with its capability, for a sentence; empty if it names none."""
    gpus = case.facts.get("gpus", ())
    if not gpus or not gpus[0].known("compute_capability"):
        return ""
    major, minor = gpus[0].compute_capability
    return f"; the log names {gpus[0].get('name', 'a card')}, which has {major}.{minor}"


def capability_in(case: Case) -> int:
    """Return the capability of the log's first card, as in sm_86; 0 if it names none."""
    gpus = case.facts.get("gpus", ())
    if not gpus or not gpus[0].known("compute_capability"):
        return 0
    major, minor = gpus[0].compute_capability
    return int(10 * major + minor)


_EXTENSIONS = re.compile(
    r"[/\\](?P<name>flash_attn|xformers|bitsandbytes|vllm|sglang|causal_conv1d|mamba_ssm|fla|"
    r"transformer_engine|apex|deepspeed|auto_gptq|gptqmodel|awq|exllamav?2?|torchvision|"
    r"flashinfer)[/\\]"
)
_BUILT_FOR = ((120, (12, 8)), (100, (12, 8)), (90, (11, 8)), (89, (11, 8)))


def _torch_has_it(case: Case) -> bool:
    """Return whether torch's build, as the log states it, has code for the card that it names."""
    gpus, torch = case.facts.get("gpus", ()), case.facts.packages.get("torch")
    if not gpus or not gpus[0].known("compute_capability") or torch is None:
        return False
    label = re.search(r"\+cu(\d{2})(\d)\b", str(torch.get("version", "")))
    if label is None:
        return False
    major, minor = gpus[0].compute_capability
    capability, built = 10 * major + minor, (int(label[1]), int(label[2]))
    least = next((cuda for least, cuda in _BUILT_FOR if capability >= least), None)
    return capability >= 75 and (least is None or built >= least)


def _extension(case: Case) -> str:
    """Return the package with compiled code that the last frames are in; else nothing."""
    places = [line for line in case.frames.splitlines() if re.search(r"\.py\b", line)][-4:]
    found = [match["name"] for line in places for match in _EXTENSIONS.finditer(line)]
    return found[-1] if found else ""


def no_kernel_image(case: Case) -> Answer:
    """Answer a kernel that no build here has: torch's, or that of an extension."""
    capability = re.search(r"sm_(\d{2,3})", case.around)
    extension = _extension(case)
    if extension or _torch_has_it(case):
        return _of_an_extension(case, extension)
    number = int(capability[1]) if capability is not None else capability_in(case)
    new = number >= 100
    old = 0 < number < 75
    return Answer(
        "this build of torch (or of an extension) has no kernels for the GPU"
        + (f", an sm_{capability[1]}" if capability else ""),
        (
            torch_wheels.install(which=torch_wheels.label(number), options="-U"),
            "or build the extension (flash-attn, xformers, bitsandbytes) anew for this card",
        )
        if new
        else (
            f"{torch_wheels.install('torch torchvision', torch_wheels.OLD_CARDS)}   (its "
            "wheels have kernels for older cards)",
            "xformers, flash-attn and vLLM have none for such a card: leave them out",
        )
        if old
        else (
            'python -c "import torch; print(torch.cuda.get_device_capability(), '
            "torch.cuda.get_arch_list())\"   : is the card in torch's list?",
            "if not: the build of torch for this card, from pytorch.org/get-started",
            "if it is: an extension lacks it (xformers, flash-attn, bitsandbytes): build or update "
            "that one",
        ),
        why="torch's wheels for CUDA 13 leave out Pascal and Volta (P100, GTX 10, V100), those for "
        "CUDA 12.8 Pascal and, from 2.11 on, Volta; those for CUDA 12.6 have both, up to torch 2.14"
        if old
        else "wheels hold kernels for some compute capabilities only. Cards of 2025 (RTX 50, B200) "
        "need torch 2.7 or newer, built for CUDA 12.8 (Thor: 2.9, CUDA 13)",
        known="the message" + of_card(case),
    )


def _of_an_extension(case: Case, name: str) -> Answer:
    has = _torch_has_it(case)
    return Answer(
        (f"{name} was called, and has" if name else "an extension beside torch has")
        + " no kernels for the GPU"
        + ("; this torch has them" if has else ""),
        (
            f"pip install -U {name.replace('_', '-')}   or build it anew for this card"
            if name
            else "pip uninstall xformers flash-attn   : torch's own attention is used then",
            *(() if name else ("or update them, each in the release that goes with this torch",)),
            "CUDA_LAUNCH_BLOCKING=1 before the command: the last frame then names the one",
        ),
        why="xformers, flash-attn, bitsandbytes and vLLM carry their compiled kernels with them, "
        "each for some cards only",
        known=(
            "the last frames are that package's"
            if name
            else "torch's build in the log is one for this card"
        )
        + of_card(case),
        certain=False,
        settles=False,
    )
