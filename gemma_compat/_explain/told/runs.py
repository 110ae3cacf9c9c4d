"""Symptoms told of how a run goes: rewards, metrics, what is trained."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, near, told

_NO = (
    r"(?:(?:is|are|was|were|does|do|did|will|would|has|have|ca|can|could)(?: ?not|n't|nt)|never|"
    r"not|no longer|barely|hardly|fails to)"
)
_METRIC = (
    r"(?:\b(?:accurac(?:y|ies)|\bacc\b|f1(?:[- ]score)?|bleu|rouge\w*|precision|recall|wer|cer|"
    r"(?<![.\w])mAP|IoU|metrics?|scores?|performance)\b|准确率|精度)"
)

_CLASSIFIER = (
    r"sequence[ _-]?class\w+|ForSequenceClass\w+|\bclassifiers?\b|\bclass(?:es)? predictions?|"
    r"predicted class(?:es)?|classification heads?|score heads?|sequence[ _]lengths?|分类头|分类器"
)
_PADDING = r"\bpadd?ings?\b|\bpad[ _](?:tokens?|side)\b|\b(?:left|right)[- ]padd\w+|填充"
_OTHERWISE = re.compile(
    r"(?i)depend|inconsisten|differ|assum|wrong|incorrect|break|bug\b|affect|chang|always predict|"
    r"不一致|不同|不对|影响"
)

_by_padding = told(
    "what a sequence classifier answers is said to depend on the padding",
    "model.config.pad_token_id = tokenizer.pad_token_id   : where it is None, the head reads the "
    "last position of each row, padding included",
    "pip install -U 'transformers>=4.49.0'   : from there on the head reads the last real "
    "token of a row, whichever side the padding is on",
    "attention_mask in every call, and one padding_side in training and inference",
    "a head of your own: take the position from the mask, not -1",
    why="such a head reads one position of a row. Up to transformers 4.48 it was counted from the "
    "first padding token, as for padding on the right; a tokenizer of Gemma's pads on the left. "
    "What is left in 16 bits is small: other kernels for other lengths",
)


def _depends_on_padding(case: Case) -> Answer | None:
    return _by_padding(case) if _OTHERWISE.search(case.hit.text) else None


_uncalled = told(
    "a function that was handed over is said never to be called",
    "dataset.map(..., load_from_cache_file=False)   : a cached result runs no function",
    "print(trainer.train_dataset.column_names)   : TRL formats no rows that have input_ids already",
    "a print in its first line, num_proc=None, and the trainer's release: pip show trl "
    "transformers",
    why="trainers pass a function over where rows look ready, where a cache answers, or where an "
    "argument of theirs wins; which of these, the columns and the arguments show",
)

RUNS: tuple[Symptom, ...] = (
    Symptom(
        "function-that-is-never-called",
        r"\b(?:formatting_func|data_collator|collat\w+|reward_func\w*|"
        r"preprocess_logits\w*|compute_loss\w*|callbacks?|map function|on_\w+)\b[^\n.]{0,40}"
        r"(?:never|(?:is|was|are|does)(?:n't| not)) (?:be(?:ing)? |get(?:s|ting)? |even |ever )?"
        r"(?:called|executed|invoked|run|used|reached|applied)\b|"
        r"\b(?:formatting_func|data_collator)\b[^\n]{0,12}(?:没有?被?|不会被?|"
        r"未被?)"
        r"(?:调用|执行)",
        _uncalled,
        {
            "the formatting_func was never being called at all": "load_from_cache_file",
            "the data_collator is not called": "column_names",
            "formatting_func 没有被调用": "column_names",
            "formatting_func is called twice": "",
            "my optional callback is defined in the file": "",
        },
        words=("call", "execut", "invok", "run", "used", "reached", "applied", "调用", "执行"),
    ),
    Symptom(
        "classes-that-depend-on-padding",
        near(_CLASSIFIER, _PADDING, 100),
        _depends_on_padding,
        {
            "ForSequenceClassification models assume right-padding": "pad_token_id",
            "Inconsistent SequenceClassfication Behavior for Padding Tokens.": "4.49.0",
            "the class prediction of my fine-tuned model depends on the number of paddings": (
                "pad_token_id"
            ),
            "Gemma's tokenizer pads left, but the code to find sequence length assumes that pad "
            "tokens are added to the right": "4.49.0",
            "I train a sequence classification model with padding to max_length": "",
            "the class depends on the padding of the box": "",
        },
        words=("pad", "填充"),
    ),
    Symptom(
        "only-the-first-card-works",
        r"(?i:not (?:possible|able) to (?:use|run|load|train)[^\n.]{0,60}\b(?:other|another|"
        r"second|specific|different) (?:cuda )?(?:devices?|gpus?|cards?)|"
        r"(?:hard-?coded|always uses?|only (?:works?|runs?) on)[^\n.]{0,30}\b(?:cuda:0|gpu ?0|"
        r"device ?0|cuda devices?|devices? for cuda))",
        told(
            "another card than the first is said not to be usable",
            "CUDA_VISIBLE_DEVICES=1 python train.py   : that card is then cuda:0 for the process",
            "in a notebook: os.environ['CUDA_VISIBLE_DEVICES'] = '1' before torch or unsloth is "
            "imported",
            "pip install -U unsloth unsloth_zoo   (older releases name cuda:0 in their kernels)",
            why="code that writes cuda:0, or a kernel that starts on the current device, needs "
            "the wanted card to be the first that the process sees",
        ),
        {
            "Not possible to use gemma models on other cuda devices": "CUDA_VISIBLE_DEVICES",
            "it always uses cuda:0": "CUDA_VISIBLE_DEVICES",
            "it is possible to use other devices": "",
        },
        is_setting=True,
    ),
    Symptom(
        "metrics-that-stay-low",
        rf"{_METRIC}[^\n.]{{0,40}}(?:stuck|stays?|remains?|remained|stayed|is|are|only|always|"
        rf"drops?|dropped|"
        rf"around|goes|went|very|too)[^\n.]{{0,16}}(?:\b0(?:\.[0-4]\d*)?(?![\d.%])(?! ?to)|zero|"
        rf"low|"
        rf"random|"
        rf"chance|"
        rf"poor|bad|constant|same|down|worse)|"
        rf"{_METRIC}[^\n.]{{0,20}}(?:stuck|stay\w*|remain\w*) at \d|\b(?:reduces?|reduced|"
        rf"reduction in|drops? in|decreases? in|loss of|lowers?|hurts?) "
        rf"(?:the )?{_METRIC}|"
        rf"\b(?:low|poor|bad|random|zero|terrible|degraded|declining) {_METRIC}|"
        rf"{_METRIC}[^\n.]{{0,30}}(?:{_NO} (?:increas|improv|chang|go up|ris)|(?:degrad|deteriorat|"
        rf"declin|decreas|drop|collaps)\w*)|"
        r"准确率.{0,8}(?:低|为 ?0|不变|下降|不(?:上升|提高))|效果.{0,6}(?:差(?!距|异|别|不多)|"
        r"不好|不行|不佳)",
        told(
            "a metric is said to be low, or not to rise",
            "print what is compared: predictions and references of five rows, decoded, beside one "
            "another",
            "the same rows with the base model, and with training rows: which is right?",
            "labels shifted once, -100 replaced before decoding, the prompt cut off the output",
            "a classifier: pad_token_id set, padding on one side throughout, each class in the "
            "data",
            why="a loss that falls beside a metric that stays is most often the metric's own way: "
            "another template than in training, text around the answer, labels that are not "
            "shifted, "
            "or a pooled token that is padding",
        ),
        {
            "accuracy is stuck at 0.25 for gemma-2 sequence classification": "pad_token_id",
            "F1 score does not improve when fine-tuning PaliGemma": "predictions",
            "the accuracy is good": "",
            "the accuracy is 0.92, which is great": "",
        },
        words=(
            "acc",
            "f1",
            "bleu",
            "rouge",
            "precision",
            "recall",
            "wer",
            "cer",
            "map",
            "iou",
            "metric",
            "score",
            "performance",
            "准确率",
            "精度",
            "效果",
        ),
        effects=("nothing-learned", "wrong-attention", "random-weights", "wrong-gradients"),
    ),
    Symptom(
        "metrics-that-are-not-computed",
        r"\bcompute_metrics\b[^\n.]{0,40}(?:not|never|isn't|ignored|no effect)|"
        r"\b(?:eval(?:uation)?[_ ]?loss|metrics?|eval results?)\b[^\n.]{0,40}(?:(?:is|are|was|were|"
        r"does|do|did)(?: not|n't) (?:being )?(?:log|report|show|comput|appear|calcul|print|record|"
        r"call|return)\w*|missing\b|no log)|\bno (?:eval(?:uation)?|validation) loss\b",
        told(
            "metrics of the evaluation are said not to appear",
            'training_args.eval_strategy = "steps", eval_steps=50, and an eval_dataset',
            'label_names=["labels"]   in the training arguments',
            "prediction_loss_only=False   for compute_metrics",
            why="the Trainer computes eval_loss and metrics only where it finds the names of the "
            "labels in the model's forward, which a PEFT or wrapped model hides; label_names says "
            "them",
        ),
        {
            "eval_loss is not logged when training gemma with peft": "label_names",
            "compute_metrics is never called": "prediction_loss_only",
        },
        words=("metric", "eval", "validation"),
    ),
    Symptom(
        "learning-rate-of-zero",
        near(
            r"\blearning[ _]?rate\b|\blr\b",
            r"(?:is|at|stays?|remains?|always|shows?|of|drops? to|becomes?) "
            r"(?:always |constantly |at )?(?:0(?:\.0+)?|zero)(?![\d.]*\d)\b",
            25,
        ),
        told(
            "a learning rate of 0 is told of",
            "logging_steps=1: 0 in the first step alone is warmup",
            "print(trainer.lr_scheduler.get_last_lr(), trainer.state.max_steps)",
            "max_steps or num_train_epochs: does the schedule end before the run does?",
            why="the first step of a warmup has a rate of 0, a linear or cosine schedule ends at "
            "0, "
            "and a resumed run may begin behind its end; under DeepSpeed's own scheduler and fp16, "
            "skipped steps keep it at 0",
        ),
        {"the learning rate stays at 0 during the whole run": "get_last_lr"},
        words=("learning", "lr"),
    ),
)
