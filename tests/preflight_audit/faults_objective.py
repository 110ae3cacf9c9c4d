"""Accidents with losses over whole rows, with divergences, and with pictures.

Planted, as those in ``faults_data.py``, by someone who had not read the checks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import transformers

from .. import tiny
from ..preflight import runs
from .planted import Fault, run, trial
from .sentences import Row, Rows, chat, model, pairs, tokenizer, trainer


class Pooled(transformers.Trainer):
    """Learn which answer belongs to which question, by the mean of the last layer."""

    masked, last = True, False

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **options: Any) -> Any:
        sides = [self._pooled(model, inputs, side) for side in ("asked", "told")]
        scores = sides[0] @ sides[1].T * 20.0
        return torch.nn.functional.cross_entropy(scores, torch.arange(len(scores)))

    def _pooled(self, model: Any, inputs: Any, side: str) -> Any:
        mask = inputs[f"{side}_mask"]
        found = model(
            input_ids=inputs[f"{side}_ids"], attention_mask=mask, output_hidden_states=True
        ).hidden_states[-1]
        weights = mask.unsqueeze(-1).float()
        if self.last:
            pooled = found[:, -1]
        elif self.masked:
            pooled = (found * weights).sum(1) / weights.sum(1)
        else:
            pooled = found.mean(1)
        return torch.nn.functional.normalize(pooled, dim=-1)


def _both(rows: Sequence[Row]) -> dict[str, Any]:
    made = tokenizer()
    sides = {
        name: made([item[name] for item in rows], padding=True, return_tensors="pt")
        for name in ("asked", "told")
    }
    return {
        f"{name}_{short}": found[long]
        for name, found in sides.items()
        for short, long in (("ids", "input_ids"), ("mask", "attention_mask"))
    }


def pooled(folder: Any, *, rows: int = 4, **settings: Any) -> Any:
    """Return an embedding run; ``masked`` and ``last`` say what is pooled."""
    options = {name: settings.pop(name) for name in ("masked", "last") if name in settings}
    made = type("PooledTrainer", (Pooled,), {**options, "__module__": "train"})
    network = model()
    network.model.embed_tokens.weight.data[0].normal_(0, 0.05)  # as trained: no zeros
    runs.reset_precision()
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=rows,
        max_steps=6,
        report_to=[],
        use_cpu=True,
        save_strategy="no",
        remove_unused_columns=False,
        **settings,
    )
    data = Rows([{"asked": q, "told": a} for q, a in pairs()])
    return trial(
        made(model=network, args=arguments, train_dataset=data, data_collator=_both),
        tokenizer=tokenizer(),
    )


def _divergence(logits: Any, labels: Any) -> Any:
    teacher = (logits.detach() * 1.3).softmax(-1)
    return torch.nn.functional.kl_div(logits.softmax(-1), teacher, reduction="batchmean")


def _own(loss: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    def compute(outputs: Any, labels: Any, num_items_in_batch: Any = None) -> Any:
        return loss(outputs["logits"] if isinstance(outputs, dict) else outputs.logits, labels)

    compute.__module__ = "train"
    return lambda folder: trainer(
        [chat(q, a) for q, a in pairs()], folder, keywords={"compute_loss_func": compute}
    )


def pictures(number: int = 8) -> Any:
    """Return pictures of one coloured patch on a slope, with values from 0 to 1."""
    draw = torch.Generator().manual_seed(5)
    down, across = torch.meshgrid(torch.linspace(0, 1, 56), torch.linspace(0, 1, 56), indexing="ij")
    found = []
    for _ in range(number):
        colour = torch.rand(3, 1, 1, generator=draw)
        made = torch.stack([down, across, (down + across) / 2]) * colour
        made[:, 8:24, 8:24] = torch.rand(3, 1, 1, generator=draw)
        found.append(made)
    return torch.stack(found)


def pictured(pixels: Any, folder: Any, *, drop: bool = False) -> Any:
    """Return a run of a Gemma 3 on pictures with a text each; ``drop`` leaves them in the rows."""
    draw = torch.Generator().manual_seed(1)
    rows = []
    for at in range(len(pixels)):
        text = torch.randint(10, 240, (12,), generator=draw).tolist()
        front = [2] if drop else [2, 251, *[250] * 4, 252]
        ids = front + text
        kinds = [int(token == 250) for token in ids]
        rows.append(
            {
                "input_ids": ids,
                "attention_mask": [1] * len(ids),
                "labels": [-100] * len(front) + text,
                "token_type_ids": kinds,
                "image" if drop else "pixel_values": pixels[at],
            }
        )

    def collate(given: Sequence[Row]) -> dict[str, Any]:
        made = {k: torch.tensor([row[k] for row in given]) for k in list(given[0])[:4]}
        return (
            made
            if drop
            else {**made, "pixel_values": torch.stack([r["pixel_values"] for r in given])}
        )

    network = tiny.build("gemma3")
    return run(network, folder, Rows(rows), keywords={"data_collator": collate})


def _as_imagenet() -> Any:
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return (pictures() - mean[:, None, None]) / std[:, None, None]


FAULTS = (
    Fault("mean over padding", lambda folder: pooled(folder, masked=False), "padding is part of"),
    Fault("last place pooled", lambda folder: pooled(folder, last=True), "padding is part of"),
    Fault("one row to compare", lambda folder: pooled(folder, rows=1), "the batch has one row"),
    Fault(
        "evaluation passes compute_loss by",
        lambda folder: pooled(folder, eval_strategy="no", do_eval=True),
        "label_names",
    ),
    Fault("divergence of probabilities", _own(_divergence), "log-probabilities"),
    Fault(
        "normalised as ImageNet",
        lambda folder: pictured(_as_imagenet(), folder),
        "they were normalised otherwise",
    ),
    Fault(
        "not normalised", lambda folder: pictured(pictures(), folder), "they were not normalised"
    ),
    Fault(
        "pictures left in the rows",
        lambda folder: pictured(pictures(), folder, drop=True),
        "the model never sees an image",
    ),
)
