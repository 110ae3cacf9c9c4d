"""Which releases have kernels for a model: read from the release atlas."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from ..atlas.supporting import PackageSupport

_LIGER = "liger-kernel"


@lru_cache(maxsize=None)
def _liger(model_type: str) -> PackageSupport | None:
    from ..atlas import IndexUnusable  # most questions are not about liger
    from ..atlas.supporting import only, supports

    try:
        return only(supports(model_type), _LIGER).packages[0]
    except (UsageError, IndexUnusable):  # a type that the atlas does not know, or no atlas
        return None


def liger_since(model_type: str) -> str | None:
    """Return the first liger-kernel whose table has the model type.

    Empty where no release has it, ``None`` where that is not known.
    """
    found = _liger(model_type)
    if found is None:
        return None
    rows = [item for item in found.evidence if item.kind == "table" and item.key == model_type]
    return rows[0].releases[0].first if rows and rows[0].releases else ""


def liger_newest() -> str:
    """Return the newest liger-kernel that was read; empty without the atlas."""
    found = _liger("gemma3")
    return found.newest if found is not None else ""
