"""Check whether this process can make gradients, and makes them at full speed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..result import CheckResult
from ._answers import failed, passed, warned

if TYPE_CHECKING:
    from ..subject import Subject


def process_makes_gradients(subject: Subject) -> CheckResult:
    """Check torch's switches for gradients, and that no weight was made without them."""
    import torch

    if torch.is_inference_mode_enabled():
        return failed(
            "this process is inside torch.inference_mode(): no loss gets a gradient",
            help="end the `with torch.inference_mode():` block before trainer.train()",
        )
    if not torch.is_grad_enabled():
        return failed(
            "gradients are switched off in this process: no loss gets one",
            help="torch.set_grad_enabled(True), and no torch.no_grad() around trainer.train()",
        )
    held = [*subject.model.named_parameters(), *subject.model.named_buffers()]
    made = [name for name, tensor in held if tensor.is_inference()]
    if made:
        return failed(
            f"the model was made inside torch.inference_mode(): {made[0]}, and {len(made) - 1} "
            "more, cannot take part in a backward pass",
            help="load the model outside of torch.inference_mode()",
        )
    if torch.is_anomaly_enabled():
        return warned(
            "torch's anomaly detection is on: it records where each operation was called, and "
            "every step takes several times as long",
            help="torch.autograd.set_detect_anomaly(False)",
        )
    return passed("gradients are on, and nothing slows them down")
