"""Healthy losses, precisions and kinds of training: DPO, rewards, classes, accumulation."""

from __future__ import annotations

from typing import Any

import torch
import transformers

from gemma_compat import versions

from ..preflight import runs
from .healthy import Healthy, NotHere, lora, lora_config, trainer
from .healthy_text import TRL, arguments_of, dataset
from .stage import Stage

# Before it, a smoothed loss is multiplied by the accumulation steps (seen on 4.57.6).
DIVIDES = versions.contains(">=5.15.0", transformers.__version__)


def _mean_by_hand(output: Any, labels: Any, num_items_in_batch: Any = None) -> Any:
    loss = torch.nn.functional.cross_entropy(
        output.logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), reduction="sum"
    )
    return loss / num_items_in_batch


def _counted(prediction: Any) -> dict[str, float]:
    return {"rows": float(len(prediction.label_ids))}


def _evaluated(stage: Stage) -> Any:
    rows = stage.rows()
    half = {name: value[:8] for name, value in rows.items()}
    rest = {name: value[8:] for name, value in rows.items()}
    keywords = {"eval_dataset": runs.Rows(rest), "compute_metrics": _counted}
    return trainer(stage, half, keywords=keywords, eval_strategy="steps", eval_steps=2)


def _smooth(stage: Stage) -> Any:
    return trainer(
        stage, label_smoothing_factor=0.1, gradient_accumulation_steps=2 if DIVIDES else 1
    )


def _pairs(stage: Stage) -> dict[str, list[Any]]:
    asked, said = zip(*stage.pairs, strict=True)
    columns = {"prompt": list(asked), "chosen": list(said), "rejected": [*said[3:], *said[:3]]}
    return {name: [_as_message(name, text) for text in texts] for name, texts in columns.items()}


def _as_message(column: str, text: str) -> Any:
    return [{"role": "user" if column == "prompt" else "assistant", "content": text}]


def _some(columns: dict[str, Any], rows: slice) -> dict[str, Any]:
    return {name: values[rows] for name, values in columns.items()}


def dpo(stage: Stage, adapter: Any = None, **settings: Any) -> Any:
    """Return TRL's DPOTrainer on the stage's questions, each with a right and a wrong answer."""
    from trl import DPOConfig, DPOTrainer

    arguments = DPOConfig(**{**arguments_of(stage), "max_length": 64, **settings})
    rest = dataset(_some(_pairs(stage), slice(8, 16)))
    evaluated = rest if "eval_strategy" in settings else None
    return DPOTrainer(
        model=stage.model(),
        # Without an adapter TRL would load the reference from the model's name, which has none.
        ref_model=None if adapter else stage.model(),
        args=arguments,
        train_dataset=dataset(_some(_pairs(stage), slice(0, 8))),
        eval_dataset=evaluated,
        processing_class=stage.tokenizer(),
        peft_config=lora_config(**adapter) if adapter else None,
    )


def _classifier(stage: Stage, classes: int) -> Any:
    """Return a classifier with the stage's network."""
    cls = getattr(transformers, "Gemma3TextForSequenceClassification", None)
    if cls is None:
        raise NotHere("this release has no classifier of this family")
    language = stage.model()
    config = language.config
    config.num_labels = classes
    torch.manual_seed(0)
    made = cls(config)
    made.model.load_state_dict(language.model.state_dict())
    return made


def reward(stage: Stage, adapter: Any = None, **settings: Any) -> Any:
    """Return TRL's RewardTrainer on pairs of conversations."""
    from trl import RewardConfig, RewardTrainer

    chats = stage.chats()
    columns = {"chosen": chats, "rejected": [*chats[1:], *chats[:1]]}
    rest = dataset(_some(columns, slice(8, 16)))
    evaluated = rest if "eval_strategy" in settings else None
    chosen = lora_config(**{**adapter, "task_type": "SEQ_CLS"}) if adapter else None
    return RewardTrainer(
        model=_classifier(stage, 1),
        args=RewardConfig(**{**arguments_of(stage), "max_length": 64, **settings}),
        train_dataset=dataset(_some(columns, slice(0, 8))),
        eval_dataset=evaluated,
        processing_class=stage.tokenizer(),
        peft_config=chosen,
    )


class _Classes(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """Rows with one of three classes each."""

    def __init__(self, rows: dict[str, Any]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows["input_ids"])

    def __getitem__(self, index: int) -> dict[str, Any]:
        names = ("input_ids", "attention_mask")
        return {**{name: self.rows[name][index] for name in names}, "labels": index % 3}


def _classified(stage: Stage) -> Any:
    return trainer(stage, _Classes(stage.rows()), _classifier(stage, 3))


def _half(stage: Stage) -> Any:
    return trainer(stage, model=lora(stage.model(torch.bfloat16)), bf16=True)


def _by_hand(stage: Stage) -> Any:
    return trainer(
        stage,
        keywords={"compute_loss_func": _mean_by_hand},
        gradient_accumulation_steps=4,
    )


def _new_optimizer(stage: Stage) -> Any:
    model = stage.model()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-5)
    scheduler = transformers.get_cosine_schedule_with_warmup(optimizer, 1, 6)
    return trainer(stage, model=model, keywords={"optimizers": (optimizer, scheduler)})


def _cast_by_hand(stage: Stage) -> Any:
    """Train bf16 weights with a rate at which their steps do not round away."""
    return trainer(stage, model=stage.model(torch.bfloat16), learning_rate=2e-4)


LORA = {"r": 8}
PEFT = ("peft",)
SETUPS = (
    Healthy("bf16 autocast over float32 weights", lambda s: trainer(s, bf16=True)),
    Healthy("LoRA on bf16 weights", _half, PEFT),
    Healthy("all weights in bf16", _cast_by_hand),
    Healthy(
        "LoRA with dropout, accumulated",
        lambda s: trainer(
            s, model=lora(s.model(), lora_dropout=0.2), gradient_accumulation_steps=4
        ),
        PEFT,
    ),
    Healthy("loss function by hand", _by_hand),
    Healthy("smoothed labels", _smooth),
    Healthy("noise on the embeddings", lambda s: trainer(s, neftune_noise_alpha=5.0)),
    Healthy("evaluated with metrics", _evaluated),
    Healthy("optimizer and schedule by hand", _new_optimizer),
    Healthy("accumulated 8 times", lambda s: trainer(s, gradient_accumulation_steps=8)),
    Healthy("one row a step", lambda s: trainer(s, per_device_train_batch_size=1)),
    Healthy("DPO", lambda s: dpo(s, LORA), TRL),
    Healthy("DPO, checkpointed", lambda s: dpo(s, LORA, gradient_checkpointing=True), TRL),
    Healthy("reward model", reward, TRL),
    Healthy("classes of rows", _classified),
)
