"""Wheels that pip and uv do not find: another Python, another system, an ARM processor."""

from __future__ import annotations

import re

from ....tables import torch_wheels
from ...answer import Answer
from ..base import Case, General
from .platforms import no_triton

_ON_ARM = (
    r"aarch64|DGX Spark|\bGB10\b|Jetson|arm linux|linux_arm64|\bGrace[ -](?:Hopper|Blackwell|CPU)|"
    r"\bGH200\b"
)


def is_on_arm(text: str) -> bool:
    """Return whether a text is of an ARM machine, beside uv's list of what there is."""
    own = re.sub(r"(?:on|for) the following\s+platforms?:[^\n]*(?:\n[^\n]*`[^\n]*)*", "", text)
    return re.search(_ON_ARM, own) is not None


def no_wheel_for_arm(name: str) -> Answer:
    """Answer for a package that has no wheel for an ARM processor (DGX Spark, Jetson, Grace)."""
    return Answer(
        f"there is no wheel of {name} for this machine's ARM processor",
        (
            f"pip index versions {name.partition('=')[0]}   and a release that has a wheel for "
            "aarch64, in place of the one that is pinned",
            "NVIDIA's container for the machine (nvcr.io/nvidia/pytorch), which brings torch, "
            "Triton and more, with pip install --no-deps unsloth unsloth_zoo in it",
            "or leave the package out, where it is an extra: pip install --no-deps",
        ),
        why="many packages publish wheels for x86_64 alone; on aarch64 pip and uv find none, or "
        "only newer releases",
        known="the message; that the machine is an ARM one, the text beside it says",
        settles=False,
    )


_NO_NETWORK = re.compile(
    r"NewConnectionError|Failed to establish a new connection|name resolution|ProxyError|"
    r"ConnectTimeoutError|Network is unreachable|SSLError|getaddrinfo failed"
)
_OTHER_PYTHON = re.compile(r"Requires-Python (?P<bound>[<>=!~]=?[\w.,<>=!~* ]{1,40})")


def _not_reached(package: str) -> Answer:
    return Answer(
        f"pip could not reach the index, and so finds no release of {package}",
        (
            "Kaggle: Settings > Internet on; a cluster: install on a node that has a network",
            f"without one: pip download there; pip install --no-index --find-links DIR {package}",
            "behind a proxy: pip install --proxy http://HOST:PORT ...",
        ),
        why="'from versions: none' is what pip says of an index that did not answer, too",
        known="pip's warnings above name the connection",
    )


def _at_torchs_index(package: str, name: str, label: str) -> Answer:
    return Answer(
        f"{name} is a build for one CUDA, and such builds lie at PyTorch's own index",
        (
            f"pip install '{name}' --index-url {torch_wheels.ADDRESS}{label}",
            f"or {package} without the +{label}, from the index that pip asks by itself",
        ),
        why="the index that pip asks by itself has no releases with a + in them",
        known="the name that was asked for has the label of the build",
        certain=False,
    )


def _other_python(case: Case, name: str) -> str:
    """Return which Python the releases ask for that pip left out, or the one that is asked for."""
    above = case.hit.before[-4000:] + case.hit.text
    asked = name.partition("==")[2]
    if asked:
        found = re.search(rf"[ ;:]{re.escape(asked)} {_OTHER_PYTHON.pattern}", above)
        return found["bound"].strip() if found else ""
    bounds = _OTHER_PYTHON.findall(above)
    return bounds[-1].strip() if bounds else ""


def _other_index(case: Case, package: str, of_torch: bool) -> Answer | None:
    """Answer where pip asked no index, or PyTorch's alone."""
    above = case.hit.before[-4000:]
    if re.search(r"(?m)^[^\n]*\bpip3? [^\n]*--no-index", above):
        return Answer(
            f"pip was told to ask no index (--no-index), and the given folder has no {package} for "
            "this Python",
            (
                f"ls FOLDER | grep -i {package.replace('-', '.')}   shows what is there, and for "
                "which Python",
                f"pip download {package} -d FOLDER   on a machine with a network, of the same "
                "Python and system",
            ),
            known="the command and the message",
        )
    asked = re.findall(r"(?m)^\s*Looking in indexes: (\S+pytorch\.org\S+)\s*$", above)
    if not asked:
        return None
    if of_torch:
        return Answer(
            f"PyTorch's index {asked[-1]} has no such release of {package} for this Python and "
            "system",
            (
                f"pip index versions {package} --index-url {asked[-1]}   lists what it has",
                f"or the index of another CUDA: each has only the releases of {package} that were "
                "built for it",
            ),
            known="pip names the one index that it asked",
        )
    return Answer(
        f"pip asked PyTorch's own index alone, and found no such release of {package} there",
        (
            f"pip install {package}   without --index-url, and torch from that index by itself",
            "or --extra-index-url in place of --index-url",
        ),
        why="--index-url replaces the index that pip asks by itself (PyPI)",
        known="pip names the one index that it asked",
    )


