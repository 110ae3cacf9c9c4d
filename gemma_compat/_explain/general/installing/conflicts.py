"""Packages that pip lists as not going together."""

from __future__ import annotations

import re

from .... import versions
from ....tables import families
from ...answer import Answer
from ..base import Case, General

_CONFLICT = re.compile(
    r"requires [\w.-]+\S*.{0,200}, but you have [\w.-]+ \S+ which is incompatible"
)


def _conflict(case: Case) -> Answer | None:
    """Answer pip's heading above a list of conflicts, where the list itself is cut off."""
    if _CONFLICT.search(case.hit.text + "\n" + case.hit.after[:3000]):
        return None  # its lines tell which
    return Answer(
        "pip's warning that what it installed does not fit packages that were there before: the "
        "installation itself went on",
        (
            "nothing, where the packages that it lists are not used in this run",
            "or a new environment: uv venv, uv pip install unsloth",
        ),
        why="Colab and Kaggle bring hundreds of packages with their own bounds",
        known="pip's own text; whether one of them matters to this run is not in it",
        settles=False,
    )


# LLaMA-Factory caps transformers in its metadata: its release to the newest that it allows.
_LLAMA_FACTORY = {"0.9.1": "4.46.1", "0.9.2": "4.49.0", "0.9.3": "4.52.4"}


def _pins(case: Case) -> Answer | None:
    """Read pip's list of conflicts; the pair that matters for a Gemma comes first."""
    lines = re.findall(
        r"^[\s`>*-]*(?:ERROR: )?([A-Za-z][\w.-]*) (\S+) requires ([\w.-]+)(?:\[[\w,]*\])?"
        r"([^\n]*?), but you have\s+"
        r"([\w.-]+)\s+(\S+)\s+which\s+is\s+incompatible",
        f"{case.hit.before}{case.hit.text}\n{case.hit.after}",
        re.MULTILINE,
    )
    if not lines:
        return None
    lines.sort(key=lambda found: (not _is_trained_with(found[0]), _weight(found[2])))
    who, own, needs, spec, _, have = lines[0]
    spec = spec.split(";")[0].strip()
    more = f"; {len(lines) - 1} more such pairs" if len(lines) > 1 else ""
    if not _is_trained_with(who):
        return _of_the_image(who, own, f"{needs}{spec}", f"{needs} {have}", more)
    text = f"{case.above}\n{case.hit.before}\n{case.hit.after}"
    if cap := _cap_elsewhere(text, needs, spec, have):
        return _both_ways(f"{who} {own}", f"{needs}{spec}", f"{needs}{cap}", text)
    return Answer(
        f"{who} {own} does not allow {needs} {have}: it asks for {needs}{spec}{more}",
        _cure(case, who, needs, spec, have),
        why=_why(case, who, needs, spec),
        known="pip printed both sides",
    )


def _cap_elsewhere(text: str, needs: str, spec: str, have: str) -> str:
    """Return a bound that allows what is there, and nothing that this one asks for; else empty."""
    lowest = re.search(r">=?\s*([\d.]+)", spec)
    if lowest is None or not versions.is_valid(lowest[1]):
        return ""
    for found in re.finditer(rf"\b{re.escape(needs)}\b[^\n]{{0,40}}?(<=?)\s?([\d.]+\d)", text):
        cap = found[2]
        is_below = versions.is_valid(cap) and versions.parse(cap) < versions.parse(lowest[1])
        if is_below and versions.is_valid(have) and versions.parse(have) <= versions.parse(cap):
            return f"{found[1]}{cap}"
    return ""


def _both_ways(who: str, wanted: str, capped: str, text: str) -> Answer:
    """Answer two packages of which no release of a third one suits both."""
    named = re.search(r"(?i)llama[- ]?factory|axolotl|ms-swift|\bverl\b", text)
    other = {"llama": "llamafactory"}.get(named[0][:5].lower(), named[0].lower()) if named else ""
    return Answer(
        f"no release suits both: {who} asks for {wanted}, and the text names {capped} as well",
        (
            f"pip install -U {other or 'the package that asks for ' + capped}   : a newer one may "
            "allow more",
            f"or leave {who.partition(' ')[0]} out of the run",
        ),
        why="one of the two is older than the other, and neither bound can be met by installing",
        known="pip printed the one; the other stands in the text",
        certain=False,
        settles=False,
    )


# What a fine-tune is made of: a conflict of these matters to the run.
_STACK = (
    "accelerate auto-gptq autoawq axolotl bitsandbytes compressed-tensors datasets deepspeed "
    "flash-attn gptqmodel huggingface-hub kernels keras keras-hub liger-kernel lightning lm-eval "
    "mergekit ms-swift nemo-toolkit openrlhf optimum peft pytorch-lightning safetensors "
    "sentence-transformers sglang tokenizers torch torchao torchaudio torchtune torchvision "
    "transformers triton trl unsloth unsloth-zoo verl vllm xformers "
)


def _is_trained_with(who: str) -> bool:
    """Return whether a package is of a training stack, so far as names tell."""
    name = who.lower().replace("_", "-")
    return name in _STACK.split() or name.startswith(("llama", "vllm", "mlx", "torch-xla", "gemma"))


