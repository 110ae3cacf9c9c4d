"""The report as workflow commands of GitHub Actions: each finding is an annotation of its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .._version import __version__
from ..engine.gate import Gate
from ..engine.rule import Diagnosis
from .entries import TOOL, Entry, entries, relative
from .sharing import clean
from .wording import not_a_gemma, printable, verdict


def render(diagnosis: Diagnosis, gate: Gate) -> str:
    """Return one command a finding, and the verdict as a plain line of the log."""
    return render_entries(entries(diagnosis, gate), _plain(diagnosis, gate))


def render_entries(found: Iterable[Entry], plain: Iterable[str]) -> str:
    """Return one command an entry, and each plain text as a line of the log."""
    lines = [_command(entry) for entry in found]
    lines += [f"{TOOL} {__version__}: {clean(text)}" for text in plain]
    return printable("\n".join(lines) + "\n")


def _plain(diagnosis: Diagnosis, gate: Gate) -> Iterator[str]:
    yield not_a_gemma(diagnosis) or f"{verdict(diagnosis)}."
    if gate.policy:
        yield f"policy {gate.policy}"
    for item in gate.ignored:
        until = f" until {item.expires}" if item.expires else ""
        yield f"ignored {item.answer.rule.code}{until}: {item.reason}"
    yield from gate.plugins
    yield from (f"not checked: {text}" for text in diagnosis.not_checked)


def _command(entry: Entry) -> str:
    fields = {}
    if entry.places:
        fields["file"] = relative(entry.places[0])
        if entry.places[0].line is not None:
            fields["line"] = str(entry.places[0].line)
    fields["title"] = entry.title
    inside = ",".join(f"{name}={_property(value)}" for name, value in fields.items())
    return f"::{entry.severity.value} {inside}::{_data(entry.text)}"


def _data(text: str) -> str:
    """Return a message escaped as the runner of GitHub Actions unescapes it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Return a property escaped as the runner of GitHub Actions unescapes it."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
