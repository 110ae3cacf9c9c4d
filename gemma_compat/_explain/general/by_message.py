"""Errors whose own message says what to install: the last resort before "not known"."""

from __future__ import annotations

import re

from ... import versions
from ..answer import Answer
from .base import Case, General

_IMPORTS = {"PyTorch": "torch", "Accelerate": "accelerate", "Transformers": "transformers"}
# What pip does not install, though a message asks for a release of it.
_NO_PACKAGES = {"cuda", "cudnn", "rocm", "python", "driver", "gcc", "glibc", "macos", "xcode"}
_NAME = r"[A-Za-z][\w.-]{1,40}"


def _install(case: Case) -> Answer:
    command = re.sub(r"\s+", " ", case.match["command"]).strip(" .`")
    words = [word for word in command.rpartition("install ")[2].split() if word[0] != "-"]
    wanted = re.split(r"[\[<>=!~]", words[0].strip("\"'"))[0] if words else ""
    package = case.facts.packages.get(wanted)
    here = str(package.get("version", "")) if package is not None else ""
    return Answer(
        f"{wanted or 'a package'} is not installed, or too old, for what was asked for"
        + (f"; the log has {here}" if versions.is_valid(here) else ""),
        (f"{command}   and restart the kernel, in a notebook",),
        why="it is optional: whoever asks for it looks at the first use",
        known="the message has the command",
    )


def _too_old(case: Case) -> Answer | None:
    name = case.match["name"] or case.match["other"]
    bound = (case.match["bound"] or case.match["least"]).rstrip(".")
    if not versions.is_valid(bound) or name.lower() in _NO_PACKAGES:
        return None
    package = _IMPORTS.get(name, name.lower() if name[0].isupper() else name)
    known = case.facts.packages.get(package)
    here = str(known.get("version", "")) if known is not None else ""
    is_new = versions.is_valid(here) and versions.contains(f">={bound}", here)
    return Answer(
        f"what was asked for needs {package} {bound} or newer"
        + (f"; the log has {here}" if versions.is_valid(here) else ""),
        (
            f"pip install --force-reinstall '{package}>={bound}'   and restart the kernel"
            if is_new
            else f"pip install -U '{package}>={bound}'   and restart the kernel, in a notebook",
        ),
        why="the release that the log states would do: what ran is another one"
        if is_new
        else "whoever calls it checks the release first",
        known="the message has the bound",
    )


KINDS: tuple[General, ...] = (
    General(
        "required-distribution-missing",
        r"The '(?P<need>[A-Za-z][\w.-]{0,40}[^'\n]{0,40})' distribution was not found and is "
        r"required",
        lambda case: Answer(
            f"what was asked for needs {case.match['need']}, which is not installed",
            (f"pip install '{case.match['need']}'   and restart the kernel, in a notebook",),
            why="it is optional: whoever asks for it (a config, an option) looks at the first use",
            known="the message has the package and its bound",
        ),
        {
            "importlib.metadata.PackageNotFoundError: No package metadata was found for The "
            "'deepspeed>=0.9.3' distribution was not found and is required by this application.": (
                "pip install 'deepspeed>=0.9.3'"
            )
        },
    ),
    General(
        "message-says-which-release",
        rf"(?:requires|require|need|needs|available in|supported (?:for|in|with)|upgrade to|"
        rf"compatible with) (?:at least |a )?`?(?P<name>{_NAME}?)`?(?: version)?\s{{0,2}}"
        rf"(?:>=|>= |≥) ?(?P<bound>\d[\w.]{{0,14}})|"
        rf"(?:requires|require|need) `?(?P<other>{_NAME}?)`? (?:version )?(?:>= ?)?"
        rf"(?P<least>\d+\.\d[\w.]{{0,12}}) or (?:higher|newer|later)",
        _too_old,
        {
            "ImportError: Using tools with GRPOTrainer requires transformers version 5.0.0 or "
            "higher.": "transformers>=5.0.0",
            "ValueError: Assistant-only loss for vision datasets requires transformers>=5.18.0. "
            "Please upgrade transformers": "transformers>=5.18.0",
            "ImportError: Using the `Trainer` with `PyTorch` requires `accelerate>=0.20.1`: Please "
            "run `pip install transformers[torch]` or `pip install accelerate -U`": (
                "accelerate>=0.20.1"
            ),
            "ValueError: FSDP requires PyTorch >= 2.1.0": "torch>=2.1.0",
        },
    ),
    General(
        "message-says-what-to-install",
        r"(?:ImportError|RuntimeError|ValueError|ModuleNotFoundError|OSError|Exception|"
        r"AssertionError)[^\n]{0,400}?[`'\"](?P<command>(?:uv )?(?:pip3?|conda) install "
        r"[^`\n]{2,120}?)[`\"]",
        _install,
        {
            "ImportError: Using `low_cpu_mem_usage=True` or a `device_map` requires Accelerate: "
            "`pip install 'accelerate>=0.26.0'`": "accelerate>=0.26.0",
            "RuntimeError: WandbCallback requires wandb. Run `pip install wandb`.": (
                "pip install wandb"
            ),
            "ImportError: You need to install `bitsandbytes` in order to use bitsandbytes "
            "optimizers: `pip install -U bitsandbytes`": "bitsandbytes is not installed",
        },
    ),
)
