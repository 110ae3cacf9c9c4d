"""Package sets that people have, or had: each with where its versions come from.

Those named by a date hold the newest release that day of every package for which the index has
one; a test compares their pins with ``gemma_compat/data/releases.jsonl``.
"""

from __future__ import annotations

from dataclasses import dataclass

from gemma_compat.advise import load_releases


@dataclass(frozen=True)
class Stack:
    """One install.

    Attributes:
        source: where the versions come from.
        torch: with its local label, ``2.10.0+cu128``.
        pins: ``name==version``, separated by blanks; every package that is not named is absent.
        python: version of the interpreter.
    """

    source: str
    torch: str
    pins: str
    python: str = "3.11.7"

    def packages(self) -> dict[str, str]:
        """Distribution name to version, torch included."""
        named = dict(pin.split("==") for pin in self.pins.split())
        return {"torch": self.torch.partition("+")[0], **named}

    def asked_by(self, name: str) -> dict[str, str]:
        """Distribution name to specifier, as the release of ``name`` in this stack states them."""
        from packaging.requirements import Requirement
        from packaging.utils import canonicalize_name

        version = self.packages().get(name)
        found = [item for item in load_releases().of(name) if item.version == version]
        asked = [Requirement(text) for item in found for text in item.requires]
        return {canonicalize_name(item.name): str(item.specifier) for item in asked}


STACKS = {
    "newest": Stack(
        "run: three steps and an evaluation with TRL, Gemma 3 and 4, on a CPU",
        "2.13.0+cu126",
        "transformers==5.23.0 accelerate==1.15.0 peft==0.21.2 trl==1.16.0 datasets==4.8.5",
    ),
    "newest, no TRL": Stack(
        "run: the live tests of this repository",
        "2.13.0+cu126",
        "transformers==5.23.0 accelerate==1.15.0 peft==0.21.2",
    ),
    "newest, 4-bit": Stack(
        "the newest stack, with the newest bitsandbytes on that day (2026-11-24)",
        "2.13.0+cu126",
        "transformers==5.23.0 accelerate==1.15.0 peft==0.21.2 trl==1.16.0 datasets==4.8.5 "
        "bitsandbytes==0.50.2 triton==3.7.1",
    ),
    "colab": Stack(
        "googlecolab/backend-info, pip-freeze.gpu.txt at 4647a1d (February 2026)",
        "2.10.0+cu128",
        "transformers==5.0.0 accelerate==1.12.0 peft==0.18.1 datasets==4.0.0 "
        "huggingface-hub==1.4.1 tokenizers==0.22.2 safetensors==0.7.0 sentencepiece==0.2.1 "
        "numpy==2.0.2 nvidia-ml-py==13.590.48 torchao==0.10.0 torchvision==0.25.0 triton==3.6.0",
        python="3.12.12",
    ),
    "unsloth 2026.10": Stack(
        "run: Unsloth's SFT on its CPU backend; bitsandbytes and triton as its pins have them",
        "2.13.0+cu126",
        "transformers==5.17.0 accelerate==1.15.0 peft==0.21.2 trl==1.15.0 datasets==4.8.5 "
        "unsloth==2026.10.9 unsloth-zoo==2026.10.9 torchao==0.18.0 bitsandbytes==0.50.2 "
        "triton==3.7.1",
    ),
    "unsloth 2025.12": Stack(
        "pins of Unsloth 2025.12.9: transformers<=4.57.3, trl<=0.24.0; newest on 2025-12-23",
        "2.9.1+cu128",
        "transformers==4.57.3 accelerate==1.12.0 peft==0.18.0 trl==0.24.0 "
        "unsloth==2025.12.9 unsloth-zoo==2025.12.7 bitsandbytes==0.49.0",
    ),
    "unsloth 2025.8": Stack(
        "pins of Unsloth 2025.8.9: transformers>=4.51.3 without holes; newest on 2025-08-20",
        "2.8.0+cu126",
        "transformers==4.55.2 accelerate==1.10.0 peft==0.17.0 trl==0.21.0 "
        "unsloth==2025.8.9 unsloth-zoo==2025.8.8 bitsandbytes==0.47.0",
    ),
    "2026-06": Stack(
        "newest releases on 2026-06-20",
        "2.12.1+cu126",
        "transformers==5.12.1 accelerate==1.14.0 peft==0.19.1 trl==1.6.0 bitsandbytes==0.49.2",
    ),
    "2025-12": Stack(
        "newest releases on 2025-12-20",
        "2.9.1+cu126",
        "transformers==4.57.3 accelerate==1.12.0 peft==0.18.0 trl==0.26.2 bitsandbytes==0.49.0",
    ),
    "2025-08": Stack(
        "newest releases on 2025-08-20",
        "2.8.0+cu126",
        "transformers==4.55.2 accelerate==1.10.0 peft==0.17.0 trl==0.21.0 bitsandbytes==0.47.0",
    ),
    "2025-05": Stack(
        "newest releases on 2025-05-10",
        "2.7.0+cu126",
        "transformers==4.51.3 accelerate==1.6.0 peft==0.15.2 trl==0.17.0 bitsandbytes==0.45.5",
    ),
    "march 2025": Stack(
        "run: plain transformers of March 2025; training without evaluation works",
        "2.6.0+cu124",
        "transformers==4.50.3 accelerate==1.5.2 peft==0.15.1 trl==0.15.2 datasets==3.4.1",
    ),
    "last 4.x": Stack(
        "run: the live tests of this repository",
        "2.13.0+cu126",
        "transformers==4.57.6 accelerate==1.5.2 peft==0.15.2",
    ),
}
