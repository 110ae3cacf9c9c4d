"""Symptoms that say little: they count only where nothing else in a short report is known."""

from __future__ import annotations

from .base import Symptom, told

_PREFLIGHT = "python -m gemma_compat run --preflight train.py"

VAGUE: tuple[Symptom, ...] = (
    Symptom(
        "worse-than-before",
        "",
        told(
            "the trained model is said to be worse than it should be",
            _PREFLIGHT,
            "one prompt in the training's template, do_sample=False: base against trained, a row of"
            " the "
            "training against a new one",
            why="it tries one batch: what is trained on, with which labels and template, and "
            "whether the "
            "gradients are right. Data and settings of the run decide the rest",
        ),
        {
            "after training the answers are worse than the base model's": "preflight",
            "the tuned model does not follow the instruction": "preflight",
            "This happens because `AutoTokenizer` does not produce these fields.": "",
        },
        loosely=r"\bworse (?:than|results?|accuracy|score|quality)|\blower (?:results?|accuracy|"
        r"scores?|quality)|\bperforms? (?:\w+ ){0,2}(?:worse|poorly|badly)|\b(?:pretty|really|very|"
        r"so|too) (?:bad|poor)\b|\b(?:translat|answer|predict|classif|recogni[sz])\w* (?:it |them "
        r")?(?:wrong|incorrect)(?:ly)?\b|"
        r"accuracy.{0,20}(?:drops?|low)|\bworks? (?:poorly|badly)|\bresults? (?:is|are|was|were) "
        r"(?:very |really |so |quite )?(?:poor|bad|terrible|not (?:so |very |as )?good)|"
        r"(?:bad|poor|terrible|disappointing|incorrect|wrong|weird|strange) (?:results?|quality|"
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
        told(
            "something is said to fail, and the error itself is not quoted",
            "python train.py 2>&1 | tee train.log; python -m gemma_compat explain train.log",
            why="the error's own lines decide: from `Traceback` to its last line",
        ),
        {
            "Gemma 3 finetuning does not work": "tee train.log",
            "训练失败，求助": "tee train.log",
        },
        loosely=r"(?:does|did|do|is|are)(?: not|n't) (?:work|start|run|load)|\bfail(?:s|ed|ing|"
        r"ures?)?\b|"
        r"\bcrash(?:es|ed|ing)?\b|\b(?:can|could) ?not\b|\bcan't\b|\bunable to\b|"
        r"(?<!you )get(?:ting)? an? error|"
        r"(?<!get )\b(?:an|the|this|same|following|train(?:ing)?) errors?\b|stops at|"
        r"报错|失败|崩溃|不能用|无法|出错|跑不起来",
    ),
)
