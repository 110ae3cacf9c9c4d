"""Errors whose own message says what to install: the last resort before "not known"."""

from __future__ import annotations

import re

from ... import versions
from ..answer import Answer
from .base import Case, General
from .installing.same_name import DISTRIBUTIONS, SAME_NAME

_IMPORTS = {"PyTorch": "torch", "Accelerate": "accelerate", "Transformers": "transformers"}
_NAME = r"[A-Za-z][\w.-]{1,40}"


# Packages that messages ask for a release of; "num_generations >= 2" asks for something else.
_KNOWN = frozenset({*SAME_NAME, *DISTRIBUTIONS, *DISTRIBUTIONS.values(), "flash-attn", "keras"})


def _is_a_package(case: Case, name: str) -> bool:
    plain = name.lower().replace("-", "_")
    known = {item.lower().replace("-", "_") for item in _KNOWN}
    return plain in known or case.facts.packages.get(name) is not None


def _here(case: Case, package: str) -> str:
    """Return the release that the log states; empty where it states none."""
    known = case.facts.packages.get(package)
    here = str(known.get("version", "")) if known is not None else ""
    return here if versions.is_valid(here) else ""


def _from_a_folder(command: str) -> Answer:
    return Answer(
        "an optional part of what was asked for is not installed",
        (f"{command}   in the folder of its checkout",),
        why="it is optional: whoever asks for it looks at the first use",
        known="the message has the command, which installs from a folder",
    )


def _from_a_repository(command: str, wanted: str) -> Answer:
    name = re.search(r"/(?P<name>[\w.-]{2,40}?)(?:\.git)?(?:@[\w./-]{1,60})?$", wanted)
    return Answer(
        f"what was asked for needs {name['name'] if name else 'a package'} from its "
        "repository, newer than its releases",
        (f"{command}   and restart the kernel, in a notebook",),
        why="the message was written before a release had it; a release of today may do",
        known="the message has the command",
    )


def _install(case: Case) -> Answer:
    given = next(filter(None, (case.match[name] for name in ("command", "double", "single"))))
    command = re.sub(r"\s+", " ", given).strip(" .`").removesuffix(" or")
    command = " ".join(  # for a shell < and > are files
        f"'{word}'" if re.search(r"[<>]", word) and not re.search(r"['\"]", word) else word
        for word in command.split(" ")
    )
    words = [word for word in command.rpartition("install ")[2].split() if word[0] != "-"]
    wanted = re.split(r"[\[<>=!~]", words[0].strip("\"'"))[0] if words else ""
    if wanted.startswith((".", "/")) or not wanted:
        return _from_a_folder(command)
    if "://" in wanted:
        return _from_a_repository(command, wanted)
    restart = f"{command}   and restart the kernel, in a notebook"
    if re.search(r"<|==", command) or re.search(r"(?i)downgrad|too new", case.hit.text):
        happened = f"what was asked for wants a certain release of {wanted}, which is not here"
        return Answer(happened, (restart,), known="the message has the command, and its bound")
    if "-r" in command.split() or not re.match(r"[A-Za-z]", wanted):
        wanted = ""
    here = _here(case, wanted)
    known = "the message has the command"
    if here:
        return Answer(
            f"{wanted} counts as missing or too old for what was asked for; the log has {here}",
            (
                "restart the kernel: what was installed after the import does not count",
                f"python -m {command.removeprefix('uv ')}   with the very python that runs the "
                "script",
            )
            if "pip" in command
            else (restart,),
            why="whoever asks for it looks at what was there when it was imported",
            known=known,
        )
    return Answer(
        f"{wanted or 'a package'} is not installed, or too old, for what was asked for",
        (restart,),
        why="it is optional: whoever asks for it looks at the first use",
        known=known,
    )


