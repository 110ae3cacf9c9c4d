"""Training that cannot learn, and losses that are not a number."""

from __future__ import annotations

import re

from ....conditions.hardware import is_without_bfloat16
from ...answer import Answer
from ..base import Case, General
from .precision import is_in_bfloat16

_COLLATOR = "the collator: labels as long as input_ids, in the same batch"
_CLASSES = (
    "one label for each row where rows are classified (AutoModelForSequenceClassification), and no "
    "collator for language modelling; AutoModelForCausalLM for labels of each token"
)
_SHAPES = "print({name: value.shape for name, value in batch.items()})"


def _labels_of_another_length(case: Case) -> Answer:
    logits, labels = int(case.match["input"]), int(case.match["target"])
    few, many = sorted((logits, labels))
    do: tuple[str, ...] = (_SHAPES, _COLLATOR)
    why = (
        "labels were cut, dropped or shifted apart from the input; or the model put images or a "
        "prefix into the row, and nothing into its labels"
    )
    if case.says(r"data_parallel\.py|DataParallel|parallel_apply|in replica \d"):
        do = (_ONE_PROCESS, f"or {_COLLATOR}")
        why = (
            "a script that runs without a launcher on several GPUs runs under DataParallel, which "
            "splits a batch by its first dimension"
        )
    elif few > 0 and many % few == 0:
        do = (_SHAPES, _CLASSES, f"several GPUs without a launcher: {_ONE_PROCESS}")
        why = (
            f"one is {many // few} times the other: as many tokens, classes or GPUs as that. "
            "Labels of each token for a head of classes, labels as one-hot rows, or a batch that "
            "DataParallel split"
        )
    return Answer(
        f"the loss gets {logits} rows of logits and {labels} labels",
        do,
        why=why,
        known="the message has both numbers; why they differ is not in it",
        certain=False,
        settles=False,
    )


_ONE_PROCESS = "one GPU, or one process for each: CUDA_VISIBLE_DEVICES=0, or accelerate launch"


_HAS_ADAPTER = re.compile(r"(?i)\b(?:q?lora|peft|adapters?)\b|lora_")


def _unscaled(case: Case) -> Answer:
    """Answer by what is trained, and by whether the card computes bfloat16."""
    near = f"{case.near}{case.around}"
    lacks = is_without_bfloat16.is_known_to_hold(case.facts) or re.search(
        r"\b(?:V100|T4|P100|2080|1080)\b|(?i:(?:does ?n.t|not|no) (?:support )?(?:bf16|bfloat16))",
        near,
    )
    off = re.search(
        r"(?i)(?:lora|adapter)\W+(?:\w+\W+){0,3}disabled|(?:disabl\w+|without) .{0,12}lora", near
    )
    has_adapter = case.facts.training.get("peft") or (_HAS_ADAPTER.search(near) and not off)
    alone = (
        "for p in model.parameters(): p.data = p.data.float() if p.requires_grad else p.data   "
        "after get_peft_model: the adapter in float32, the base in float16"
    )
    whole = (
        "load the trained weights in float32 (dtype=torch.float32), with fp16=True: mixed "
        "precision keeps 16 bits for the products"
    )
    return Answer(
        "fp16=True is mixed precision, and the weights that it trains are float16 themselves",
        (
            *(
                (alone, "pip install -U peft   which does so by itself")
                if has_adapter
                else (whole,)
            ),
            *(() if lacks else ("or bf16=True, fp16=False, which needs no scaler",)),
            *(() if has_adapter or not lacks else (f"or an adapter (LoRA): {alone}",)),
        ),
        why="the scaler of float16 divides gradients, which float16 weights have no room for",
        known="torch's GradScaler says so; PEFT has cast adapters to float32 since 0.12, unless "
        "autocast_adapter_dtype=False"
        if has_adapter
        else "torch's GradScaler says so",
        settles=False,
    )


# An adapter that was saved, loaded to be trained on.
_LOADS_AN_ADAPTER = re.compile(
    r"\b(?:Auto)?PeftModel\w*\.from_pretrained\((?![^)\n]*is_trainable ?= ?True)|"
    r"inference_mode=True"
)


def _no_gradient(case: Case) -> Answer:
    trained = case.log.figures.trained
    if trained == 0:
        return Answer(
            "nothing is trained: the log counts 0 trainable parameters",
            ("model = get_peft_model(model, peft_config) before the trainer is made",),
            why="quantized or frozen weights take no gradient, and no adapter was put on them",
            known="the log counts the trainable parameters",
        )
    checkpoints = (
        "model.enable_input_require_grads() before training with gradient checkpointing",
        "or gradient_checkpointing_kwargs={'use_reentrant': False}",
    )
    counts = "model.print_trainable_parameters()   0 means that get_peft_model was left out"
    loads = "PeftModel.from_pretrained(base, ADAPTER, is_trainable=True)"
    is_loaded = _LOADS_AN_ADAPTER.search(f"{case.near}{case.above}")
    # reentrant checkpointing warns before it fails
    warned = "None of the inputs have requires_grad" in f"{case.above}{case.hit.before}"
    is_on = warned or case.facts.training.get("gradient_checkpointing")
    return Answer(
        "the loss depends on no parameter that is trained",
        (f"{loads}   : without it an adapter is loaded frozen", f"or {counts}", *checkpoints)
        if is_loaded and not warned
        else (*checkpoints, f"or {counts}")
        if is_on
        else (counts, *checkpoints),
        why="either every weight is frozen, or reentrant checkpointing cut the graph: its inputs "
        "must require a gradient, which frozen embeddings do not give",
        known="the message; which of the two it is, the log does not say",
        certain=False,
    )


