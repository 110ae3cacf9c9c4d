"""Symptoms told of a run's figures that are wrong by themselves: NaN, 0, too high, spikes."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Answering, Case
from .base import Symptom, at_its_rate, by_precision, near, told
from .policies import loss_of_zero_in_grpo, tells_of_engines

ZERO = r"(?<![\w.,-])(?:0(?:\.0{1,6})?|(?-i:zero|Zero(?![- ]?\d)))(?![\d.]*\d|\.\d|\s?%|\w)"
# What may be a number of a network, as people call it.
_VALUES = (
    r"embeddings?|logits|outputs?|activations?|gradients?|hidden[_ ]states?|weights|KL\b|"
    r"grad[_ -]?norms?|scores?|probs|probabilit\w+|values?|loss(?:es)?|log ?probs?|logps|损失|"
    r"perplexity|rewards?|tensors?|predictions?|metrics?|indicators?|p[ée]rdida|損失|[Vv]erlust|"
    r"perte|функция потерь|손실"
)
_NAN = r"(?<![A-Za-z0-9_/])(?:NaNs?|inf(?:inity|inite)?|非数)(?![A-Za-z0-9_/])"


def of_one_model(answer: Answering) -> Answering:
    """Leave what a second engine does to the symptom of policies that is about it, and a loss that
    is written as 0 beside NaN to the figures themselves.
    """

    def of_it(case: Case) -> Answer | None:
        if tells_of_engines(case) or case.log.figures.nan:
            return None
        if _OF_GROUPS.search(f"{case.hit.before}\n{case.hit.text}"):
            return loss_of_zero_in_grpo(case)
        return at_its_rate(answer(case), case)

    return of_it


_OF_GROUPS = re.compile(r"\b(?:GRPO|RLOO|GSPO|DAPO)")


_LOADS_HALF = re.compile(
    r"\b(?:torch_)?dtype[\"']?\s*[:=]\s*[\"']?(?:torch\.)?(?:float16|half)\b|\bmodel\.half\(\)"
)
_TRAINS = re.compile(r"(?i)\b(?:train|fine-?tun|\.fit\()")
_IN_FLOAT32 = (
    "the weights in float32 (no torch_dtype, no .half()), with fp16=True (use_amp=True): numbers "
    "then? It is the float16 weights"
)


def _where_half_is_loaded(answer: Answering) -> Answering:
    """Put first what to try where the report's own code loads float16 weights and trains them."""

    def of_weights(case: Case) -> Answer | None:
        if "probability tensor contains" in f"{case.hit.before}{case.hit.text}":
            return None  # the error says it
        if _OF_ROWS.search(case.hit.text) and not _OF_A_RUN.search(case.hit.text):
            return _IN_THE_ROWS(case)
        found, text = at_its_rate(answer(case), case), case.hit.before
        if found is None or not (_LOADS_HALF.search(text) and _TRAINS.search(text)):
            return None if case.log.figures.nan else found  # the figures tell it themselves
        if "load_in_4bit" in text or "load_in_8bit" in text:  # what is trained is not of it
            return found
        return found.replace(do=(_IN_FLOAT32, *found.do[1:]))

    return of_weights


# Where NaN stands for an empty cell.
_OF_ROWS = re.compile(
    r"(?i)\b(?:data ?sets?|columns?|rows?|csv|excel|data ?frames?|pandas|cells?)\b"
)
_OF_A_RUN = re.compile(
    r"(?i)\b(?:loss\w*|grad\w*|logits|outputs?|embeddings?|hidden|weights|perplexity|rewards?|"
    r"activations?|attention|padd\w+|mask\w*|labels?)\b|损失|梯度"
)
_IN_THE_ROWS = told(
    "rows of the data are said to hold NaN",
    "dataset = dataset.filter(lambda row: isinstance(row['text'], str) and row['text'].strip())",
    "pd.read_csv(FILE, keep_default_na=False)   keeps an empty cell, and words such as NA and "
    "null, "
    "as text",
    why="an empty cell of a CSV is read as NaN, a number and no text: a tokenizer refuses it, and "
    "str() of it trains the word nan",
)


