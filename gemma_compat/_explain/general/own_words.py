"""Answer an error that nothing here knows from what its own message says to do. Pure.

Many checks of Unsloth, TRL, PEFT and others end in a sentence that begins with "Please", "Set" or
"Use". Such a sentence is shown as what it is: the message's own advice.
"""

from __future__ import annotations

import re

from ..answer import Answer
from .base import Case

_SENTENCES = re.compile(r"(?<=[.!?])[`'\"]?\s+(?=[A-Z`'\"])|\n+|; (?=[a-z])")
_WORDS = (
    r"[Pp]lease|[Uu]se|[Ss]et|[Pp]ass|[Ii]nstall|[Uu]pgrade|[Uu]pdate|[Dd]owngrade|[Ii]ncrease|"
    r"[Rr]educe|[Ll]ower|[Rr]aise|[Aa]dd|[Rr]emove|[Rr]eload|[Ll]oad|[Rr]estart|[Cc]onvert|"
    r"[Rr]esample|[Rr]ename|[Mm]ove|[Pp]rovide|[Ss]pecify|[Cc]hoose|[Dd]isable|[Ee]nable|[Uu]nset|"
    r"[Ss]horten|[Ee]nsure|[Mm]ake sure|[Cc]heck that|[Rr]e-save|[Rr]etry|[Rr]ecreate|[Dd]elete"
)
# Advice: a sentence, or what follows a comma or colon in it, that begins with what to do.
_ADVICE = re.compile(
    r"(?:^(?:\d[.)] |[-*] )?(?:Unsloth: )?|[,:] |\bor |\binstead, |^(?:Consider|Try) |"
    r"\b[Yy]ou (?:can|should|must|need to|have to|may want to) )"
    rf"(?P<do>(?:{_WORDS})\b(?![\[(.])[^\n]{{6,300}})"
)
# To report it, or to look elsewhere, cures nothing.
_NO_CURE = re.compile(
    r"(?i)bug report|report (?:this|it|the)|file (?:a|an) |open an issue|github issue|contact|"
    r"let us know|see (?:above|below)|(?:refer|check out|look) |for (?:debugging|more)|"
    r"set to (?:none|true|false)|passing CUDA_LAUNCH|TORCH_USE_CUDA_DSA|set TORCH(?:DYNAMO|_LOGS)|"
    r"documentation|stack ?trace|inner exception|NCCL_DEBUG|feature request|"
    r"please (?:link|fill|paste|share|attach|give)|"
    r"discord|post on|star us|use (?:of|was)\b|(?:load|install|update)(?:ed)? (?:failed|error)"
)
_PRIVATE = re.compile(r"[^\s`'\"]*[/\\@][^\s`'\"]*|(?<=['\"`])[^'\"`\n]{60,}(?=['\"`])")
# A row under a message in which the person who pasted it speaks, or asks.
_OF_A_PERSON = re.compile(
    r"\b(?:I|I'm|I've|my|me|[Hh]elp|[Tt]hanks)\b|[?\uff1f]\s*$|[\u3040-\u30ff\u4e00-\u9fff]"
)
_LONGEST = 190
_NEWER = (
    "change what the sentence names; or pip install -U unsloth unsloth_zoo   for a release that "
    "may take it"
)


def own_words(case: Case) -> Answer | None:
    """Return the advice of the error's own message; ``None`` if it gives none."""
    if case.error is None or case.error.is_of_a_launcher:
        return None
    said = _sentences(case.message[:2500])
    if not said:
        return None
    advice: list[str] = []
    for part in said:
        found = _ADVICE.search(part)
        if found and not _NO_CURE.search(part):
            advice.append(_shown(found["do"]))
    of_unsloth = case.message.startswith("Unsloth: ")
    if not (advice or of_unsloth):
        return None
    # A message that is nothing but advice has its headline in it: what follows may be a person's.
    first = _sentences(case.message.strip().partition("\n")[0])
    parts = first if of_unsloth else said
    cause = next((part for part in parts if not _ADVICE.match(part)), said[0])
    who = "Unsloth" if of_unsloth else next(reversed(case.packages), "")
    sentence = _shown(re.sub(r"^Unsloth: ?", "", cause))
    return Answer(
        f"{who} stops and says: {sentence}" if who else f"the error says: {sentence}",
        tuple(advice[:3]) or (_NEWER,),
        known="the advice is the message's own; whether it cures this run is not known here"
        if advice
        else "the check is Unsloth's own; no rule here knows it, and whether a newer release takes "
        "what it refuses is not known",
        settles=False,
    )


def _sentences(message: str) -> list[str]:
    """Return the sentences of a message, up to a row that the person who pasted it wrote."""
    first, *below = message.splitlines() or [""]
    person = next((n for n, row in enumerate(below) if _OF_A_PERSON.search(row)), len(below))
    text = "\n".join((first, *below[:person]))
    return [part.strip(" .`") for part in _SENTENCES.split(text) if part.strip(" .`")]


def _shown(text: str) -> str:
    """Return a sentence without paths and names of repositories, and not longer than a line or
    two.
    """
    text = _PRIVATE.sub("…", re.sub(r"\s+", " ", text)).strip(" .:")
    return text if len(text) <= _LONGEST else text[:_LONGEST].rpartition(" ")[0] + " …"
