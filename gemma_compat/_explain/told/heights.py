"""Symptoms told of a loss that is far too high."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, told
from .contexts import NEW_TOKENS, adds_tokens, with_context

# From 6 on: far above what a Gemma has on text that it can read.
_HIGH = (
    r"(?:\d(?:\.\d)?e\+?\d|[6-9]|[1-9]\d{1,4})(?:\.\d{1,4})?"
    r"(?![\d%]|\.\d|[eE]-| ?(?:steps?|epochs?|hours?|%))"
)
_LOSS = r"(?<!eval[_ ])(?<!ation[_ ])(?<!val[_ ])\b(?:loss(?:es)?|perplexity)\b|损失"
_high = told(
    "a loss is said to be far too high",
    "print(tokenizer.decode(batch['input_ids'][0]))   : <bos> before each text, packed "
    "ones too, and once?",
    "x = tokenizer('The capital of France is Paris.', return_tensors='pt')"
    ".to(model.device); print(model(**x, labels=x['input_ids']).loss)   : below 5, and the "
    "weights are sound",
    "packing=False, gradient_accumulation_steps=1, bf16: which of them brings it down?",
    why="Gemma reads a text without its leading <bos> badly, and a data set that was made "
    "or packed elsewhere often has none. Guessing alone gives ln(vocabulary): 12.5. "
    "A loss above that means wrong weights, a broken attention mask, or a sum over the "
    "steps of accumulation",
    of_gemma=True,
)
_summed = told(
    "the loss of the training is said to be far too high, and that of the evaluation not",
    "gradient_accumulation_steps=1 on one card for ten steps: the loss of the evaluation then? "
    "It is "
    "the way it is summed, and the weights are sound",
    "loss divided by gradient_accumulation_steps (or by it and the number of cards): the expected "
    "number? Then only what is logged is a sum",
    "pip install -U transformers trl accelerate   : releases around transformers 4.46 summed over "
    "the steps of accumulation where a model's forward takes no num_items_in_batch; "
    "average_tokens_across_devices=True where the cards' rows differ in length",
    why="both losses come of the same weights, so these are not broken: the training's is a sum "
    "where the evaluation's is a mean; the norm of the gradient grows in the same way",
)
_EVAL_IS_FINE = re.compile(
    r"(?i)\b(?:eval\w*|validation|val|test)[ _/-]?loss[^\n.]{0,40}(?:fine|ok\b|okay|normal|"
    r"alright|right|correct|"
    r"good|as expected|reasonable|lower|(?<![\d.])[0-3]\.\d)|(?:times|multipl\w+|"
    r"proportional)[^\n.]{0,40}"
    r"(?:gradient_?)?accumulation|accumulation[^\n.]{0,60}(?:loss|times|multipl)"
)


_EXPECTED = re.compile(r"(?i)\bas (?:expected|it should)\b")


def _too_high(case: Case) -> Answer | None:
    """Answer by what stands beside it: added tokens, or an evaluation whose loss is right."""
    found = _high(case)
    if found is None or _EXPECTED.search(case.hit.text):
        return None
    if _EVAL_IS_FINE.search(case.hit.before):
        return _summed(case)
    return with_context(found, NEW_TOKENS) if adds_tokens(case) else found


_by_epochs = told(
    "a loss is said to fall in steps, at each new epoch",
    "the loss of the evaluation beside it (eval_strategy='epoch'): does it fall too? Where it "
    "rises, "
    "stop there: fewer num_train_epochs, or a lower rate",
    "epoch of each step: do they come with its whole numbers? Then no setting is broken",
    why="from the second epoch on each row was seen before: a model that can learn them by heart, "
    "as with all weights, a high rank or few rows, shows it at once. It is ordinary, and says "
    "nothing of new rows",
)

HEIGHTS: tuple[Symptom, ...] = (
    Symptom(
        "loss-that-falls-by-epochs",
        r"\bloss(?:es)?\b[^\n.]{0,60}(?:drops?|falls?|decreas\w*|goes down)[^\n.]{0,30}(?:at|"
        r"after|with|in) (?:the "
        r"(?:start|beginning|end) of )?(?:each|every) (?:new )?epoch|\b(?:staircase|step-?wise|"
        r"stair-?step)\b"
        r"[^\n.]{0,30}\bloss|\bloss\b[^\n.]{0,30}\b(?:staircase|step-?wise)|loss[^\n。]{0,20}阶梯|"
        r"每(?:次|个)(?:新)?的?epoch[^\n。]{0,16}loss[^\n。]{0,12}(?:下降|降低)",
        _by_epochs,
        {
            "为什么我的Loss在每1000个Step是阶梯式断崖下降的": "by heart",
            "galore SFT训练 每次新epoch，loss都会大幅下降": "by heart",
            "The training loss drops sharply at the start of each epoch": "by heart",
            "the loss falls slowly over the epochs": "",
        },
        words=("loss",),
    ),
    Symptom(
        "loss-that-is-too-high",
        r"\b(?:high(?:er)?|large|huge|elevated|abnormal|insane|crazy|big) (?:(?:initial|starting|"
        r"start|first|train(?:ing)?) )?loss(?:es)?\b(?! of\b)|"
        rf"(?:{_LOSS}) (?:(?:values?|is|was|are|starts?|started|begins?|stays?|stuck|comes?|seems?|"
        rf"looks?|becomes?|being|[a-z]{{1,12}}) ){{1,3}}(?:(?:very|too|so|extremely|quite|really|"
        rf"abnormally|unusually|much|far|significantly|ridiculously|way too) )?"
        rf"(?:high(?:er)?|huge|large(?:r)?)\b|"
        rf"(?:{_LOSS}) (?:[a-z]{{1,12}} ){{0,3}}(?:>|above|over|around|about|~|of|at|from|as high "
        rf"as|"
        rf"is|was|=|:) ?~?{_HIGH}|"
        rf"loss.{{0,8}}(?:很|特别|非常|太|过|异常|奇|显著)(?:高|大)",
        _too_high,
        {
            "When sample packing is enabled with Gemma 7b, I experience high loss.": "<bos>",
            "the pre-training loss is extremely high (training loss > 20)": "12.5",
            "training gets stuck at a relatively high loss (around 9)": "<bos>",
            "the training loss starts at 9.3 and falls to 7": "<bos>",
            "gemma3 微调 loss 特别高": "<bos>",
            "The loss value immediately starts at 23-24. eval/loss somehow looks alright?": (
                "average_tokens_across_devices"
            ),
            "huge train loss after I added new tokens to gemma-7b, it starts off in the hundreds": (
                "mean_resizing"
            ),
            "the loss is down to 0.9 after 100 steps, at a high learning rate": "",
            "a loss of 2 after 60 steps": "",
            "the loss is 6e-05 after one epoch": "",
            "the loss is 6.05e-5 after one epoch": "",
        },
        words=("loss", "perplexity", "损失"),
        effects=(
            "wrong-loss",
            "wrong-loss-scale",
            "missing-bos",
            "wrong-attention",
            "random-weights",
        ),
    ),
)
