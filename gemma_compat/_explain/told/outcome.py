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
    "learning_rate=2e-4 (LoRA), more epochs; a max_length that cuts the answers off",
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
        r"(?:微调|训练)(?:之?后|完|成功后|结束)?[^\n。]{0,16}(?:推理|回答|输出|"
        r"预测)[^\n。]{0,8}(?:不正确|不对|错误|"
        r"不准|有问题|不符)|"
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
        r"\bno (?:\w+ )?improvements? (?:at all|over|after|on|compared)\b|(?:lora|fine-?tun\w*|"
        r"adapter|model|sft)\b"
        r"[^\n.]{0,20} (?:has|have|had|shows?|gives?|brings?) (?:almost )?no improvements?\b|"
        r"(?:data ?sets?|train\w* data)\b[^\n.]{0,60}(?:not|n't) (?:\w+ )?(?:answer|respond|know)",
        in_its_context(_no_knowledge),
        {
            "我微调后的模型似乎没有学习到知识": "lora_B",
            "After fine-tuning the model does not know anything from my dataset": "lora_B",
            "with LoRA it turned out to be no improvement at all": "PeftModel",
            "the fine-tuned model didn't learn the new facts": "lora_B",
            "glm-4-9b-chat模型进行微调后，推理的效果不正确是什么原因": "max_length",
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
    Symptom(
        "forgets-what-the-base-knew",
        r"(?<!avoid )(?<!prevent )(?<!reduce )(?<!against )(?<!mitigate )(?<!limit )(?<! on )"
        r"(?<!about )\bcatastrophic(?:ally)? forget\w*(?! (?:evaluation|benchmark|paper|metric|"
        r"score))|"
        r"\b(?:model|it|gemma[\w.-]*|tuning|training)\b[^\n.]{0,30}\b(?:forgets?|forgot|lost|loses|"
        r"losing) (?:how to|(?:all |most of |much of )?(?:its|the|their|that it has the) (?:\w+ "
        r"){0,2}"
        r"(?:abilit\w+|capabilit\w+|knowledge|skills?|generali[sz]ation))|"
        r"\bonly (?:answers?|respond\w*)\b[^\n.]{0,30}(?:format|way|style)\b[^\n.]{0,20}(?:data|"
        r"train\w*|gave|rows)|"
        r"\b(?:only|just) answers? (?:only )?(?:the )?questions? (?:similar to|from|of|in) (?:the "
        r")?train|灾难性遗忘|(?:原(?:来|有|本)|之前|基础|通用)[^\n。，]{0,6}(?:能力|功能|"
        r"知识)[^\n。]{0,8}"
        r"(?:没了?|丢失|消失|下降|忘|失去|变差)|(?:失去|丧失|忘)[^\n。]{0,6}(?:原|之前|基础|通用|"
        r"对话)"
        r"[^\n。]{0,6}(?:能力|功能|知识)",
        told(
            "a tuned model is said to have lost what its base could do",
            "learning_rate=5e-5 (LoRA; 5e-6 for all weights), num_train_epochs=1, r=8: does it "
            "keep more?",
            "a tenth to a third of the rows from general chats, best answered by the base itself",
            "one old question in the training's template, do_sample=False: base, then checkpoints "
            "from early to late; which is the first to lose it?",
            "with model.disable_adapter():   for what has nothing to do with the new task",
            why="weights move to what the rows ask for, most with all weights, many epochs and a "
            "high rate. A prompt without the training's template looks the same, so the third "
            "comes before another run",
        ),
        {
            "catastrophic forgetting kept coming up when I finetuned on my dataset": "general "
            "chats",
            "I merged it, and the model can only answer in the input data format I gave": (
                "general chats"
            ),
            "I use r=8 to avoid catastrophic forgetting": "",
            "I am reading a paper on catastrophic forgetting": "",
            "训练之后存在灾难性遗忘问题": "general chats",
            "似乎glm6b模型的基础对话能力也消失了": "general chats",
            "the model forgets that it has the ability to analyse images": "general chats",
            "gemma3 微调之后原来的能力没了": "general chats",
            "It lost the connection to its ability server": "",
            "I forgot to set its learning rate": "",
        },
        words=("forg", "los", "answer", "respond", "遗忘", "能力", "功能", "知识"),
        effects=("wrong-gradients",),
    ),
)