def _no_release(case: Case, name: str, package: str, none: bool) -> Answer:
    """Answer a package that has no release, or not the one that is asked for, for this Python."""
    bound = _other_python(case, name)
    steps = (
        "python --version   and an environment with a Python that it has wheels for (3.11 or 3.12, "
        "mostly)",
        f"pip index versions {package}   lists what there is",
    )
    return Answer(
        f"pip finds no release of {package} for this Python and this system"
        if none
        else f"the release of {package} that is asked for does not exist for this Python and "
        "system",
        (
            *([f"a Python that is {bound}: pip left out what asks for it"] if bound else ()),
            *(steps if none else steps[::-1]),
            "pip install -U pip   first, if pip is old",
        ),
        why="the package's wheels are for other Pythons, systems or processors"
        if none
        else "pip lists the releases that it sees; others want a newer Python, or are not "
        "published",
        known="the message; a misspelt name, or a mirror without the package, gives the same",
        settles=False,
    )  # fmt: skip


def _no_wheel(case: Case) -> Answer | None:
    name = (
        case.match["name"] or case.match["other"] or case.match["asked"] or case.match["need"]
    ).strip("'\"")
    listed = re.search(
        r"\(from versions: (?P<found>[^)\n]{0,2000})", case.hit.before + case.hit.text
    )
    none = listed is None or listed["found"].strip() in {"none", ""}
    package = re.split(r"[\[<>=!~;@ ]", name)[0]
    above = case.hit.before[-4000:]
    if re.search(rf"import name ['`]{re.escape(package)}['`]", case.near):
        return None  # a name in a package, which the line before shows
    label = re.search(r"\+(cu\d{2,3}|cpu|rocm[\d.]+)$", name)
    of_torch = package in {"torch", "torchvision", "torchaudio", "xformers"}
    if label is not None and of_torch and "download.pytorch.org" not in above:
        return _at_torchs_index(package, name, label[1])
    if none and _NO_NETWORK.search(above):
        return _not_reached(package)
    other = _other_index(case, package, of_torch) if label is None else None
    if other is not None:
        return other
    if package.lower() == "triton" and none:
        return no_triton(case)
    if is_on_arm(case.hit.before + case.hit.text + case.hit.after):
        return no_wheel_for_arm(name or "the package")
    return _no_release(case, name, package, none)


KINDS: tuple[General, ...] = (
    General(
        "pip-finds-no-release",
        r"Could not find a version that satisfies the requirement "
        r"(?P<need>[\w.'\"\[\]<>=!~+-]{2,80})|"
        r"No matching distribution found for (?P<name>[\w.'\"\[\]<>=!~+-]{2,80})|"
        r"(?:Because|And because) (?P<other>[\w.-]{2,60}) (?:has|was not found in|only the "
        r"following)[^\n]{0,120}no wheels|"
        r"pip3? install (?P<asked>[\w.\[\]<>=!~-]{2,80})[^\n]{0,40}Could not find a version",
        _no_wheel,
        {
            "ERROR: Could not find a version that satisfies the requirement triton (from versions: "
            "none)\nERROR: No matching distribution found for triton": "triton-windows",
            "ERROR: Could not find a version that satisfies the requirement vllm==0.8.2 (from "
            "versions: 0.5.0, 0.5.1)\nERROR: No matching distribution found for vllm==0.8.2": (
                "pip index versions vllm"
            ),
            "ERROR: Could not find a version that satisfies the requirement torch==2.5.1+cu121 "
            "(from versions: 2.6.0)\nERROR: No matching distribution found for "
            "torch==2.5.1+cu121": "whl/cu121",
            "WARNING: Retrying after connection broken by 'NewConnectionError('x')': /peft/\n"
            "ERROR: Could not find a version that satisfies the requirement peft (from versions: "
            "none)\nERROR: No matching distribution found for peft": "Internet on",
            "ERROR: Ignored the following versions that require a different python version: 4.57.0 "
            "Requires-Python >=3.9.0\nERROR: No matching distribution found for "
            "transformers==4.57.0": "a Python that is >=3.9.0",
            "ERROR: Ignored the following versions that require a different python version: 0.5 "
            "Requires-Python >=3.7,<3.11; 0.9 Requires-Python >=3.13\nERROR: No matching "
            "distribution found for foo==0.5": "a Python that is >=3.7,<3.11",
            "Looking in indexes: https://download.pytorch.org/whl/cu121\nERROR: No matching "
            "distribution found for torch==2.0.1+cu121": "pip index versions torch",
            "ERROR: Could not find a version that satisfies the requirement bitsandbytes==0.46.0 "
            "(from versions: 0.41.0, 0.42.0)": "pip index versions bitsandbytes",
            "Looking in indexes: https://download.pytorch.org/whl/cu121\nERROR: No matching "
            "distribution found for transformers": "without --index-url",
            "Looking in indexes: https://download.pytorch.org/whl/cu128\nERROR: No matching "
            "distribution found for torch==2.5.1": "--index-url https://download.pytorch.org",
            "Looking in indexes: https://pypi.org/simple, https://download.pytorch.org/whl/cu121\n"
            "ERROR: No matching distribution found for peft==9": "pip index versions peft",
            "pip install --no-index --find-links /kaggle/input/whl peft\nERROR: No matching "
            "distribution found for peft": "told to ask no index",
            "Gracefully stopping\nERROR: No matching distribution found for foo==9": (
                "pip index versions foo"
            ),
            "DGX Spark: issue with pip install onnxruntime-gpu==1.21  Could not find a version "
            "that satisfies the requirement.": "ARM",
        },
        alone=True,
    ),
)
