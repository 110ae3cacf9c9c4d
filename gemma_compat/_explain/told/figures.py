"""Symptoms told of a run's figures that are wrong by themselves: NaN, 0, too high, spikes."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Answering, Case
from .base import Symptom, at_its_rate, by_precision, near, told
from .policies import loss_of_zero_in_grpo, tells_of_engines

# From 6 on: far above what a Gemma has on text that it can read.
_HIGH = (
    r"(?:\d(?:\.\d)?e\+?\d|[6-9]|[1-9]\d{1,4})(?:\.\d{1,4})?(?![\d%]| ?(?:steps?|epochs?|hours?|%))"
)
_NORM = r"\b(?:grad(?:ient)?s?[_ -]?norms?|norm of the gradients?|梯度范数)\b"
_LOSS = r"(?<!eval[_ ])(?<!ation[_ ])(?<!val[_ ])\b(?:loss(?:es)?|perplexity)\b|损失"
_ZERO = r"(?<![\w.,-])(?:0(?:\.0{1,6})?|(?-i:zero|Zero(?![- ]?\d)))(?![\d.]*\d|\.\d|\s?%|\w)"
# What may be a number of a network, as people call it.
_VALUES = (
    r"embeddings?|logits|outputs?|activations?|gradients?|hidden[_ ]states?|weights|KL\b|"
    r"grad[_ -]?norms?|scores?|probs|probabilit\w+|values?|loss(?:es)?|log ?probs?|logps|损失|"
    r"perplexity|rewards?|tensors?|predictions?|metrics?|indicators?|p[ée]rdida|損失|[Vv]erlust|"
    r"perte|функция потерь|손실"
)
_NAN = r"(?<![A-Za-z0-9_/])(?:NaNs?|inf(?:inity|inite)?|非数)(?![A-Za-z0-9_/])"


def _of_one_model(answer: Answering) -> Answering:
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
        found, text = at_its_rate(answer(case), case), case.hit.before
        if found is None or not (_LOADS_HALF.search(text) and _TRAINS.search(text)):
            return None if case.log.figures.nan else found  # the figures tell it themselves
        if "load_in_4bit" in text or "load_in_8bit" in text:  # what is trained is not of it
            return found
        return found.replace(do=(_IN_FLOAT32, *found.do[1:]))

    return of_weights


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


def _of_zero(case: Case) -> Answer | None:
    """Answer a loss of 0; where the sentence has NaN too, that is what it is."""
    is_nan = re.search(_NAN, case.hit.text, re.IGNORECASE)
    return _ZERO_FOR_NAN(case) if is_nan else _ZERO_LOSS(case)


FIGURES: tuple[Symptom, ...] = (
    Symptom(
        "loss-of-zero-is-told",
        rf"\b(?:train|training|the|eval|evaluation|validation|get|gets|getting|has|have|see|"
        rf"with|shows?|but my|and my|my|a)(?: an?)? loss(?:es)? (?:value )?(?:(?:is|was|are|of|at|"
        rf"becomes?|became|stays?|remains?|shows?|turns?|drops? to|goes to|equals?|keeps?|being|"
        rf"always|constantly|all|just|only|stuck at|suddenly|instantly|immediately|collapses? to|"
        rf"falls? to|drops? (?:directly )?to|to|=|:)(?: exactly)? ){{0,4}}{_ZERO}|"
        rf"\b(?:return|giv|show|report|produc|get|print|log)\w{{0,4}} (?:an? )?{_ZERO} "
        rf"(?:train\w* )?loss(?:es)?\b|\b(?:zero|0(?:\.0)?) (?:train\w*|eval\w*) loss\b|"
        rf"\bloss(?:es)? ?(?:=|is|:|为|是|变成|一直(?:为|是)|总是) ?[\"'`]?{_ZERO}|"
        rf"损失(?:一直|总是|始终)?(?:为|是|变成) ?0(?![.\d])|\bloss(?:es)?\b.{{0,12}}(?:一直|总是|"
        rf"始终|全)"
        rf"(?:为|是)? ?0(?![.\d])",
        _of_one_model(
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
        },
        words=("nan", "inf", "非数"),
        effects=("not-a-number", "float16-overflow"),
    ),
    Symptom(
        "gradient-norm-of-zero",
        rf"{near(_NORM, _ZERO, 30)}|"
        r"\b(?:gradients?|grads?) (?:(?:is|are|was|were|always|all|stays?|remains?|become\w*) )"
        rf"{{1,3}}{_ZERO}|\bzero (?:grad_norm|gradients?)\b|"
        r"\bno gradients?\b[^\n]{0,30}\b(?:flow|reach|arrive|propagat)|"
        r"\bgradients? (?:is|are|was|were) (?:all )?None\b|梯度(?:一直|全)?(?:为|是) ?0",
        _of_one_model(
            told(
                "gradients are said to be 0",
                "for n, p in model.named_parameters(): print(n, p.requires_grad, p.grad is None)   "
                "after one backward: which have a gradient?",
                "model.print_trainable_parameters()   : what is trained at all?",
                "batch = next(iter(trainer.get_train_dataloader())); print((batch['labels'] != "
                "-100).sum())   : 0 means that no token counts",
                "gradient_checkpointing_kwargs={'use_reentrant': False}, or "
                "model.enable_input_require_grads()   with gradient checkpointing",
                why="a gradient is 0 where no token counts (a loss of 0 then), where checkpointed "
                "layers get inputs without gradient, or, in GRPO, where all answers of a group get "
                "the same reward; NaN may be written as 0",
            ),
        ),
        {
            "grad_norm is always 0.0 when fine-tuning gemma 3 with LoRA": "requires_grad",
            "the gradients are all zero for the vision tower": "requires_grad",
            "grad_norm is 0.03 at the end": "",
            "the grad_norm is 1656 with DeepSpeed ZeRO-0": "",
        },
        words=("grad", "梯度"),
        effects=("nothing-learned", "wrong-gradients", "labels-masked"),
    ),
    Symptom(
        "gradient-norm-that-spikes",
        rf"{_NORM}[^\n.]{{0,60}} (?:spik|explo|blow|jump|huge|diverg|increas|"
        r"(?:very |too |extremely |unusually |so )(?:high|large)|in the (?:thousands|millions)|"
        r"(?:is|are|of|at|reach\w*|to|around|about|over|above) ~?(?:[1-9]\d{2,8}|\d{1,3},\d{3}|"
        r"\d(?:\.\d)?e\+?\d))\w{0,4}|"
        r"\b(?:spik|explod|huge|high|large|abnormal)\w{0,5} (?:[a-z-]{1,10} ){0,2}"
        rf"{_NORM}|\bexplod\w{{1,3}} gradients?\b|\bgradients? (?:is |are |were )?explo\w{{3,5}}|"
        r"grad[_ ]?norm[^\n]{0,10}(?:异常|奇|很|过|非常)(?:大|高)|\b[Aa]bnormal(?:ly)? (?:high |"
        r"large )?`grad_norm`|梯度(?:爆炸|范数(?:很大|过大|异常))",
        told(
            "the norm of the gradients is said to spike",
            "max_grad_norm=1.0   stays on: grad_norm is the figure before it, and the update is "
            "scaled down as a whole",
            "print the rows of that step: their length, how many labels are not -100; few labels "
            "or a broken row give a large gradient",
            'the same step with dtype=torch.float32 and attn_implementation="eager": as large? It '
            "is the rows and not the precision",
            "a lower learning_rate, warmup_ratio=0.03, more rows for each step",
            why="where the loss falls on, clipped spikes alone do little. Where the answers get "
            "worse as well, the learning rate, the rows or the precision is wrong",
        ),
        {
            "Gemma 4 31B grad_norm spikes to 11,000 on a normal-looking step": "max_grad_norm",
            "Exploding pre-clip gradient norms during LoRA fine-tuning": "max_grad_norm",
            "Gemma-3-12b-pt high grad_norm during continual pre-training": "learning_rate",
            "grad_norm of 2500 in the first steps": "learning_rate",
            "max_grad_norm=1.0  # clip to prevent exploding gradients": "",
        },
        words=("grad", "gradient", "梯度"),
        effects=("wrong-gradients", "wrong-loss-scale"),
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
        told(
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
        ),
        {
            "When sample packing is enabled with Gemma 7b, I experience high loss.": "<bos>",
            "the pre-training loss is extremely high (training loss > 20)": "12.5",
            "training gets stuck at a relatively high loss (around 9)": "<bos>",
            "the training loss starts at 9.3 and falls to 7": "<bos>",
            "gemma3 微调 loss 特别高": "<bos>",
            "the loss is down to 0.9 after 100 steps, at a high learning rate": "",
            "a loss of 2 after 60 steps": "",
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
