"""Answer names by the releases that have them, and by what took the place of removed ones."""

from __future__ import annotations

import re

from .... import versions
from ...answer import Answer
from ...unknown import OF_MODEL
from ..base import Case
from ..released import Released, import_of, released, upgrade

# Package, removed name: the code to write now. Read in the wheels of both releases.
_SUCCESSORS = {
    ("transformers", "AdamW"): "from torch.optim import AdamW",
    (
        "transformers",
        "AutoModelForVision2Seq",
    ): "from transformers import AutoModelForImageTextToText",
    ("transformers", "HybridCache"): (
        "from transformers import StaticCache   it reads from the config which layers slide; "
        "generate() makes a cache by itself"
    ),
    ("transformers", "is_torch_tpu_available"): (
        "from transformers.utils import is_torch_xla_available"
    ),
    ("trl", "DataCollatorForCompletionOnlyLM"): (
        "SFTConfig(completion_only_loss=True) with the columns prompt and completion, or "
        "assistant_only_loss=True with messages"
    ),
    ("trl", "ConstantLengthDataset"): "SFTConfig(packing=True)",
    ("trl", "setup_chat_format"): "from trl import clone_chat_template",
    ("peft", "prepare_model_for_int8_training"): "from peft import prepare_model_for_kbit_training",
}


def successor(package: str, name: str) -> str:
    """Return what to write in place of a removed name; empty if it is not known here."""
    return _SUCCESSORS.get((package, name), "")


def known_name(case: Case, known: Released, who: str) -> Answer:
    """Answer with the releases that have a name, a module or an attribute of an object."""
    found = known.found
    if found.kind == "attribute":
        is_of_hub = bool(case.places) and case.places[-1].module == OF_MODEL
        return _of_hub_code(known) if is_of_hub else _known_attribute(known, who)
    asks = f"; the last frame that asks for it is of {who}" if who else ""
    if known.is_everywhere and not known.contradicts and found.kind in {"name", "module"}:
        return _everywhere(known, asks)
    do = [known.command] if known.command else []
    if who and not known.is_newer and not known.contradicts:
        do.insert(0, upgrade(who))
    instead = "" if who or known.is_newer else successor(found.package, found.name)
    if instead:
        do.insert(0, instead)
    if not do:
        do = [_elsewhere(known)]
    elif not who and not instead and not known.is_newer and not known.contradicts:
        do.append(
            "or a newer release of the package that imports it, where no script of yours does"
        )
    if known.is_newer and _has_an_old_python(case):
        do.append(
            f"pip finds no such release for Python {case.facts.python}? Then a newer Python first: "
            "3.10 or newer"
        )
    lacks_own = found.kind == "module" and who == found.owner.partition(".")[0]
    return Answer(
        f"{known.happened}{asks}",
        tuple(do),
        why=known.places
        or (
            "the package asks for a module that its files lack: it was packed without it"
            if lacks_own
            else "the name was moved or removed, or is newer than what is installed"
        ),
        known=f"read in the wheels of {found.package}",
        settles=bool(found.releases),
    )


def _has_an_old_python(case: Case) -> bool:
    here = str(case.facts.python) if case.facts.known("python") else ""
    return versions.is_valid(here) and versions.contains("<3.10", here)


def not_imported_yet(case: Case) -> Answer | None:
    """Answer a module that is asked of its package, and that this package does have."""
    owner, name = case.match["owner"], case.match["attribute"]
    if not owner:
        return None
    known = released(case, f"ModuleNotFoundError: No module named '{owner}.{name}'")
    if known is None or not known.found.releases or (known.version and not known.contradicts):
        return None
    return Answer(
        f"{owner}.{name} is a module, and nothing in this process has imported it yet",
        (
            f"import {owner}.{name}   first of all in the script",
            "pip install -U   the package of the last frame, which counts on it",
        ),
        why="a module is an attribute of its package only after it was imported once; which import "
        "does so differs between releases",
        known=f"read in the wheels of {known.found.package}, which have this module",
        certain=False,
        settles=False,
    )