def _nan_in_backward(case: Case) -> Answer:
    rows = (
        "print((labels != -100).sum(), torch.isfinite(loss))   of that batch, and a lower learning "
        "rate: a batch without labels, a loss of your own (log of 0, 0/0), or weights that ran away"
    )
    has = is_in_bfloat16(case)
    precision = "bf16=True, fp16=False, dtype=torch.bfloat16   (or float32 on a T4 or V100)"
    return Answer(
        "the backward pass makes NaN; anomaly detection names the function, not why",
        (rows,) if has else (precision, rows),
        why="labels that are all -100, a broken batch or a rate that is too high"
        if has
        else "float16 ends at 65,504, which the activations of Gemma 3 pass; labels that are "
        "all -100 and a broken batch give NaN too",
        known="the message; the log says bfloat16"
        if has
        else "the message; the precision of the run is not in it",
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "gradient-not-a-number",
        r"Function '\w{1,60}' returned nan values in its \d+th output",
        _nan_in_backward,
        {
            "RuntimeError: Function 'MmBackward0' returned nan values in its 0th output.": (
                "float16"
            ),
            "TrainingArguments(bf16=True)\nRuntimeError: Function 'MmBackward0' returned nan "
            "values in its 0th output.": "labels != -100",
        },
    ),
    General(
        "labels-of-another-length",
        r"Expected input batch_size \((?P<input>\d+)\) to match target batch_size "
        r"\((?P<target>\d+)\)",
        _labels_of_another_length,
        {
            "ValueError: Expected input batch_size (1324) to match target batch_size (0).": (
                "labels as long as input_ids"
            ),
            "ValueError: Expected input batch_size (8) to match target batch_size (6).": (
                "labels as long as input_ids"
            ),
            "ValueError: Expected input batch_size (8) to match target batch_size (32).": (
                "4 times the other"
            ),
            'File "/x/site-packages/torch/nn/parallel/data_parallel.py", line 1, in forward\n'
            "    f()\nValueError: Expected input batch_size (8) to match target batch_size (32).": (
                "under DataParallel, which splits"
            ),
        },
    ),
    General(
        "no-gradient",
        r"element 0 of tensors does not require grad",
        _no_gradient,
        {
            "RuntimeError: element 0 of tensors does not require grad and does not have a "
            "grad_fn": ("get_peft_model")
        },
    ),
    General(
        "scaler-and-bfloat16",
        r"_amp_foreach_non_finite_check_and_unscale_cuda\" not implemented for 'BFloat16'",
        lambda case: Answer(
            "fp16=True scales gradients, and the weights that are trained are bfloat16, for which "
            "torch has no such step",
            (
                "bf16=True, fp16=False   on a card that computes bfloat16",
                "or the trained weights in float32 (dtype=torch.float32) with fp16=True: on a T4 "
                "or V100",
            ),
            known="the function that the message names is the scaler's; bfloat16 needs none",
            settles=False,
        ),
        {
            'RuntimeError: "_amp_foreach_non_finite_check_and_unscale_cuda" not implemented for '
            "'BFloat16'": "bf16=True, fp16=False"
        },
    ),
    General(
        "triangle-in-bfloat16",
        r"triu_tril_cuda_template\" not implemented for 'BFloat16'",
        lambda case: Answer(
            "this torch cannot make a causal mask in bfloat16 on a GPU",
            ("pip install -U torch", 'or attn_implementation="sdpa"'),
            why="torch.triu learned bfloat16 with torch 2.1",
            known="the message names the function; the release is from memory",
            certain=False,
        ),
        {
            "RuntimeError: \"triu_tril_cuda_template\" not implemented for 'BFloat16'": (
                "pip install -U torch"
            )
        },
    ),
    General(
        "fp16-unscale",
        r"Attempting to unscale FP16 gradients",
        _unscaled,
        {
            "ValueError: Attempting to unscale FP16 gradients.": "float32",
            "LoRA on a V100\nValueError: Attempting to unscale FP16 gradients.": "requires_grad",
        },
    ),
    General(
        "rows-other-than-dicts",
        r"vars\(\) argument must have __dict__ attribute",
        lambda case: (
            Answer(
                "the Trainer's collator needs dicts and is given other rows: texts, lists, tuples "
                "or a TensorDataset",
                (
                    "print(type(train_dataset[0]), train_dataset[0])",
                    "rows such as {'input_ids': ..., 'attention_mask': ..., 'labels': ...}: "
                    "dataset.map(lambda row: tokenizer(row['text']))",
                    "or a data_collator of your own that makes the dict",
                ),
                why="default_data_collator takes the names of a batch's tensors from the rows",
                known="read in transformers: it calls vars() on any row but a mapping",
                settles=False,
            )
            if re.search(
                "Trainer|trainer|collat", case.hit.before[-3000:] + case.around + case.near
            )
            else None
        ),
        {
            "# trainer.train() fails\nTypeError: vars() argument must have __dict__ attribute": (
                "needs dicts"
            ),
            "TypeError: vars() argument must have __dict__ attribute": "",
        },
    ),
)
