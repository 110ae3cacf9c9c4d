"""What a log says of the machine: versions of packages and Python, GPUs, whether Unsloth runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..detect.packages import DISTRIBUTIONS, normalise
from .models import type_named
from .readings import LISTED, MENTIONED, STATED, Reading, Row

_ALIASES = {
    "pytorch": "torch",
    "hf-hub": "huggingface-hub",
    "hugging-face-hub": "huggingface-hub",
    "unsloth-zoo": "unsloth-zoo",
    "flash-attention": "flash-attn",
}
_NAMES = "|".join(
    sorted({re.escape(n).replace(r"\-", "[-_]") for n in DISTRIBUTIONS}, key=len)[::-1]
)
_VERSION = (
    r"\d+(?:\.\d+){1,3}(?:\.?(?:dev|post|rc|a|b)\d+)*(?:\+(?:cu\d{2,3}|cpu|xpu|rocm[\d.]{1,6}))?"
)


def _package(name: str, version: str | None, strength: int) -> Iterator[Reading]:
    known = normalise(name.strip(" `"))
    known = _ALIASES.get(known, known)
    if known in DISTRIBUTIONS:
        yield Reading(f"packages.{known}", version, strength)


def _pinned(match: re.Match[str]) -> Iterator[Reading]:
    """``transformers==4.50.3``: listed by pip freeze or uv, or only asked for in a command."""
    line = match.string.strip(" \t+\"'")
    strength = LISTED if line.startswith(match["name"]) else MENTIONED
    if "requires" not in line:
        for name, version in re.findall(
            rf"\b({_NAMES})(?:\[[\w,-]{{0,40}}\])?==({_VERSION})", line
        ):
            yield from _package(name, version, strength)


def _had(match: re.Match[str]) -> Iterator[Reading]:
    """``... but you have transformers 4.50.3 which is incompatible``, as pip warns."""
    yield from _package(match["name"], match["version"], LISTED)


def _labelled(match: re.Match[str]) -> Iterator[Reading]:
    """``- `transformers` version: 4.57.6``, as ``transformers env`` and ``trl env`` print it."""
    name, value = match["name"].strip(" `"), match["value"]
    if normalise(name) == "python":
        yield Reading("python", value, LISTED)
    elif not value[0].isdigit():  # not installed, N/A
        yield from _package(name, None, LISTED)
    else:
        yield from _package(name, value, LISTED)


def _installed(match: re.Match[str]) -> Iterator[Reading]:
    """``Successfully installed trl-0.15.2 transformers-4.50.3``."""
    for name, version in re.findall(rf"({_NAMES})-({_VERSION})(?=\s|$)", match.string):
        yield from _package(name, version, LISTED)


def _unsloth(match: re.Match[str]) -> Iterator[Reading]:
    yield from _package("unsloth", match["version"], LISTED)
    if match["transformers"]:
        yield from _package("transformers", match["transformers"], LISTED)
    yield from type_named(match["model"] or "", STATED)


def _torch_line(match: re.Match[str]) -> Iterator[Reading]:
    """The line of Unsloth's banner that names torch and Triton."""
    yield from _package("torch", match["torch"], LISTED)
    if match["triton"]:
        yield from _package("triton", match["triton"], LISTED)


def _gpu(match: re.Match[str]) -> Iterator[Reading]:
    from ..errors import UsageError
    from ..tables import gpus

    words = match["name"].replace(",", " ").split()
    count = re.search(r"Num GPUs = (\d{1,2})\b", match.string) or re.search(
        r"\b(\d{1,2}) ?[xX*] ?$", match.string[: match.start()]
    )
    for end in range(len(words), 0, -1):  # the name may run on into the text after it
        try:
            gpus.cards(" ".join(words[:end]))
        except UsageError:
            continue
        yield Reading("gpus", " ".join(words[:end]), LISTED)
        if count:
            yield Reading("gpu_count", int(count[1]), LISTED)
        return


def _gpu_count(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("gpu_count", int(match["count"]), LISTED)


def _rank(match: re.Match[str]) -> Iterator[Reading]:
    """``[rank1]:`` before a line: there are two processes at least."""
    yield Reading("ranks", int(match["rank"]) + 1, STATED)


def _uses_unsloth(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("unsloth.used", True, LISTED)


def _capability(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("gpus", f"sm_{match['major']}{match['minor']}", MENTIONED)


def _python(match: re.Match[str]) -> Iterator[Reading]:
    version = match["python"]  # Windows paths have no dot in it: Python311
    yield Reading("python", version if "." in version else f"3.{version[1:]}", STATED)


_LABELS = rf"PyTorch|Hugging ?[Ff]ace[_ ][Hh]ub|HF Hub|Python|Flash[- ]Attention|(?i:{_NAMES})"
_AFTER_NAME = r"version(?: \([^)\n]{0,40}\))?: *"


STACK: tuple[Row, ...] = (
    (rf"\b(?P<name>{_NAMES})(?:\[[\w,-]*\])?==(?P<version>{_VERSION})", b"==", _pinned),
    (rf"but you have (?P<name>{_NAMES}) (?P<version>{_VERSION})", b"you have", _had),
    (
        rf"(?P<name>{_LABELS})`? {_AFTER_NAME}(?P<value>{_VERSION}|not installed|N/A)",
        b"version",
        _labelled,
    ),
    (r"Successfully installed .*", b"Successfully", _installed),
    (
        rf"Requirement already satisfied: (?P<name>{_NAMES})\b.*\((?P<version>{_VERSION})\)\s*$",
        b"satisfied",
        _had,
    ),
    (rf"^(?P<name>{_NAMES}) {{2,}}(?P<version>{_VERSION})\b", b"-----", _had),
    (rf"[/\\](?P<name>{_NAMES})-(?P<version>{_VERSION})\.(?:dist|egg)-info", b"-info", _had),
    (
        r"Unsloth:? (?P<version>20\d\d\.\d+\.\d+)(?:.*?Fast (?P<model>\w+)[^.\n]* patching)?"
        rf"(?:.*?Transformers:? ?=? ?(?P<transformers>{_VERSION}))?",
        b"Unsloth",
        _unsloth,
    ),
    (
        rf"Torch: (?P<torch>{_VERSION})\. CUDA(?:.*Triton: (?P<triton>{_VERSION}))?",
        b"Torch",
        _torch_line,
    ),
    (r"Num GPUs (?:used )?= (?P<count>\d{1,2})\b", b"Num GPUs", _gpu_count),
    (r"^\[rank(?P<rank>\d{1,4})\]", b"[rank", _rank),
    (
        r"Unsloth:? 20\d\d\.\d|^Unsloth: |[/\\](?:unsloth|unsloth_zoo|unsloth_compiled_cache)[/\\]",
        b"nsloth",
        _uses_unsloth,
    ),
    (r"(?P<name>(?:NVIDIA|Tesla|GeForce|Quadro) [A-Za-z0-9][\w -]{1,40})", b"", _gpu),
    (
        r"(?:CUDA|compute) capability ?(?:sm_|=|:)? ?(?P<major>\d{1,2})[._]?(?P<minor>\d)\b",
        b"capability",
        _capability,
    ),
    (
        r"[/\\][Pp]ython(?P<python>3\.?\d{1,2})[/\\](?:[Ll]ib[/\\])?(?:site|dist)-packages",
        b"-packages",
        _python,
    ),
    (r"\bPython (?P<python>3\.\d{1,2}\.\d{1,2})\b", b"Python 3", _python),
)
