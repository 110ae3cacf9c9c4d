"""Say what an exception's class asks for, where nothing knows its text: what would decide it."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..facts import Facts
from ..values import Value
from .places import distribution_of
from .unknown import PACKAGE, Place

_LONG = 70  # characters of a statement that are repeated


class Subject(Value):
    """An error that nothing knows.

    Attributes:
        kind, message: its class and its text.
        place: the frame that raised it; ``None`` where the log shows none.
        facts: what is known of stack and model.
    """

    kind: str
    message: str
    place: Place | None
    facts: Facts

    @property
    def statement(self) -> str:
        """Return the statement that raised, quoted; empty where the log does not show it."""
        code = self.place.code if self.place else ""
        return f"`{code}`" if 0 < len(code) <= _LONG and not self.place_raises else ""

    @property
    def place_raises(self) -> bool:
        return self.place is not None and self.place.raises

    def look_at(self, what: str) -> str:
        """Return how to see a value where the error was raised: no file of a package is edited."""
        place = self.place
        if place is None:
            return f"print({what}) before the line that raised"
        if place.owner == PACKAGE:
            return (
                f"python -m pdb -c continue SCRIPT, and where it stops: p {what}   (in a "
                "notebook: %debug in the next cell)"
            )
        return f"print({what}) before line {place.line} of {place.file}"


Asking = Callable[[re.Match[str], Subject], tuple[str, str]]


class Question(Value):
    """What decides a kind of error.

    Attributes:
        text: matched against ``Class: message``.
        ask: gives what to do first, and why that decides; two empty texts for nothing.
    """

    text: str
    ask: Asking


def question_of(subject: Subject) -> tuple[str, str]:
    """Return what to do first and why; empty texts if the class says no more than the text."""
    text = f"{subject.kind}: {subject.message}"
    for item in QUESTIONS:
        match = re.search(item.text, text, re.DOTALL)
        found = item.ask(match, subject) if match else ("", "")
        if found[0]:
            return found
    return "", _of_a_check(subject)


# What a check says of what it was given.
_CHECKS = re.compile(
    r"\b(?:must|should|cannot|can't|could not|does not|doesn't|only|not|no|unsupported|unknown|"
    r"invalid|incompatible|requires?|exclusive|missing|expected|mismatch|empty|necessary|needed|"
    r"already|exceeds?)\b",
    re.IGNORECASE,
)


def _of_a_check(subject: Subject) -> str:
    """Return what it means that a package's own check raised; empty for other code."""
    place = subject.place
    if place is None or place.owner != PACKAGE or not place.raises:
        return ""
    if not _CHECKS.search(subject.message.partition("\n")[0]):
        return ""
    return (
        f"a check in {place.module} raises it: the setting, row or file that its text names is "
        "where to look"
    )


def _on_the_card(match: re.Match[str], subject: Subject) -> tuple[str, str]:
    return (
        "CUDA_LAUNCH_BLOCKING=1 before the command, and the traceback of that run",
        "kernels run later than Python: the line that is shown need not be the one that failed. "
        "The same batch on the CPU names it too",
    )


def _between_processes(match: re.Match[str], subject: Subject) -> tuple[str, str]:
    return (
        "NCCL_DEBUG=INFO before the command, and the log of every rank",
        "the rank that failed first has the cause; this one only lost its partner, or waited",
    )


def _compiled(match: re.Match[str], subject: Subject) -> tuple[str, str]:
    return (
        "TORCHDYNAMO_DISABLE=1 before the command",
        "it runs the same code without torch.compile: if it works, the compiler refuses the code; "
        "if not, the error is an ordinary one",
    )


def _key(match: re.Match[str], subject: Subject) -> tuple[str, str]:
    if subject.place_raises or not subject.statement:
        return "", ""
    mapping = re.search(r"([A-Za-z_][\w.]*)\[[^\[\]]*\]", subject.statement)
    name = mapping[1] if mapping else "the mapping"
    place = subject.place
    if place is not None and place.is_indexed and name.rpartition(".")[2].isupper():
        package = distribution_of(place.module)
        return (
            f"pip install -U {package}   where its newest release is not installed",
            f"{name} is a table of {place.module}, and has no entry {match['key']}: a model, "
            "method or setting that this release does not know, or that another package's release "
            "is to bring into it",
        )
    return (
        subject.look_at(f"list({name})")
        if mapping
        else f"look which keys the mapping in {subject.statement} has",
        f"{name} has no entry {match['key']}: what it does have shows whether the name or the data "
        "is another one",
    )


def _index(match: re.Match[str], subject: Subject) -> tuple[str, str]:
    listed = re.search(r"([A-Za-z_][\w.]*)\[[^\[\]]*\]", subject.statement)
    if subject.place_raises or listed is None:
        return "", ""
    return (
        subject.look_at(f"len({listed[1]})"),
        f"{listed[1]} is shorter than {subject.statement} expects; an empty one mostly means that "
        "nothing was found or everything was filtered out",
    )


