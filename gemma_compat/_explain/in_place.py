"""Put first what the run that failed does not have yet.

Each command of an answer is read for what it would set. Where the text states the same of that run,
the command leaves the list, a sentence names it, and the next one leads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .. import versions
from ..facts import Facts
from ..values import Value
from .answer import Answer
from .explanation import Generally
from .runner import Runner
from .setting_names import SET, TRIED, names_of, normal

if TYPE_CHECKING:
    from .read_log import LogReading

_COMMENT = re.compile(r" {2,}")  # blanks part a command from what is said of it
_VALUE = r"[\"']?(?P<value>[\w.:+/-]+)[\"']?"
_ITEM = re.compile(
    rf"[\"']?(?P<name>[A-Za-z_][\w.]*)[\"']?(?: ?= ?|: ){_VALUE}|--(?P<flag>[a-z][\w-]*)(?:[ =]"
    rf"{_VALUE.replace('<value>', '<given>')})?"
)
_CALL = re.compile(r"[A-Za-z_][\w.]*\((?:\.\.\., ?)?(?P<inside>[^()]*?)(?:, ?\.\.\.)?\)")
_BETWEEN = re.compile(r", (?:and )?| and ")
_OR = re.compile(r",? or (?=\S)")
# What may stand behind a setting without being a second thing to do.
_BEHIND = re.compile(
    r"(?:,? (?:before (?:the command|it)|at loading|while training|for both|"
    r"in (?:the )?(?:training arguments|(?:DeepSpeed |FSDP )?config\w*|command|DataLoader|"
    r"from_pretrained(?:\(\))?|\w*(?:Config|Arguments)(?:\(\))?)|with more (?:--)?\w+|"
    r"(?:and|then) (?:train and save again|restart(?: the \w+)?)|together, from one index))+$"
)
_EXPLAINED = re.compile(r"(?<=\w): (?=[a-z][^=]*$)")
_RELATIVE = re.compile(
    r"(?:an? )?(?P<how>shorter|smaller|lower|fewer|larger|longer|higher) (?P<name>[\w-]+)"
)
_ENABLES = re.compile(r"model\.(?:gradient|activation)_checkpointing_enable\(\)")
_LESS = "reduc|lower|decreas|shorten|halv|cut|shrunk|shrink|smaller|shorter|减小|降低|缩短|调小"
_MORE = "increas|rais|enlarg|doubl|larger|longer|higher|增大|提高|调大"
_PIP = re.compile(r"(?:python3? -m )?pip install (?P<new>-U |--upgrade )?(?P<what>[^()`]+)")
_REQUIREMENT = re.compile(
    r"[\"']?(?P<name>[A-Za-z][\w.-]*?)(?P<bound>(?:[<>=!~]=?=?[\w.*+-]+,?)*)[\"']?"
)
_NOTHING_LEFT = (
    "look whether it arrived in that run: print(trainer.args), print(model.config), pip show"
)
# Settings that are facts too: the value where it is not the setting's own.
_FACTS: tuple[tuple[str, str, str, int | None], ...] = (
    ("per_device_train_batch_size", "training", "per_device_train_batch_size", None),
    ("gradient_checkpointing", "training", "gradient_checkpointing", None),
    ("use_liger_kernel", "training", "use_liger_kernel", None),
    ("load_in_4bit", "model", "quantization_bits", 4),
    ("load_in_8bit", "model", "quantization_bits", 8),
)
_PLACEHOLDER = re.compile(r"[A-Z][A-Z_ ]*|\.+")


class Parsed(Value):
    """What a command would do.

    Attributes:
        settings: names, values and how they are written; all of them have to be in place.
        relative: a setting, and the verbs of who changed it in that direction.
        packages: distributions and their bounds; an empty bound asks for the newest.
        rest: another way that the command names after "or".
    """

    settings: tuple[tuple[str, str, str], ...] = ()
    relative: tuple[str, str] | None = None
    packages: tuple[tuple[str, str], ...] = ()
    rest: str = ""


def parsed(command: str) -> Parsed:
    """Return what a command would do; nothing where it does more than to set or to install."""
    core = _COMMENT.split(command.removeprefix("or "), maxsplit=1)[0].strip()
    core, *others = _OR.split(core, maxsplit=1)
    rest = others[0] if others else ""
    core = _EXPLAINED.split(core, maxsplit=1)[0]
    core = _BEHIND.sub("", core)
    if (found := _PIP.fullmatch(core)) is not None:
        return _installed(found, rest)
    if (found := _RELATIVE.fullmatch(core)) is not None:
        verbs = _LESS if found["how"] in {"shorter", "smaller", "lower", "fewer"} else _MORE
        return Parsed(relative=(found["name"], verbs), rest=rest)
    if _ENABLES.fullmatch(core):
        return Parsed(settings=(("gradient_checkpointing", "true", core),), rest=rest)
    call = _CALL.fullmatch(core)
    items = [_ITEM.fullmatch(item) for item in _BETWEEN.split(call["inside"] if call else core)]
    settings = [_setting(item) for item in items if item is not None]
    if not settings or len(settings) < len(items) or not all(settings):
        return Parsed()
    return Parsed(settings=tuple(item for item in settings if item), rest=rest)


def _setting(item: re.Match[str]) -> tuple[str, str, str] | None:
    """Return name, value and text of a setting; ``None`` where the reader fills the value in."""
    name = (item["name"] or item["flag"]).replace("-", "_")
    name = f'"{name}"' if item[0].startswith('"') else name
    value = item["value"] or item["given"] or "true"
    if _PLACEHOLDER.fullmatch(value) or len(name) < 4:
        return None
    return name, value, item[0]


def _installed(found: re.Match[str], rest: str) -> Parsed:
    items = [_REQUIREMENT.fullmatch(word) for word in found["what"].split()]
    packages = [(item["name"], item["bound"]) for item in items if item is not None]
    if len(packages) < len(items) or any(_PLACEHOLDER.fullmatch(name) for name, _ in packages):
        return Parsed()
    if not found["new"] and not all(bound for _, bound in packages):
        return Parsed()  # of a package that is missing
    return Parsed(packages=tuple(packages), rest=rest)


class Known:
    """What the text states, asked for what commands would do."""

    def __init__(self, reading: LogReading, facts: Facts) -> None:
        from .stated import Stated  # its expressions are many, and few commands ask for them

        self._reading, self._facts = reading, facts
        self.stated = Stated(reading)

    def in_place(self, command: Parsed) -> tuple[str, ...]:
        """Return how to name what a command would do, if all of it is in place; else nothing."""
        if command.relative is not None:
            name, verbs = command.relative
            return (f"{name} was changed",) if self.stated.was_changed(name, verbs) else ()
        found = [self._set(*item) for item in command.settings]
        found += [self._installed(*item) for item in command.packages]
        return tuple(found) if all(found) else ()

    def _set(self, name: str, value: str, text: str) -> str:
        how = self.stated.how(name, value)
        if not how and not self.stated.tells(name) and self._is_a_fact(name, value):
            how = SET
        return f"{text} (tried)" if how == TRIED else text if how else ""

    def _is_a_fact(self, name: str, value: str) -> bool:
        """Return whether the setting is a fact of the log, or was given."""
        names = names_of(name)
        for known, area, field, wanted in _FACTS:
            if known not in names or wanted is not None and normal(value) != "true":
                continue
            topic = f"{area}.{field}"
            found = getattr(self._facts, area).get(field)
            if found is None or topic in self._reading.log.unsure:
                return False
            is_own = self.stated.is_own(self._reading.log.lines.get(topic, 0))
            return is_own and (found == wanted if wanted else normal(str(found)) == normal(value))
        return False

    def _installed(self, name: str, bound: str) -> str:
        """Return the release that the text states, if it is one that the command would take."""
        from ..advise.releases import load_releases, normalise

        name = normalise(name)
        topic = f"packages.{name}"
        package = self._facts.packages.get(name)
        version = str(package.get("version", "")) if package is not None else ""
        log = self._reading.log
        if not versions.is_valid(version) or topic in log.unsure or name in log.several:
            return ""
        if bound:
            return f"{name} {version}" if versions.contains(bound, version) else ""
        known = load_releases().of(name)
        if not known or versions.is_newer(known[0].version, versions.public(version)):
            return ""
        return f"{name} {version}, the newest known here"


def with_new_first(
    general: Iterable[Generally], reading: LogReading, facts: Facts
) -> tuple[Generally, ...]:
    """Return the answers with what the run has already named apart from what to do."""
    items = tuple(general)
    if not items:
        return ()
    asked = any(parsed(text) != Parsed() for item in items for text in item.answer.do)
    known = Known(reading, facts) if asked else None
    around = reading.last.around if reading.last else ""
    runner = Runner(f"{reading.opening.decode('utf-8', 'replace')}\n{around}", facts)
    return tuple(item.replace(answer=_answer(item.answer, known, runner)) for item in items)


def _answer(answer: Answer, known: Known | None, runner: Runner) -> Answer:
    left: list[str] = []
    done: list[str] = []
    for text in answer.do:
        command = parsed(text)
        found = known.in_place(command) if known else ()
        done += found
        if not found:
            left.append(text)
        elif command.rest:
            left.append(command.rest)
    if done:
        answer = answer.replace(in_place=tuple(dict.fromkeys(done)))
    return answer.replace(do=runner.sorted(left) or (_NOTHING_LEFT,))
