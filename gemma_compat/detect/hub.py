"""A model's config in the local Hub cache. Files only: nothing is ever asked over the network."""

from __future__ import annotations

import os

from .. import _files


def find_config(name: str, commit: str | None = None) -> str | None:
    """Return the ``config.json`` of ``owner/name`` in the cache, or ``None``; of this commit if
    given.

    The layout is huggingface_hub's: ``models--owner--name/refs/main`` names the snapshot.
    """
    owner, _, base = name.partition("/")
    if not owner or not base or "/" in base or "\0" in name:
        return None
    folder = os.path.join(_cache(), f"models--{owner}--{base}")
    for snapshot in [commit] if commit else _snapshots(folder):
        config = os.path.join(folder, "snapshots", snapshot, "config.json")
        if os.path.isfile(config):
            return config
    return None


def _snapshots(folder: str) -> list[str]:
    """Return the snapshot of ``main``, else all snapshots (a pinned revision), newest first."""
    try:
        commit = _files.read_bytes(os.path.join(folder, "refs", "main"), _files.LINE)
        return [commit.decode("ascii").strip()]
    except (OSError, UnicodeDecodeError):
        pass
    try:
        with os.scandir(os.path.join(folder, "snapshots")) as entries:
            found = sorted(entries, key=lambda entry: entry.stat().st_mtime, reverse=True)
    except OSError:
        return []
    return [entry.name for entry in found]


def _cache() -> str:
    """Return the cache directory, found as huggingface_hub finds it."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(name):
            return os.path.expanduser(os.environ[name])
    home = os.environ.get("HF_HOME") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache"), "huggingface"
    )
    return os.path.join(os.path.expanduser(home), "hub")
