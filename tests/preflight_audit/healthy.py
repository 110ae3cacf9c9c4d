"""What a healthy set-up is, and how it is tried: no check may fail, and none may warn for nothing.

python -m tests.preflight_audit.healthy [small|real] [WORD...]
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import gemma_compat
from gemma_compat._preflight.result import Preflight

from ..preflight import runs
from .stage import Stage, weights


@dataclass(frozen=True)
class Healthy:
    """One set-up that people train with.

    Attributes:
        name: what it is, in a few words.
        make: takes the stage and returns what preflight is given, by name of its parameter; the
            Trainer alone is enough.
        needs: packages without which it cannot be made.
        warns: checks that rightly warn of it.
        network: whether it brings its own tiny network and has nothing to do with the stage.
    """

    name: str
    make: Callable[[Stage], Any]
    needs: tuple[str, ...] = ()
    warns: tuple[str, ...] = ()
    network: bool = False


class NotHere(Exception):
    """This release does not have what the set-up needs."""


def all_healthy() -> Iterator[Healthy]:
    """Yield every set-up, file by file."""
    from . import healthy_data, healthy_losses, healthy_networks, healthy_text

    yield from healthy_text.SETUPS
    yield from healthy_losses.SETUPS
    yield from healthy_networks.SETUPS
    yield from healthy_data.SETUPS


def missing(setup: Healthy) -> str:
    """Return the first package that the set-up needs and that is not installed; empty if none."""
    return next((name for name in setup.needs if find_spec(name) is None), "")


def tried(setup: Healthy, stage: Stage) -> Preflight:
    """Try the set-up.

    Raises:
        NotHere: this release has no such class.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = setup.make(stage)
        if not isinstance(given, Mapping):
            return gemma_compat.preflight(given)
        given = dict(given)
        return gemma_compat.preflight(given.pop("subject"), given.pop("batch", None), **given)


def trainer(stage: Stage, rows: Any = None, model: Any = None, **given: Any) -> Any:
    """Return a plain Trainer on the stage's model and conversations, with the tokenizer."""
    keywords = {"processing_class": stage.tokenizer(), **given.pop("keywords", {})}
    settings = {"learning_rate": 5e-5, "remove_unused_columns": True, **given}
    return runs.trainer(
        stage.model() if model is None else model,
        stage.folder,
        stage.rows() if rows is None else rows,
        keywords=keywords,
        **settings,
    )


def lora(model: Any, **options: Any) -> Any:
    """Return the model under a fresh adapter, as scripts make it."""
    from peft import get_peft_model

    return get_peft_model(model, lora_config(**options))


def lora_config(**options: Any) -> Any:
    from peft import LoraConfig

    settings = {
        "r": 8,
        "lora_alpha": 16,
        "target_modules": ["q_proj", "v_proj"],
        "task_type": "CAUSAL_LM",
    }
    return LoraConfig(**{**settings, **options})


def problems(setup: Healthy, result: Preflight) -> list[str]:
    """Return a line for each check that fails, or warns and is not among ``warns``."""
    found = [("FAIL", item) for item in result.failed]
    found += [("warn", item) for item in result.warned if item.name not in setup.warns]
    return [f"{mark} {item.name}: {item.figure} {item.rules or ''}" for mark, item in found]


def main(words: list[str]) -> None:
    name = words.pop(0) if words and words[0] in {"small", "real"} else "small"
    if name == "real" and weights() is None:
        sys.exit("no real weights on this machine: make real")
    count = failed = warned = 0
    for setup in all_healthy():
        if (words and not any(word in setup.name for word in words)) or missing(setup):
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                result = tried(setup, Stage(name, folder))
            except NotHere as error:
                print(f"-- {setup.name}: {error}", flush=True)
                continue
        count += 1
        failed += bool(result.failed)
        lines = problems(setup, result)
        warned += any(line.startswith("warn") for line in lines)
        print(f"{'ok' if not lines else '!!'} {setup.name} {result.passes:.2f} passes", flush=True)
        for line in lines:
            print(f"      {line}", flush=True)
    print(f"{count} set-ups: {failed} fail, {warned} warn without a reason")


if __name__ == "__main__":
    from . import healthy  # under its own name, as the set-ups know its NotHere

    healthy.main(sys.argv[1:])
