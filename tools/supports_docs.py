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
_TEXT = """\
# Which releases know which Gemma

The first release of each package that has an entry for the model type, as the released wheels have
it; `-` where no release up to the newest one read has one. An entry does not prove that the model
trains right, and a missing one does not prove that it fails: PEFT without default targets takes
`target_modules`, and TRL takes your own template with `{% generation %}`. The [matrix](matrix.md)
says what breaks. One model in full: `python -m gemma_compat supports --model gemma3`.

Read up to: NEWEST.

"""


def page() -> str:
    """Return the whole page."""
    names = sorted(families.FIRST_RELEASES)
    answers = {name: supports(name) for name in names}
    newest = ", ".join(f"{item.package} {item.newest}" for item in answers[names[0]].packages)
    heads = [f"{column} ({package})" for column, package, _ in COLUMNS]
    lines = [f"| model type | {' | '.join(heads)} |", f"| --- |{' --- |' * len(heads)}"]
    for name in names:
        cells = [_cell(answers[name], name, package, what) for _, package, what in COLUMNS]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return _TEXT.replace("NEWEST", newest) + "\n".join(lines) + "\n"


def _cell(support: Support, model_type: str, package: str, what: str) -> str:
    """Return the releases with such an entry for this very type, or for its classes and files."""
    found = next(item for item in support.packages if item.package == package)
    entries = [item for item in found.evidence if item.what.startswith(what)]
    if package in {"transformers", "peft", "liger-kernel"}:
        entries = [item for item in entries if item.key == model_type]
    return "; ".join(dict.fromkeys(_told(item.releases) for item in entries)) or "-"


def _told(releases: tuple[Interval, ...]) -> str:
    return " and ".join(
        f"{item.first} or older"
        if item.from_start and item.to_end
        else item.first
        if item.to_end
        else f"{item.first} to {item.last}"
        for item in releases
    )


def main() -> None:
    """Write the page anew."""
    TARGET.write_text(page(), encoding="utf-8")
    print("docs/supports.md")


if __name__ == "__main__":
    main()
