"""Frames and errors as values, and the package file that a path stands for."""

from __future__ import annotations

import re

from ..values import Value

_INSIDE = re.compile(r"(?:^|/)(?:site|dist)-packages/(.+)$")

# The top-level modules that the index can hold, to the distributions that install them.
DISTRIBUTIONS = {
    "accelerate": "accelerate",
    "bitsandbytes": "bitsandbytes",
    "liger_kernel": "liger-kernel",
    "peft": "peft",
    "torch": "torch",
    "transformers": "transformers",
    "trl": "trl",
    "unsloth": "unsloth",
    "unsloth_zoo": "unsloth-zoo",
    "vllm": "vllm",
}
# The same for packages of which only the texts that they raise are indexed.
WORDED = {
    "awq": "autoawq",
    "axolotl": "axolotl",
    "compressed_tensors": "compressed-tensors",
    "cut_cross_entropy": "cut-cross-entropy",
    "datasets": "datasets",
    "deepspeed": "deepspeed",
    "flash_attn": "flash-attn",
    "gguf": "gguf",
    "gptqmodel": "gptqmodel",
    "huggingface_hub": "huggingface-hub",
    "keras": "keras",
    "keras_hub": "keras-hub",
    "litgpt": "litgpt",
    "llamafactory": "llamafactory",
    "llmcompressor": "llmcompressor",
    "lm_eval": "lm-eval",
    "mergekit": "mergekit",
    "mlx_lm": "mlx-lm",
    "mlx_vlm": "mlx-vlm",
    "nemo_automodel": "nemo-automodel",
    "openrlhf": "openrlhf",
    "optimum": "optimum",
    "safetensors": "safetensors",
    "sentence_transformers": "sentence-transformers",
    "sglang": "sglang",
    "swift": "ms-swift",
    "tokenizers": "tokenizers",
    "torchao": "torchao",
    "torchtune": "torchtune",
    "verl": "verl",
    "vllm": "vllm",
    "xformers": "xformers",
}


class Frame(Value, hidden=("at",)):
    """One frame of a traceback, inside a public package.

    Attributes:
        path: from the top-level package on, with ``/``: ``transformers/trainer.py``.
        line: its line number.
        function: as printed: ``train``, ``Trainer.train``, ``<module>``; empty where unknown.
        code: what may be the source line: the text printed, and it joined with the next lines,
            which a terminal may have wrapped. Empty where none was printed.
        context: other numbered lines of the same file that were printed with it.
        at: the line of the log, from 1.
    """

    path: str
    line: int
    function: str = ""
    code: tuple[str, ...] = ()
    context: tuple[tuple[int, str], ...] = ()
    at: int = 0

    @property
    def module(self) -> str:
        """Return the top-level package."""
        return self.path.partition("/")[0]

    @property
    def distribution(self) -> str:
        """Return the name by which pip installs it."""
        return DISTRIBUTIONS.get(self.module) or WORDED.get(self.module, self.module)


class Error(Value, hidden=("at",)):
    """What ends a traceback.

    Attributes:
        kind: the exception's class without its module: ``ValueError``.
        message: its text with single blanks; a few lines at most.
        at: the line of the log, from 1.
    """

    kind: str
    message: str
    at: int = 0


class Traceback(Value):
    """The frames that lead to an error, outermost first; frames of other packages are left out."""

    frames: tuple[Frame, ...]
    error: Error | None


def package_path(path: str) -> str | None:
    """Return the path from the top-level package on; ``None`` outside all indexed packages.

    >>> package_path(r"C:\\Users\\me\\venv\\Lib\\site-packages\\peft\\peft_model.py")
    'peft/peft_model.py'
    """
    clean = "".join(path.split()).replace("\\", "/")
    inside = _INSIDE.search(clean)
    if inside:
        found = inside[1]
        top = found.partition("/")[0]
        return found if top in DISTRIBUTIONS or top in WORDED else None
    parts = clean.split("/")
    for position, part in enumerate(parts[:-1]):
        if part in DISTRIBUTIONS and parts[position + 1] not in (part, "src"):
            if position + 2 < len(parts) and "src" in parts[position + 1 : position + 3]:
                continue
            return "/".join(parts[position:])
        if part in WORDED and position and _is_checkout(part, parts[position - 1]):
            return "/".join(parts[position:])
    return None


def _is_checkout(module: str, folder: str) -> bool:
    """Return whether a module in that folder is a package's source: ``src/axolotl``, ``verl/verl``.

    Most of these modules have names that any folder may have: ``datasets``, ``swift``.
    """
    plain = re.sub(r"[-_.]?\d[\w.]*$|-(?:main|master)$", "", folder).lower().replace("-", "_")
    return plain in {"src", "python", module, WORDED[module].replace("-", "_")}
