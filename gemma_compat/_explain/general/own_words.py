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
    rf"(?P<do>(?:{_WORDS})\b[^\n]{{6,300}})"
)
# To report it, or to look elsewhere, cures nothing.
_NO_CURE = re.compile(
    r"(?i)bug report|report (?:this|it|the)|file (?:a|an) |open an issue|github issue|contact|"
    r"let us know|see (?:above|below)|(?:refer|check out|look) |for (?:debugging|more)|"
    r"set to (?:none|true|false)|passing CUDA_LAUNCH|TORCH_USE_CUDA_DSA|set TORCH(?:DYNAMO|_LOGS)|"
    r"documentation|stack ?trace|inner exception|NCCL_DEBUG|feature request|"
    r"discord|post on|star us|use (?:of|was)\b|(?:load|install|update)(?:ed)? (?:failed|error)"
)
_PRIVATE = re.compile(r"[^\s`'\"]*[/\\@][^\s`'\"]*|(?<=['\"`])[^'\"`\n]{60,}(?=['\"`])")
_LONGEST = 190
# What trains, prepares and serves: checks of theirs are about settings, rows and files.
_CHECKERS = {
    "llamafactory": "LLaMA-Factory",
    "llmtuner": "LLaMA-Factory",
    "swift": "ms-swift",
    "axolotl": "axolotl",
    "verl": "verl",
    "openrlhf": "OpenRLHF",
    "trl": "TRL",
    "peft": "PEFT",
    "accelerate": "accelerate",
    "deepspeed": "DeepSpeed",
    "nemo": "NeMo",
    "nemo_automodel": "NeMo Automodel",
    "torchtune": "torchtune",
    "litgpt": "LitGPT",
    "xtuner": "XTuner",
    "gemma": "Google's gemma library",
    "keras_hub": "KerasHub",
    "keras_nlp": "KerasNLP",
    "autotrain": "AutoTrain",
    "liger_kernel": "liger-kernel",
    "lm_eval": "lm-eval",
    "vllm": "vLLM",
    "mergekit": "mergekit",
    "optimum": "optimum",
    "modelopt": "modelopt",
    "llmcompressor": "llm-compressor",
    "transformers": "transformers",
    "datasets": "datasets",
    "bitsandbytes": "bitsandbytes",
    "sentence_transformers": "sentence-transformers",
}
# The line of code that raised, as Python, IPython and rich show it.
_RAISES = re.compile(r"(?:^|\s)(?:raise [\w.]+(?:\(|$)|assert )", re.MULTILINE)
_MODAL = re.compile(
    r"\b(?:must|should|[Cc]annot|[Cc]an't|[Cc]ould not|does not|doesn't|[Oo]nly|[Nn]ot|[Nn]o|"
    r"[Uu]nsupported|[Uu]nknown|[Ii]nvalid|[Ii]ncompatible|requires?|exclusive|[Mm]issing|"
    r"[Ee]xpected|[Mm]ismatch|[Ee]mpty|necessary|needed|already|exceeds?|[Ff]ailed)\b"
)
_NEWER = (
    "change what the sentence names; or pip install -U unsloth unsloth_zoo   for a release that "
    "may take it"
)


def own_words(case: Case) -> Answer | None:
    """Return the advice of the error's own message; ``None`` if it gives none."""
    if case.error is None or case.error.is_of_a_launcher:
        return None
    said = [part.strip(" .`") for part in _SENTENCES.split(case.message[:2500]) if part.strip()]
    advice: list[str] = []
    for part in said:
        found = _ADVICE.search(part)
        if found and not _NO_CURE.search(part):
            advice.append(_shown(found["do"]))
    of_unsloth = case.message.startswith("Unsloth: ")
    if not said or not (advice or of_unsloth):
        return _of_a_check(case, said)
    cause = next((part for part in said if not _ADVICE.match(part)), said[0])
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


def _of_a_check(case: Case, said: list[str]) -> Answer | None:
    """Return that a package's own check stopped the run, where the last frame raises it."""
    package = next(reversed(case.packages), "")
    lines = case.error.traceback.splitlines()[-6:] if case.error else []
    if not said or package not in _CHECKERS or not _RAISES.search("\n".join(lines)):
        return None
    if len(said[0]) < 12 or not _MODAL.search(said[0]):
        return None
    wanted = _shown(said[0])
    wanted = f"`{wanted}" if wanted.count("`") % 2 else wanted  # the splitting took one off
    return Answer(
        f"a check of {_CHECKERS[package]}'s own stopped the run",
        (f"bring into order what it names: {wanted}",),
        why="it raised this error itself, before or beside the model's work, so the setting, row "
        "or file that it names is where to look",
        known="the last frame raises it; why it is so here, the log does not say",
        settles=False,
    )


def _shown(text: str) -> str:
    """Return a sentence without paths and names of repositories, and not longer than a line or
    two.
    """
    text = _PRIVATE.sub("…", re.sub(r"\s+", " ", text)).strip(" .:")
    return text if len(text) <= _LONGEST else text[:_LONGEST].rpartition(" ")[0] + " …"