_NOT_A_NUMBER = told(
    "values are said to be not a number",
    "one step with dtype=torch.float32 and without mixed precision: numbers then? It is the "
    "precision: bf16=True in place of fp16",
    'one step with attn_implementation="eager": numbers then? It is the attention: pip install -U '
    "transformers flash-attn",
    "one row at a time: numbers then? It is the padding: look at attention_mask",
    why="float16 ends at 65,504, which activations of Gemma 2 and 3 pass. flash-attn before 2.6.2 "
    "has no backward pass of the soft-capping that Gemma 2 needs; a padded position that may "
    "attend to nothing is NaN in some kernels; a row without one token that counts is NaN in any "
    "precision",
    of_gemma=True,
)


_ZERO_LOSS = told(
    "a loss of 0 is told of",
    "batch = next(iter(trainer.get_train_dataloader())); print((batch['labels'] != "
    "-100).sum())   : 0 means that no token counts",
    "logging_nan_inf_filter=False   shows whether it is NaN: then bf16=True in place of fp16",
    "a tenth of the learning_rate, warmup_ratio=0.03: a number then? It is the rate",
    why="the Trainer writes 0 for a loss that is NaN from the first step on, as float16 makes it "
    "for Gemma; labels that are all -100 (a wrong response marker, a row cut before its answer) "
    "give 0 or NaN",
)
_ZERO_FOR_NAN = told(
    "a loss of 0 is told of beside a gradient that is NaN: the loss is NaN from there on",
    "one step with dtype=torch.float32 and without mixed precision: numbers then? It is the "
    "precision: bf16=True in place of fp16",
    'one step with attn_implementation="eager": numbers then? It is the attention',
    "batch = next(iter(trainer.get_train_dataloader())); print((batch['labels'] != -100).sum(1))   "
    ": a row with 0 has no token that counts",
    why="the Trainer leaves NaN out of the mean that it logs, and so writes 0. Precision, "
    "attention (a padded row that may attend to nothing) and a row without labels each make NaN",
)


# A loss near 0 that is welcome.
_LEARNED = re.compile(r"(?i)\bmodel (?:has |had |have )?(?:successfully )?(?:learn|fit|memori)\w*")


_ZERO_LATER = told(
    "a loss is said to fall to 0 at once, after numbers: most often it is NaN from there on",
    "logging_nan_inf_filter=False, logging_steps=1   shows whether it is NaN, and the step",
    "learning_rate lower by 5 to 10, warmup_ratio=0.03, max_grad_norm=1.0: numbers to the end? "
    "It is "
    "the rate",
    "bf16=True in place of fp16, another training from the start: numbers to the end? It is the "
    "precision (a checkpoint from behind that step holds NaN)",
    why="the Trainer writes 0 for a loss that is NaN; a rate that is too high and float16 that "
    "overflows both end so, with a jump before it",
)
_FROM_THE_FIRST = re.compile(
    r"(?i)from the (?:first|start|beginning)|after step 1\b|after training|一直|始终|instantly|"
    r"immediately"
)
_AT_FIRST = re.compile(
    r"(?i)\b(?:suddenly|abruptly|then|until|drop\w*|jump\w*|spik\w*|at first|around "
    r"(?:step|epoch))\b|突然|之后|"
    r"陡增|波动|骤|后面|先.{0,12}后|降至|降到|掉"
)


def _of_zero(case: Case) -> Answer | None:
    """Answer a loss of 0; where the sentence has NaN too, that is what it is."""
    if _LEARNED.search(case.hit.text):
        return None
    is_nan = re.search(_NAN, case.hit.text, re.IGNORECASE)
    if is_nan:
        return _ZERO_FOR_NAN(case)
    is_later = _AT_FIRST.search(case.hit.text) and not _FROM_THE_FIRST.search(case.hit.text)
    return (_ZERO_LATER if is_later else _ZERO_LOSS)(case)


