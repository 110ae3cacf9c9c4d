"""Explain errors of a step by the state of the model: a loss without a path, two dtypes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...tables.renamed_arguments import renamed_for
from ..result import CheckResult
from ._answers import failed, first_line

if TYPE_CHECKING:
    from ..subject import Subject


def of_no_path(subject: Subject) -> CheckResult:
    """Explain a loss that does not depend on anything that is trained."""
    trained = [n for n, p in subject.model.named_parameters() if p.requires_grad]
    towers = [n for n in trained if any(w in n for w in ("vision", "audio", "multi_modal"))]
    if trained and len(towers) == len(trained):
        return failed(
            "only the vision or audio tower is to be trained, and the batch has no image or sound",
            help="target_modules of the language model, or rows with images",
        )
    if any(vars(m).get("gradient_checkpointing") is True for m in subject.model.modules()) or any(
        subject.value(f"{name}_checkpointing") for name in ("gradient", "activation")
    ):
        options = subject.checkpointing_options() or {}
        if options.get("use_reentrant", True):
            return failed(
                "the loss does not depend on what is trained: reentrant checkpointing needs inputs "
                "with a gradient",
                help=renamed_for(
                    "model.enable_input_require_grads(), or "
                    "gradient_checkpointing_kwargs={'use_reentrant': False}",
                    subject.base,
                ),
            )
    return failed(
        "the loss does not depend on what is trained: it was detached, in compute_loss for example",
        help="no .detach(), .item() or torch.no_grad() between the model and the loss",
    )


def of_dtypes(subject: Subject, error: BaseException) -> CheckResult:
    """Explain a step in which two dtypes meet: name the parts that are unlike most others."""
    held: dict[str, list[str]] = {}
    for name, p in subject.model.named_parameters():
        if p.is_floating_point():
            held.setdefault(str(p.dtype).removeprefix("torch."), []).append(name)
    most = max(held, key=lambda dtype: len(held[dtype]), default="")
    others = {dtype: names for dtype, names in held.items() if dtype != most}
    if not others:
        return failed(
            f"two dtypes meet in the step ({first_line(error)}), and every weight is {most}: an "
            "input or a module without weights has another",
            help="no .float() or .half() in your own forward, or bf16=True, which joins them",
        )
    dtype, names = next(iter(others.items()))
    return failed(
        f"{names[0]} is {dtype}"
        + (f", with {len(names) - 1} more" if len(names) > 1 else "")
        + f", and the other weights are {most}: no autocast joins them ({first_line(error)})",
        help=f"model.to(torch.{most}), or bf16=True with weights in float32",
    )
