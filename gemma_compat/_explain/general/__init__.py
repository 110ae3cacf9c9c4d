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
    from .arguments import ARGUMENTS
    from .data import DATA
    from .dtypes import DTYPES
    from .exports import EXPORTS
    from .gguf import GGUF
    from .images import IMAGES
    from .kernels import KERNELS
    from .launching import LAUNCHING
    from .loading import LOADING
    from .machine import MACHINE
    from .memory import MEMORY
    from .names import NAMES
    from .processes import PROCESSES
    from .repositories import REPOSITORIES
    from .rows import ROWS
    from .running import RUNNING
    from .serving import SERVING
    from .tensors import TENSORS
    from .training import TRAINING
    from .unsloth import UNSLOTH
    from .versions import VERSIONS

    return (
        *EXPORTS, *GGUF, *ADAPTERS, *DATA, *ROWS, *IMAGES, *REPOSITORIES, *VERSIONS, *UNSLOTH,
        *SERVING, *LAUNCHING, *MEMORY, *MACHINE, *TENSORS, *KERNELS, *DTYPES, *LOADING, *TRAINING,
        *RUNNING, *PROCESSES, *ARGUMENTS, *NAMES,
    )  # fmt: skip
