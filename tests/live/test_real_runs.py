"""``patch`` on whole runs: three steps of a Trainer, plain or TRL's, against a run that is right.

The run asks for reentrant checkpointing, which is wrong for models that share keys and values; the
reference does without checkpointing. Losses and final weights must be equal. One case is quick;
the others are for ``make test-all``, which also has TRL (``make live-trl``).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import gemma_compat  # noqa: E402
from gemma_compat import versions  # noqa: E402
from gemma_compat.engine.rule import Severity  # noqa: E402
from gemma_compat.patching.apply import AppliedPatches  # noqa: E402

from .. import tiny  # noqa: E402
from . import compare  # noqa: E402

torch.set_num_threads(1)
STEPS = 3
SHARES = ("gemma3n_text", "gemma4_text", "gemma4")
NAMES = [name for name in tiny.available() if name != "paligemma"]
NEWEST = versions.contains(">=5.23", transformers.__version__)
WRONG = {
    "gradient_checkpointing": True,
    "gradient_checkpointing_kwargs": {"use_reentrant": True},
}
RIGHT = {"gradient_checkpointing": False}

pytestmark = pytest.mark.skipif(not NEWEST, reason="run on the newest release only")


@dataclass(frozen=True, eq=False)
class Trained:
    """What a run leaves: the loss of each step, and the trained weights by name."""

    losses: list[float]
    weights: dict[str, Any]


def _arguments(folder: Path, **changes: Any) -> dict[str, Any]:
    """Plain gradient descent: final weights then show the size of every gradient."""
    return {
        "output_dir": str(folder),
        "max_steps": STEPS,
        "per_device_train_batch_size": 2,
        "learning_rate": 0.05,
        "lr_scheduler_type": "constant",
        "optim": "sgd",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "max_grad_norm": 0.0,
        "bf16": False,
        "use_cpu": True,
        "report_to": [],
        "disable_tqdm": True,
        "save_strategy": "no",
        "seed": 1,
        **changes,
    }


def plain(model: Any, name: str, folder: Path, **changes: Any) -> Any:
    """A ``transformers.Trainer`` over six rows of ids."""
    return _plain(model, tiny.batch(name, size=2 * STEPS), folder, changes)


def images(model: Any, name: str, folder: Path, **changes: Any) -> Any:
    """The same with an image of four tokens in every row; for Gemma 3."""
    batch = tiny.batch(name, size=2 * STEPS)
    batch["input_ids"][:, 2:6] = 250
    batch["labels"][:, 2:6] = -100
    batch["token_type_ids"][:, 2:6] = 1
    generator = torch.Generator().manual_seed(5)
    batch["pixel_values"] = torch.randn(2 * STEPS, 3, 56, 56, generator=generator)
    return _plain(model, batch, folder, changes)


def _plain(model: Any, batch: Any, folder: Path, changes: dict[str, Any]) -> Any:
    rows = [{key: value[row] for key, value in batch.items()} for row in range(2 * STEPS)]
    changes = {"remove_unused_columns": False, "label_names": ["labels"], **changes}
    arguments = transformers.TrainingArguments(**_arguments(folder, **changes))
    return transformers.Trainer(model, arguments, train_dataset=rows)


def tokenizer() -> Any:
    """Words ``w3`` to ``w199``, one token each."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {
        "<pad>": 0,
        "<eos>": 1,
        "<bos>": 2,
        **{f"w{number}": number for number in range(3, 200)},
    }
    made = Tokenizer(models.WordLevel(words, unk_token="<pad>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>"
    )


def trl(model: Any, name: str, folder: Path, **changes: Any) -> Any:
    """TRL's ``SFTTrainer`` over six texts of unequal length."""
    sft = pytest.importorskip("trl", reason="TRL is not importable here (make live-trl)")
    datasets = pytest.importorskip("datasets", reason="datasets is not importable here")
    ids = tiny.batch(name, size=2 * STEPS)["input_ids"].tolist()
    texts = [" ".join(f"w{number}" for number in row[: 12 + i]) for i, row in enumerate(ids)]
    return sft.SFTTrainer(
        model,
        sft.SFTConfig(**_arguments(folder, **changes)),
        train_dataset=datasets.Dataset.from_dict({"text": texts}),
        processing_class=tokenizer(),
    )


def train(trainer: Any) -> Trained:
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    weights = {
        name: parameter.detach().clone()
        for name, parameter in trainer.model.named_parameters()
        if parameter.requires_grad
    }
    assert len(losses) == STEPS
    return Trained(losses, weights)


def farthest(one: Trained, other: Trained) -> tuple[float, float]:
    """The largest difference between two losses, and between two weights."""
    assert one.weights.keys() == other.weights.keys()
    loss = max(abs(a - b) for a, b in zip(one.losses, other.losses, strict=True))
    weight = max((one.weights[n] - other.weights[n]).abs().max().item() for n in one.weights)
    return loss, weight


def left(applied: AppliedPatches) -> list[str]:
    """The errors that were found and that the patches leave to the user."""
    cured = {ledger.code for ledger in applied.ledgers}
    found = [item.rule for item in applied.diagnosis.findings]
    return [r.code for r in found if r.severity is Severity.ERROR and r.code not in cured]


def errors(model: Any, arguments: Any) -> list[str]:
    found = gemma_compat.diagnose(model, args=arguments).findings
    return [item.rule.code for item in found if item.rule.severity is Severity.ERROR]


KINDS = {"plain": plain, "images": images, "trl": trl}
CASES = [
    pytest.param(
        kind,
        name,
        lora,
        id=f"{kind}-{name}-{'lora' if lora else 'full'}",
        marks=() if (kind, name, lora) == ("plain", "gemma4_text", False) else pytest.mark.slow,
    )
    for kind in KINDS
    for name in (NAMES if kind != "images" else ["gemma3"])
    for lora in (False, True)
]


@pytest.mark.parametrize(("kind", "name", "lora"), CASES)
def test_a_patched_run_is_the_right_run(tmp_path: Path, kind: str, name: str, lora: bool) -> None:
    make = KINDS[kind]
    right = train(make(compare.make(name, lora=lora), name, tmp_path, **RIGHT))
    trainer = make(compare.make(name, lora=lora), name, tmp_path, **WRONG)
    before = errors(trainer.model, trainer.args)
    applied = gemma_compat.patch(trainer)
    assert left(applied) == []
    loss, weight = farthest(right, train(trainer))
    if name in SHARES:
        assert "GC201" in before
    assert loss <= 1e-5 and weight <= 1e-5, (loss, weight)
    if os.environ.get("SHOW_FIGURES"):
        print(f"\n{kind} {name} lora={lora}: before {before}, loss {loss:.2g}, weight {weight:.2g}")


@pytest.mark.slow
@pytest.mark.parametrize("lora", [False, True], ids=["full", "lora"])
@pytest.mark.parametrize("name", [name for name in NAMES if name in SHARES])
@pytest.mark.parametrize("kind", ["plain", "trl"])
def test_without_the_patch_it_is_another(tmp_path: Path, kind: str, name: str, lora: bool) -> None:
    make = KINDS[kind]
    right = train(make(compare.make(name, lora=lora), name, tmp_path, **RIGHT))
    loss, weight = farthest(
        right, train(make(compare.make(name, lora=lora), name, tmp_path, **WRONG))
    )
    if os.environ.get("SHOW_FIGURES"):
        print(f"\nunpatched {kind} {name} lora={lora}: loss {loss:.2g}, weight {weight:.2g}")
    assert weight > 1e-4, (loss, weight)
