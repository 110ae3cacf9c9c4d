"""Accidents with checkpoints, with what evaluation is planned for, and with classifiers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from .. import tiny
from ..preflight import runs
from .faults_adapter import lora
from .planted import Fault, run, trial

_BEST = {
    "eval_strategy": "steps",
    "eval_steps": 2,
    "save_strategy": "steps",
    "save_steps": 2,
    "load_best_model_at_end": True,
}
_SAVES = {"save_strategy": "steps", "save_steps": 2}


def _saving(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def make(folder: Any) -> Any:
        model = tiny.build("gemma3_text")
        change(model)
        return run(model, folder, runs.text(), **_SAVES)

    return make


def _sampled(model: Any) -> None:
    model.generation_config.do_sample = False
    model.generation_config.temperature = 0.7


def _with_tensor(model: Any) -> None:
    model.config.class_weights = torch.ones(3)


def _wrapped_afterwards(folder: Any) -> Any:
    model = tiny.build("gemma3_text")
    made = runs.trainer(model, folder, learning_rate=5e-5, **_SAVES)
    lora(model)
    return trial(made)


def _below_a_file(folder: Any) -> Any:
    made = runs.trainer(tiny.build("gemma3_text"), folder, learning_rate=5e-5, **_SAVES)
    (Path(folder) / "out").write_text("")
    made.args.output_dir = str(Path(folder) / "out" / "run")
    return trial(made)


def _evaluated(rows: Any = None, keywords: Any = None, **settings: Any) -> Callable[[Any], Any]:
    def make(folder: Any) -> Any:
        held = {"eval_dataset": runs.Rows(rows or _others()), **(keywords or {})}
        return run(
            tiny.build("gemma3_text"), folder, runs.text(), keywords=held, **{**_BEST, **settings}
        )

    return make


def _others() -> dict[str, Any]:
    made = tiny.batch("gemma3_text", size=4, seed=11)
    made["input_ids"][:, 0] = made["labels"][:, 0] = runs.BOS
    return made


def _untrained() -> dict[str, Any]:
    made = _others()
    return {**made, "labels": torch.full_like(made["labels"], -100)}


def _by_name(folder: Any) -> Any:
    """Evaluate on two sets by name, whose losses have the names in front."""
    sets = {"old": runs.Rows(_others()), "new": runs.Rows(_others())}
    settings = {**_BEST, "metric_for_best_model": "eval_loss"}
    model = tiny.build("gemma3_text")
    return run(model, folder, runs.text(), keywords={"eval_dataset": sets}, **settings)


class _Many(runs.Rows):
    """Say that there are ten million rows."""

    def __len__(self) -> int:
        return 10_000_000


def _accuracy(found: Any) -> dict[str, float]:
    return {"accuracy": float((found.predictions.argmax(-1) == found.label_ids).mean())}


def _perplexity(found: Any) -> dict[str, float]:
    return {"perplexity": float(found.predictions.shape[-1])}


def _many(folder: Any) -> Any:
    keywords = {"eval_dataset": _Many(_repeated()), "compute_metrics": _accuracy}
    return run(
        tiny.build("gemma3_text"), folder, runs.text(), keywords=keywords, eval_strategy="epoch"
    )


def _repeated() -> dict[str, Any]:
    return {name: value.repeat(100, 1) for name, value in _others().items()}


def _classifier(labels: int, pad: int) -> Callable[[Any], Any]:
    """Return a run of a classifier whose rows are padded with this token."""

    def make(folder: Any) -> Any:
        import transformers

        # 4.50.3 has no classifier of Gemma 3's text model.
        is_there = hasattr(transformers, "Gemma3TextForSequenceClassification")
        config = tiny.build("gemma3_text" if is_there else "gemma2").config
        config.num_labels = labels
        torch.manual_seed(0)
        model = transformers.AutoModelForSequenceClassification.from_config(config)
        rows = runs.text()
        rows["attention_mask"][:, 18:] = 0
        rows["input_ids"][:, 18:] = pad
        rows["labels"] = torch.arange(8) % 2
        return run(model, folder, rows)

    return make


FAULTS = tuple(
    Fault(name, make, cause, slow=False)
    for name, make, cause in (
        ("generation config cannot be saved", _saving(_sampled), "saving stops at generation_conf"),
        ("config holds a tensor", _saving(_with_tensor), "saving stops at config"),
        ("LoRA put in after the Trainer", _wrapped_afterwards, "without PEFT's wrapper"),
        ("output folder below a file", _below_a_file, "is not a folder"),
        (
            "largest loss is best",
            _evaluated(metric_for_best_model="eval_loss", greater_is_better=True),
            "largest loss counts as the best",
        ),
        (
            "perplexity without a direction",
            _evaluated(
                keywords={"compute_metrics": _perplexity}, metric_for_best_model="perplexity"
            ),
            "largest perplexity counts",
        ),
        (
            "best by a metric that is not computed",
            _evaluated(metric_for_best_model="accuracy"),
            "KeyError",
        ),
        ("best by the loss of several sets", _by_name, "KeyError"),
        ("evaluation labels all masked", _evaluated(_untrained()), "evaluation loss is not a num"),
        ("evaluation keeps all logits", _many, "keeps the logits"),
        ("classes as a quantity", _classifier(1, 0), "makes a regression"),
        ("classifier reads padding", _classifier(2, 1), "reads a token of padding"),
    )
)
