"""What a symptom is: the words in which people tell of it, and an answer that names no cause."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...conditions.hardware import is_without_bfloat16
from ...engine.effects import Effect
from ...values import Value
from ..answer import Answer
from ..general.base import Answering, Case

_KNOWN = "a sentence tells of it, and no cause is known from that; what decides stands above"


# What is said of a Gemma is left out where the text is about another model.
_GEMMAS = re.compile(r"Gemma|262,144|<bos>|<(?:start_of_|end_of_)?turn\|?>|12\.5")
_PARTS = re.compile(r"(?<=[.;]) (?=[A-Za-z])")


class Symptom(Value, eq=False):
    """Something that goes wrong, as a sentence tells of it.

    Attributes:
        name: short, for JSON; never reused.
        text: a regular expression, searched in one sentence without regard to case.
        answer: returns the answer to a case; ``None`` if the case is another one after all.
        examples: sentences, each with a word or two that the answer must have; ``""`` for none.
        words: texts in lower case, one of which a match contains; asked before ``text`` is
            compiled. Empty: always compiled.
        loosely: further wordings, which count only where nothing else in a short report is known.
        effects: what rules with this symptom do to a run.
        yields: whether an error that the report quotes says more, even one that nothing knows.
        is_setting: whether it may be only how a run is set up: what went wrong comes first.
    """

    name: str
    text: str
    answer: Answering
    examples: Mapping[str, str] = {}
    words: tuple[str, ...] = ()
    loosely: str = ""
    effects: tuple[Effect, ...] = ()
    yields: bool = False
    is_setting: bool = False


def told(happened: str, *do: str, why: str, of_gemma: bool = False) -> Answering:
    """Return an answer to a sentence: likely, and not settled."""
    answer = Answer(
        happened,
        do,
        why=why,
        known=_KNOWN,
        certain=False,
        settles=False,
        of_gemma=of_gemma,
    )

    of_others = answer.replace(
        of_gemma=False,
        do=tuple(text for text in do if not _GEMMAS.search(text)) or do,
        why=" ".join(part for part in _PARTS.split(why) if not _GEMMAS.search(part)),
    )

    def always(case: Case) -> Answer:
        return of_others if case.log.is_other else answer

    return always


def by_precision(answer: Answering, cure: str, other: str) -> Answering:
    """Return the answer with another cure of float16 where the card has no bfloat16.

    Args:
        cure, other: what the answer says, and what stands in its place on such a card.
    """

    def of_card(case: Case) -> Answer | None:
        found = answer(case)
        if found is None or not is_without_bfloat16.is_known_to_hold(case.facts):
            return found
        return found.replace(do=tuple(text.replace(cure, other) for text in found.do))

    return of_card


_RATE = re.compile(
    r"\b(?:learning_rate|lr)[\"']?\s{0,3}[=: ]\s{0,3}[\"']?"
    r"(?P<rate>\d(?:\.\d{1,8})?(?:[eE]-?\d{1,2})?)(?![\w.])"
)
_TOO_HIGH = 1e-3  # an adapter takes 2e-4, all weights 1e-5


def at_its_rate(answer: Answer | None, case: Case) -> Answer | None:
    """Put the learning rate first where the report sets one that is far too high."""
    if answer is None:
        return None
    rates = [float(found["rate"]) for found in _RATE.finditer(case.hit.before)]
    if not rates or not _TOO_HIGH <= rates[0] <= 1:
        return answer
    return answer.replace(
        do=(
            "learning_rate=2e-4 with LoRA, 1e-5 for all weights, warmup_ratio=0.03: numbers then? "
            "It is the rate",
            *answer.do,
        ),
        why=f"the text sets a learning rate of {rates[0]:g}, five times and more what an adapter "
        f"takes; {answer.why}",
    )


def near(one: str, other: str, gap: int = 60) -> str:
    """Return an expression for both within so many characters, in either order."""
    between = f"[^\\n]{{0,{gap}}}?"
    return f"(?:(?:{one}){between}(?:{other})|(?:{other}){between}(?:{one}))"


# What is said to be as it should.
FINE = (
    r"(?:\bworks?\b|\bsuccess(?:fully)?\b|\bworked\b|\bworking\b|\b(?:is|are|was|were|runs?|ran|"
    r"trains?|trained|looks?|"
    r"loads?|goes|does) (?:just |totally |all |perfectly )?(?:fine|ok|okay|good|well|normal\w*|"
    r"correct\w*|proper\w*|perfect\w*|as expected)\b|\bno (?:such )?(?:issues?|problems?|errors?)\b"
    r"|\bwithout (?:an?y? )?(?:issues?|problems?|errors?)\b|\bcorrect(?:ly)?\b|正常|没问题|"
    r"没有问题|"
    r"正确|可以(?:正常)?(?:运行|训练|加载|推理|跑)|没有报错|不报错)"
)
