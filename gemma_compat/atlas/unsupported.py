"""Look up a model that a framework says it does not know, in that framework's own tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..values import Value
from ._container import Folder
from ._package import PackageIndex, releases_of
from .frames import Error, Frame
from .intervals import Interval, intervals
from .lacking import Missing, index_of, keyed, made


class Known(Value):
    """Where a package has the models that it knows.

    Attributes:
        owner: how a sentence calls it.
        table: names of tables, with blanks between; empty for others.
        file: the path of a model's file with ``{name}``; empty for others.
        branches: the function that compares with the model types; empty for others.
    """

    owner: str
    table: str = ""
    file: str = ""
    branches: str = ""


_OF_VLLM = "_MODELS _GENERATION_MODELS _TEXT_GENERATION_MODELS _MULTIMODAL_MODELS"
# A message, and by package where what it names is to be looked up. Of several packages with the
# same words, the last frame says which it is; a message that names its package needs no frame.
_TEXTS: tuple[tuple[str, Mapping[str, Known]], ...] = (
    (
        r"No module named '(?P<package>mlx_lm|mlx_vlm)\.models\.(?P<name>\w{2,60})'|"
        r"Model type (?P<other>\w{2,60}) not supported(?! for)",
        {
            "mlx_lm": Known("mlx_lm.models", file="mlx_lm/models/{name}.py"),
            "mlx_vlm": Known("mlx_vlm.models", file="mlx_vlm/models/{name}/{name}.py"),
        },
    ),
    (
        r"Template (?P<name>[\w.-]{2,60}) does not exist",
        {"llamafactory": Known("llamafactory.data.template", table="register_template")},
    ),
    (
        r"(?P<name>\w{2,60}) isn't supported yet",
        {
            "awq": Known("AWQ_CAUSAL_LM_MODEL_MAP", table="AWQ_CAUSAL_LM_MODEL_MAP"),
            "gptqmodel": Known("MODEL_MAP", table="MODEL_MAP"),
        },
    ),
    (
        r"Model architectures \['(?P<name>\w{2,80})'\] are not supported",
        {
            "sglang": Known("sglang.srt.models", table="EntryClass"),
            "vllm": Known("vllm.model_executor.models", table=_OF_VLLM),
        },
    ),
    (
        r"KerasHub has no converter for huggingface/transformers models with model type "
        r"`'(?P<name>\w{2,60})'`",
        {
            "keras_hub": Known(
                "TransformersPresetLoader", branches=":TransformersPresetLoader.__init__"
            )
        },
    ),
)
MODEL_TEXTS = tuple(re.compile(text) for text, _ in _TEXTS)
_ONLY_ONE = ("llamafactory", "keras_hub")  # no other package has their words


def find_model(
    match: re.Match[str], error: Error, frames: tuple[Frame, ...], folder: Folder
) -> Iterator[Missing]:
    """Yield the releases that know the model; nothing where the package is not certain.

    The tables of these packages are indexed as far as they name a Gemma: of other models nothing
    is said.
    """
    parts = match.groupdict()
    name = parts["name"] or parts.get("other") or ""
    by_package = dict(_TEXTS)[match.re.pattern]
    package = parts.get("package") or _package(by_package, frames)
    index = index_of(package, folder) if package else None
    if index is None or "gemma" not in name.lower():
        return
    known = by_package[package]
    found = _releases(index, known, name)
    if known.file:
        others = () if found else tuple(_beside(by_package, package, name, folder))
        yield made("module", f"{known.owner}.{name}", known.owner, index, found, error, others)
    else:
        yield made("key", name, known.owner, index, found, error)


def _beside(
    by_package: Mapping[str, Known], package: str, name: str, folder: Folder
) -> Iterator[tuple[str, tuple[Interval, ...]]]:
    """Yield the modules of the sister package that have the model, with the releases."""
    for module, known in by_package.items():
        index = index_of(module, folder) if module != package else None
        if index is not None and (found := _releases(index, known, name)):
            yield f"{known.owner}.{name}", intervals(index, found)


def _package(by_package: Mapping[str, Known], frames: tuple[Frame, ...]) -> str:
    """Return the package whose words these are: the last frame's."""
    if frames:
        return frames[-1].module if frames[-1].module in by_package else ""
    only = next(iter(by_package))
    return only if only in _ONLY_ONE else ""


def _releases(index: PackageIndex, known: Known, name: str) -> frozenset[int]:
    block = index.block("tables")
    rows = block["rows"] or {"files": {}, "branches": {}}
    spans = block["spans"]
    if known.file:
        span = rows["files"].get(known.file.format(name=name))
        return releases_of(spans[span]) if span is not None else frozenset()
    if known.branches:
        found = [
            names[name]
            for site, names in rows["branches"].items()
            if site.endswith(known.branches) and name in names
        ]
        return frozenset[int]().union(*(releases_of(spans[span]) for span in found))
    return frozenset[int]().union(*(keyed(index, table, name) for table in known.table.split()))
