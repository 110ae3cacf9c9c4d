"""Which option decides what a report left open, worst first, in a few lines. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ..engine.rule import Undetermined
from ..facts import Facts
from ..language import said
from ..values import Value
from .wide import columns
from .wording import WIDTH, label

LINES = 5  # the heading is one of them

# Topic to the option that states it; a test finds each in the command's help.
OPTIONS = {
    "adapter.modules_to_save": "--modules-to-save NAMES",
    "adapter.target_modules": "--target-modules NAMES",
    "adapter.target_parameters": "--target-parameters NAMES",
    "gpus": "--gpu NAME",
    "model.attn_implementation": "--attn-implementation NAME",
    "model.compute_dtype": "--compute-dtype DTYPE",
    "model.dtype": "--dtype DTYPE",
    "training.adds_tokens": "--[no-]adds-tokens",
    "training.assistant_only_loss": "--[no-]assistant-only-loss",
    "training.deepspeed_stage": "--zero-stage N",
    "training.distributed": "--distributed KIND",
    "training.evaluates": "--[no-]evaluates",
    "training.external_checkpointing": "--[no-]external-checkpointing",
    "training.fsdp_version": "--distributed KIND",
    "training.gathers_outputs": "--[no-]gathers-outputs",
    "training.generates": "--[no-]generates",
    "training.gradient_accumulation_steps": "--accumulate N",
    "training.gradient_checkpointing": "--[no-]gradient-checkpointing",
    "training.images": "--[no-]images",
    "training.kbit_prepared": "--[no-]kbit-prepared",
    "training.max_length": "--max-length N",
    "training.mixed_precision": "--bf16|--fp16|--fp32",
    "training.optimizer": "--optimizer NAME",
    "training.packing": "--[no-]packing",
    "training.passes_cache": "--trainer hf|trl|loop",
    "training.peft": "--lora|--full",
    "training.per_device_train_batch_size": "--batch-size N",
    "training.reads_top_config": "--trainer hf|trl|loop",
    "training.torch_compile": "--[no-]torch-compile",
    "training.trainer": "--trainer hf|trl|loop",
    "training.use_cache": "--trainer hf|trl|loop",
    "training.use_liger_kernel": "--[no-]liger",
    "training.use_reentrant": "--[no-]use-reentrant",
}
_OF_AN_AREA = {
    "adapter": "--adapter DIR",
    "checkpoint": "--model DIR",
    "packages": "--with NAME==VERSION",
    "tokenizer": "--tokenizer DIR",
    "torch": "--with torch==VERSION+cu126",
    "training": "--args FILE",
}
_ON_THE_MACHINE = "report on that machine"  # driver, environment and Unsloth have no option


class Deciding(Value):
    """Open questions that one option decides.

    Attributes:
        option: as it is typed; where there is none, what to do.
        items: what waits for it, worst first.
    """

    option: str
    items: tuple[Undetermined, ...]


def deciding(items: Iterable[Undetermined], facts: Facts) -> list[Deciding]:
    """Group by the option to give; the group with the worst answer first, then the largest.

    An answer that waits for several facts goes to the option for which most answers wait.
    """
    listed = list(items)
    asked = Counter(option for item in listed for option in _options(item, facts))
    groups: dict[str, list[Undetermined]] = {}
    for item in listed:
        best = max(_options(item, facts), key=lambda option: asked[option])
        groups.setdefault(best, []).append(item)
    found = [Deciding(option, tuple(group)) for option, group in groups.items()]
    return sorted(found, key=_place)


def _place(group: Deciding) -> tuple[int, bool, int]:
    """Sort key: the worst answer, then what an option decides, then the most answers."""
    worst = group.items[0].rule.severity.rank
    return worst, group.option == _ON_THE_MACHINE, -len(group.items)


def deciding_lines(items: Iterable[Undetermined], facts: Facts) -> Iterator[str]:
    """Yield a heading and the worst titles, each with its option: ``LINES`` lines at most."""
    groups = deciding(items, facts)
    if not groups:
        return
    yield "Not decided, worst first, each with the option that decides it (--verbose: all):"
    for group in groups[: LINES - 1]:
        yield _line(group)


def option_for(topic: str, facts: Facts) -> str:
    """Return the option that states this fact; what to run instead where no option does."""
    if topic in OPTIONS:
        return OPTIONS[topic]
    area, _, name = topic.partition(".")
    if area == "packages" and name:
        return f"--with {name}==VERSION"
    if area == "model":
        return "diagnose(model)" if facts.model.known("model_type") else "--model DIR"
    return _OF_AN_AREA.get(area, _ON_THE_MACHINE)


def _options(item: Undetermined, facts: Facts) -> list[str]:
    return list(dict.fromkeys(option_for(topic, facts) for topic, _ in item.missing))


def _line(group: Deciding) -> str:
    """Return ``  error GC203 The title (and 2 more): --external-checkpointing`` in one line.

    Nothing is cut: where the title does not fit, the rule's name stands for it, and at last
    without the count.
    """
    first = group.items[0].rule
    others = len({item.rule.code for item in group.items}) - 1
    end = f" {said(f'(and {others} more)')}" if others else ""
    start = f"  {said(label(first).strip())} "
    title = said(first.title).replace("`", "")
    lines = [f"{start}{name}{end}: {group.option}" for name in (title, first.name)]
    short = f"{start}{first.name}: {group.option}"
    return next((line for line in lines if columns(line) <= WIDTH), short)
