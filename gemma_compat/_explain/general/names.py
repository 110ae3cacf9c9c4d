"""Names and arguments that a release does not have; the traceback says whose they are."""

from __future__ import annotations

import re

from ..answer import Answer
from .base import Case, General

_OF_PACKAGE = re.compile(
    r"[/\\](?:site|dist)-packages[/\\](?P<module>\w+)[/\\]|"
    r"[/\\](?P<cache>unsloth_compiled_cache)[/\\]"
)


def _packages(case: Case) -> list[str]:
    """Return the packages of the frames, from the outermost to the one that raised."""
    found: list[str] = []
    for match in _OF_PACKAGE.finditer(case.around):
        name = match["module"] or "unsloth"
        if not found or found[-1] != name:
            found.append(name)
    return found


def _argument(case: Case) -> Answer:
    name, function = case.match["name"], case.match["function"]
    packages = _packages(case)
    caller = packages[-1] if packages else ""
    between = f"{packages[-2]} and {packages[-1]}" if len(set(packages[-2:])) == 2 else caller
    if not caller:
        return Answer(
            f"{function}() has no argument {name} in the release that is installed",
            (
                f"look up {function} in the documentation of the installed release: the argument "
                f"was "
                "renamed, moved or is newer",
            ),
            known="the message; which release has it is not in the log",
            settles=False,
        )
    together = f"bring {between} to releases of the same time: python -m gemma_compat advise"
    upgrade = f"pip install -U {caller}"
    return Answer(
        f"{caller} calls {function}() with {name}, which the installed release does not take",
        (together, upgrade) if between != caller else (upgrade, together),
        why="the caller was written for another release of what it calls",
        known="the message and the frames; which releases agree, `advise` finds",
        settles=False,
    )


def _import(case: Case) -> Answer:
    name, module = case.match["name"], case.match["module"]
    packages = _packages(case)
    who = packages[-1] if packages else "the script"
    package = module.partition(".")[0]
    return Answer(
        f"{who} imports {name} from {module}, which the installed {package} does not have",
        (f"bring {who} and {package} to releases of the same time: python -m gemma_compat advise",),
        why="the name was moved or removed, or is newer than what is installed",
        known="the message and the frames",
        settles=False,
    )


def _attribute(case: Case) -> Answer:
    owner, name = case.match["owner"], case.match["name"]
    packages = _packages(case)
    outside = [item for item in packages if item not in {"torch", "transformers"}]
    who = outside[-1] if outside else "the code"
    unsloth = who == "unsloth" and "For" in owner
    together: tuple[str, ...] = (
        f"bring {who} to a release of the same time as what it reads: advise finds one",
    )
    if outside:
        together = (
            f"pip install -U {who}",
            f"or what it reads back to the same time: python -m gemma_compat advise --with {who}",
        )
    return Answer(
        f"{who} reads {name} of a {owner}, which has no such attribute here",
        ("load the model with FastLanguageModel or FastModel, which set it",)
        if unsloth
        else together,
        why="a model that another loader made, or a name that another release has",
        known="the message and the frames; which of these it is, they do not say",
        certain=False,
        settles=False,
    )


def _module(case: Case) -> Answer | None:
    name = case.match["module"]
    package = name.partition(".")[0]
    packages = _packages(case)
    if "." in name:
        return Answer(
            f"the installed {package} has no module {name}",
            (f"pip install -U {package}, or an older one where the module was removed",),
            why="the module is newer than what is installed, was moved, or is missing from the "
            "package as it was built",
            known="the message" + (f"; {packages[-1]} asks for it" if packages else ""),
            settles=False,
        )
    return Answer(
        f"{package} is not installed in the environment that ran this",
        (f"python -m pip install {package}   with the very python that runs the script",),
        why="the module's name need not be the package's",
        known="the message",
    )


def _task_head(case: Case) -> Answer:
    config, auto = case.match["config"], case.match["auto"]
    return Answer(
        f"the installed transformers has no {auto} for {config}",
        (
            "pip install -U transformers   if a newer release has that head",
            "or load the class of the checkpoint's own config.json",
        ),
        why="heads for a task come to a family one by one, often releases after the model itself",
        known="the message; python -m gemma_compat supports says from which release on",
        settles=False,
    )


NAMES: tuple[General, ...] = (
    General(
        "differs-between-layers",
        r"AmbiguousGlobalPerLayerAttributeError: `?(?P<name>\w{1,60})",
        lambda case: Answer(
            f"{case.match['name']} differs between the layers of this model, and "
            f"{(_packages(case) or ['the code'])[-1]} asks for one value",
            ("pip install -U   of the package whose frame is the last, or transformers<5.15",),
            why="transformers 5.15 raises where it answered with one layer's value before; a Gemma "
            "3n or 4 has sliding and full-attention layers of different sizes",
            known="the message; the release is that of transformers which brought it",
            settles=False,
            of_gemma=True,
        ),
        {
            "transformers.configuration_utils.AmbiguousGlobalPerLayerAttributeError: `head_dim` "
            "differs between layers of Gemma3nTextConfig": "head_dim"
        },
    ),
    General(
        "no-such-task-head",
        r"Unrecognized configuration class <class '[\w.]*?(?P<config>\w+)'> for this kind of "
        r"AutoModel: (?P<auto>\w+)",
        _task_head,
        {
            "ValueError: Unrecognized configuration class <class 'a.b.Gemma3TextConfig'> for this "
            "kind of AutoModel: AutoModelForSequenceClassification.": (
                "AutoModelForSequenceClassification"
            )
        },
    ),
    General(
        "argument-unknown",
        r"(?P<function>[\w.<>]{1,80})\(\) got an unexpected keyword argument '(?P<name>\w{1,60})'",
        _argument,
        {"TypeError: f() got an unexpected keyword argument 'x'": "no argument x"},
    ),
    General(
        "name-not-importable",
        r"cannot import name '(?P<name>\w{1,80})' from '(?P<module>[\w.]{1,120})'",
        _import,
        {"ImportError: cannot import name 'A' from 'transformers.b' (/x.py)": "transformers"},
    ),
    General(
        "attribute-missing",
        r"AttributeError: '?(?P<owner>(?!NoneType|list|dict|str|int)[\w.]{1,80})'? object has no "
        r"attribute '(?P<name>\w{1,80})'",
        _attribute,
        {
            "AttributeError: 'GemmaForCausalLM' object has no attribute 'max_seq_length'": (
                "max_seq_length"
            )
        },
    ),
    General(
        "module-missing",
        r"No module named '(?P<module>[\w.]{1,120})'",
        _module,
        {
            "ModuleNotFoundError: No module named 'timm'": "pip install timm",
            "ModuleNotFoundError: No module named 'trl.x.y'": "has no module",
        },
    ),
)
