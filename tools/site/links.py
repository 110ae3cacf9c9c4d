"""Links and anchors of a built site, and whatever a page would ask of another host."""

from __future__ import annotations

import re
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser loads without a click.
_LOADED = {
    ("script", "src"),
    ("img", "src"),
    ("source", "src"),
    ("iframe", "src"),
    ("link", "href"),
}
_NOT_LOADED = {"canonical", "next", "prev", "edit"}  # kinds of <link> that only say something
_CSS = re.compile(r"url\(\s*['\"]?((?:https?:)?//[^)'\"]+)|@import\s+['\"]((?:https?:)?//[^'\"]+)")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "link" and set(values.get("rel", "").split()) & _NOT_LOADED:
            return
        for name in ("href", "src"):
            if name in values:
                self.links.append(values[name])
                self.loaded += [values[name]] if (tag, name) in _LOADED else []


@lru_cache(maxsize=None)
def _read(file: Path) -> _Page:
    page = _Page()
    page.feed(file.read_text(encoding="utf-8"))
    return page


def problems(site: Path) -> list[str]:
    """Return one line for each link that leads nowhere and each request to another host."""
    found = [line for file in sorted(site.rglob("*.html")) for line in _of_page(site, file)]
    for file in sorted(site.rglob("*.css")):
        for match in _CSS.finditer(file.read_text(encoding="utf-8")):
            found.append(f"{file.relative_to(site)}: loads {match[1] or match[2]}")
    return found


def _of_page(site: Path, file: Path) -> list[str]:
    page, name = _read(file), file.relative_to(site)
    found = [f"{name}: loads {link}" for link in page.loaded if urlsplit(link).netloc]
    if name.name == "404.html":
        return found  # its links begin at the root of the host, wherever that is
    for link in dict.fromkeys(page.links):
        reason = _broken(site, file, link)
        found += [f"{name}: {link}: {reason}"] if reason else []
    return found


def _broken(site: Path, file: Path, link: str) -> str:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return ""
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    target = target / "index.html" if target.is_dir() else target
    if not target.is_file() or site.resolve() not in target.resolve().parents:
        return "no such page"
    if parts.fragment and target.suffix == ".html":
        known = unquote(parts.fragment) in _read(target.resolve()).anchors
        return "" if known or parts.fragment.startswith("__") else "no such anchor"
    return ""
