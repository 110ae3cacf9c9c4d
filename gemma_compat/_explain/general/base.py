"""What a general answer is: a text that every trainer may meet, answered from the log's facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ...facts import Facts
from ...values import Value
from ..answer import Answer
from ..log_facts import LogFacts
from ..places import places_of, raiser_of
from ..raised import Raised
from ..scan import Hit
from ..unknown import GENERATED, OWN, PYTHON, Place

# A frame's file, and a marked line of code (IPython's arrow, rich's).
_FILE = re.compile(r"\bFile \"?[^\"\n]{1,300}\"?, line \d")
# A wrapper that renames arguments, and the place that a warning names.
_NO_CALLER = re.compile(r"deprecation\.py|\.py:\d+: \w{0,40}Warning:")
_FRAME = re.compile(
    r"\bFile \"?[^\"\n]{1,300}\"?, line \d|\.py(?:\]\(\S{1,80}\))? in \w|\.py:\d+|"
    r"^\W{0,6}-{2,5}> ?\d|❱ ?\d"
)

# A frame's place, in a traceback of Python and of IPython.
_PLACE = re.compile(r"\bFile \"?[^\"\n]{1,300}|\bCell In|<ipython-input|\.py(?::\d|\]\()")

_OF_PACKAGE = re.compile(
    r"[/\\](?:site|dist)-packages[/\\](?P<module>\w+)[/\\]|"
    r"[/\\]src[/\\](?P<checkout>llamafactory|axolotl)[/\\]|"
    r"[/\\](?P<cache>unsloth_compiled_cache)[/\\]"
)


# What ran, by a frame's file, function and line of code: the innermost frame that shows it decides.
_PHASES = tuple(
    (name, re.compile(text))
    for name, text in (
        ("saving", r"\b(?:save_pretrained|_save_checkpoint|save_model)\b"),
        ("merging", r"\b(?:merge_and_unload|merge_adapter|_unload_and_optionally_merge)\b"),
        (
            "loading",
            r"\bfrom_pretrained\b|\bload_(?:adapter|state_dict|checkpoint)\b|"
            r"_load_pretrained_model",
        ),
        (
            "generating",
            r"\b_?generate\b|\bin _?(?:sample|beam_search|greedy_search)\b|generation/utils\.py|"
            r"\bin chat\b|\.chat\(|text_generation",
        ),
        ("evaluating", r"\b(?:evaluation_loop|prediction_step|prediction_loop|evaluate|predict)\b"),
        (
            "training",
            r"\b(?:training_step|compute_loss|_?inner_training_loop|backward|run_backward|"
            r"_unsloth_training_step|train)\b",
        ),
    )
)
# Where no frame shows it, what a sentence says of the time: "during inference".
_WHEN = (
    r"(?i)\b(?:during|when|while|at|for|running|to|in|doing)\W+(?:\w+\W+){0,3}?"
    r"(?:%s)\b|(?:%s)(?:时|的时候|阶段|报错|直接报错)"
)
_TOLD_PHASES = (
    (
        "evaluating",
        re.compile(
            _WHEN % (r"evaluation|validation|evaluat(?:e|ing)|eval|validating", "评估|验证")
        ),
    ),
    (
        "generating",
        re.compile(
            _WHEN
            % (r"inference|infer|generat(?:e|ing|ion)|predict(?:ing|ion)?s?", "推理|预测|生成")
            + r"|\.generate\(|--inference\b"
        ),
    ),
)
# Who only calls on: the line above them is whose matter it is.
_CALLS_ON = frozenset({"torch", "accelerate"})
# What a package that loads its modules late quotes of the error in one of them.
_QUOTED = re.compile(
    r"traceback\):\s*(?:No module named|cannot import name|module '|partially initialized|/\S)"
)
# A row that speaks of an error, and one that only reports another process's.
_SPEAKS = re.compile(
    r"(?i)\b(?:error|fatal|exception|cannot|no such|not found|unsupported|unknown|killed|abort\w*|"
    r"out of memory|assert\w*|invalid|fail(?:ed|ure)|mismatch|missing)\b"
)
_OF_A_REPORT = re.compile(
    r"(?i)elastic|ChildFailed|CalledProcess|FAILED$|^Failures:|error_file|See root cause|launch|"
    r"NO_OTHER_FAILURES|first observed|To enable traceback|^\s*(?:File \"|raise )"
)
_HUB = re.compile(
    r"(?i)hugging ?face|\bhf[._-]|modelscope|kaggle|\bhub\b|transformers|datasets|from_pretrained|"
    r"push_to_hub|\bpeft\b|diffusers|unsloth|safetensors|tokenizer|gemma|\bgated\b"
)


class Case(Value):
    """What an answer may look at.

    Attributes:
        hit: where the text was found.
        error: the exception that ended the run, if there is one.
        log: what the log says.
        facts: the same, with what was given put over it.
    """

    hit: Hit
    error: Raised | None
    log: LogFacts
    facts: Facts

    @property
    def match(self) -> re.Match[str]:
        """Return the match within its line."""
        return self.hit.match

    @property
    def around(self) -> str:
        """Return traceback and message of the error, or the line alone."""
        return self.error.around if self.error else self.hit.text

    @property
    def frames(self) -> str:
        """Return the last frames of the error's traceback, each with its line of code.

        Leave out what stands around a traceback: a list of packages, a command.
        """
        lines = self.error.traceback.splitlines() if self.error else []
        if self.error and self.error.hit.kind == "quoted":  # JSON has the frames behind it
            lines += self.error.hit.after.splitlines()
        kept: list[str] = []
        for number, line in enumerate(lines):
            if _FRAME.search(line) or number and _FILE.search(lines[number - 1]):
                kept.append(line)
        return "\n".join(kept[-30:])

    @property
    def packages(self) -> list[str]:
        """Return the packages of the frames, from the outermost to the one that raised.

        Leave out wrappers that rename arguments: they pass on what the script gave.
        """
        found: list[str] = []
        frames = [line for line in self.frames.splitlines() if not _NO_CALLER.search(line)]
        for match in _OF_PACKAGE.finditer("\n".join(frames)):
            name = match["module"] or match["checkout"] or "unsloth"
            if not found or found[-1] != name:
                found.append(name)
        return found

    @property
    def is_of_the_script(self) -> bool:
        """Return whether the user's own code raised the error, even if a package called it."""
        place = self.places[-1] if self.places else None
        return place is not None and place.owner == OWN

    @property
    def places(self) -> tuple[Place, ...]:
        """Return the frames of the error, outermost first, up to the one that raised it."""
        found = places_of(self.error) if self.error else ()
        raiser = raiser_of(found)
        return found[: found.index(raiser) + 1] if raiser is not None else ()

    @property
    def code(self) -> str:
        """Return the statement that raised the error; empty where the log does not show it."""
        return self.places[-1].code if self.places else ""

    @property
    def reader(self) -> str:
        """Return who reads an attribute: the last frame that does not only hand it on."""
        places = [line for line in self.frames.splitlines() if _PLACE.search(line)]
        while places and re.search(r"packages[/\\](?:torch|peft)[/\\]", places[-1]):
            places.pop()
        if not places:
            return "some code"
        inside = re.search(
            r"[/\\](?:site-|dist-)?(?:packages|src)[/\\]transformers[/\\]", places[-1]
        )
        return "transformers" if inside else "the script"

    @property
    def caller(self) -> Place | None:
        """Return the frame whose line led into torch: the last one of another package or of the
        script.
        """
        places = places_of(self.error) if self.error else ()
        others = [place for place in places if place.owner != PYTHON]
        return next((p for p in reversed(others) if p.module not in _CALLS_ON), None)

    @property
    def is_of_unsloth(self) -> bool:
        """Return whether Unsloth's code, or code that it compiled, led into torch."""
        place = self.caller
        return place is not None and place.module.startswith((GENERATED, "unsloth"))

    @property
    def phase(self) -> str:
        """Return which part of a run the frames show; where none does, which one a sentence names;
        else nothing.
        """
        for place in reversed(places_of(self.error) if self.error else ()):
            text = f"{place.file} in {place.function} {place.code}"
            found = next((name for name, words in _PHASES if words.search(text)), "")
            if found:
                return found
        return next((name for name, words in _TOLD_PHASES if words.search(self.near)), "")

    @property
    def is_of_a_hub(self) -> bool:
        """Return whether anything near the line is of a place that has models and data sets."""
        return _HUB.search(f"{self.around}\n{self.near}") is not None

    @property
    def quotes_a_cause(self) -> bool:
        """Return whether the text goes on to quote an import's error, which says more."""
        return _QUOTED.search(f"{self.hit.text}\n{self.hit.after[:200]}") is not None

    @property
    def above(self) -> str:
        """Return the log right before the error."""
        return self.error.hit.before[-4000:] if self.error else ""

    @property
    def above_traceback(self) -> str:
        """Return the log right before the error's traceback."""
        if not self.error:
            return ""
        return self.error.hit.before.removesuffix(self.error.traceback)[-4000:]

    @property
    def has_an_error_above(self) -> bool:
        """Return whether a row above a report of a process speaks of an error, in any words."""
        rows = self.hit.before[-4000:].splitlines()
        return any(_SPEAKS.search(row) and not _OF_A_REPORT.search(row) for row in rows)

    @property
    def message(self) -> str:
        """Return the error's message, or the line."""
        return self.error.message if self.error else self.hit.text

    @property
    def near(self) -> str:
        """Return the line, and up to 3,000 characters of the log before and after it."""
        return f"{self.hit.before[-3000:]}\n{self.hit.text}\n{self.hit.after[:3000]}"

    def says(self, pattern: str) -> bool:
        """Return whether traceback and message contain a match."""
        return re.search(pattern, self.around) is not None

    @property
    def processes(self) -> int:
        """Return how many processes the log counts; one if it does not say."""
        return len(self.facts.get("gpus", ())) or 1

    @property
    def model(self) -> str:
        """Return the model's name for a sentence."""
        return self.log.model_name or str(self.facts.model.get("model_type", "the model"))


Answering = Callable[[Case], Answer | None]


class General:
    """One kind of failure. There are a thousand, so it has slots and is no :class:`.Value`.

    Attributes:
        name: short, for JSON; never reused.
        text: a regular expression of what is printed, within a line.
        answer: returns the answer to a case; ``None`` if the case is another failure after all.
        examples: texts, each with a word or two that the answer must have; ``""`` for no answer.
        alone: whether the text counts even if it belongs to no exception.
    """

    __slots__ = ("name", "text", "answer", "examples", "alone")

    def __init__(
        self,
        name: str,
        text: str,
        answer: Answering,
        examples: Mapping[str, str] = MappingProxyType({}),
        alone: bool = False,
    ) -> None:
        self.name, self.text, self.answer = name, text, answer
        self.examples, self.alone = examples, alone


def always(happened: str, *do: str, **more: Any) -> Answering:
    """Return a function that gives the same answer whatever the facts."""
    return lambda case: Answer(happened, do, **more)