def _none(match: re.Match[str], subject: Subject) -> tuple[str, str]:
    if not subject.statement:
        return "", ""
    used = re.search(rf"([A-Za-z_][\w.]*(?:\([^()]*\))?)\.{match['name']}\b", subject.statement)
    value = used[1] if used else "the value"
    return (
        subject.look_at(value) if used else f"see what is None in {subject.statement}",
        f"{value} is None there: what should have set it returned nothing, or was not given",
    )


def _assertion(match: re.Match[str], subject: Subject) -> tuple[str, str]:
    place = subject.place
    if place is None or not place.code.startswith("assert"):
        return "", ""
    condition = place.code.removeprefix("assert").strip(" ()").partition(", ")[0]
    if not condition or len(condition) > _LONG:
        return "", ""
    return (
        subject.look_at(condition),
        "that condition did not hold, and the error has no text: only its values say why",
    )


def _zero(match: re.Match[str], subject: Subject) -> tuple[str, str]:
    divided = re.search(r"/{1,2}=? *([A-Za-z_][\w.]*(?:\([^()]*\))?)", subject.statement)
    if divided is None:
        return "", ""
    return (
        subject.look_at(divided[1]),
        f"{divided[1]} is 0: mostly an empty data set, no step, or a batch larger than the data",
    )


def _not_written(match: re.Match[str], subject: Subject) -> tuple[str, str]:
    place = subject.place
    if place is None or not place.raises or not place.function:
        return "", ""
    return (
        f"print what {place.function.rpartition('.')[2]} is called with, and on which class",
        f"{place.function} has no code for this: a case that this release does not know (a kind "
        "of module, a model), or a method that only subclasses have",
    )


def _file(match: re.Match[str], subject: Subject) -> tuple[str, str]:
    return (
        "ls -la on that path, from the folder where the run starts",
        "a path that does not begin with / is looked for in the working folder of the process; a "
        "container or another node need not have it",
    )


def _two_releases(match: re.Match[str], subject: Subject) -> tuple[str, str]:
    place = subject.place
    there = match["module"].partition(".")[0]
    if place is None or not place.module or place.module == there:
        return "", ""
    return (
        f"pip show {place.module} {there}",
        f"{place.module} asks for {match['name']}, which the {there} here does not have: the two "
        "releases are not of one time",
    )


def _sizes(match: re.Match[str], subject: Subject) -> tuple[str, str]:
    """Say which of the sizes in the message are this Gemma's."""
    model = subject.facts.model
    known = {
        "the vocabulary": model.get("vocab_size"),
        "the hidden size": model.get("hidden_size"),
        "the head dimension": model.get("head_dim"),
        "the head dimension of full attention": model.get("global_head_dim"),
    }
    sizes = dict.fromkeys(int(number) for number in re.findall(r"\b\d{2,7}\b", subject.message))
    named = [
        f"{size:,} is {name}" for size in sizes for name, value in known.items() if value == size
    ]
    if not named:
        return "", ""
    where = f" in {subject.statement}" if subject.statement else ""
    return (
        f"look at the shape of each tensor{where}",
        f"of this model {' and '.join(named[:2])}; the other size is what does not belong",
    )


QUESTIONS: tuple[Question, ...] = (
    Question(r"NCCL|ncclI|ncclU|ncclS|gloo|Gloo|TCPStore|rendezvous", _between_processes),
    Question(r"CUDA error|CUBLAS_STATUS|cuBLAS|CUDNN_STATUS|device-side assert", _on_the_card),
    Question(
        r"torch\._dynamo|TorchRuntimeError|BackendCompilerFailed|InductorError|^Unsupported|"
        r"LoweringException|FakeTensor|CompilationError",
        _compiled,
    ),
    Question(r"^KeyError: (?P<key>['\"]?[^\n'\"]{1,60}['\"]?)$", _key),
    Question(r"^IndexError: (?:list|tuple|string) index out of range", _index),
    Question(r"'NoneType' object has no attribute '(?P<name>\w+)'", _none),
    Question(r"^AssertionError: ?$", _assertion),
    Question(r"^ZeroDivisionError", _zero),
    Question(r"^NotImplementedError: ?$", _not_written),
    Question(
        r"^ImportError: cannot import name '(?P<name>\w+)' from '(?P<module>[\w.]+)'", _two_releases
    ),
    Question(r"^(?:FileNotFound|NotADirectory|IsADirectory)Error: \[Errno", _file),
    Question(r"(?i)\bshapes?\b|\bsizes?\b|\bdimensions?\b|expand|broadcast", _sizes),
)
