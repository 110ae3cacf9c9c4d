"""Say what a log shows of an error that nothing here knows, or of a failure that is only told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..facts import Facts
from .chain import Earlier, first_of_all, is_same, led_to, ranks_with
from .error_lines import CAUGHT, ErrorLine, error_line_in
from .explanation import SAYS_ITSELF, Cause, Generally, Line
from .lines import line_of
from .places import distribution_of, own_line, places_of, raiser_of
from .questions import Subject, question_of
from .search_words import search_words
from .unknown import CAUSED, GENERATED, OF_MODEL, OWN, Chained, Place, Unknown

if TYPE_CHECKING:
    from .excerpt import Words
    from .raised import Raised
    from .read_log import LogReading

_LINES = 3
_VERSION = r"(?:\s{1,20}|==|@|-)v?(?P<version>\d{1,4}(?:\.\d{1,5}){1,3}(?:[.+]?\w{1,12})?)\b"
_STEP = re.compile(r"^[^\n]{0,200}?(?:'loss': |\bloss[=:] ?\d|train_loss\W{1,3}\d)", re.MULTILINE)
_AFTER_A_LAUNCHER = re.compile(r"ChildFailedError|Root Cause|exitcode|Traceback|SIGTERM")


def fields_of_open(
    reading: LogReading,
    causes: Sequence[Cause],
    general: Sequence[Generally],
    facts: Facts,
    words: Words,
) -> dict[str, Any]:
    """Return the fields of an explanation about what nothing explains.

    Args:
        causes, general: what was found; where there is neither, a sentence counts as well.
    """
    nothing_known = not (causes or general)
    found = _unexplained(reading, causes, [i for i in general if i.name != SAYS_ITSELF])
    if not found and nothing_known:
        found = _quoted(reading)
    if found:
        unknown = unknown_of(found[0], reading, facts, words)
        if any(item.name == SAYS_ITSELF for item in general):
            return {"unknown": unknown}
        return {
            "unknown": unknown,
            "unrecognised": tuple(line_of(item.hit, words) for item in found),
        }
    return _of_a_report(reading, words) if nothing_known and not reading.raised else {}


def _unexplained(
    reading: LogReading, causes: Iterable[Cause], general: Sequence[Generally]
) -> list[Raised]:
    """Return the exceptions that nothing explains, the last one first, if it is among them."""
    known = {hit.line for c in causes for hit in reading.symptoms.get(c.rule.code, ())}
    known |= {hit.line for _, hit, _ in reading.notices}
    known |= {item.line.number for item in general}
    if reading.outlived_at or any(cause.because and cause.raised for cause in causes):
        return []
    open_ones = [
        item
        for item in reading.raised
        if not known & set(range(item.line, item.line + 12))
        and (item is reading.last or not item.is_of_a_launcher)
    ]
    if not open_ones or open_ones[-1] is not reading.last:
        return []
    last = open_ones.pop()
    others = [item for item in reversed(open_ones) if not is_same(item, last)]
    return [last, *others[: _LINES - 1]]


def _quoted(reading: LogReading) -> list[Raised]:
    """Return the exception that a sentence tells of, unless the log is that of a run.

    A line that warns of an error, or is source, tells of one that was caught.
    """
    is_run = reading.log.figures.losses or reading.log.finished_at
    if reading.told is None or is_run or CAUGHT.search(reading.told.hit.text):
        return []
    return [reading.told]


def _of_a_report(reading: LogReading, words: Words) -> dict[str, Any]:
    """Return the error that a log without an exception states in other words.

    Nothing is read in the log of a run that ended well.
    """
    if reading.log.finished_at or reading.cut_at or reading.log.figures.losses:
        return {}
    found = error_line_in(reading.opening, reading.lines)
    if found is None or found.line in {hit.line for _, hit, _ in reading.notices}:
        return {}
    raw = "".join(char for char in found.raw[:1000] if char.isprintable())
    line = Line(found.line, words.excerpt(found.raw), raw)
    return {"unknown": _without_class(found, words), "unrecognised": (line,)}


def unknown_of(raised: Raised, reading: LogReading, facts: Facts, words: Words) -> Unknown:
    """Return what the log shows of this exception."""
    is_told = raised is reading.told
    chain = led_to(raised, reading.raised)
    again = _raised_again(raised, chain)
    places = () if is_told else places_of(again or raised)
    place, own = raiser_of(places), own_line(places)
    text = _sentence(raised) if is_told else _AFTER.split(raised.message)[0]
    message, _, of_c = text.partition("Exception raised from ")
    do, why = question_of(Subject(raised.kind, message.strip(), place, facts))
    shown = words.excerpt(raised.kind)
    first = first_of_all(raised, reading.raised)
    search = _search(raised.kind, message, place)
    return Unknown(
        raised.line,
        raised.kind,
        message.strip().removesuffix("```").rstrip(),
        shown="" if "…" in shown else shown,
        raised_by=place,
        own=own if own is not place else None,
        do=do,
        why=why,
        search=search,
        shown_do=words.excerpt(do),
        shown_why=words.excerpt(why),
        shown_search=words.excerpt(search),
        chain=() if again else tuple(_chained(item, words) for item in chain),
        first=_chained(first, words) if first else None,
        ranks=ranks_with(raised, reading.raised),
        is_told=is_told,
        went_on_at=went_on_at(raised, reading),
        compiled_at=_compiled_at(of_c),
        **_package(place, raised, facts),
    )


def _raised_again(raised: Raised, chain: Sequence[Earlier]) -> Raised | None:
    """Return the same error of a worker, which a process pool raises once more in the parent.

    The frames of the worker tell more.
    """
    first = chain[-1] if chain else None
    if first is None or first.link != CAUSED or not is_same(first.raised, raised):
        return None
    return first.raised


def _package(place: Place | None, raised: Raised, facts: Facts) -> dict[str, Any]:
    if place is None or not place.module:
        return {}
    return {
        "package": distribution_of(place.module),
        "version": _version(place.module, raised, facts),
        "is_indexed": place.is_indexed,
    }


def _search(kind: str, message: str, place: Place | None) -> str:
    """Return what to search for; nothing for what only the user's own code can raise."""
    is_own = place is not None and place.owner == OWN
    is_pythons = kind in _OF_PYTHON and not message.startswith("module '")
    if place is not None and is_own and (place.raises or is_pythons):
        return ""
    module = place.module if place else ""
    package = _SEARCHED.get(module, module.replace("_", "-"))
    text = search_words(kind, message, package, own_names=place is None or is_own)
    if place is not None and text == f"{package} {kind}".strip():  # the place says more
        file = place.file.rpartition("/")[2]
        return " ".join(part for part in (text, file, place.function) if part)
    return text


