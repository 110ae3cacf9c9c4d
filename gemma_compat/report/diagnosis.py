"""A diagnosis as ``print`` shows it: the terminal's report, with what ``patch`` would do."""

from __future__ import annotations

from ..engine.plan import make_plan
from ..engine.rule import Diagnosis
from .text import render_diagnosis
from .wording import not_a_gemma, printable, verdict


def render_text(diagnosis: Diagnosis) -> str:
    """Return the report of ``python -m gemma_compat report``."""
    return render_diagnosis(diagnosis, make_plan(diagnosis)).rstrip("\n")


def render_line(diagnosis: Diagnosis) -> str:
    """Return the verdict in one line."""
    return printable(not_a_gemma(diagnosis) or verdict(diagnosis))
