"""Compute what the loss of a batch should be, each sample by itself, in the plainest way.

That is: eager attention, no mask from outside, no padding, evaluation mode, no autocast, no cache
(except where layers share keys and values, which some releases pass in it), and the cross entropy
computed here. However a run gains its speed, its loss must equal this number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..live.tree import named_configs
from .samples import Sample, has_pictures, samples_of, span, two_dimensional

if TYPE_CHECKING:
    from .subject import Subject

_EAGER = 4_096  # longest sample, in tokens, for which the attention matrix is computed
_CHUNK = 512  # tokens whose logits are cast to float32 at a time
_KINDS = ("token_type_ids", "mm_token_type_ids")  # they mark the tokens of an image


REWRITES = (
    "on a CPU bitsandbytes repacks its 4-bit weights in an evaluation forward, and every gradient "
    "after that is 0"
)


def rewrites_itself(base: Any) -> bool:
    """Return whether an evaluation forward would change this model: 4-bit layers on a CPU."""
    return any(
        type(module).__name__ == "Linear4bit" and module.weight.device.type == "cpu"
        for module in base.modules()
    )


@dataclass(frozen=True)
class Reference:
    """The reference losses of a batch.

    Attributes:
        loss: mean cross entropy over the trained labels.
        unshifted: the mean if each token were compared with its own label, that is without the
            shift.
        labels: how many labels are trained.
        prompted: how many of them a trained prompt before the row predicts.
    """

    loss: float
    unshifted: float
    labels: int
    prompted: int = 0


def reference_of(
    subject: Subject, batch: Mapping[str, Any] | None = None, seed: int = 1
) -> Reference:
    """Return the reference of a batch, by default the run's; costs a third of a pass."""
    import torch

    given = subject.batch if batch is None else batch
    labels = given["labels"]
    sums, counts, prompted = [0.0, 0.0], [0, 0], 0
    with subject.trial(), torch.no_grad():
        torch.manual_seed(seed)  # another seed than the run's exposes randomness in evaluation
        prepare(subject, longest=max(s.end - s.start for s in samples_of(given)))
        subject.spend(1 / 3, given)
        for row, start, logits in _logits(subject, given):
            length = logits.shape[0]
            prompted += int(start < 0 and labels[row, 0] != -100)
            for shift in (1, 0):
                first = max(0, -start - shift)  # a prompt's last logits have no label
                wanted = labels[row, start + shift + first : start + length + shift]
                total, number = cross_entropy(logits[first : first + len(wanted)], wanted)
                sums[1 - shift] += total  # shifted first
                counts[1 - shift] += number
    means = [s / n if n else float("nan") for s, n in zip(sums, counts, strict=True)]
    return Reference(means[0], means[1], counts[0], prompted)


def prepare(subject: Subject, longest: int) -> None:
    """Set evaluation mode and eager attention; remove the autocast of a prepared model."""
    subject.model.eval()
    for module in subject.model.modules():
        if vars(module).get("gradient_checkpointing") is True:
            module.gradient_checkpointing = False
    if "_original_forward" in vars(subject.model):
        subject.model.forward = subject.model._original_forward
    if longest <= _EAGER:
        for _, config in named_configs(subject.model):
            if getattr(config, "_attn_implementation", None) not in (None, "eager"):
                config._attn_implementation = "eager"


def shares_kv(subject: Subject) -> bool:
    """Return whether layers share keys and values: up to 5.5 only a cache passes them on."""
    configs = (config for _, config in named_configs(subject.base))
    return any(vars(config).get("num_kv_shared_layers") for config in configs)


def cross_entropy(logits: Any, labels: Any) -> tuple[float, int]:
    """Return the sum of the cross entropies of all labels but -100, and how many there are."""
    from torch.nn.functional import cross_entropy

    total, number = 0.0, int((labels != -100).sum())
    if not number:
        return 0.0, 0
    for at in range(0, len(labels), _CHUNK):
        part = labels[at : at + _CHUNK]
        total += float(
            cross_entropy(
                logits[at : at + _CHUNK].float(), part, ignore_index=-100, reduction="sum"
            )
        )
    return total, number


def _logits(subject: Subject, batch: Mapping[str, Any]) -> Iterator[tuple[int, int, Any]]:
    """Yield row, first token and logits of each sample; samples of like shape in one call. The
    first token is -1 for the last token of a trained prompt.
    """
    if has_pictures(batch):
        yield from _whole(subject, batch)
        return
    groups: dict[int, list[Sample]] = {}
    for sample in samples_of(batch):
        groups.setdefault(_key(batch, sample), []).append(sample)
    for group in groups.values():
        longest = max(sample.end - sample.start for sample in group)
        inputs = _inputs(subject, batch, group, longest)
        logits = subject.model(**inputs, use_cache=shares_kv(subject)).logits
        # The last token of a trained prompt, which PEFT puts before each row, predicts the first.
        before = int(logits.shape[1] > longest)
        logits = logits[:, -longest - before :]
        for index, sample in enumerate(group):
            length = sample.end - sample.start + before
            yield sample.row, sample.start - before, logits[index, :length]


def _key(batch: Mapping[str, Any], sample: Sample) -> int:
    """Return a key that is equal for samples which can share a call: 0 for those that fill their
    row.
    """
    alone = (sample.start, sample.end) == span(batch, sample.row)
    if sample.start == 0 and alone and _can_be_padded(batch):
        return 0
    return sample.end - sample.start


def _can_be_padded(batch: Mapping[str, Any]) -> bool:
    """Return whether padding on the right changes nothing: not for prefixes that see both ways."""
    return "token_type_ids" not in batch


def _inputs(
    subject: Subject, batch: Mapping[str, Any], group: list[Sample], longest: int
) -> dict[str, Any]:
    """Return ids and token kinds of these samples, one for each row, as long as the longest."""
    import torch

    names = [name for name in ("input_ids", *_KINDS) if two_dimensional(batch, name) is not None]
    if str(getattr(subject.base.config, "model_type", "")).startswith("paligemma"):
        names.append("labels")  # without labels it takes every token for prefix
    return {
        name: torch.stack([batch[name][s.row, s.start : s.start + longest] for s in group])
        for name in names
    }


def _whole(subject: Subject, batch: Mapping[str, Any]) -> Iterator[tuple[int, int, Any]]:
    """Yield the logits of a batch with images, whose rows cannot be taken apart, with its
    own mask.
    """
    left_out = {"position_ids", "use_cache"}
    inputs = {
        name: value
        for name, value in batch.items()
        if name not in left_out and not (name == "attention_mask" and value.ndim != 2)
    }
    logits = subject.model(**inputs, use_cache=shares_kv(subject)).logits
    for row in range(logits.shape[0]):
        start, end = span(batch, row)
        yield row, start, logits[row, start:end]
