"""The language of what a person reads: English, or a catalogue in ``locale/``.

A sentence is translated where it is laid out, whole: ``said("3 more: --verbose")``. A catalogue
has the sentences as they stand in the source, with ``{0}``, ``{1}`` where an f-string has a value.
What no catalogue has stays English. Output for machines never passes through here.

The language is the one given to :func:`use` (``--lang``), else ``GEMMA_COMPAT_LANG``, else that of
the locale. Catalogues are gettext's, read by Python's own ``gettext`` when the first sentence is
translated; templates.txt lists the sentences with values in them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from .data import read_bytes
from .errors import UsageError

if TYPE_CHECKING:
    from gettext import NullTranslations

DOMAIN = "gemma_compat"
LANGUAGES = ("en", "zh")  # a folder in locale/ for each but English
_VALUE = r"\{(\d)\}"
_PROSE = r"^(?!pip |python |GC\d+ [\w-]+$)(?=.*[a-z]{2,} [a-z]{2,})"
_NO_NAME = rf"{_PROSE}|=|: "
_LINE = r"[Ll]ine \{0\}"
_AT_LINE = rf"(error, )?{_LINE}: "
_LINE_VALUE = r"([Ll]ine\\ )\(\.\*\?\)"  # of an escaped template
_AND = " and "
_ADDED = rf"[;,:] |{_AND}"
_PLURAL = r"(?<=[a-z])\(\.\*\?\)"  # of a pattern: checkpoint(.*?)
# Of a template: the values that are an error's own text.
_QUOTES = (
    r"\{(\d)\}(?=, and no rule here knows it|\. Training went on)|(?:error|and) says: \{(\d)\}"
    r"|frame that is here is line \{\d\} of \{\d\}: \{(\d)\}"
)
_MOST_PARTS = 6
_SHORT, _LONG = 9, 34  # letters
_CHINESE = r"[\u4e00-\u9fff]"
_SPACED_VALUE = rf"((?<={_CHINESE}) )?{_VALUE}( (?={_CHINESE}))?"
_KNOWN_LIST = rf"{_CHINESE}|^[\d, ]+$"
_TOUCHING = rf"(?<={_CHINESE})(?=[A-Za-z])"
_COMMA = r", (?![^(]*\))"
_SETTING = r"[\w.]+=[\w.]+"
_APART = r"([,;] )(?![^(]*\))"  # not inside parentheses
_chosen: list[str] = []


def available() -> tuple[str, ...]:
    """Return the languages that there are: English, and those that have a catalogue."""
    return LANGUAGES


def use(language: str | None) -> None:
    """Choose the language of this process; ``None`` for the environment's.

    Raises:
        UsageError: there is no catalogue of it.
    """
    if language is not None and language not in available():
        raise UsageError(f"no language {language!r}; there are {', '.join(available())}")
    _chosen[:] = [language] if language else []


def current(environment: Mapping[str, str] = os.environ) -> str:
    """Return ``en``, ``zh``: the language in use. An unknown one in the environment is English."""
    if _chosen:
        return _chosen[0]
    for name in ("GEMMA_COMPAT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(name)
        if value:
            language = re.split(r"[_.@-]", value)[0].lower()
            return language if language in available() else "en"
    return "en"


def said(text: str) -> str:
    """Return a sentence or label in the language in use; the text itself where it is unknown.

    Spaces around it stay; a full stop at its end is translated too.
    """
    if current() == "en" or not text or text.isspace():
        return text
    core = text.strip()
    found = _translated(current(), core)
    return text.replace(core, found, 1) if found != core else text


@lru_cache(maxsize=4096)
def _translated(language: str, text: str) -> str:
    if not text:
        return text  # gettext answers with the head of the catalogue
    for exact, stop in ((text, ""), (_without_stop(text), "。")):
        found = _catalogue(language).gettext(exact) if exact else exact
        if found != exact:
            return f"{found}{stop}"
    found = _by_template(language, text)
    return found if found != text else _by_parts(language, text)


def _without_stop(text: str) -> str:
    """Return a sentence without its full stop; the text itself where it ends in none."""
    return text[:-1] if text.endswith(".") and not text.endswith("...") else text


def _by_parts(language: str, text: str) -> str:
    """Try two that were put together, both known: ``the message; here it is 5.0``, ``A and B``.

    Before something that was added, a name or a release will do. A long list is left alone.
    """
    for head, tail, both in _splits(text):
        found = [_translated(language, head), _translated(language, tail)]
        if (found[0] != head or (" " not in head and not both)) and found[1] != tail:
            joined = _catalogue(language).gettext(f"{{0}}{_AND}{{1}}") if both else "{0}{1}"
            return _filled(joined, dict(enumerate(found)))
    return text


def _splits(text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield where a text may be two: head, tail, whether ``and`` joins them.

    A sentence that goes on only at times has the sign at its own end: ``the frames are of ...;``.
    """
    places = list(re.finditer(_ADDED, text))
    for place in places if len(places) <= _MOST_PARTS else ():
        head, both = text[: place.start()], place[0] == _AND
        if head:
            yield head, text[place.end() if both else place.start() :], both
            if place[0] == "; ":
                yield f"{head};", text[place.end() :], False


