"""Training that cannot learn, and losses that are not a number."""

from __future__ import annotations

from ..answer import Answer
from .base import Case, General


def _no_gradient(case: Case) -> Answer:
    trained = case.log.figures.trained
    if trained == 0:
        return Answer(
            "nothing is trained: the log counts 0 trainable parameters",
            ("model = get_peft_model(model, peft_config) before the trainer is made",),
            why="quantized or frozen weights take no gradient, and no adapter was put on them",
            known="the log counts the trainable parameters",
        )
    return Answer(
        "the loss depends on no parameter that is trained",
        (
            "model.enable_input_require_grads() before training with gradient checkpointing",
            "or gradient_checkpointing_kwargs={'use_reentrant': False}",
            "look at model.print_trainable_parameters(): 0 means that get_peft_model was left out",
        ),
        why="either every weight is frozen, or reentrant checkpointing cut the graph: its inputs "
        "must require a gradient, which frozen embeddings do not give",
        known="the message; which of the two it is, the log does not say",
        certain=False,
    )


TRAINING: tuple[General, ...] = (
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
)
