"""Pins are read as ``packaging`` reads them, and nearly always without it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from packaging.requirements import Requirement

from gemma_compat.advise.releases import _PLATFORM, _holds, _parsed, load_releases

LINES = sorted(
    {
        line
        for name in load_releases().names
        for release in load_releases().of(name)
        for line in (*release.requires, *release.beside)
    }
)


@pytest.mark.parametrize("line", LINES)
def test_a_pin_says_what_packaging_says(line: str) -> None:
    requirement = Requirement(line)
    name, specifier, marker = _parsed(line)
    assert (name, specifier) == (requirement.name, str(requirement.specifier))
    for minor in ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15", "3.16"):
        python = {"python_version": minor, "python_full_version": f"{minor}.1"}
        holds = requirement.marker is None or requirement.marker.evaluate({**_PLATFORM, **python})
        assert _holds(marker, f"{minor}.1") is holds, minor


@pytest.mark.parametrize(
    "question", [["--model", "gemma3", "--fresh"], ["--model", "gemma3n", "--fresh", "--json"]]
)
def test_an_answer_imports_no_parser(question: list[str]) -> None:
    code = (
        "import contextlib, io, sys\n"
        "from gemma_compat._cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        f"    main(['advise', *{[a for a in question if a != '--json']!r}])\n"
        "print(*sorted(m for m in sys.modules if m.startswith(('packaging.', 'inspect'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert set(done.stdout.split()) <= {"packaging.version", "packaging._structures"}