def said_list(text: str) -> str:
    """Return a list such as ``no CUDA, evaluates`` with each of its parts translated."""
    whole = said(text)
    if whole != text or current() == "en":
        return whole
    return "".join(map(said, re.split(_APART, text)))


def _by_template(language: str, text: str) -> str:
    """Try the sentences with values, in order; a value is translated unless it is a quote."""
    for pattern, template in _templates(language):
        core = text if template.endswith(".") else _without_stop(text)
        found = pattern.fullmatch(core)
        if found is None:
            continue
        order = [int(number) for number in re.findall(_VALUE, template)]
        quotes = {
            int(number) for pair in re.findall(_QUOTES, template) for number in pair if number
        }
        pairs = list(zip(order, found.groups(), strict=True))
        if not all(_is_whole(value) for number, value in pairs if number not in quotes):
            continue
        values = [
            value if number in quotes else _translated_value(language, value)
            for number, value in pairs
        ]
        if _fits(template, found.groups(), values):
            by_number = dict(zip(order, values, strict=True))
            stop = "" if core == text else "。"
            return _filled(_catalogue(language).gettext(template), by_number) + stop
    return text


def _translated_value(language: str, value: str) -> str:
    """Translate a value: whole, or a list of which each part is known or a setting (``a=1``)."""
    found = _translated(language, value)
    if found != value or ", " not in value:
        return found
    parts = re.split(_COMMA, value)
    told = [_translated(language, part) for part in parts]
    known = (
        new != old or re.fullmatch(_SETTING, old) for old, new in zip(parts, told, strict=True)
    )
    return "、".join(told) if all(known) and told != parts else value


def _is_whole(value: str) -> bool:
    """Tell whether each bracket and quotation in a value is closed in it.

    Else it is cut out of code, a list or a quoted text.
    """
    if value.count('"') % 2:
        return False
    for opening, closing in ("()", "[]", "{}"):
        depth = 0
        for letter in value:
            depth += (letter == opening) - (letter == closing)
            if depth < 0:
                return False
        if depth:
            return False
    return True


def _fits(template: str, values: Sequence[str], translated: Sequence[str]) -> bool:
    """Tell whether the values can be this sentence's, and not those of a longer one.

    ``{0} and {1}`` would take any sentence apart: of a few letters, each value must be known too,
    or be a name or a command. At an edge of a sentence, a value must not be a list, unless a part
    of it was translated before it came into the sentence, or it has numbers only.
    """
    if re.search(_LINE, template):  # of a log: the number tells it, and its text may be anything
        return True
    size = len(re.sub(_VALUE, "", template))
    unknown = [old for old, new in zip(values, translated, strict=True) if old == new]
    if size < _SHORT:
        return not any(re.search(_NO_NAME, value) for value in unknown)
    edges = [template.startswith("{") and values[0], template.endswith("}") and values[-1]]
    return size >= _LONG or not any(
        edge in unknown and re.search("[,;] ", edge) and not re.search(_KNOWN_LIST, edge)
        for edge in edges
        if edge
    )


def _filled(translation: str, by_number: Mapping[int, str]) -> str:
    """Put values into a translation; no space stands between two Chinese characters."""

    def value(place: re.Match[str]) -> str:
        text = by_number[int(place[2])]
        before = "" if re.match(_CHINESE, text) else place[1] or ""
        after = "" if re.search(f"{_CHINESE}$", text) else place[3] or ""
        return f"{before}{text}{after}"

    return re.sub(_TOUCHING, " ", re.sub(_SPACED_VALUE, value, translation))


@lru_cache(maxsize=None)
def _catalogue(language: str) -> NullTranslations:
    """Return a catalogue, also from a package that is one file (a zip application)."""
    import gettext
    import io

    content = read_bytes(f"locale/{language}/LC_MESSAGES/{DOMAIN}.mo", __package__)
    return gettext.GNUTranslations(io.BytesIO(content))


@lru_cache(maxsize=None)
def _templates(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Return a pattern for each sentence with values that the catalogue has, the longest first.

    Before them come those that begin with a line's number: no other may take it for its own.
    """
    catalogue = _catalogue(language)
    lines = read_bytes("locale/templates.txt", __package__).decode("utf-8").splitlines()
    known = [line for line in lines if catalogue.gettext(line) != line]
    known.sort(key=lambda line: (not re.match(_AT_LINE, line), -len(re.sub(_VALUE, "", line))))
    return [(_pattern(line), line) for line in known]


def _pattern(template: str) -> re.Pattern[str]:
    """Return what matches the sentence with any values, also empty ones (the s of a plural)."""
    parts = re.split(r"\{\d\}", template)
    joined = "(.*?)".join(map(re.escape, parts))
    number = re.sub(_LINE_VALUE, r"\1([\\d,]+)", joined)
    number = re.sub(_PLURAL, r"(s?|[^a-z].*?)", number)
    return re.compile(number, re.DOTALL)
