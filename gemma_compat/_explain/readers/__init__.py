"""Readers of facts: one file for each kind of thing that logs state, one reader for each form.

To add a form, add a :class:`Reader` to the table of its file, with an example of what people paste.
"""

from __future__ import annotations

from .base import LISTED, MENTIONED, STATED, Reader, Reading

__all__ = ["LISTED", "MENTIONED", "STATED", "Reader", "Reading", "readers"]


def readers() -> tuple[Reader, ...]:
    """Return all readers."""
    from .figures import FIGURES
    from .frames import FRAMES
    from .gpus import GPUS
    from .launch import LAUNCH
    from .models import MODELS
    from .other_models import OTHER_MODELS
    from .packages import PACKAGES
    from .settings import SETTINGS
    from .told_run import TOLD_RUN
    from .unsloth import UNSLOTH

    return (
        *PACKAGES, *UNSLOTH, *GPUS, *LAUNCH, *MODELS, *OTHER_MODELS, *SETTINGS, *FRAMES,
        *FIGURES, *TOLD_RUN,
    )  # fmt: skip
