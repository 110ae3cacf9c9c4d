"""Check whether images are where the text says, and hold pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..precision import limit_of, precision_of
from ..reference import REWRITES, rewrites_itself
from ..result import CheckResult
from ..text import model_type_of, place
from ._answers import does_not_apply, failed, not_run, passed, warned
from .agreement import apart, plain_loss

if TYPE_CHECKING:
    from ..subject import Subject

_FEW = 3  # images; several questions about one may stand in a batch
_NARROW = 0.05  # between the darkest and the brightest pixel of a batch
_ALIKE = 0.5  # in pictures, pixels three apart differ more than neighbours
_MARGIN = 0.05  # of a pixel value; processors round
_SOME = 0.01  # share of the pixels
_SMOOTH = 0.5  # of the deviation; neighbours in a picture differ less
_LARGEST = 20.0  # a pixel value after rescaling and normalising; processors give at most 3


def images_match_tokens(subject: Subject) -> CheckResult:
    """Check that image tokens come with images, and images with image tokens."""
    token = image_token(subject)
    if token is None or "input_ids" not in subject.batch:
        return does_not_apply("the model takes no images")
    number = int(subject.batch["input_ids"].eq(token).sum())
    has_images = subject.batch.get("pixel_values") is not None
    if number and not has_images:
        return failed(
            f"{number} image tokens and no pixel_values",
            where=_first(subject, token),
            help="pixel_values of the processor in the batch (remove_unused_columns=False)",
        )
    if not number and not has_images and (name := _unused_images(subject)):
        return warned(
            f"the rows have {name}, and the batch holds neither pixel_values nor image tokens: the "
            "model never sees an image",
            help="the processor on text and images in the collator, with remove_unused_columns="
            "False; nothing, if only the text is to be trained",
        )
    if has_images and not number:
        return failed(
            "pixel_values and no image token",
            help="the processor on text and images together, and no max_length that cuts the image",
        )
    labels = subject.batch.get("labels")
    if number and subject.is_causal and labels is not None:
        trained = int((subject.batch["input_ids"].eq(token) & (labels != -100)).sum())
        if trained:
            return warned(
                f"{trained} labels are image tokens: the model is trained to write images as text",
                help=f"labels[input_ids == {token}] = -100",
            )
    if model_type_of(subject).startswith("paligemma") and (found := _of_prefix(subject)):
        return found
    return passed(f"{number} image tokens, images {'given' if has_images else 'none'}")


def _unused_images(subject: Subject) -> str:
    """Return the name of a column of images in the run's rows; empty if there is none."""
    data: Any = getattr(subject.trainer, "train_dataset", None)
    names = getattr(data, "column_names", None)
    if not isinstance(names, list):
        is_list = hasattr(data, "__len__") and hasattr(data, "__getitem__") and len(data)
        row = data[0] if is_list else {}
        names = list(row) if hasattr(row, "keys") else []
    return next((n for n in names if n in ("image", "images", "pixel_values", "picture")), "")


def _first(subject: Subject, token: int) -> str:
    """Return the place of the first image token."""
    row, at = subject.batch["input_ids"].eq(token).nonzero()[0].tolist()
    return place(subject, subject.batch, row, at)


def _of_prefix(subject: Subject) -> CheckResult | None:
    """Judge PaliGemma's token types: 0 for the prefix, which sees both ways, 1 for the answer."""
    types, labels = subject.batch.get("token_type_ids"), subject.batch.get("labels")
    help = "processor(text=prompts, suffix=answers, images=images)"
    if types is None:
        return failed(
            "no token_type_ids: PaliGemma cannot tell the prompt from the answer", help=help
        )
    if labels is None or labels.shape != types.shape:
        return None
    seen = int(((labels != -100) & (types == 0)).sum())
    if not seen:
        return None
    return failed(
        f"{seen} trained tokens have token_type_ids 0: PaliGemma takes them for prompt, and each "
        "of them sees the ones after it",
        help=help,
    )


def images_see_themselves(subject: Subject) -> CheckResult:
    """Check that the tokens of an image see each other, by the loss with the right token types."""
    token, kind = image_token(subject), model_type_of(subject)
    names = {"gemma3": "token_type_ids", "gemma4": "mm_token_type_ids"}
    if token is None or kind not in names or not subject.is_causal:
        return does_not_apply("the model has no token types for images")
    ids, name = subject.batch["input_ids"], names[kind]
    if not bool(ids.eq(token).any()):
        return does_not_apply("the batch holds no images")
    right = ids.eq(token).to(ids.dtype)
    types = subject.batch.get(name)
    if types is not None and types.shape == ids.shape and bool((types[right == 1] != 0).all()):
        return passed(f"{name} mark every image token")
    if rewrites_itself(subject.base):
        return not_run(REWRITES)
    own, with_types = plain_loss(subject), plain_loss(subject, {**subject.batch, name: right})
    if isinstance(own, str) or isinstance(with_types, str):
        raised = own if isinstance(own, str) else with_types
        return not_run(f"the model does not run with and without {name}: {raised}")
    off = apart(own, with_types)
    limit = limit_of(precision_of(subject))
    if off <= limit:
        return passed(f"the loss is the same with {name}", f"at most {limit:g}")
    what = "mark no image token" if types is not None else "are not in the batch"
    return failed(
        f"{name} {what}: the tokens of an image do not see each other, and the loss is "
        f"{own:.4f} in place of {with_types:.4f}",
        f"at most {limit:g} apart",
        help=f"keep {name} of the processor in the batch (remove_unused_columns=False)",
    )


