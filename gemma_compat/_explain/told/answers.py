"""Symptoms told of answers that say nothing: empty ones, and the same to every input."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, told

_one_answer = told(
    "the model is said to give one answer whatever the input",
    "print(tokenizer.decode(batch['input_ids'][0])), and the labels that are not -100: "
    "does "
    "the row hold what decides?",
    "images: does batch['pixel_values'] differ between rows?",
    "a lower learning rate: 1e-4 with LoRA, 1e-5 without; and how often each answer stands "
    "in the data",
    why="a row cut before its question, an image that is the same or missing, answers of "
    "which one is far more frequent, or a rate that made the weights collapse",
)
# The same with the adapter and without it.
WITH_AND_WITHOUT = (
    r"(?:\bwith (?:and|or) without\b|\bwhether (?:or not )?(?:I|we) (?:\w+ ){0,2}(?:add|use|load|"
    r"apply|merge)\w*)[^\n.]{0,30}(?:lora|adapter)[^\n.]{0,60}(?:\bsame\b|identical|no differ)"
)


def _one_for_all(case: Case) -> Answer | None:
    is_of_adapter = re.search(f"(?i){WITH_AND_WITHOUT}", case.hit.before)
    return None if is_of_adapter else _one_answer(case)


ANSWERS: tuple[Symptom, ...] = (
    Symptom(
        "empty-answers",
        r"(?:return|generat|output|give|produc|predict|respond|repl|got|get|print|receiv)\w{0,4} "
        r"(?:me )?(?:with )?(?:back )?(?:an? "
        r"|only |just |nothing but |always )?(?:completely |entirely |totally )?"
        r"(?:empty|blank) (?:string|output|response|text|answer|result|generation|prediction|"
        r"completion|message|content|caption|repl\w+)s?|"
        r"\b(?:empty|blank|no) (?:output|response|answer|generation|prediction|completion|"
        r"content)s?\b(?! (?:dir|folder|path|file))"
        r"(?=[^\n.]{0,50}(?:tun|train|gemma|infer|merg|gguf|model|$|\.))|"
        r"(?:output|response|generation|answer|prediction|result|completion|content)s? (?:is|are|"
        r"was|were|comes?) "
        r"(?:back )?(?:always |all |just |often |sometimes |mostly )?"
        r"(?:empty|blank)\b|(?:answers|replies|generat\w{1,4}|outputs?|predicts?|returns?|emits?|"
        r"gives?|produc\w+|prints?) "
        r"(?:only|just|nothing but|always) (?:with )?(?:a bunch of |the |a |an )?"
        r"`?(?:end of turn|<?end_of_turn>?|<?eos>?(?: token)?|<?pad>?\b|pad tokens?|padding|spaces?"
        r"|new ?lines?|blank|\\n)|"
        r"(?:generat|output|return|respond)\w* (?:nothing|no (?:text|tokens?|output|answer|"
        r"response))\b|"
        r"\b(?:only|just) (?:outputs?|outputted|generates?|returns?|prints?|produces?|emits?|"
        r"predicts?) (?:an? |the )?[`'\"]?<?eos>?\b|\b(?:outputs?|generat\w*|emits?|predicts?|"
        r"produc\w*) (?:an? |the )?[`'\"]?<?eos>?[`'\"]? (?:token )?(?:immediately|at once|right "
        r"away|first|instantly)|"
        r"<pad>(?: ?<pad>)+|\b(?:only|just) (?:outputs?|generates?|returns?|prints?|produces?) "
        r"(?:new ?lines?|spaces?|nothing|"
        r"blanks?|whitespace|eos|pad)|"
        r"(?:输出|回答|结果|生成)[^\n]{0,6}(?:为空|是空|空白|空的)|什么都不输出|"
        r"^(?![^\n]*(?:卡|停|不动|小时))[^\n]*没有输出",
        told(
            "answers are said to be empty",
            "print(output[0][inputs['input_ids'].shape[-1]:])   : the new tokens, before decoding",
            "apply_chat_template(messages, add_generation_prompt=True)   in the prompt",
            'tokenizer.padding_side = "left"   for a batch of prompts',
            "dtype=torch.bfloat16   in place of float16, where the tokens are all <pad> (0)",
            why="new tokens that are 0 are <pad>: NaN in float16. A first token <eos> or "
            "<end_of_turn>: a prompt that does not open the model's turn, rows that were "
            "trained with an empty answer, or an adapter that a few steps hardly moved (lora_B "
            "near 0). No new tokens at all: a max_length below the prompt's",
            of_gemma=True,
        ),
        {
            "After training, the gemma-2b-it model returns empty string": "add_generation_prompt",
            "the output is always empty": "padding_side",
            "Model Outputs EOS Immediately": "lora_B",
            "- **Problem:** After initial training, model just output `<eos>` token": "lora_B",
            "the tokenizer returns eos first in this list": "",
            "multi-turn conversations return completely empty content": "add_generation_prompt",
            "returns an empty list of parameters": "",
        },
        words=(
            "empty",
            "blank",
            "end of turn",
            "end_of_turn",
            "eos",
            "pad",
            "nothing",
            "no ",
            "space",
            "line",
            "空",
            "没有输出",
        ),
        effects=("wrong-generation", "not-a-number", "float16-overflow", "wrong-turn-end"),
    ),
    Symptom(
        "always-the-same-answer",
        r"(?!\w+ \w+ (?:with |in |as )?(?:one|a single|single) (?:word|token|sentence|text)\b)"
        r"(?:always|only|just) (?:predict|output|generat|return|answer|produc|giv|respond|repl|"
        r"classif)\w{0,4} (?:with |in |as )?(?:the "
        r")?(?:same|one|single|a single|majority|first) "
        r"(?:output|answer|class|label|text|token|word|thing|response|caption|result|prediction|"
        r"sentence|value|category)|"
        r"(?:same|identical) (?:output|answer|prediction|caption|response|result|thing|class|label|"
        r"embedding|score|logit|value)s? (?:for|regardless|"
        r"on|no matter|to|whatever|irrespective) "
        r"(?:of )?(?:every|all|any|each|what|different|the (?:input|prompt|image))|"
        r"(?:predict|classif)\w* (?:everything|all)[^\n.]{0,20} (?:as|to be|into) |"
        r"\b(?:outputs?|answers?|predictions?|embeddings?|captions?) (?:are|is) (?:all |always |"
        r"exactly )*(?:the same|identical)\b"
        r"(?! (?:as|to|with) )|ignor(?:es|ing) the (?:image|picture|audio|input|prompt|video)|"
        r"\b(?:mode collapse|collaps\w+ to (?:one|a single))\b|"
        r"(?:输出|结果|预测)[^\n]{0,6}(?:都一样|全一样|相同的)|总是(?:输出|预测)同",
        _one_for_all,
        {
            "PaliGemma fine-tuning: model always predicts the same output": "pixel_values",
            "I get the same answer for every image": "learning rate",
            "the model only answers with one word": "",
            "# generate.py always generates same results\n\nWhether I add lora_weights or not, my "
            "results are the same": "",
        },
        words=(
            "same",
            "one ",
            "single",
            "majority",
            "first",
            "identical",
            "ignor",
            "collaps",
            "everything",
            "all",
            "一样",
            "相同",
            "同",
        ),
        effects=("nothing-learned", "wrong-attention", "images-mismatch", "random-weights"),
    ),
)
