"""Symptoms told of a model that learned nothing of its rows, as its answers show."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, told
from .contexts import in_its_context

_unlearned = told(
    "a trained model is said not to have learned what its rows hold",
    "print(sum(p.abs().sum().item() for n, p in model.named_parameters() if 'lora_B' in n))   in "
    "the script that answers: 0, or no such name, and the adapter is not there: "
    "PeftModel.from_pretrained(BASE, FOLDER), or merge it",
    "a row of the training, with the training's template, do_sample=False: answered as in the row? "
    "Then rows were learned, and new questions need more rows in other words",
    "that row is not answered so: print_trainable_parameters(), the loss of the last steps, "
    "learning_rate=2e-4 (LoRA), all linear layers, more epochs",
    why="an adapter that is not loaded, another prompt than in training, and too few steps look "
    "the same from outside; facts take many rows in several wordings, or a look-up beside the "
    "model",
)
_LOSS = re.compile(r"(?i)\bloss\b|损失|\baccuracy\b|reward")


_PERSON = re.compile(
    r"(?i)\b(?:I|we|you|who|people|users?)(?: (?:\w+ ){0,2}?(?:not|never|hardly|"
    r"barely)|\s*$| ?don't| didn't)"
)


def _no_knowledge(case: Case) -> Answer | None:
    """Answer where the model is meant, and not a person, and where no figure tells more."""
    before = case.match.string[max(0, case.match.start() - 12) : case.match.end()]
    if _PERSON.search(before):
        return None
    return None if _LOSS.search(case.hit.text) else _unlearned(case)


OUTCOME: tuple[Symptom, ...] = (
    Symptom(
        "learned-nothing-of-its-rows",
        r"没有?(?:能)?学(?:习)?(?:到|会)(?:知识|任何|训练|数据|内容|东西|新)|(?:不|没有?|无法|"
        r"答不|回答不)(?:能|会|出|了|上)?"
        r"[^\n。]{0,8}(?:训练|微调)(?:数据|集)?(?:里|中)的(?:知识|内容|问题|数据|答案)|(?:微调|"
        r"训练)(?:之?后|完|结束)"
        r"[^\n。]{0,16}(?:没有?(?:任何)?(?:学到|学会|提升|改善|改变)|不(?:知道|认识|记得))|"
        r"(?:\bnot|n't|never|hardly|barely) (?:seem(?:s|ed)? to |to |really |actually |have "
        r")?(?:learn(?:ed|t|ing)?|know|"
        r"remember|recall|memori[sz]e)\b (?:\w+ ){0,3}?(?:(?:from|of|in|about) (?:the |my |its "
        r")?(?:\w+ )?(?:data ?sets?|"
        r"train\w*|rows|examples|documents?|pdfs?|data)|(?:the |my |any |new |custom )+(?:\w+ "
        r")?(?:data ?sets?|"
        r"train\w* data|facts?|knowledge|information|data|content))|"
        r"\bno (?:\w+ )?improvements? (?:at all|over|after|on|compared)\b|"
        r"(?:data ?sets?|train\w* data)\b[^\n.]{0,60}(?:not|n't) (?:\w+ )?(?:answer|respond|know)",
        in_its_context(_no_knowledge),
        {
            "我微调后的模型似乎没有学习到知识": "lora_B",
            "After fine-tuning the model does not know anything from my dataset": "lora_B",
            "with LoRA it turned out to be no improvement at all": "PeftModel",
            "the fine-tuned model didn't learn the new facts": "lora_B",
            "I do not know the training data of Gemma": "",
            "I don't know which dataset to take": "",
            "the loss does not fall, it learns nothing of my data": "",
            "We do not remember the data of our users": "",
        },
        words=(
            "learn",
            "know",
            "rem",
            "recall",
            "memor",
            "improve",
            "answer",
            "respond",
            "学",
            "训练",
            "微调",
        ),
        effects=("nothing-learned", "adapter-refused"),
    ),
)
