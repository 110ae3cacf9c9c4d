"""Read Unsloth's banners of 2024 to 2026, and whether Unsloth runs at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .base import LISTED, MENTIONED, STATED, Reader, Reading, always, unless_advice
from .models import type_named
from .other_models import family_named
from .packages import VERSION, package
from .saying import is_another, is_beside, is_taken_back


def _banner(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("unsloth.used", True, LISTED)
    yield from package("unsloth", match["version"], LISTED)
    if match["transformers"] and match["transformers"].count(".") > 1:  # else it is cut off
        yield from package("transformers", match["transformers"], LISTED)
    yield from _patched(match["model"] or "")


def _banner_of_2024(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("unsloth.used", True, LISTED)
    yield from package("unsloth", match["version"], LISTED)
    yield from _patched(match["model"])


def _patched(name: str) -> Iterator[Reading]:
    found = list(type_named(name, STATED))
    yield from found or family_named(name, LISTED)


def _generated_file(match: re.Match[str]) -> Iterator[Reading]:
    """Read the head of a file that Unsloth writes into ``unsloth_compiled_cache``."""
    yield Reading("unsloth.used", True, LISTED)
    for name in ("unsloth-zoo", "unsloth", "transformers", "trl"):
        yield from package(name, match[name.replace("-", "_")], LISTED)


def _old_torch(match: re.Match[str]) -> Iterator[Reading]:
    yield from package("torch", match["torch"], LISTED)


def _told(match: re.Match[str]) -> Iterator[Reading]:
    """Read "Gemma 4 with Unsloth on a T4"; not what works there, or is only asked or denied."""
    if is_another(match) or is_beside(match) or is_taken_back(match) or "?" in match.string:
        return
    yield Reading("unsloth.used", True, MENTIONED)


UNSLOTH: tuple[Reader, ...] = (
    Reader(
        r"Unsloth:? (?P<version>20\d\d\.\d+\.\d+)(?:.*?Fast (?P<model>\w+)[^.\n]* patching)?"
        rf"(?:.*?Transformers:? ?=? ?(?P<transformers>{VERSION}))?",
        _banner,
        {
            "==((====))==  Unsloth 2025.3.19: Fast Gemma3 patching. Transformers: 4.50.3.": {
                "packages.unsloth": "2025.3.19",
                "packages.transformers": "4.50.3",
                "unsloth.used": True,
            },
            "==((====))==  Unsloth 2024.10.7: Fast Gemma2 patching. Transformers = 4.44.2.": {
                "packages.unsloth": "2024.10.7",
                "packages.transformers": "4.44.2",
            },
            "==((====))==  Unsloth 2025.3.19: Fast Qwen2 patching. Transformers: 4.50.3.": {
                "other_model": "qwen2"
            },
        },
    ),
    Reader(
        r"Unsloth: Fast (?P<model>\w+) patching release (?P<version>20\d\d\.\d+(?:\.\d+)?)",
        _banner_of_2024,
        {
            "==((====))==  Unsloth: Fast Gemma2 patching release 2024.7": {
                "packages.unsloth": "2024.7",
                "unsloth.used": True,
            }
        },
    ),
    Reader(
        rf"(?P<unsloth_zoo>{VERSION})\r?\n(?P<unsloth>{VERSION})\r?\n(?P<transformers>{VERSION})\r?\n"
        rf"(?P<trl>{VERSION})\r?\n__UNSLOTH_VERSIONING__",
        _generated_file,
        {
            '"""\n2025.8.1\n2025.8.2\n4.54.1\n0.20.0\n__UNSLOTH_VERSIONING__\n"""': {
                "packages.unsloth-zoo": "2025.8.1",
                "packages.unsloth": "2025.8.2",
                "packages.transformers": "4.54.1",
                "packages.trl": "0.20.0",
                "unsloth.used": True,
            }
        },
        words=("versioning|__unsloth_versioning__",),
        lines=5,
    ),
    Reader(
        rf"Pytorch: (?P<torch>{VERSION})\. CUDA",
        _old_torch,
        {"O^O/ Pytorch: 2.3.0+cu121. CUDA = 8.0.": {"packages.torch": "2.3.0+cu121"}},
    ),
    Reader(
        r"^(?:\W{0,40})Unsloth: |[/\\](?:unsloth|unsloth_zoo|unsloth_compiled_cache)[/\\]|"
        r"\bunsloth_(?:zoo|compiled_cache)[/\\]\w|"
        r"from unsloth import|native_moe_grouped_mm|FastLanguageModel|FastModel\.|FastVisionModel|"
        r"\bUnsloth\w+Trainer\b|unsloth_compiled_module|Error: Unsloth: |^\W{0,4}import unsloth\b|"
        r"UnslothVisionDataCollator",
        always(("unsloth.used", True), strength=LISTED),
        {
            "Unsloth: Will smartly offload gradients to save VRAM!": {"unsloth.used": True},
            "/content/unsloth_compiled_cache/UnslothSFTTrainer.py": {"unsloth.used": True},
            "from unsloth import FastModel": {"unsloth.used": True},
            "in unsloth_zoo/temporary_patches/gemma3n.py": {"unsloth.used": True},
            "<class 'unsloth_compiled_module_gemma3.EmptyLogits'>": {"unsloth.used": True},
            "RuntimeError: Unsloth: Please specify a token for uploading!": {"unsloth.used": True},
            "raised in `moe_utils.native_moe_grouped_mm`.": {"unsloth.used": True},
            "unsloth==2025.3.19": {"unsloth.used": ...},
        },
        limit=20,
    ),
    Reader(
        r"(?:\b(?:[Ww]ith|[Uu]sing|[Vv]ia|[Uu]nder) |\+ ?|用 ?)[Uu]nsloth(?:'s)?\b"
        r"(?![/\-_.]\w| [Ss]tudio)",
        unless_advice(_told),
        {
            "Gemma 4 + Unsloth on Kaggle GPU T4 x2:": {"unsloth.used": True},
            "QLoRA of gemma-3-4b with Unsloth, loss is 0": {"unsloth.used": True},
            "it works with Unsloth": {"unsloth.used": ...},
            "I do not train with unsloth": {"unsloth.used": ...},
            "should I train with unsloth?": {"unsloth.used": ...},
            "with unsloth/gemma-3-4b-it": {"unsloth.used": ...},
        },
        words=("*unsloth*",),
        limit=20,
    ),
)
