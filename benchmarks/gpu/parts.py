"""The parts in the order in which they run, each with the seconds that it may take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from .options import Options, Record


@dataclass(frozen=True)
class Part:
    """One part. Its module is loaded when it runs: rendering needs no torch.

    Attributes:
        module, function: what yields its records.
        seconds: its time; it is told, and killed some seconds later.
        arguments: what the function is given before the options.
    """

    module: str
    function: str
    seconds: float
    arguments: tuple[str, ...] = ()

    def measure(self, options: Options) -> Iterator[Record]:
        """Run it."""
        function = getattr(import_module(f".{self.module}", __package__), self.function)
        yield from function(*self.arguments, options)


PARTS: dict[str, Part] = {
    "machine": Part("detection", "machine", 40),
    "masking": Part("masking", "measure", 90),
    "detection": Part("detection", "measure", 60),
    "overflow": Part("overflow", "measure", 60),
    "padding": Part("padding", "measure", 60),
    "patches-gemma3-1b": Part("patches", "measure", 75, ("gemma3_text",)),
    "patches-gemma4-e2b": Part("patches", "measure", 100, ("gemma4_text",)),
    "patches-gemma3n-e2b": Part("patches", "measure", 100, ("gemma3n_text",)),
    "costs-gemma3-4b": Part("costs", "measure", 180, ("gemma3-4b",)),
    "costs-gemma3-4b-float16": Part("costs", "measure", 90, ("gemma3-4b-float16",)),
    "costs-gemma3-27b-4bit": Part("costs", "measure", 300, ("gemma3-27b-4bit",)),
    "costs-gemma3n-e2b": Part("costs", "measure", 180, ("gemma3n-e2b",)),
    "costs-gemma4-e2b": Part("costs", "measure", 180, ("gemma4-e2b",)),
    "costs-gemma4-26b": Part("costs", "measure", 300, ("gemma4-26b",)),
    "costs-gemma2-2b": Part("costs", "measure", 90, ("gemma2-2b",)),
    "costs-gemma3-4b-images": Part("costs", "measure", 120, ("gemma3-4b-images",)),
    "costs-gemma4-e2b-images": Part("costs", "measure", 120, ("gemma4-e2b-images",)),
    "costs-recurrent-2b": Part("costs", "measure", 180, ("recurrent-2b",)),
    "steps-gemma3-270m": Part("costs", "steps", 180, ("gemma3-270m",)),
    "steps-gemma3-270m-cpu": Part("costs", "steps", 1500, ("gemma3-270m-cpu",)),
    "reentry-gemma4-e2b": Part("reentry", "measure", 240, ("gemma4-e2b",)),
    "compiled-gemma3-4b": Part("costs", "compiled", 400, ("gemma3-4b",)),
    "compiled-gemma3n-e2b": Part("costs", "compiled", 400, ("gemma3n-e2b",)),
    "compiled-gemma4-e2b": Part("costs", "compiled", 400, ("gemma4-e2b",)),
}
