"""Arguments that a function does not take: renamed, moved, newer or older."""

from __future__ import annotations

from ..answer import Answer
from .base import Case, General
from .released import Released, released, upgrade

# What took the place of an argument.
_RENAMED = {
    "tokenizer": "processing_class=tokenizer",
    "evaluation_strategy": "eval_strategy=...",
    "max_seq_length": "max_length=...",
    "use_auth_token": "token=...",
    "no_cuda": "use_cpu=True",
    "load_in_4bit": "quantization_config=BitsAndBytesConfig(load_in_4bit=True)",
    "load_in_8bit": "quantization_config=BitsAndBytesConfig(load_in_8bit=True)",
    "use_flash_attention_2": 'attn_implementation="flash_attention_2"',
}


def _argument(case: Case) -> Answer:
    name, function = case.match["name"], case.match["function"]
    packages = case.packages
    known = released(case)
    if known is not None and not known.contradicts:
        return _known_argument(case, known, packages)
    if len(set(packages)) < 2:
        return Answer(
            f"{function}() is given {name}, and takes no such argument",
            (
                f"look up {function} as it is installed: the argument was renamed, moved, or is "
                "newer or older than it",
            ),
            known="the message; which release has it is not in the log",
            settles=False,
        )
    between = f"{packages[-2]} and {packages[-1]}" if packages[-2] != packages[-1] else packages[-1]
    together = f"bring {between} to releases of the same time: python -m gemma_compat advise"
    return Answer(
        f"{packages[-1]} calls {function}() with {name}, which the installed release does not take",
        (together, f"pip install -U {packages[-1]}"),
        why="the caller was written for another release of what it calls",
        known="the message and the frames; which releases agree, `advise` finds",
        settles=False,
    )


def _known_argument(case: Case, known: Released, packages: list[str]) -> Answer:
    """Answer with the releases that take the argument, and with what took its place."""
    name, function = known.found.name, known.found.owner
    moved = _moved(case, function, name)
    who = packages[-1] if packages else "the script"
    do: list[str] = []
    if name in _RENAMED and not known.is_newer:
        return Answer(
            f"{who} gives {name} to {function}(), where that argument has another name now",
            (_RENAMED[name], *([known.command] if known.command else [])),
            why="it was renamed, took both names for some releases, and takes the new one only",
            known=f"{known.happened}: read in the wheels of {known.found.package}",
        )
    if moved:
        do.append(f"{moved}({name}=...), and not in {function.partition('.')[0]}")
    if who not in {"the script", known.found.package} and not known.is_newer:
        do.append(upgrade(who))
    do += [known.command] if known.command else [f"leave {name} out"]
    return Answer(
        f"{who} gives {name} to {function}(): {known.happened}",
        tuple(do),
        why="the caller was written for another release of what it calls",
        known=f"read in the wheels of {known.found.package}",
    )


def _moved(case: Case, function: str, name: str) -> str:
    """Return TRL's config that takes an argument which its trainer does not; empty if none does."""
    trainer = function.partition(".")[0]
    if not trainer.endswith("Trainer") or name in _RENAMED:
        return ""
    config = f"{trainer.removesuffix('Trainer')}Config"
    asked = f"{config}.__init__() got an unexpected keyword argument '{name}'"
    found = released(case, asked)
    return config if found is not None and found.is_newer else ""


ARGUMENTS: tuple[General, ...] = (
    General(
        "argument-unknown",
        r"(?P<function>[\w.<>]{1,80})\(\) got an unexpected keyword argument '(?P<name>\w{1,60})'",
        _argument,
        {"TypeError: f() got an unexpected keyword argument 'x'": "no such argument"},
    ),
)
