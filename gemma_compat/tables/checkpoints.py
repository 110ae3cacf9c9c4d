"""What is publicly known of Google's Gemma checkpoints, by name, without having one.

    >>> from gemma_compat import checkpoints
    >>> checkpoints.find("google/gemma-3n-E4B-it").config["text_config"]["num_kv_shared_layers"]
    15

``data/checkpoints.json`` holds fragments of configs, each under the public document that states it.
A figure without one is left out, and so unknown; nothing is filled in from a neighbour.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..data import read_bytes
from ..values import Value

# Who mirrors Google's checkpoints under the same names, quantized ones with a suffix.
_OWNERS = frozenset(
    "google unsloth axolotl-ai-co axolotl-quants bartowski ggml-org gaunernst isTA-daslab "
    "lmstudio-community mlx-community mradermacher neuralmagic nousresearch onnx-community "
    "pytorch redhatai second-state thebloke maziyarpanahi leafspark".lower().split()
)
_QUANTIZED = (
    r"(?:-unsloth)?-(?:(?P<bitsandbytes>bnb-(?:4|8)bit)|(?P<gguf>(?:i1-)?gguf)|"
    r"(?P<mlx>(?:mlx-)?(?:\d+bit|bf16)|mlx)|(?P<awq>awq(?:-int4)?)|(?P<gptq>gptq(?:-int4|-4bit)?)|"
    r"(?P<compressed>fp8(?:-dynamic)?|(?:quantized\.)?w\d+a\d+)|(?P<onnx>onnx))$"
)
_NEAR = 0.6  # of difflib; below it, a Llama's name would be taken for a misspelt Gemma
_METHODS = {"compressed": "compressed-tensors"}


class Checkpoint(Value):
    """One known checkpoint.

    Attributes:
        name: as asked for, ``unsloth/gemma-3-4b-it`` for example.
        published_as: Google's own name for it.
        config: what is known of its ``config.json``, in that file's shape.
        sources: address of the document to the fragment of ``config`` that it states.
        four_bit: whether its weights are stored in 4 bits (bitsandbytes).
        quantization: how a copy stores its weights: ``bitsandbytes``, ``gguf``, ``awq``, ...;
            ``None`` for an unchanged one.
    """

    name: str
    published_as: str
    config: Mapping[str, Any]
    sources: Mapping[str, Mapping[str, Any]]
    four_bit: bool = False
    quantization: str | None = None


def find(name: str) -> Checkpoint | None:
    """Return the checkpoint of that name; ``owner/`` may be left out. ``None`` if it is not
    known.
    """
    owner, _, base = name.strip().rstrip("/").rpartition("/")
    if owner and owner.lower() not in _OWNERS:
        return None
    lower = base.lower()
    match = None if lower in _by_name() else re.search(_QUANTIZED, lower)
    return _checkpoint(name, lower[: match.start()] if match else lower, match)


def resembled(name: str) -> Checkpoint | None:
    """Return the published checkpoint whose name is a part of this unpublished one.

    ``someone/my-gemma-3-4b-it-lora`` is taken for ``google/gemma-3-4b-it``. ``None`` if the name
    has no published name in it. The longest one counts.
    """
    lower = name.strip().rpartition("/")[2].lower()
    inside = [
        known for known in _by_name() if re.search(rf"(?<![a-z0-9]){known}(?![a-z0-9])", lower)
    ]
    return _checkpoint(name, max(inside, key=len), re.search(_QUANTIZED, lower)) if inside else None


def _checkpoint(name: str, published: str, match: re.Match[str] | None) -> Checkpoint | None:
    """Return the checkpoint of a published name in small letters, stored as the suffix says."""
    entry = _by_name().get(published)
    if entry is None:
        return None
    spelled, figures = entry
    method = match.lastgroup if match else None
    return Checkpoint(
        name=name,
        published_as=spelled,
        config=_merged(figures.values()),
        sources=figures,
        four_bit=match is not None and match[0].endswith("bnb-4bit"),
        quantization=_METHODS.get(method, method) if method else None,
    )


def names() -> tuple[str, ...]:
    """Return every name under which Google published one, oldest family first."""
    return tuple(published for published, _ in _by_name().values())


def nearest(name: str) -> list[str]:
    """Return up to three known names that resemble this one, best first.

    A name that only lacks its ending (``gemma-3-4b``, ``Gemma 3:4B``) is near those that have one.
    """
    import difflib

    base = _plain(name.rstrip("/").rpartition("/")[2])
    plain = {_plain(known): spelled for known, (spelled, _) in _by_name().items()}
    longer = [known for known in plain if base and known.startswith(base)]
    near = difflib.get_close_matches(base, list(plain), n=3, cutoff=_NEAR)
    return [plain[known] for known in dict.fromkeys([*sorted(longer, key=len)[:3], *near])][:3]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())


def of_type(model_type: str) -> tuple[str, ...]:
    """Return the names of those whose config has this ``model_type``, at the top or as its
    text's.
    """
    found = []
    for published, figures in _by_name().values():
        config = _merged(figures.values())
        inner = config.get("text_config", {}).get("model_type")
        if model_type in {config.get("model_type"), inner}:
            found.append(published)
    return tuple(found)


@lru_cache(maxsize=1)
def _by_name() -> dict[str, tuple[str, dict[str, dict[str, Any]]]]:
    """Return lower-case name without owner to Google's spelling and the fragments by address."""
    import json

    data = json.loads(read_bytes("checkpoints.json"))
    found: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {}
    for item in data["checkpoints"]:
        figures = {data["sources"][key]: part for key, part in item["figures"].items()}
        if "like" in item:  # of the shape of another, and says so
            own = _merged(figures.values())
            base = found[item["like"].rpartition("/")[2].lower()][1]
            figures |= {url: _without(part, own) for url, part in base.items()}
        for name in item["names"]:
            found[name.rpartition("/")[2].lower()] = (name, figures)
    return found


def _without(part: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of ``part`` that are not stated elsewhere."""
    left = {}
    for key, value in part.items():
        if isinstance(value, dict):
            left[key] = _without(value, stated.get(key, {}))
        elif key not in stated:
            left[key] = value
    return left


def _merged(parts: Any) -> dict[str, Any]:
    """Return one mapping out of several, nested ones merged too; no key is stated twice."""
    whole: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            if isinstance(value, dict):
                whole[key] = _merged((whole.get(key, {}), value))
            else:
                whole[key] = value
    return whole
