"""Stacks that other projects asked for: notebooks, requirement files, images of Colab.

``public_stacks.json`` has each with its source, as ``owner/name@commit path``. What the source
pins exactly is as it says; the names in ``newest_that_day`` are the newest release of that day
that the source's ranges and the other packages' pins allow, by the release data of ``advise``.
"""

from __future__ import annotations

import json
from pathlib import Path

from gemma_compat import versions

from ..conftest import A100, H100, L4, T4
from .sets import CARRIES, FORCED, UNSLOTH, Clean
from .stacks import Stack

_FILE = Path(__file__).with_name("public_stacks.json")
ENTRIES = json.loads(_FILE.read_text(encoding="utf-8"))
PUBLIC_STACKS = {
    entry["source"]: Stack(entry["source"], entry["torch"], entry["pins"], entry["python"])
    for entry in ENTRIES
}


def _is_at_least(source: str, release: str) -> bool:
    return versions.contains(f">={release}", PUBLIC_STACKS[source].packages()["transformers"])


def _of_unsloth(source: str) -> Clean:
    """The notebook's own model, in 4 bits as it loads it, on the card that it was written for."""
    for name, checkpoint, card, more in (
        ("Gemma3_(4B)", "gemma-3-4b-it", T4, FORCED),
        ("Gemma3_(270M)", "gemma-3-270m-it", L4, {"unsloth": UNSLOTH}),
        ("Gemma3N", "gemma-3n-E4B-it", L4, CARRIES),
        ("Gemma2", "gemma-2-9b-it", L4, {"unsloth": UNSLOTH}),
        ("Gemma4_(E4B)", "gemma-4-E4B-it", L4, CARRIES),
        ("Gemma4_(31B)", "gemma-4-31B-it", A100, {"unsloth": UNSLOTH}),
        ("Gemma4_(12B)", "gemma-4-31B-it", A100, {"unsloth": UNSLOTH}),
    ):
        if name in source:
            return Clean(source, checkpoint, "lora 4-bit", (card,), more)
    raise AssertionError(source)


def _sets_of(source: str) -> list[Clean]:
    owner = source.partition("/")[0]
    if owner == "unslothai":
        return [_of_unsloth(source)]
    if owner == "googlecolab":
        return [
            Clean(source, "gemma-3-270m-it", "full", (L4,)),
            Clean(source, "gemma-3-1b-it", "full float32", (T4,), why="no bfloat16 there"),
        ]
    found = [
        Clean(source, "gemma-3-4b-it", "lora 4-bit checkpointed", (A100,)),
        Clean(source, "gemma-2-2b-it", "lora 4-bit", (L4,)),
    ]
    if _is_at_least(source, "5.5.2"):
        found.append(Clean(source, "gemma-4-E2B-it", "lora 4-bit checkpointed", (H100,)))
    return found


PUBLIC = tuple(clean for source in PUBLIC_STACKS for clean in _sets_of(source))

# Not clean: what is said of these sources, in all of their sets together, and why it is true.
_SAVED = "run: 5.4.0 to 5.5.4 save Gemma 3 under names that other releases cannot read"
_PINS = "its metadata: that Unsloth allows trl up to 0.24.0, and the notebook installs the newest"
_SHARED = "reported for an L4 (unslothai/unsloth#4273), and gone with unsloth_zoo 2026.3.3"
NOT_CLEAN: dict[str, tuple[set[str], str]] = {}
for _commit, _codes, _why in (
    ("axolotl@323da791e", "GC606", _SAVED),
    ("axolotl@e77a185e8", "GC606", _SAVED),
    ("axolotl@573726c83", "GC606", _SAVED),
    ("axolotl@17fc747f9", "GC606", _SAVED),
    ("notebooks@34753cb6", "GC1127", _SHARED),
    ("notebooks@8930b3e7", "GC1127", _SHARED),
    ("Gemma4_(E4B)", "GC1104 GC906", _PINS),
    ("Gemma4_(31B)", "GC1104 GC906", _PINS),
    ("Gemma4_(12B)", "GC1104 GC906", _PINS),
):
    for _source in PUBLIC_STACKS:
        if _commit in _source:
            NOT_CLEAN[_source] = set(_codes.split()), _why
