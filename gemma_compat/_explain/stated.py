"""Tell what a text states of the run that failed: which value a setting had, and what was tried."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..values import Value
from .own_rows import Row, own_rows, rows_of
from .readers.saying import is_in_comment
from .setting_names import LOOSE, SET, TRIED, expression, names_of, normal
from .told_settings import told, was_changed

if TYPE_CHECKING:
    from .read_log import LogReading

# Objects that a setting may be written to: of any other, a dot before the name is another's.
_OBJECTS = re.compile(
    r"(?:^|[^\w.])(?:self\.)?(?:model|config|\w*_?args|cfg|tokenizer|processor|trainer|text_config|"
    r"generation_config|training|os|environ|script_config)(?:\.(?:config|args|text_config))?\.$"
)
_LITERAL = r"(?P<q>[\"'`]?)(?P<value>-?[\w.+:/-]*\w)(?P=q)(?![\w(\[.]|\s?[+*/]\s?\w)"
_PLAIN = re.compile(r"(?i)true|false|none|null|yes|no|on|off|-?\d[\d.]*(?:e-?\d+)?|torch\.\w+")
_ARGUMENTS = re.compile(r"\b\w*(?:TrainingArguments|SFTConfig|DPOConfig|GRPOConfig)\(")
_LOADS = re.compile(r"\w*Model\w*\.from_pretrained\(")
_OF_LOADING = {"load_in_4bit", "load_in_8bit", "dtype", "attn_implementation", "device_map"}


class Statement(Value):
    """A value that a row states.

    Attributes:
        value: normalised.
        how: ``set`` or ``tried``.
        is_code: whether a call of Python has it.
        is_quoted: whether its name has quotes, as in JSON.
        is_loose: whether its name may mean another setting in code.
        command: the row in which the command begins that has it; 0 for none.
    """

    value: str
    how: str = SET
    is_code: bool = False
    command: int = 0
    is_quoted: bool = False
    is_loose: bool = False


class Stated:
    """What the text of a reading states."""

    def __init__(self, reading: LogReading) -> None:
        self._rows = rows_of(reading)
        self._own = own_rows(self._rows, reading)
        error = reading.last.line if reading.last else 0
        above = (text for line, text in self._rows.items() if line < error or not error)
        self._above = "\n".join(above)

    def how(self, name: str, value: str) -> str:
        """Return ``set`` or ``tried`` where that setting has that value in the run that failed.

        Empty where nothing says so, or where it is doubtful: two values, two runs.
        """
        found = list(self._statements(name.strip('"')))
        if not all(item.is_loose for item in found):
            found = [item for item in found if not item.is_loose]
        if name.startswith('"'):  # of a file in JSON, whose names have quotes
            found = [item for item in found if item.is_quoted]
        if not found or any(item.value != normal(value) for item in found):
            return ""
        if not (self._is_of_each_call(name, found) and self._is_of_last_command(found)):
            return ""
        return SET if any(item.how == SET for item in found) else TRIED

    def tells(self, name: str) -> bool:
        """Return whether the text states any value of that setting for the run."""
        return any(True for _ in self._statements(name.strip('"')))

    def is_own(self, line: int) -> bool:
        """Return whether a line that is at hand is of the run's code or log, or is not at hand.

        Sentences are read by ``how``: what it leaves out of them is doubtful.
        """
        return line not in self._rows or any(
            row.number == line and not row.is_prose for row in self._own
        )

    def was_changed(self, name: str, verbs: str) -> bool:
        """Return whether a person says that they changed a setting in one direction.

        Args:
            verbs: an expression for what says so: ``reduc|lower``.
        """
        return any(
            was_changed(name, verbs, row.text, self._below(row))
            for row in self._own
            if row.is_prose
        )

    def _is_of_each_call(self, name: str, found: list[Statement]) -> bool:
        """Return whether each call that takes such a setting has it, where a script has several."""
        if not all(item.is_code for item in found):
            return True
        call = _LOADS if _OF_LOADING & set(names_of(name)) else _ARGUMENTS
        calls = sum(len(call.findall(row.text)) for row in self._own if not row.is_prose)
        return calls < 2 or len(found) >= calls

    def _is_of_last_command(self, found: list[Statement]) -> bool:
        """Return whether the last command has it, where several commands are shown."""
        commands = {row.command for row in self._own if row.command}
        of_commands = {item.command for item in found if item.command}
        return len(commands) < 2 or not of_commands or max(commands) in of_commands

    def _statements(self, name: str) -> Iterator[Statement]:
        if "gradient_checkpointing" in names_of(name) and _NOTICED.search(self._above):
            yield Statement("true")
        for row in self._own:
            if row.is_prose:
                for value, was_tried in told(name, row.text, self._below(row)):
                    yield Statement(value, TRIED if was_tried else SET)
            else:
                for item in _written(name, row):
                    yield item.replace(value="") if self._is_conditional(row) else item

    def _is_conditional(self, row: Row) -> bool:
        """Return whether code stands below an ``if``: whether it ran is not shown."""
        depth = _depth(row.text)
        for number in range(row.number - 1, max(row.number - 60, 0), -1):
            above = self._rows.get(number, "")
            if not depth or not above.strip():
                continue
            if _depth(above) < depth:
                depth = _depth(above)
                if _IF.match(above):
                    return True
        return False

    def _below(self, row: Row) -> str:
        near = (self._rows.get(row.number + step, "") for step in (1, 2))
        return next((text for text in near if text.strip()), "")


# More than a value: "=1 if debug else 8", and words of a short sentence: "=1 it trains".
_EITHER = re.compile(r"\s?=\s?[^ ,)\n]{1,20} (?:(?:if|or) |[a-z]+ [a-z]+\b)")
_IF = re.compile(r"\s*(?:if (?!__name__)|elif |else:)")
# Where a batch is not that of a step: an evaluation, a map over the data.
_NOT_OF_A_STEP = re.compile(r"(?i)eval|valid|test|infer|predict|\.map\(|encode|pipeline\(")


def _depth(text: str) -> int:
    return len(text) - len(text.lstrip())


# How programs write a setting behind its name: code, YAML, JSON, the environment, a command line.
_WRITTEN = re.compile(rf"(?P<sign>[\"']?\]?\s?=\s?|[\"']?:\s{{1,3}}){_LITERAL}")
_OF_FLAG = re.compile(rf"[ =]{_LITERAL}|(?P<bare>(?=\s*(?:\\|$|--|-\w\b)))")
_OPTION = re.compile(r"(?:^|[\s\"'])--(?P<no>no[-_])?$")
# What transformers prints in a forward pass in training where checkpointing is on.
_NOTICED = re.compile(
    r"(?:use_cache ?= ?True`?|Caching) is incompatible with gradient checkpointing"
)
_ENABLED = re.compile(r"\b(?:gradient|activation)_checkpointing_enable\(")


def _written(name: str, row: Row) -> Iterator[Statement]:
    """Yield what a row of code, settings or a command states."""
    if "gradient_checkpointing" in names_of(name) and _ENABLED.search(row.text):
        yield Statement("true", SET, False, row.command)
    for match in re.finditer(expression(name), row.text):
        before, behind = row.text[: match.start()], row.text[match.end() :]
        option = _OPTION.search(before)
        is_of_another = before.endswith(("-", ".", "[")) and not (option or _OBJECTS.search(before))
        if " " in match[0] or is_of_another or is_in_comment(match):
            continue
        if match[0] in LOOSE and option is None and _NOT_OF_A_STEP.search(before):
            continue
        value = _written_value(behind, option, name)
        if value:
            is_call = option is None and re.match(r"\s?=", behind) is not None
            if is_call and not name.isupper() and _EITHER.match(behind):
                value = ""
            is_quoted = before.endswith('"') and behind.startswith('"')
            yield Statement(
                *(value, SET, is_call and not name.isupper(), row.command, is_quoted),
                is_loose=match[0] in LOOSE,
            )


def _written_value(behind: str, option: re.Match[str] | None, name: str) -> str:
    """Return the value that stands behind a name; empty for none, and for a variable's."""
    if option is not None:
        found = _OF_FLAG.match(behind)
        if found is None:
            return ""
        if found["bare"] is None:
            return normal(found["value"])
        return "false" if option["no"] else "true"
    found = _WRITTEN.match(behind)
    if found is None:
        return ""
    is_literal = found["q"] or _PLAIN.fullmatch(found["value"]) or name.isupper()
    return normal(found["value"]) if is_literal or ":" in found["sign"] else ""
