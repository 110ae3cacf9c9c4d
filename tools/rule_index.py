"""Read the Markdown rules into ``gemma_compat/rules/pages.json``, one line each: ``make index``.

A rule that is a Markdown file is data: TOML between two lines of ``+++``, and the page below it.
The package reads this index, so that a report need not parse the files.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

RULES = Path(__file__).resolve().parent.parent / "gemma_compat" / "rules"
INDEX = RULES / "pages.json"


class BadPage(Exception):
    """A Markdown rule that cannot be read; the text says which and why."""


def read_page(file: Path) -> dict[str, Any]:
    """Return the fields of a Markdown rule, with its name, family and page.

    Raises:
        BadPage: if the file has no front matter, or that is not TOML.
    """
    opening, _, rest = file.read_text(encoding="utf-8").partition("+++\n")
    header, closing, page = rest.partition("\n+++\n")
    if opening or not closing:
        raise BadPage(f"{file}: begins with TOML between two lines of +++")
    toml: Any = import_module("tomllib")  # Python 3.11 and newer
    try:
        fields = toml.loads(header)
    except toml.TOMLDecodeError as error:
        raise BadPage(f"{file}: {error}") from error
    found = {"name": file.stem.replace("_", "-"), "family": file.parent.name}
    return {**fields, **found, "docs": page.strip().removeprefix("# ") + "\n"}


def index(folder: Path = RULES) -> str:
    """Return the text of the index: a JSON list, one rule a line, by code."""
    pages = [read_page(file) for file in folder.glob("*/*.md")]
    pages.sort(key=lambda page: int(page["code"][2:]))
    return "[\n" + ",\n".join(json.dumps(page) for page in pages) + "\n]\n"


def main() -> int:
    """Write the index; 1 where a page cannot be read."""
    try:
        INDEX.write_text(index(), encoding="utf-8")
    except BadPage as error:
        print(f"index: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
