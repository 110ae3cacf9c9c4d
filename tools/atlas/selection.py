"""Which files of a wheel are read, and which releases count.

``kept`` is what a Gemma trainer's traceback can pass through; the lines of these files are
indexed. ``named`` files are read for the names that they define only. In a pattern ``*`` stands for
a part of one name and ``**`` for any folders.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

# Gemma 1 came on 2024-02-21; whoever still trains it may hold a release from then on.
SINCE = "2024-02-20"


@dataclass(frozen=True)
class Package:
    """What is read of one distribution.

    Attributes:
        name: of the distribution, as the package index has it.
        module: its top-level package.
        kept: files whose lines are indexed.
        named: files read for names beside these.
        without: of the kept ones, those whose lines are left out: other hardware than a GPU of
            NVIDIA or AMD, copies of other packages, tests.
        since: releases uploaded before this date (ISO) are left out.
        names: whether names, parameters and attributes are recorded; of texts only the names at the
            top of each module.
        unnamed: files without their names all the same.
        by_ranges: the wheel is never fetched whole.
        texts: only what it raises and its tables of models are recorded, in a file apart; of its
            releases the pre-releases are left out.
        tables: whether its tables of models are recorded.
        sources: releases without a wheel are read from the source archive.
    """

    name: str
    module: str
    kept: tuple[str, ...]
    named: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    since: str = SINCE
    names: bool = True
    unnamed: tuple[str, ...] = ()
    by_ranges: bool = False
    texts: bool = False
    tables: bool = True
    sources: bool = False

    @property
    def key(self) -> str:
        """Return by what name the cache keeps it; of one distribution both may be indexed."""
        return f"{self.name} (texts)" if self.texts else self.name

    def wants(self, path: str) -> bool:
        """Return whether the file is read at all."""
        if self.texts and _matches(self.without, path):
            return False
        return _matches((*self.kept, *self.named), path)

    def names_of(self, path: str) -> bool:
        """Return whether the names of a file are recorded."""
        return self.names and not _matches(self.unnamed, path)

    def keeps(self, path: str) -> bool:
        """Return whether its lines are indexed."""
        kept = _matches(self.kept, path) and not _matches(self.without, path)
        return kept and path.endswith(".py")


def _matches(patterns: tuple[str, ...], path: str) -> bool:
    return any(_expression(item).fullmatch(path) for item in patterns)


@lru_cache(maxsize=None)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*)", pattern)
    meaning = {"**/": r"(?:[^/]+/)*", "*": r"[^/]*"}
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts))


_TRANSFORMERS = (
    "transformers/models/*gemma*/*.py",
    "transformers/models/auto/*.py",
    "transformers/models/siglip/modeling_siglip.py",
    "transformers/models/timm_wrapper/*.py",
    "transformers/*.py",
    "transformers/data/*.py",
    "transformers/distributed/*.py",
    "transformers/generation/**/*.py",
    "transformers/integrations/**/*.py",
    "transformers/loss/*.py",
    "transformers/pipelines/*.py",
    "transformers/quantizers/*.py",
    "transformers/utils/**/*.py",
)
# What a trainer's traceback passes through; compilers' insides would be most of the index.
_TORCH = (
    "torch/_compile.py",
    "torch/_dynamo/convert_frame.py",
    "torch/_dynamo/eval_frame.py",
    "torch/_dynamo/exc.py",
    "torch/_dynamo/external_utils.py",
    "torch/_dynamo/symbolic_convert.py",
    "torch/_functorch/_aot_autograd/runtime_wrappers.py",
    "torch/_functorch/aot_autograd.py",
    "torch/_functorch/apis.py",
    "torch/_higher_order_ops/flex_attention.py",
    "torch/_ops.py",
    "torch/_tensor.py",
    "torch/_utils.py",
    "torch/amp/*.py",
    "torch/autograd/*.py",
    "torch/cuda/__init__.py",
    "torch/cuda/amp/*.py",
    "torch/distributed/*.py",
    "torch/distributed/_composable/fsdp/*.py",
    "torch/distributed/elastic/multiprocessing/**/*.py",
    "torch/distributed/fsdp/**/*.py",
    "torch/distributed/launcher/*.py",
    "torch/functional.py",
    "torch/multiprocessing/*.py",
    "torch/nn/functional.py",
    "torch/nn/attention/*.py",
    "torch/nn/modules/*.py",
    "torch/nn/parallel/*.py",
    "torch/nn/utils/*.py",
    "torch/optim/*.py",
    "torch/serialization.py",
    "torch/utils/_contextlib.py",
    "torch/utils/checkpoint.py",
    "torch/utils/data/*.py",
    "torch/utils/data/_utils/*.py",
    "torch/utils/_device.py",
)

LOOKED_UP = (
    Package(
        "transformers",
        "transformers",
        _TRANSFORMERS,
        named=("transformers/**/*.py",),
        without=("transformers/models/*/modular_*.py",),  # sources of generated files, never run
    ),
    Package("peft", "peft", ("peft/**/*.py",)),
    Package("trl", "trl", ("trl/**/*.py",), named=("trl/**/*.jinja",)),
    Package(
        "accelerate",
        "accelerate",
        ("accelerate/**/*.py",),
        without=("accelerate/test_utils/**/*.py",),
    ),
    Package(
        "liger-kernel",
        "liger_kernel",
        ("liger_kernel/**/*.py",),
        without=(
            "liger_kernel/ops/backends/**/*.py",
            "liger_kernel/ops/cute*/**/*.py",
            "liger_kernel/ops/cutile/**/*.py",
        ),
    ),
    Package("unsloth", "unsloth", ("unsloth/**/*.py",), by_ranges=True),
    Package(
        "unsloth-zoo",
        "unsloth_zoo",
        ("unsloth_zoo/**/*.py",),
        without=("unsloth_zoo/mlx/**/*.py", "unsloth_zoo/_vendored/**/*.py"),
    ),
    Package("bitsandbytes", "bitsandbytes", ("bitsandbytes/**/*.py",), by_ranges=True),
    Package("torch", "torch", _TORCH, since="2023-10-01", names=False, by_ranges=True),
    Package(
        "vllm",
        "vllm",
        ("vllm/model_executor/models/registry.py", "vllm/model_executor/models/__init__.py"),
        by_ranges=True,
    ),
)


# Of the packages of texts, those that others import from.
_IMPORTED = {
    "compressed_tensors",
    "datasets",
    "deepspeed",
    "gguf",
    "huggingface_hub",
    "optimum",
    "safetensors",
    "sentence_transformers",
    "tokenizers",
    "torchao",
    "vllm",
}


def _texts(name: str, module: str = "", *without: str, **options: Any) -> Package:
    """Return a package of which the raised texts are read."""
    top = module or name.replace("-", "_")
    left_out = (f"{top}/**/tests/**/*", f"{top}/**/test_*.py", *without)
    named = (f"{top}/**/*gemma*.jinja",)
    options.setdefault("names", top in _IMPORTED)
    return Package(name, top, (f"{top}/**/*.py",), named, left_out, texts=True, **options)


TEXTS = (
    _texts("autoawq", "awq", sources=True),
    _texts("axolotl", sources=True),
    _texts("compressed-tensors"),
    _texts("cut-cross-entropy"),
    _texts("datasets"),
    _texts("deepspeed", sources=True),
    _texts("flash-attn", sources=True),
    _texts("gguf"),
    _texts("gptqmodel", sources=True),
    _texts("huggingface-hub", "", "huggingface_hub/inference/_generated/**/*.py"),
    _texts("keras", "", "keras/src/backend/tests/**/*"),
    _texts("keras-hub"),
    _texts("litgpt"),
    _texts("llamafactory"),
    _texts("llmcompressor"),
    _texts("lm-eval", "", "lm_eval/tasks/**/*.py", by_ranges=True),
    _texts("mergekit"),
    _texts("mlx-lm"),
    _texts("mlx-vlm"),
    _texts("ms-swift", "swift"),
    _texts("nemo-automodel"),
    _texts("openrlhf"),
    _texts("optimum"),
    _texts("safetensors", by_ranges=True),
    _texts("sentence-transformers"),
    _texts("sglang"),
    _texts("tokenizers", by_ranges=True),
    _texts("torchao"),
    _texts("torchtune"),
    _texts("verl"),
    _texts(
        "vllm",
        "",
        "vllm/third_party/**/*.py",
        unnamed=("vllm/model_executor/**/*.py", "vllm/benchmarks/**/*.py", "vllm/v1/**/*.py"),
        by_ranges=True,
        tables=False,
    ),
    _texts("xformers", "", "xformers/benchmarks/**/*.py", by_ranges=True),
)
PACKAGES = (*LOOKED_UP, *TEXTS)
BY_NAME = {package.name: package for package in reversed(PACKAGES)}


def chosen(names: Sequence[str]) -> tuple[Package, ...]:
    """Return the packages of these distributions; all for none."""
    return tuple(item for item in PACKAGES if not names or item.name in names)


def canonical(name: str) -> str:
    """Return the name as the package index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