def _too_old(case: Case) -> Answer | None:
    name = case.match["name"] or case.match["other"]
    bound = (case.match["bound"] or case.match["least"]).rstrip(".")
    package = _IMPORTS.get(name, name.lower() if name[0].isupper() else name)
    if not versions.is_valid(bound) or not _is_a_package(case, package):
        return None
    rest = re.match(r"(?:, ?(?:<=?|!=|~=) ?\d[\w.]{0,14})+", case.hit.text[case.match.end() :])
    spec = f">={bound}" + (rest[0].replace(" ", "").rstrip(".") if rest else "")
    here = _here(case, package)
    fits = bool(here) and versions.is_specifier(spec) and versions.contains(spec, here)
    needs = f"{package} {bound} or newer" if not rest else f"{package}{spec}"
    upgrade = "" if rest else "-U "
    return Answer(
        f"what was asked for needs {needs}" + (f"; the log has {here}" if here else ""),
        (
            f"pip install --force-reinstall '{package}{spec}'   and restart the kernel"
            if fits
            else f"pip install {upgrade}'{package}{spec}'   and restart the kernel, in a notebook",
        ),
        why="the release that the log states would do: what ran is another one"
        if fits
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
            why="who asks for it checks what is installed, at its import or at the first use",
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
            "- transformers version: 4.57.1\nImportError: This module requires "
            "transformers>=4.46.0,<4.50.0 to run.": "pip install 'transformers>=4.46.0,<4.50.0'",
            "ValueError: GRPO requires num_generations >= 2 to compute the advantages.": "",
            "RuntimeError: fp8 training needs SM >= 89": "",
        },
    ),
    General(
        "message-says-what-to-install",
        r"(?:ImportError|RuntimeError|ValueError|ModuleNotFoundError|OSError|Exception|"
        r"AssertionError)[^\n]{0,400}?"
        r"(?:`(?P<command>(?:uv )?(?:pip3?|conda) install [^`\n]{2,120})`|"
        r"\"(?P<double>(?:uv )?(?:pip3?|conda) install [^\"`\n]{2,120})\"|"
        r"'(?P<single>(?:uv )?(?:pip3?|conda) install [^'`\n]{2,120})')",
        _install,
        {
            "ImportError: Using `low_cpu_mem_usage=True` or a `device_map` requires Accelerate: "
            "`pip install 'accelerate>=0.26.0'`": "accelerate>=0.26.0",
            "- accelerate: 1.2.0\nImportError: Using `low_cpu_mem_usage=True` or a `device_map` "
            "requires Accelerate: `pip install 'accelerate>=0.26.0'`": "counts as missing",
            "ImportError: This model needs the main branch. Please run `pip install "
            "git+https://github.com/huggingface/transformers`": "from its repository",
            "ImportError: see `pip install accelerate>=0.26.0`": "install 'accelerate>=0.26.0'",
            "ImportError: Numba needs NumPy 2.0 or less. Got NumPy 2.2. Run `pip install "
            "'numpy<2.1'`": "a certain release of numpy",
            "ImportError: requirements are missing. Run `pip install -r requirements.txt`": (
                "a package is not installed"
            ),
            "ImportError: context_parallel_size > 1 but ring_flash_attn is not installed. Please "
            "install it with `pip install axolotl[ring-flash-attn] or `pip install "
            "ring-flash-attn>=0.1.4`.": "pip install axolotl[ring-flash-attn] and",
            'ImportError: Please install trl>=0.14 via `pip install "trl>=0.14"`': (
                'pip install "trl>=0.14" and'
            ),
            "ImportError: MambaLMHeadModel requires mamba_ssm. Please install it with `pip install "
            "-e .[mamba-ssm]`": "in the folder of its checkout",
            "RuntimeError: WandbCallback requires wandb. Run `pip install wandb`.": (
                "pip install wandb"
            ),
            "ImportError: You need to install `bitsandbytes` in order to use bitsandbytes "
            "optimizers: `pip install -U bitsandbytes`": "bitsandbytes is not installed",
        },
    ),
)