def _compiled_at(text: str) -> str:
    """Return ``function in file`` from what C++ adds to a message: ``f at ../c10/x.cpp:12``."""
    found = re.match(r"(\S+) at (?:\.\./|/pytorch/)*(\S+?)(?::\d+)?(?:\s|$)", text)
    return " in ".join(found.groups()) if found else ""


_OF_PYTHON = {
    "AssertionError", "AttributeError", "IndexError", "KeyError", "NameError", "UnboundLocalError",
    "ZeroDivisionError",
}  # fmt: skip
# What launchers, loggers and boxes print behind a message.
_AFTER = re.compile(
    r"\n(?=[WEIF]\d{4} \d\d:|[\s|+]{0,16}[-=]{8,}|```|\[?\d{4}-\d\d-\d\d|╭|╰|"
    r"(?:WARNING|INFO|ERROR)\b|\w+(?:\.\w+)*: error:|/bin/|ERROR:)"
)
_SEARCHED = {GENERATED: "unsloth", OF_MODEL: ""}
_QUOTES = {"`": "`", '"': '"', "'": "'", "“": "”", "「": "」", "(": ")", "**": "**"}


def _sentence(raised: Raised) -> str:
    """Return a message that stands in a sentence, to the end of its quotes or of the sentence."""
    line = raised.hit.text[raised.hit.match.end() :]
    before = raised.hit.text[: raised.hit.match.start("kind")].rstrip()[-1:]
    closing = _QUOTES.get(before)
    if closing and closing in line:
        return line[: line.index(closing)].strip()
    return re.split(r"(?<=[a-z)\d])\.(?:\s+(?=[A-Z])|$)|[。，？！；]", line)[0].strip()


def _chained(item: Earlier, words: Words) -> Chained:
    raised = item.raised
    first = raised.message.partition("\n")[0]
    raw = f"{raised.kind}: {first}" if first else raised.kind
    return Chained(raised.line, item.link, raw, words.excerpt(raw))


def _version(module: str, raised: Raised, facts: Facts) -> str:
    """Return the release of a module's package, from the facts or from a list near the error."""
    name = distribution_of(module)
    package = facts.packages.get(name)
    if package is not None and package.known("version"):
        return str(package.version)
    spelled = re.escape(name).replace(r"\-", "[-_.]")
    listed = re.compile(rf"^\W{{0,4}}{spelled}{_VERSION}", re.MULTILINE | re.IGNORECASE)
    found = [*listed.finditer(raised.hit.before), *listed.finditer(raised.hit.after)]
    return found[-1]["version"] if found else ""


def went_on_at(raised: Raised, reading: LogReading) -> int:
    """Return the line of the second training step after an exception; 0 if there is none.

    One step more may come from another rank, before the launcher ends it.
    """
    if reading.raised and reading.raised[-1].line > raised.line:
        return 0
    if _AFTER_A_LAUNCHER.search(raised.hit.after):
        return 0
    steps = list(_STEP.finditer(raised.hit.after))
    if len(steps) < 2:
        return 0
    return raised.line + 1 + raised.hit.after.count("\n", 0, steps[1].start())


def _without_class(found: ErrorLine, words: Words) -> Unknown:
    """Return what a report shows of an error without a class."""
    search = search_words("", found.text, "", own_names=True)
    return Unknown(
        found.line,
        "",
        found.text,
        search=search,
        shown_search=words.excerpt(search),
        is_told=True,
    )


_MOST = 3


def what_to_add(unknown: Unknown | None, facts: Facts) -> tuple[str, ...]:
    """Return what the log lacks to say more, three things at most, what says most first."""
    lacks: list[str] = []
    if unknown is None:
        return ()
    if unknown.raised_by is None:
        lacks.append("the whole traceback above that error")
    if unknown.is_indexed and not unknown.version:
        lacks.append(f"--with {unknown.package}==VERSION")
    if not any(facts.packages.values()):
        lacks.append("the output of `python -m gemma_compat report` on that machine")
    elif unknown.package and not unknown.version and not unknown.is_indexed:
        lacks.append(f"the release of {unknown.package} (pip show {unknown.package})")
    if unknown.is_indexed and not facts.model.known("model_type"):
        lacks.append("--model NAME")
    return tuple(lacks[:_MOST])