def _of_hub_code(known: Released) -> Answer:
    """Answer for code from beside a checkpoint, which stays as it was uploaded."""
    first = known.found.releases[0]
    older = f"pip install '{known.found.package}<={first.last}'"
    return Answer(
        f"the checkpoint's own code reads {known.found.name}: {known.happened}",
        (
            "no trust_remote_code=True, where transformers has a class for this model",
            older if not first.to_end else known.command,
        ),
        why="code that lies beside a checkpoint is of the time when it was uploaded",
        known=f"the last frame is of that code; read in the wheels of {known.found.package}",
        certain=False,
        settles=False,
    )


def _known_attribute(known: Released, who: str) -> Answer:
    """Answer with the releases whose code sets an attribute. Other code may set it: not certain."""
    found = known.found
    package = found.package
    looked_at = (
        f"read in the wheels of {package}: what the class and its bases there define, assign, "
        "register and set by name, and what that package sets from outside by a name that is "
        "written there. What other packages and the script set was not looked at"
        if found.counted
        else f"read in the wheels of {package}: what the class and its bases there define and "
        "assign to self. What is registered, set by name or set from outside was not looked at"
    )
    return Answer(
        f"{found.owner} may be of another release than the code that reads {found.name} of it: "
        f"{known.happened}",
        (*([upgrade(who)] if who and not known.is_newer else []), known.command),
        why="the attribute was moved or removed, or is newer than what is installed"
        + (f"; the last frame that asks for it is of {who}" if who else ""),
        known=looked_at,
        certain=False,
        settles=False,
    )


def _everywhere(known: Released, asks: str) -> Answer:
    """Answer for a name that every release has: what was imported is not one of them, or broke."""
    package = known.found.package
    module = known.found.owner.partition(".")[0]
    return Answer(
        f"{known.happened}{asks}: what was imported is of another release, is not that package, "
        "or broke off",
        (
            f"python -c 'import {module}; print({module}.__file__, {module}.__version__)'   shows "
            "which",
            f"pip install --force-reinstall {package}   and restart the kernel",
            f"rename a folder or file of yours that is called {module}",
        ),
        why=f"a release older than {known.found.oldest}, the oldest that was read; a folder of "
        f"that "
        "name that hides the package ('unknown location'); half of an update; or an import inside "
        "it that failed before",
        known=f"read in the wheels of {package}; which of these it is, the message does not say",
        settles=False,
    )


def _elsewhere(known: Released) -> str:
    """Return what to do about a name that no release has where it is looked for."""
    found = known.found
    if found.elsewhere:
        return f"import it from {found.elsewhere[0][0]}"
    if found.kind == "name" and (statement := import_of(found)):
        return statement
    return (
        f"leave it out, or look up what took its place: {found.package} has none of that name; one "
        f"older than {found.oldest} may (the script's requirements name it)"
    )


def by_autoawq(case: Case, function: str, call: str) -> Answer | None:
    """Answer where AutoAWQ calls a part of the model, by the frames or else by the text."""
    near = "" if case.packages else case.near
    if not re.search(r"\.forward$", function):
        return None
    if "awq" not in case.packages and not re.search(r"\bAutoAWQ\b|\bautoawq\b", near):
        return None
    return Answer(
        f"AutoAWQ calls {function}() {call}",
        (
            "pip install autoawq==0.2.9 'transformers<=4.51.3' 'torch<=2.6'   what it was last "
            "tested with",
            "or llm-compressor (AWQModifier, GPTQModifier), which takes its place: pip install "
            "llmcompressor",
        ),
        why="AutoAWQ runs a model's layers one by one, with the arguments of the transformers that "
        "it was written for; it is no longer maintained",
        known="the message; the releases are those that autoawq 0.2.9 names as its last",
        certain="awq" in case.packages,
        settles=False,
    )