FIGURES: tuple[Symptom, ...] = (
    Symptom(
        "loss-of-zero-is-told",
        rf"\b(?:train|training|the|eval|evaluation|validation|get|gets|getting|has|have|see|"
        rf"with|shows?|but my|and my|my|a)(?: an?)? loss(?:es)? (?:value )?(?:(?:is|was|are|of|at|"
        rf"becomes?|became|stays?|remains?|shows?|turns?|drops? to|goes to|equals?|keeps?|being|"
        rf"always|constantly|all|just|only|stuck at|suddenly|instantly|immediately|collapses? to|"
        rf"falls? to|drops? (?:directly )?to|to|=|:)(?: exactly)? ){{0,4}}{ZERO}|"
        rf"\b(?:return|giv|show|report|produc|get|print|log)\w{{0,4}} (?:an? )?{ZERO} "
        rf"(?:train\w* )?loss(?:es)?\b|\b(?:zero|0(?:\.0)?) (?:train\w*|eval\w*) loss\b|"
        rf"\bloss(?:es)? ?(?:=|is|:|为|是|变成|一直(?:为|是)|总是) ?[\"'`]?{ZERO}|"
        rf"\bloss(?:es)? (?:\w+ ){{0,4}}(?:turn(?:s|ing|ed)?|becom(?:es?|ing)|became|drop(?:s|"
        rf"ping|ped)?|"
        rf"goes|going|went|fall(?:s|ing)?) (?:in)?to (?:exactly )?{ZERO}|"
        rf"\bloss(?:es)? (?:\w+ ){{0,4}}(?:is|was|are|become|became) (?:always |all )?(?-i:zero)\b|"
        rf"\bloss\b[^\n。]{{0,16}}(?:降至|降到|掉到?|变为|变成|归) ?[0零](?![.\d])|"
        rf"损失(?:一直|总是|始终)?(?:为|是|变成) ?0(?![.\d])|\bloss(?:es)?\b.{{0,12}}(?:一直|总是|"
        rf"始终|全)"
        rf"(?:为|是)? ?0(?![.\d])",
        of_one_model(
            by_precision(
                _of_zero,
                "bf16=True in place of fp16",
                "weights in float32 (dtype=torch.float32), with fp16=True",
            ),
        ),
        {
            "Training loss is 0 for gemma-3-4b-it": "logging_nan_inf_filter",
            "T5Gemma returning 0 loss for s2s training": "logging_nan_inf_filter",
            "the loss is always 0.0 from the first step": "-100",
            "Loss: 0 after 15 steps\n--learning_rate=0.003 --lora_r=128": "It is the rate",
            "Loss: 0 after 15 steps\n--learning_rate=2e-4 --lora_r=128": "-100",
            "gemma2 微调 loss 一直为0": "-100",
            "Gemma 3 fine-tuning: zero training loss after step 1": "-100",
            "Loss turning into 0 during training": "-100",
            "the training loss after each epoch is zero": "-100",
            "loss在训练过程中突然降至0": "It is the rate",
            "训练后loss先上下波动，然后突然变成0": "It is the rate",
            "the loss goes to 0.4 after an epoch": "",
            "the loss quickly dropped to zero, indicating that the model had learned it": "",
            "the loss is 0.02 now": "",
            "the training loss was 0.5": "",
        },
        words=("loss", "损失"),
        effects=("not-a-number", "float16-overflow", "labels-masked", "nothing-learned"),
    ),
    Symptom(
        "values-that-are-no-numbers",
        rf"{near(_VALUES, _NAN, 50)}|"
        rf"(?:returns?|gives?|outputs?|produces?|results? in|gets?|getting|become\w*|turn\w* into|"
        rf"goes to|sees?|all) (?:only |all )?(?:NaNs?|inf)\b|\bNaN (?:issues?|problems?|values?)\b",
        by_precision(
            _where_half_is_loaded(_NOT_A_NUMBER),
            "bf16=True in place of fp16",
            "weights in float32 (dtype=torch.float32), with fp16=True",
        ),
        {
            "embeddinggemma fine-tuning all embeddings become NaN in fp16": "bf16=True",
            "KL divergence in GRPO is nan with gemma-3": "bf16=True",
            "Gemma 2 returns NaN when using default attn (sdpa) with padding": "attention_mask",
            "after some steps, the grad norm will be NaN": "eager",
            "grad norm becomes inf after some steps": "eager",
            "按照脚本微调，grad_norm总是nan": "eager",
            "encode returns NaN for some texts": "eager",
            "nan in the logits of padded rows": "one row",
            "skip the row if it is empty, not nan": "",
            "the values in the info column": "",
            "My dataset has NaN values in the text column": "keep_default_na",
            "the logits become NaN on some rows of the dataset": "bf16=True",
        },
        words=("nan", "inf", "非数"),
        effects=("not-a-number", "float16-overflow"),
    ),
)
