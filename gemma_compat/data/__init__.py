"""The data files of this package, read from wherever it was imported: a folder or a zip."""

from __future__ import annotations

import os
import sys
from typing import Any


def read_bytes(name: str, package: str = __name__) -> bytes:
    """Return the content of a data file, as ``pkgutil.get_data`` does without its imports.

    Args:
        name: its path below the package, with slashes.
        package: an imported package.

    Raises:
        OSError: if this installation lacks the file.
    """
    spec: Any = sys.modules[package].__spec__
    content: bytes = spec.loader.get_data(
        os.path.join(os.path.dirname(spec.origin), *name.split("/"))
    )
    return content
