"""The layer under the rules: what every trainer meets, answered from the facts of the log.

One file for each kind of trouble. An answer says whether it is certain, and that it is general: no
rule of Gemma's stands behind it unless it says so.
"""

from __future__ import annotations

from ..answer import Answer
from .base import Case, General

__all__ = ["Answer", "Case", "General", "generals"]


def generals() -> tuple[General, ...]:
    """All of them, the more particular before the less."""
    from .adapters import ADAPTERS
    from .data import DATA
    from .exports import EXPORTS
    from .memory import MEMORY
    from .names import NAMES
    from .processes import PROCESSES
    from .repositories import REPOSITORIES
    from .tensors import TENSORS
    from .training import TRAINING
    from .versions import VERSIONS

    return (
        *EXPORTS, *ADAPTERS, *DATA, *REPOSITORIES, *VERSIONS, *MEMORY, *TENSORS, *TRAINING,
        *PROCESSES, *NAMES,
    )  # fmt: skip
