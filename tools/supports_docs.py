"""Write ``docs/supports.md`` from the release atlas: every Gemma against every package."""

from __future__ import annotations

from pathlib import Path

from gemma_compat.atlas.intervals import Interval
from gemma_compat.atlas.supporting import Support, supports
from gemma_compat.tables import families

TARGET = Path(__file__).resolve().parent.parent / "docs" / "supports.md"
# Column, distribution, and how the evidence begins that it shows.
COLUMNS = (
    ("config", "transformers", "AutoConfig"),
    ("causal LM", "transformers", "AutoModelForCausalLM"),
    ("image and text", "transformers", "AutoModelForImageTextToText"),
    ("classification", "transformers", "AutoModelForSequenceClassification"),
    ("LoRA's targets", "peft", "default targets of LoRA"),
    ("training template", "trl", "chat template for training"),
    ("Liger", "liger-kernel", "Liger's kernels by model type"),
    ("text", "vllm", "vLLM: text generation"),
    ("multimodal", "vllm", "vLLM: multimodal"),
)
# Of frameworks and servers: every table of theirs that names models.
FRAMEWORKS = (
    ("template", "llamafactory", "LLaMA-Factory's templates"),
    ("model type", "ms-swift", "ms-swift's model types"),
    ("sample packing", "axolotl", "axolotl: sample packing"),
    ("chat template", "axolotl", "axolotl's chat templates"),
    ("loads", "mlx-lm", "mlx-lm's models"),
    ("loads", "mlx-vlm", "mlx-vlm's models"),
    ("backbone", "keras-hub", "KerasHub's backbones"),
    ("converter", "keras-hub", "KerasHub's converters"),
    ("runs", "sglang", "SGLang's registry"),
    ("quantizes", "gptqmodel", "GPTQModel's models"),
    ("quantizes", "autoawq", "AutoAWQ's models"),
    ("architecture", "gguf", "architectures of GGUF"),
)
_TEXT = """\
# Which releases know which Gemma

The first release of each package that has an entry for the model type, as the released wheels have
it; `-` where no release up to the newest one read has one. An entry does not prove that the model
trains right, and a missing one does not prove that it fails: PEFT without default targets takes
`target_modules`, and TRL takes your own template with `{% generation %}`. The [matrix](matrix.md)
says what breaks. One model in full: `python -m gemma_compat supports --model gemma3`.

Read up to: NEWEST.

"""
_FRAMEWORKS = """
Frameworks, servers and quantizers, read in the same way. SGLang names classes: the first releases
with one of the model's. LLaMA-Factory lists text-only ones with the template of an older Gemma;
ms-swift adds `_vision` to the type of some that take images.

"""


def page() -> str:
    """Return the whole page."""
    names = sorted(families.FIRST_RELEASES)
    answers = {name: supports(name) for name in names}
    newest = ", ".join(f"{item.package} {item.newest}" for item in answers[names[0]].packages)
    first, second = _table(answers, COLUMNS), _table(answers, FRAMEWORKS)
    return _TEXT.replace("NEWEST", newest) + first + _FRAMEWORKS + second


def _table(answers: dict[str, Support], columns: tuple[tuple[str, str, str], ...]) -> str:
    """Return a row for each model type."""
    heads = [f"{column} ({package})" for column, package, _ in columns]
    lines = [f"| model type | {' | '.join(heads)} |", f"| --- |{' --- |' * len(heads)}"]
    for name, answer in answers.items():
        cells = [_cell(answer, name, package, what) for _, package, what in columns]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(support: Support, model_type: str, package: str, what: str) -> str:
    """Return the releases with such an entry for this very type, or for its classes and files."""
    found = next(item for item in support.packages if item.package == package)
    entries = [item for item in found.evidence if item.what.startswith(what)]
    if package in {"transformers", "peft", "liger-kernel", "mlx-lm", "mlx-vlm", "gptqmodel"}:
        entries = [item for item in entries if item.key == model_type]
    return "; ".join(dict.fromkeys(_told(item.releases) for item in entries)) or "-"


def _told(releases: tuple[Interval, ...]) -> str:
    firsts = (f"{item.first} or older" if item.from_start else item.first for item in releases)
    return " and ".join(
        first if item.to_end else f"{first} to {item.last}"
        for first, item in zip(firsts, releases, strict=True)
    )


def main() -> None:
    """Write the page anew."""
    TARGET.write_text(page(), encoding="utf-8")
    print("docs/supports.md")


if __name__ == "__main__":
    main()