def _of_the_image(who: str, own: str, wanted: str, have: str, more: str) -> Answer:
    """Answer a list of conflicts with packages that came with an image or a notebook."""
    return Answer(
        f"pip installed what was asked for, and warns: {who} {own} wants {wanted}, and {have} is "
        f"there now{more}",
        (
            f"nothing, where the run imports neither {who} nor the others of that list",
            "or a fresh environment: python -m venv tune, then the installation there",
        ),
        why="an image, Colab or Kaggle brings hundreds of packages that each bound others; pip "
        "names those that it breaks after it is done",
        known="pip printed the list; none of it is a package of a training stack known here",
        settles=False,
    )


def _weight(name: str) -> int:
    order = ("transformers", "torch", "trl", "peft", "accelerate", "tokenizers", "numpy")
    return order.index(name) if name in order else len(order)


def _first_release(case: Case) -> str | None:
    types = (
        {str(case.facts.model.model_type)}
        if case.facts.model.known("model_type")
        else set(case.log.model_types)
    )
    first = [families.FIRST_RELEASES[name] for name in types if name in families.FIRST_RELEASES]
    return min(first, key=versions.parse) if first else None


def _cure(case: Case, who: str, needs: str, spec: str, have: str) -> tuple[str, ...]:
    first = _first_release(case) if needs == "transformers" else None
    if first and _caps_below(spec, first):
        newer = ""
        if who == "llamafactory":
            allowed = [
                v
                for v, cap in _LLAMA_FACTORY.items()
                if versions.parse(cap) >= versions.parse(first)
            ]
            newer = f'pip install -U "llamafactory>={allowed[0]}"' if allowed else ""
        return (
            newer or f"pip install -U {who}",
            f"or its main branch, if no release allows transformers {first} yet",
        )
    if who in {"torchvision", "torchaudio"} and needs == "torch":
        return (
            f"pip install -U {who}   from the index that torch {have} came from: each release goes "
            "with one torch",
            f"pip uninstall -y {who}   where the run needs it not",
            f'or torch back: pip install "torch{spec}"',
        )
    return (
        f'pip install "{needs}{spec}"',
        f"or a newer {who}, if one allows {needs} {have}: pip install -U {who}",
    )


def _caps_below(spec: str, release: str) -> bool:
    caps = re.findall(r"<=?\s*([\w.]+)", spec)
    return any(
        versions.parse(cap) < versions.parse(release) for cap in caps if versions.is_valid(cap)
    )


def _why(case: Case, who: str, needs: str, spec: str) -> str:
    first = _first_release(case) if needs == "transformers" else None
    if first and _caps_below(spec, first):
        return (
            f"this Gemma came with transformers {first}, which {who} of this release does not "
            "allow: going back to what it asks for would not load the model"
        )
    return "pip installs what is asked for last, and only then tells which others it breaks"


KINDS: tuple[General, ...] = (
    General(
        "pins-conflict",
        r"requires [\w.-]+\S*.{0,200}, but you have [\w.-]+ \S+ which is incompatible",
        _pins,
        {
            "llamafactory 0.9.2 requires transformers<=4.49.0,>=4.41.2, but you have transformers "
            "4.50.0.dev0 which is incompatible.": "llamafactory",
            "`unsloth 2026.6.8 requires torch<2.11.0,>=2.4.0, but you have torch 2.11.0+cu130 "
            "which is incompatible.`": "torch<2.11.0",
            "trl 1.0 requires peft<=0.9.6,>=0.8.6, but you have peft 0.15.2 which is "
            "incompatible.": "peft<=0.9.6",
            "LLaMA-Factory asks for trl >= 0.8.6 and <= 0.9.6\nunsloth 2025.11.6 requires "
            "trl<=0.24.0,>=0.18.2, but you have trl 0.9.6 which is incompatible.": (
                "pip install -U llamafactory"
            ),
            "dask-cudf 23.12.0 requires pandas<1.6.0dev0,>=1.3, but you have pandas 2.2.3 which is "
            "incompatible.\ntorch-tensorrt 2.3.0a0 requires torch<2.4.0,>=2.1.0.dev, but you have "
            "torch 2.4.0 which is incompatible.": "nothing, where",
            "torch-tensorrt 2.3.0a0 requires torch<2.4.0,>=2.1.0.dev, but you have torch 2.4.0 "
            "which is incompatible.\ntorchvision 0.18.0 requires torch==2.3.0, but you have torch "
            "2.4.0 which is incompatible.": "pip install -U torchvision",
        },
        alone=True,
    ),
    General(
        "pip-lists-conflicts",
        r"pip's dependency resolver does not currently take into account all the packages",
        _conflict,
        {
            "ERROR: pip's dependency resolver does not currently take into account all the "
            "packages that are installed. This behaviour is the source of the following dependency "
            "conflicts.\nunsloth-zoo 2025.9.9 requires trl<=0.23.0, but you have trl 0.24.0 which "
            "is incompatible.": "",
            "ERROR: pip's dependency resolver does not currently take into account all the "
            "packages that are installed. This behaviour is the source of the following dependency "
            "conflicts.": "went on",
        },
        alone=True,
    ),
)
