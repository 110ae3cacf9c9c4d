"""README for a package index: its relative links, made whole with the repository's address.

Hatchling calls this when it builds (``[tool.hatch.metadata.hooks.custom]``). The address is
``Repository`` in ``[project.urls]`` and stands nowhere else; without one, links become plain text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?!https?://|#)(?P<path>[^)\s]+)\)")


class IndexReadme(MetadataHookInterface):
    """Fills in ``readme``, which ``pyproject.toml`` therefore lists as dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the README of the package's metadata."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        address = metadata.get("urls", {}).get("Repository", "")
        metadata["readme"] = {"content-type": "text/markdown", "text": whole(text, address)}


def whole(text: str, repository: str) -> str:
    """Return the text with absolute links, or with none to a file where there is no repository."""

    def link(found: re.Match[str]) -> str:
        if not repository:
            return "" if found["image"] else found["text"]
        kind = "raw" if found["image"] else "blob"
        address = f"{repository.rstrip('/')}/{kind}/main/{found['path']}"
        return f"{found['image']}[{found['text']}]({address})"

    return _LINK.sub(link, text)
