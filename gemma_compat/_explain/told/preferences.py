"""Symptoms told of training by preferences: DPO and its kin."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, near, told
from .contexts import is_over

_fall = told(
    "the rewards of chosen and of rejected answers are said to fall together",
    "rewards/margins and rewards/accuracies: while these rise, the run learns what it is to",
    "a lower learning_rate (5e-7; 5e-6 with LoRA) and one epoch, where logps/chosen falls "
    "steeply and answers get worse",
    "loss_type=['sigmoid', 'sft'] in DPOConfig (older TRL: rpo_alpha=1.0) adds the loss "
    "of SFT "
    "on the chosen answers",
    why="DPO's loss knows the difference of the two alone, so both may fall as long as the "
    "rejected one falls more. That is ordinary at first; much of it makes all answers "
    "unlikely",
)


def _both_fall(case: Case) -> Answer | None:
    """Answer of pairs alone: a run of GRPO may have several rewards."""
    of_pairs = re.search(r"(?i)chosen|accepted|reject|\b(?:dpo|ipo|orpo|kto|simpo)\b", case.near)
    return _fall(case) if of_pairs else None


_broken = told(
    "a model is said to answer badly after a training by preferences",
    "learning_rate=5e-7 (5e-6 with LoRA), one epoch, beta=0.1 to 0.5: sound then? These trainings "
    "take a tenth, or less, of the rate of SFT",
    "a term of SFT beside it: loss_type=['sigmoid', 'sft'] in DPOConfig (older TRL: "
    "rpo_alpha=1.0), "
    "pref_ftx: 1.0 in LLaMA-Factory",
    "ten answers before the first step: as good as the SFT model's? Else its adapter was not "
    "merged "
    "or loaded, and the run starts from the base",
    "one row of chosen and of rejected, decoded: the template, system text and end mark of the "
    "SFT, "
    "on both?",
    why="the loss knows only the difference of two answers, so it may make both unlikely, and "
    "something that is in neither likely: loops, other languages, no end. Rewards/margins that run "
    "away, with logps/chosen falling, show it",
)
_FIGURES = re.compile(
    r"(?i)\b(?:loss|figures?|numbers?|scores?|benchmark|results?) (?:does|do|is|are|of)\b|"
    r"\b(?:against|to (?:avoid|reduce|fix|prevent|stop))\b"
)


def _of_preferences(case: Case) -> Answer | None:
    """Answer where answers are meant, and not figures."""
    return None if _FIGURES.search(case.match[0]) or is_over(case) else _broken(case)


PREFERENCES: tuple[Symptom, ...] = (
    Symptom(
        "output-that-breaks-after-preferences",
        near(
            r"(?<!\w)(?:DPO|ORPO|KTO|SimPO|CPO|IPO)(?!\w)(?! ?(?:paper|data ?set|is worse|or\b))",
            r"\bdegenerat\w*|\bcollaps\w*|\bcorrupt\w*|gibberish|garbage|nonsense|garbled|"
            r"incoherent|"
            r"\brepeat\w*|repetiti\w*|(?:not|n't|never) stop\w*|\b(?:less accurate|worse|degrad\w*|"
            r"broken|destroy\w*|forgets?)\b|completely random|重复|乱码|胡言|胡说|瞎答|变差|"
            r"效果[^\n。]{0,4}(?:下降|很差|不好)|依托构思",
            90,
        ),
        _of_preferences,
        {
            "DPO degeneration problem: the model repeatedly generates the same token": "beta",
            "DPO 训练后 生成的序列重复token": "learning_rate",
            "DPO training on LLAMA-2 completely corrupts the model": "first step",
            "dpo训练后模型输出一直重复，还出各种乱码": "pref_ftx",
            "baichuan-13b-chat 使用 DPO 训练，效果下降？": "learning_rate",
            "DPO is worse than PPO on this benchmark, the paper says": "",
            "The DPO data set has repeated rows": "",
            "After DPO the model no longer repeats itself": "",
            "The DPO loss does not repeat the figures of the paper": "",
        },
        words=("dpo", "orpo", "kto", "simpo", "cpo", "ipo"),
        effects=("wrong-generation", "wrong-turn-end"),
    ),
    Symptom(
        "preference-of-one-row",
        r"\b(?:rewards?[/_ ])?accurac(?:y|ies)\b[^\n.]{0,40}(?:only|always|just|either) (?:is |are "
        r")?0(?:\.0)? (?:or|and) 1\b|"
        r"\b(?:DPO|KTO|ORPO|SimPO)\b[^\n]{0,60}\bloss(?:es)? (?:is |are |of |becomes? |drops? to "
        r")?(?:always )?0(?:\.0+)?(?![\d.]*\d)|"
        r"\bloss(?:es)? (?:is |are |of |becomes? |drops? to )(?:always "
        r")?0(?:\.0+)?(?![\d.]*\d)[^\n]{0,60}\b(?:DPO|KTO|ORPO|SimPO)\b",
        told(
            "a preference run is said to reach a loss of 0, or accuracies of 0 or 1 alone",
            "rewards/margins and logps/chosen beside it: margins that grow while logps/chosen "
            "falls mean that the "
            "pairs are told apart too easily",
            "chosen and rejected of five rows, printed: do they differ by a mark, a length or a "
            "template?",
            "learning_rate=5e-7 (5e-6 with LoRA), beta=0.1 to 0.5, one epoch",
            "per_device_train_batch_size above 1, or logging_steps=20, for the mean over more rows",
            why="the accuracy of a single row is 0 or 1, and its mean over few rows is coarse. A "
            "loss of 0 means "
            "that every chosen answer is far likelier than its rejected one; with NaN in rewards "
            "it is the precision",
        ),
        {
            "Rewards/accuracies is always 0 or 1 during the training process": "logging_steps",
            "When the loss is 0 during the dpo trainer.": "margins",
            "DPO loss starts at 0.693": "",
        },
        words=("accurac", "dpo", "kto", "orpo", "simpo"),
    ),
    Symptom(
        "chosen-and-rejected-both-fall",
        r"(?:chosen|accepted)\b[^\n]{0,40}\brejected\b[^\n]{0,40}\b(?:both|all|each) (?:\w+ ){0,2}"
        r"(?:go(?:es|ing)? down|decreas\w*|fall\w*|drop\w*|declin\w*|(?:are|become|get) negative)|"
        r"\bboth (?:the )?(?:rewards|logps|log ?probs|chosen and "
        r"rejected)\b(?:(?!\bloss\b)[^\n]){0,60}(?:down|"
        r"decreas\w*|fall\w*|drop\w*|declin\w*|negative)|chosen[^\n]{0,20}rejected[^\n]{0,20}(?:都|"
        r"同时)[^\n]{0,6}(?:降|负|下)",
        _both_fall,
        {
            "DPO: rewards/chosen and rewards/rejected both go down, is that normal?": "margins",
            "In DPO both rewards are decreasing": "margins",
            "In GRPO both rewards are negative at first": "",
            "the chosen reward rises and the rejected one falls": "",
        },
        words=("chosen", "reject", "both"),
    ),
)
