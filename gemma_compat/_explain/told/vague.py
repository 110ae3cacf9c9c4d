"""Symptoms that say little: they count only where nothing else in a short report is known."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, told
from .contexts import in_its_context
from .languages import SPEAKER

_PREFLIGHT = "python -m gemma_compat run --preflight train.py"

# Who reports, and what of: a person, or a run in the title.
_REPORTER = re.compile(
    r"(?m)\b(?:I(?!/O)|I'm|I've|i|im|[Mm]y|me|[Ww]e|[Oo]ur|help|please|anyone)\b|"
    rf"{SPEAKER}|"
    r"(?i:^\W{0,6}(?:describe the bug|(?:steps )?to reproduce|what happened|actual behaviou?r))"
)
_OF_A_RUN = re.compile(
    r"(?i)\b(?:pre)?train|\b(?:fine-?)?tun(?:e|ing)|model|gemma|lora\b|adapter|\bload|\bimport|"
    r"script|"
    r"notebook|colab|entren|entraîn|trein|обуч|学習|학습|"
    r"\b(?:run|job) (?:\w+ )?(?:fail|crash|stop|d(?:oes|id)n.t)|\bmerg|\bexport|"
    r"convert|"
    r"\bsav(?:e|ing)|generat|inference|tokeniz|unsloth|install|vllm|gguf|checkpoint|[\u4e00-\u9fff]"
)
# What only may fail, or is meant to.
_SUPPOSED = re.compile(
    r"(?i)\b(?:may|might|could|can|will|would|should|must|to) (?:(?:also|then|even|still|just|not|"
    r"silently) )?(?:fail|crash|error|hang|throw|raise|stop|cause|lead|result)\b|"
    r"\b(?:if|when(?:ever)?|in case|unless|until|before|after|where|once) (?:it|this|that|one|any|"
    r"a|an|the|you|your|"
    r"some\w*)\b[^.,;]{0,50}$|"
    r"\b(?:avoid|prevent|handl\w+|lead(?:s|ing)? to|plan for|fall ?back|otherwise|retr(?:y|ies|"
    r"ied)|"
    r"not an error|(?:feature|enhancement|proposal|suggestion|建议|希望))\b"
)
_OTHERS = re.compile(
    r"(?i)\b(?:users?|people|others|they|one|which|that|who|you)(?: \w+)? "
    r"(?:can(?:not|'t| not)?|could(?: ?not|n't)?|(?:do|does|did)(?: not|n't))?\W*$"
)
_SHORT = 3  # lines


def _something_fails(case: Case) -> Answer | None:
    """Answer where a person, or the title of a report, says that a run failed."""
    text, start, end = case.hit.text, case.match.start(), case.match.end()
    is_quoted = text[:start].count('"') % 2 or text[:start].count("`") % 2
    if is_quoted or _SUPPOSED.search(text[:end]) or _OTHERS.search(text[:start]):
        return None
    whole = case.hit.before
    is_short = whole.count("\n") <= _SHORT
    speaks = _REPORTER.search(text if is_short else whole) is not None
    is_title = case.hit.line == 1 and _OF_A_RUN.search(text) is not None
    return _failing(case) if speaks or is_title else None


_FAILS = told(
    "something is said to fail, and the text has no error that is known here",
    "python train.py 2>&1 | tee train.log; python -m gemma_compat explain train.log",
    why="the error's own lines decide: from `Traceback` to its last line",
)
# What decides beside them, by what the text speaks of.
_DECIDES = (
    (
        r"vllm|sglang|ollama|llama\.?cpp|gguf|\btgi\b|\bserv(?:e|ing)\b|部署",
        "the log of the engine from its start, its release, and FOLDER/config.json",
    ),
    (
        r"\bsav(?:e|ing)\b|checkpoint|\bresum|\bmerg|\bexport|\bconvert|保存|合并|导出|转换",
        "the lines that save, merge or convert, and ls -la FOLDER",
    ),
    (
        r"\binstall|\bimport|安装",
        "pip list, python --version, and the whole output of what was installed",
    ),
    (
        r"\bload|from_pretrained|\bdownload|加载|读取",
        "the line that loads, ls -la FOLDER, pip show transformers peft",
    ),
    (
        r"dataset|tokeni[sz]|\bdata\b|数据|分词",
        "print(dataset.column_names, dataset[0]), and the lines that make rows of it",
    ),
    (
        r"\btrain|tun(?:e|ing)\b|\bloss\b|训练|微调|学習|학습|обуч|entren|entraîn|trein",
        "the trainer's arguments, its first losses, pip show transformers trl peft accelerate",
    ),
)


def _failing(case: Case) -> Answer | None:
    """Answer with the facts that would decide, by what the sentence, or else the text, is about."""
    answer = _FAILS(case)
    texts = (case.match.string, case.hit.before)
    fact = next((do for s in texts for words, do in _DECIDES if re.search(f"(?i){words}", s)), "")
    return answer.replace(do=(*answer.do, fact)) if answer and fact else answer


_worse = told(
    "the trained model is said to be worse than it should be",
    _PREFLIGHT,
    "one prompt in the training's template, do_sample=False: base against trained, a row of the "
    "training against a new one",
    why="it tries one batch: what is trained on, with which labels and template, and whether the "
    "gradients are right. Data and settings of the run decide the rest",
)


def _worse_somewhere(case: Case) -> Answer | None:
    """Answer by where it is worse: what serves the model may differ, and not the training."""
    return in_its_context(_worse, garbled=True)(case)


VAGUE: tuple[Symptom, ...] = (
    Symptom(
        "worse-than-before",
        "",
        _worse_somewhere,
        {
            "after training the answers are worse than the base model's": "preflight",
            "the tuned model does not follow the instruction": "preflight",
            "This happens because `AutoTokenizer` does not produce these fields.": "",
        },
        loosely=r"\bworse (?:than|results?|accuracy|score|quality)|\blower (?:results?|accuracy|"
        r"scores?|quality)|\bperforms? (?:\w+ ){0,2}(?:worse|poorly|badly)|\b(?:pretty|really|very|"
        r"so|too) (?:bad|poor)\b|\b(?:translat|answer|predict|classif|recogni[sz])\w* (?:it |them "
        r")?(?:wrong|incorrect)(?:ly)?\b|"
        r"\bin the wrong\b|accuracy.{0,20}(?:drops?|low)|\bworks? (?:poorly|badly)|\bresults? "
        r"(?:is|are|was|were) "
        r"(?:very |really |so |quite )?(?:poor|bad|terrible|not (?:so |very |as )?good)|"
        r"respond\w* incorrectly|(?:bad|poor|terrible|disappointing|incorrect|wrong|weird|"
        r"strange) (?:results?|quality|"
        r"performance|output|answers?|"
        r"predictions?|responses?)|\bmakes? (?:the |my )?model worse|\bmodel (?:gets?|got|becomes?|"
        r"became) worse|变傻|变笨|forget(?:s|ting)?\b|hallucinat\w*|效果(?:很|非常)?(?:差|不好)|"
        r"变差|"
        r"\b(?:models?|it|gemma[\w.-]*|adapters?|checkpoints?) (?:\w+ ){0,3}(?:does|do|did)"
        r"(?: not|n't) (?:follow|answer|respond|give|produce|generate|predict|"
        r"recogni[sz]e|understand)",
        effects=("wrong-loss", "wrong-gradients", "wrong-attention"),
    ),
    Symptom(
        "no-access",
        "",
        told(
            "files are said not to be downloaded",
            "hf auth whoami   and open the model's page with that account",
            why="Gemma is gated: the account of the token must have accepted the licence there, "
            "and a "
            "fine-grained token needs the right to read gated repositories",
            of_gemma=True,
        ),
        {
            "I can not download gemma": "hf auth whoami",
            "access denied, though I have accepted the licence": "hf auth whoami",
        },
        loosely=r"access (?:is )?denied|(?:can ?not|can't|unable to|fails? to) (?:download|access)|"
        r"no (?:access|permission)|\b40[13] (?:[A-Z]|error)|gated repo|Unauthorized|Forbidden|"
        r"下载(?:失败|不了|不下来)|无法下载|没有权限",
    ),
    Symptom(
        "fails",
        "",
        _something_fails,
        {
            "Gemma 3 finetuning does not work": "tee train.log",
            "训练失败，求助": "tee train.log",
            "I get an error when I load my adapter": "tee train.log",
            "My notebook crashes after the second cell": "tee train.log",
            "Gemma can not be loaded": "tee train.log",
            "gemma fine tuning: my hook is never called": "tee train.log",
            "a hook that is optional and never called twice": "",
            "Weight sync will fail silently without it": "",
            "which many users can't install on Windows": "",
            "I want to plan for failures": "",
            "The restart policy is used when a pod fails": "",
            "FlashAttention 2 cannot serve heads of 512 on its own": "",
        },
        loosely=r"\b(?:was |is )(?:\w+ )?never (?:being )?(?:called|executed|reached)\b|"
        r"\b(?:broke|broken|breaks|stopped working|no longer works?|strange|weird|abnormal|"
        r"unexpected)\b|"
        r"[a-z]n't (?:seem to )?(?:be |get )?(?:work|start|run|load|train|finish|save|use)\w*|"
        r"^\W{0,6}(?:describe the bug|bug description|what is the issue|actual behaviou?r|"
        r"current behaviou?r|"
        r"\[?bug\]?\b|why (?:does|do|is|are|did|can)\b)|(?<!没有)(?<!没)问题|异常|不对|不正常|"
        r"不起作用|没反应|求助|"
        r"为什么|"
        r"(?:does|did|do|is|are)(?: not|n't) (?:work|start|run|load)|\bfail(?:s|ed|ing)?\b|"
        r"\bcrash(?:es|ed|ing)?\b|\b(?:can|could) ?not\b|\bcan't\b|\bunable to\b|"
        r"(?<!you )get(?:ting)? an? error|"
        r"(?<!get )\b(?:an|the|this|same|following|train(?:ing)?) errors?\b|stops at|\bis not "
        r"used\b|\bdoes not learn\b|"
        r"报错|失败|崩溃|不能用|无法|出错|跑不起来",
    ),
)
