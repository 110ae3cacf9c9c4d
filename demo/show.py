"""One step of the demo: `python demo/show.py evaluation|gradients|training`.

Prints what happens without and with `gemma_compat.patch`; ends with an error if that is not what
the step is there to show. Meant to be run by `demo/run.sh`, which picks the transformers release.
"""

from __future__ import annotations

import math
import sys
import tempfile
from typing import Any

import torch
import transformers
from models import batch, build, rows
from transformers import Trainer, TrainingArguments

import gemma_compat

NO_FLOAT = "'HybridCache' object has no attribute 'float'"
# The worst cosine between a gradient and the right one: at least this is the same network.
SAME = 0.9999
BROKEN = 0.999


def require(holds: bool, what: str) -> None:
    if not holds:
        sys.exit(f"demo: this step did not show what it says: {what}")


def evaluation() -> None:
    """Half-precision weights under bf16: evaluation crashes, and does not once patched."""
    try:
        loss = evaluate(build("Gemma3", torch.bfloat16))
    except AttributeError as error:
        print(f"without the patch: AttributeError: {error}")
        require(str(error) == NO_FLOAT, f"another error was expected: {NO_FLOAT}")
    else:
        require(False, f"evaluation without the patch went well (loss {loss:.4f})")

    model = build("Gemma3", torch.bfloat16)
    applied = gemma_compat.patch(model)
    print(applied)
    loss = evaluate(model)
    print(f"with the patch: evaluated, loss {loss:.4f}")
    require(math.isfinite(loss), "the loss is not a finite number")

    # The patch above also turns the cache off; this one leaves it on.
    model = build("Gemma3", torch.bfloat16)
    gemma_compat.patch(model, select=["GC101"])
    alone = evaluate(model)
    print(f"with GC101 alone, the cache still on: evaluated, loss {alone:.4f}")
    require(abs(alone - loss) < 1e-3, "GC101 alone evaluates to another loss")


def evaluate(model: Any) -> float:
    return float(trainer(model, "Gemma3").evaluate()["eval_loss"])


def gradients() -> None:
    """Reentrant checkpointing and shared keys: the loss is right, and the gradients are not."""
    for family in ("Gemma3n", "Gemma4"):
        right_loss, right = step(build(family).eval(), use_cache=True)
        print(f"{family}: right loss {right_loss:.6f}")

        loss, found = step(reentrant(build(family)))
        before, where = worst_cosine(right, found)
        print(f"  without the patch: loss {loss:.6f}, worst gradient cosine {before:.6f} ({where})")
        require(before < BROKEN, "gradients are right without the patch")
        require(abs(loss - right_loss) < 1e-5, "the loss tells, without the patch")

        model = build(family)
        gemma_compat.patch(model)
        loss, found = step(reentrant(model))
        after, _ = worst_cosine(right, found)
        print(f"  with the patch:    loss {loss:.6f}, worst gradient cosine {after:.6f}")
        require(after >= SAME, "gradients are wrong with the patch")
        require(abs(loss - right_loss) < 1e-5, "the loss is wrong with the patch")


def reentrant(model: Any) -> Any:
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": True})
    return model.train()


def step(model: Any, **options: Any) -> tuple[float, dict[str, torch.Tensor | None]]:
    """The loss of one forward, and the gradient of every parameter."""
    loss = model(**batch(), **options).loss
    loss.backward()
    return loss.item(), {name: parameter.grad for name, parameter in model.named_parameters()}


def worst_cosine(right: dict[str, Any], found: dict[str, Any]) -> tuple[float, str]:
    """The lowest cosine and its parameter; 0 where only one of the two has a gradient."""
    return min((cosine(right[name], found[name]), name) for name in right)


def cosine(one: torch.Tensor | None, other: torch.Tensor | None) -> float:
    ones, others = one is not None and bool(one.any()), other is not None and bool(other.any())
    if not (ones and others):
        return 1.0 if ones == others else 0.0
    # In double: in single precision equal gradients come out at 1.0000002.
    flat = [grad.double().flatten() for grad in (one, other)]
    value = torch.nn.functional.cosine_similarity(*flat, dim=0).item()
    return value if math.isfinite(value) else 0.0  # a nan would hide from min()


def training() -> None:
    """bf16, reentrant checkpointing and evaluation along the way, on a patched model."""
    arguments = {
        "max_steps": 4,
        "eval_strategy": "steps",
        "eval_steps": 2,
        "gradient_checkpointing": True,
        "gradient_checkpointing_kwargs": {"use_reentrant": True},
        "learning_rate": 1e-3,
    }
    model = build("Gemma4", torch.bfloat16)
    run = trainer(model, **arguments)
    print(gemma_compat.patch(model, args=run.args))
    run.train()
    losses = [entry["eval_loss"] for entry in run.state.log_history if "eval_loss" in entry]
    print(f"trained {run.state.global_step} steps; evaluation loss {losses}")
    require(run.state.global_step == 4, "training stopped early")
    require(len(losses) == 2, "it was to be evaluated twice")
    require(all(map(math.isfinite, losses)), "a loss is not a finite number")
    require(losses[1] < losses[0], "the loss did not fall")


def trainer(model: Any, family: str = "", **arguments: Any) -> Trainer:
    """Return a Trainer on the CPU in bf16, which leaves nothing behind."""
    settings: dict[str, Any] = {
        "per_device_train_batch_size": 2,
        "per_device_eval_batch_size": 2,
        "bf16": True,
        "use_cpu": True,
        "report_to": [],
        "disable_tqdm": True,
        "save_strategy": "no",
        **arguments,
    }
    folder = tempfile.gettempdir()  # nothing is saved, so nothing is written there
    args = TrainingArguments(output_dir=folder, **settings)
    data = rows(family=family)
    return Trainer(model=model, args=args, train_dataset=data, eval_dataset=data)


STEPS = {"evaluation": evaluation, "gradients": gradients, "training": training}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in STEPS:
        sys.exit(f"usage: python demo/show.py {'|'.join(STEPS)}")
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    STEPS[sys.argv[1]]()
