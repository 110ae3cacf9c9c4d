"""What checkpointing's arguments and method are called, by release of transformers.

From 5.23.0 ``gradient_checkpointing``, ``gradient_checkpointing_kwargs`` and
``gradient_checkpointing_enable`` are deprecated aliases of ``activation_checkpointing...`` in
``TrainingArguments`` and on a model (read in the wheels of 5.22.0 and 5.23.0). PEFT's own argument
keeps its name.
"""

from __future__ import annotations

import re
from typing import Any

from .. import versions
from ..facts import Facts

FIRST = "5.23.0"
_OLD = r"\bgradient_checkpointing(?=(?:_kwargs|_enable)?(?:=|\())"


def renamed(text: str, facts: Facts) -> str:
    """Return a line to type with the names of the installed transformers; old where unknown.

    >>> from gemma_compat.facts import Facts, Package
    >>> new = Facts(packages={"transformers": Package(name="transformers", version="5.24.0")})
    >>> renamed("gradient_checkpointing=True", new)
    'activation_checkpointing=True'
    """
    if not re.search(_OLD, text):
        return text
    package = facts.packages.get("transformers")
    version = str(package.get("version", "")) if package is not None else ""
    is_new = versions.is_valid(version) and versions.contains(f">={FIRST}", version)
    return re.sub(_OLD, "activation_checkpointing", text) if is_new else text


def renamed_for(text: str, model: Any) -> str:
    """Return the same by the methods of a live model."""
    is_new = hasattr(model, "activation_checkpointing_enable")
    return re.sub(_OLD, "activation_checkpointing", text) if is_new else text
