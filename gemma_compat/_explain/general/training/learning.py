"""Training that cannot learn, and losses that are not a number."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General


def _labels_of_another_length(case: Case) -> Answer:
    logits, labels = int(case.match["input"]), int(case.match["target"])
    few, many = sorted((logits, labels))
    collator = "the collator: labels as long as input_ids, in the same batch"
    one = "one GPU, or one process for each: CUDA_VISIBLE_DEVICES=0, or accelerate launch"
    # DataParallel splits a batch evenly: the one is a multiple of the other.
    splits = few > 0 and many % few == 0 or case.says(r"data_parallel\.py|DataParallel")
    return Answer(
        f"the loss gets {logits} rows of logits and {labels} labels",
        (one, f"or {collator}") if splits else (collator,),
        why="a script that runs without a launcher on several GPUs runs under DataParallel, which "
        "splits a batch by its first dimension; else labels were cut, dropped or shifted apart "
        "from the input"
        if splits
        else "labels were cut, dropped or shifted apart from the input",
        known="the message has both numbers; why they differ is not in it",
        certain=False,
        settles=False,
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
    # reentrant checkpointing warns before it fails
    warned = "None of the inputs have requires_grad" in f"{case.above}{case.hit.before}"
    is_on = warned or case.facts.training.get("gradient_checkpointing")
    return Answer(
        "the loss depends on no parameter that is trained",
        (*checkpoints, f"or {counts}") if is_on else (counts, *checkpoints),
        why="either every weight is frozen, or reentrant checkpointing cut the graph: its inputs "
        "must require a gradient, which frozen embeddings do not give",
        known="the message; which of the two it is, the log does not say",
        certain=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "gradient-not-a-number",
        r"Function '\w{1,60}' returned nan values in its \d+th output",
        lambda case: Answer(
            "the backward pass makes NaN; anomaly detection names the function, not why",
            ("bf16=True, fp16=False, dtype=torch.bfloat16   (or float32 on a T4 or V100)",),
            why="float16 ends at 65,504, which the activations of Gemma 3 pass; labels that are "
            "all -100 and a broken batch give NaN too",
            known="the message; the precision of the run is not in it",
            certain=False,
            settles=False,
        ),
        {"RuntimeError: Function 'MmBackward0' returned nan values in its 0th output.": "float16"},
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
                "CUDA_VISIBLE_DEVICES=0"
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
        lambda case: Answer(
            "fp16=True is mixed precision, and the weights that it trains are float16 themselves",
            ("load the trained weights in float32 (dtype=torch.float32), or use bf16=True",),
            known="torch's GradScaler says so",
            settles=False,
        ),
        {"ValueError: Attempting to unscale FP16 gradients.": "float32"},
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