def pictures_are_whole(subject: Subject) -> CheckResult:
    """Check that pixel values are finite, rescaled, and differ within and between images."""
    pixels: Any = subject.batch.get("pixel_values")
    if not hasattr(pixels, "is_floating_point") or not pixels.is_floating_point():
        return does_not_apply("the batch holds no images")
    if not pixels.numel():
        return does_not_apply("the batch holds no images")
    images = pixels.detach().flatten(1) if pixels.ndim > 1 else pixels.detach()[None]
    bad = [at for at in range(len(images)) if not bool(images[at].isfinite().all())]
    if bad:
        return failed(f"pixel_values of image {bad[0]} hold NaN or infinity", help=_AGAIN)
    largest = float(images.abs().max())
    if largest > _LARGEST:
        return failed(
            f"pixel_values go to {largest:.0f}: the images were not rescaled, and the model takes "
            "values around -1 to 1",
            help="the model's own processor, with do_rescale and do_normalize",
        )
    blank = [at for at in range(len(images)) if float(images[at].std(unbiased=False)) == 0.0]
    if blank:
        return warned(
            f"{len(blank)} of {len(images)} images are blank: every pixel has the same value",
            help=_AGAIN,
        )
    if found := _of_values(pixels) or _of_normalisation(subject, pixels):
        return found
    if (number := _copies(subject)) > _FEW:
        return warned(f"all {number} images looked at are the same image", help=_AGAIN)
    return passed(f"{len(images)} images, values from {float(images.min()):.2g} to {largest:.2g}")


def _of_values(pixels: Any) -> CheckResult | None:
    """Judge images that are next to one colour, or whose channels lie in each other."""
    low, high = float(pixels.min()), float(pixels.max())
    if high - low < _NARROW:
        return warned(
            f"pixel_values of all {len(pixels)} images lie between {low:.3g} and {high:.3g}, next "
            "to one colour: they were rescaled twice",
            help="do_rescale=False for images whose values are 0 to 1 already",
        )
    if pixels.ndim == 4 and pixels.shape[1] == 3 and _is_interleaved(pixels):
        return warned(
            "each third pixel of a row is alike and its neighbours are not: the images were "
            "reshaped from (height, width, channels), and their channels lie in each other",
            help="pixels.permute(0, 3, 1, 2) in place of reshape, or the processor on the images",
        )
    return None


def _of_normalisation(subject: Subject, pixels: Any) -> CheckResult | None:
    """Judge pixel values that another mean and deviation gave than the model's."""
    made = _normalised(subject)
    if made is None or pixels.ndim < 3:
        return None
    mean, std = made
    channels = list(zip(mean, std, strict=True))
    least, most = min(-m / s for m, s in channels), max((1 - m) / s for m, s in channels)
    values = pixels.detach().float()
    if float((values[..., 1:] - values[..., :-1]).abs().mean()) > _SMOOTH * float(values.std()):
        return None  # noise, as tests make it, and not a picture
    outside = float(((values < least - _MARGIN) | (values > most + _MARGIN)).float().mean())
    figure = f"pixel_values go from {float(values.min()):.2f} to {float(values.max()):.2f}"
    wanted = f"the model's processor gives {least:.3g} to {most:.3g} (mean {mean[0]}, std {std[0]})"
    help = f"image_mean={mean}, image_std={std}, as in the model's own processor"
    if outside > _SOME:
        return warned(f"{figure}, and {wanted}: they were normalised otherwise", help=help)
    if len(values) > _FEW and float(values.min()) >= 0.0 > least + _MARGIN:
        return warned(f"{figure}, and {wanted}: they were not normalised", help=help)
    return None


def _normalised(subject: Subject) -> tuple[list[float], list[float]] | None:
    """Return the mean and deviation of the run's processor, else of the model's family."""
    processor = getattr(subject.tokenizer, "image_processor", None)
    if processor is not None:
        mean, std = getattr(processor, "image_mean", None), getattr(processor, "image_std", None)
        if not getattr(processor, "do_normalize", True) or not mean or not std:
            return None
        return [float(m) for m in mean], [float(s) for s in std]
    kind = model_type_of(subject)
    is_siglip = kind == "gemma3" or kind.startswith("paligemma")
    return ([0.5] * 3, [0.5] * 3) if is_siglip else None


def _is_interleaved(pixels: Any) -> bool:
    """Return whether pixels three apart are far more alike than neighbours, as in no picture."""
    values = pixels.detach().float()
    apart = [float((values[..., by:] - values[..., :-by]).abs().mean()) for by in (1, 3)]
    return apart[1] < _ALIKE * apart[0]


def _copies(subject: Subject) -> int:
    """Return how many images were looked at if all are the same; else 0."""
    batches = [subject.batch, *subject.scanned[1:]]
    images = [
        image for b in batches if (found := b.get("pixel_values")) is not None for image in found
    ]
    first = images[0].cpu()
    same = all(i.shape == first.shape and bool((i.cpu() == first).all()) for i in images)
    return len(images) if same else 0


_AGAIN = "open the images of this batch, and look at how the collator reads them"


def image_token(subject: Subject) -> int | None:
    """Return the id that stands for a part of an image; ``None`` if the model takes no images."""
    config = getattr(subject.base, "config", None)
    for name in ("image_token_id", "image_token_index"):
        found = getattr(config, name, None)
        if isinstance(found, int):
            return found
    return None
