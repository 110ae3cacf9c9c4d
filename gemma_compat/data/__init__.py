"""The data files of this package, read from wherever it was imported: a folder or a zip."""

from __future__ import annotations


def read_bytes(name: str) -> bytes:
    """Return the content of the data file ``name``.

    Raises:
        FileNotFoundError: if this installation lacks the file.
    """
    from pkgutil import get_data  # works in a zip too, and loads less than importlib.resources

    content = get_data(__name__, name)
    if content is None:
        raise FileNotFoundError(name)
    return content
