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

# An adapter on a tower for images or sound, in a sentence that shows that it was not meant.
_ON_THE_TOWER = (
    r"^(?=[^\n]*\b(?:also (?:got|gets?|lands?|hits?|ends? up)|why|never|text[- ]only|"
    r"only text|unexpected\w*|"
    r"accidental\w*|although|though|unintended|by mistake|wrongly|silently)\b)"
    r"[^\n]{0,200}\b(?:(?:lora|adapters?|all-linear)\b[^\n]{0,50}\b(?:attach\w*|add\w*|appl\w+|"
    r"puts?|inject\w*|insert\w*|land\w*|match\w*|hits?|reach\w*|wraps?|weights|layers|modules) "
    r"[^\n]{0,30}?|(?:lora|adapters?) (?:on|in|to|into) (?:all )?(?:the |\d+ )?)"
    r"\b(?:vision|audio)[-_ ]?(?:tower|encoder|layers)"
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

_trained = told(
    "what is trained is said to be other than meant",
    "model.print_trainable_parameters(); print([n for n, p in model.named_parameters() if "
    "p.requires_grad][:40])",
    "target_modules as a regular expression that names the language model: "
    r"r'.*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)'",
    "modules_to_save and exclude_modules: which names of them does the model have?",
    "model.train(), and prepare_model_for_kbit_training before get_peft_model",
    why="names of target_modules are ends or patterns of module names, and those of the "
    "multimodal Gemmas moved in transformers 4.52; 'all-linear' takes the vision tower too; the "
    "experts of a Gemma 4 MoE are not linear layers; an adapter loaded without is_trainable=True "
    "is frozen",
    of_gemma=True,
)
# How a run is set up on purpose: all weights are trained, or all but some are frozen.
_ON_PURPOSE = re.compile(
    r"(?i)\bfull\b[^\n.]{0,12}(?:fine-?tun|param|train)|\bexcept\b|\b(?:I|we|to) (?:freeze|"
    r"froze)\b|"
    r"全(?:参|量)"
)
_AMISS = re.compile(
    r"(?i)\b(?:although|though|but|instead|unexpected\w*|even|why|still|should|expected|wrong\w*|"
    r"however|only)\b|[?？]"
)


def _trained_otherwise(case: Case) -> Answer | None:
    """Answer where it is not meant so."""
    is_meant = _ON_PURPOSE.search(case.hit.text) or re.match(r"(?i)(?:all|most)\b", case.match[0])
    return None if is_meant and not _AMISS.search(case.hit.text) else _trained(case)


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
        r"准确率.{0,8}(?:低|为 ?0|不变|下降|不(?:上升|提高))|效果.{0,6}(?:差|不好|不行|不佳)",
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
        "too-few-or-many-trained",
        r"\btrainable (?:params?|parameters)?:? ?(?:is|are|=|:|show\w*|being|says?)? ?(?:always )?"
        r"(?:0\b(?!\.[0-9]*[1-9])|"
        r"none|zero|100 ?%)|\b(?:0|zero|no) trainable (?:params?|parameters|weights|layers)|"
        r"\b(?:no|none of the|not all|all|most|fewer|more|too many|too few|wrong number of|"
        r"unexpected) (?:the )?(?:model |lora )?(?:parameters|params|layers|weights) (?:(?:is|are|"
        r"were|"
        r"being|get) )?(?:trainable|trained|frozen)|"
        r"\btrainable (?:params?|parameters)[^\n.]{0,50}(?:too many|too few|more than|less than|"
        r"larger than|higher than|lower than|unexpected|different|doubles?|wrong|than expected)|"
        r"\b(?:differen\w*|mismatch|discrepancy)[^\n.]{0,40}\b(?:trainable (?:params?|parameters)|"
        r"number of (?:trained|trainable))|"
        r"\b(?:vision|audio|embed\w*|lm_head|expert\w*|projector)(?:(?!after)[^\n.]){0,30}(?:is|"
        r"are|was|were|"
        r"being|still)(?: still| not|n't)? (?:trained|frozen|updated|trainable|adapted)\b|"
        r"可训练参数.{0,8}(?:为 ?0|是 ?0|太多|过多|不对|异常)|" + _ON_THE_TOWER,
        _trained_otherwise,
        {
            "trainable params: 0 after loading my adapter for gemma-3": "is_trainable",
            "trainable parameters are more than expected with r=8": "requires_grad",
            "the vision tower is still trained though I froze it": "exclude_modules",
            'target_modules="all-linear" puts LoRA on the vision tower of Gemma 3, I train on text '
            "only": "all-linear",
            "the target_modules attach LoRA to 81 vision-tower modules that never see a gradient": (
                "all-linear"
            ),
            "my adapter has LoRA weights in vision_tower.encoder.layers, why?": "all-linear",
            "We also add LoRA adapters to the vision encoder and train both": "",
            "How do I add LoRA to the vision tower of Gemma 3?": "",
            "In full fine-tuning all parameters are trained, and I run out of memory": "",
            "All layers are frozen except the last two": "",
            "Why are all parameters trainable although I use LoRA?": "requires_grad",
            "trainable params: 1,000 || all params: 2,000,000 || trainable%: 0.05": "",
        },
        words=("trainable", "trained", "frozen", "updated", "adapted", "可训练", "vision", "audio"),
        effects=("nothing-learned", "adapter-refused"),
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
