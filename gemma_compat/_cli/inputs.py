"""The files that options name: requirements, and arguments as JSON or as another tool's YAML."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..errors import UsageError
from .output import note

if TYPE_CHECKING:
    from ..detect.requirements import Requirements

_CLOSE, _CLOSER = 0.8, 0.88  # how alike a misspelt name is to the right one
_SHORTEST = 5  # letters of a name that another one may begin with: optimiser, optim
_ATTENTIONS = ("eager", "sdpa", "flash_attention_2", "flash_attention_3", "flex_attention")


def read_arguments(options: argparse.Namespace) -> None:
    """Put what ``--args FILE`` states where the options leave it open; note misspelt names.

    A YAML file of axolotl or LLaMA-Factory names model, adapter, quantization and attention too.

    Raises:
        UsageError: a file that cannot be read.
    """
    path = options.args
    if not isinstance(path, str):
        return
    if not path.lower().endswith((".yml", ".yaml")):
        _note_misspelt(path, _keys_of_json(path))
        return
    from ..detect.foreign_yaml import NAMES_READ, read_run

    run = read_run(path)
    options.args = run.arguments
    if run.kind == "transformers":
        _note_misspelt(path, run.arguments)
    else:
        note(f"{path}: read as a file of {run.kind}")
        known = NAMES_READ[run.kind] - set(run.stated)
        for key in run.stated:
            if key not in NAMES_READ[run.kind]:
                _note_near(path, key, known, _CLOSER)
    if options.model is None:
        options.model = run.model
    if options.adapter is None and run.adapter:
        options.adapter = run.adapter
    if getattr(options, "bits", None) is None:
        options.bits = run.bits
    if getattr(options, "attn_implementation", None) is None:
        options.attn_implementation = run.attention
    if getattr(options, "lora", None) is None and (run.adapter or run.full):
        options.lora = not run.full


def _keys_of_json(path: str) -> Iterable[str]:
    from ..detect._json import read_object

    return read_object(path)


def _note_misspelt(path: str, keys: Iterable[str]) -> None:
    """Note each argument's name that no release has and that resembles an existing one."""
    from ..tables.arguments_table import ARGUMENTS

    for key in keys:
        if key not in ARGUMENTS and not key.startswith("_"):
            _note_near(path, key, ARGUMENTS, _CLOSE)


def _note_near(path: str, key: str, known: Iterable[str], cutoff: float) -> None:
    import difflib

    names = sorted(known)
    near = difflib.get_close_matches(key, names, n=1, cutoff=cutoff)
    near += [name for name in names if len(name) >= _SHORTEST and key.startswith(name)]
    if near:
        note(f"{path}: no argument is called {key!r}; nearest: {near[0]}")


def note_attention(name: str | None) -> None:
    """Note an attention that transformers does not have, if its name resembles one that it has."""
    if name is None or name in _ATTENTIONS:
        return
    import difflib

    near = difflib.get_close_matches(name, _ATTENTIONS, n=1, cutoff=0.5)
    if near and "/" not in name and "|" not in name:
        note(f"transformers has no attention called {name!r}; nearest: {near[0]}")


def read_stack(path: str) -> Requirements:
    """Return what ``--requirements FILE`` states; note what it leaves open.

    Raises:
        UsageError: a file that cannot be read, or a version that is not valid.
    """
    from ..detect.packages import DISTRIBUTIONS
    from ..detect.requirements import read_requirements
    from ..versions import is_valid

    found = read_requirements(path)
    for name, stated in found.open.items():
        if name in DISTRIBUTIONS:
            note(f"{path}: {name} ({stated}) leaves its release open")
    others = [name for name in (*found.versions, *found.open) if name not in DISTRIBUTIONS]
    if others:
        shown = ", ".join(others[:8]) + (f" and {len(others) - 8} more" if len(others) > 8 else "")
        note(f"{path}: no rule asks about {shown}")
    for name, version in found.versions.items():
        if name in DISTRIBUTIONS and not is_valid(version):
            raise UsageError(f"{path}: {name}=={version} is not a version")
    return found
