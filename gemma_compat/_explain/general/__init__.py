"""Answer what every trainer can meet, from the facts of the log, where no rule applies.

There is one file for each kind of trouble. An answer says whether it is certain, and is marked as
general unless it follows from a fact of this Gemma.
"""

from __future__ import annotations

from ..answer import Answer
from .base import Case, General

__all__ = ["Answer", "Case", "General", "generals"]


def generals() -> tuple[General, ...]:
    """Return all kinds, the more particular before the less particular."""
    from .adapters import ADAPTERS
    from .data import DATA
    from .dtypes import DTYPES
    from .exports import EXPORTS
    from .memory import MEMORY
    from .names import NAMES
    from .processes import PROCESSES
    from .repositories import REPOSITORIES
    from .tensors import TENSORS
    from .training import TRAINING
    from .versions import VERSIONS

    return (
        *EXPORTS, *ADAPTERS, *DATA, *REPOSITORIES, *VERSIONS, *MEMORY, *TENSORS, *DTYPES, *TRAINING,
        *PROCESSES, *NAMES,
    )  # fmt: skip
