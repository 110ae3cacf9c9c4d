"""Modules and names that cannot be imported: not installed, another release, another package."""

from __future__ import annotations

import re

from .... import versions
from ....tables import families
from ...answer import Answer
from ..base import Case, General
from ..released import Released, released, upgrade
from ..training.calls_of_packages import imports_from_itself
from .half_installed import half_there, of_own_file
from .removed import hidden_by_own_file, removed_module, removed_name
from .same_name import DISTRIBUTIONS, NOT_A_PACKAGE, SAME_NAME
from .successors import known_name, not_imported_yet
from .torch_pairs import names_beside_torch
from .why_not_built import in_a_build, is_of_a_build
from .windows import NO_VLLM

_TOGETHER = "releases of the same time: python -m gemma_compat advise"
_NEWER_PYTHON = (
    "a newer Python, if that changes nothing: pip takes the newest release that this Python allows"
)
# Installed by hand or by the trainer; of others a broken installation is likelier.
_STACK = {"transformers", "trl", "peft", "torch", "accelerate", "datasets", "vllm", "unsloth"}


def distribution(module: str) -> str:
    """Return what to hand to ``pip install`` for a top-level module."""
    return DISTRIBUTIONS.get(module, module)


def _of_another_time(case: Case, package: str, who: str) -> tuple[str, ...]:
    """Return what brings a package and those who ask for a name of it to one time."""
    if package in {"torch", "triton"}:
        return names_beside_torch(case, package, who)
    if package.startswith("unsloth") and not who:
        return (f"{upgrade(package)}   and restart the kernel",)
    if package not in _STACK and not who.startswith("unsloth"):
        both = upgrade(f"{who} {distribution(package)}" if who else distribution(package))
        return (both, _NEWER_PYTHON)
    if package not in _STACK:
        return (f"pip install --force-reinstall {distribution(package)}   and restart the kernel",)
    if who:
        return (upgrade(who), f"or {who} and {package} in {_TOGETHER}")
    return (f"the script and {package} in {_TOGETHER}",)


def _import(case: Case) -> Answer:
    name = case.match["name"] or case.match["attribute"]
    module = case.match["module"] or case.match["owner"]
    package = module.partition(".")[0]
    outside = [item for item in case.packages if item != package]
    who = outside[-1] if outside else ""
    told = hidden_by_own_file(case, module) or removed_name(case, name, module, who)
    if told is not None:
        return told
    known = released(case)
    if mixed := imports_from_itself(case, package, name, known):
        return mixed
    if known is not None:
        return not_imported_yet(case) or known_name(case, known, who)
    is_empty = module == package and "(unknown location)" in case.hit.text
    if name == "__version__" or (is_empty and _is_installed(package, case)):
        return half_there(package, distribution(package))
    if not (who or _is_installed(package, case)):
        return of_own_file(name, module)
    do = _of_another_time(case, package, who)
    return Answer(
        f"the installed {package} has no {name} in {module}"
        + (f"; the last frame that asks for it is of {who}" if who else ""),
        do,
        why="the name was moved or removed, is newer than what is installed, or files of two "
        "releases are mixed: an upgrade in a running kernel leaves the old one in memory",
        known="the message and the frames",
        settles=False,
    )


def _of_a_model(name: str, packages: list[str]) -> Answer:
    """Answer for a folder of a model in transformers."""
    who = next((item for item in reversed(packages) if item != "transformers"), "")
    since = families.FIRST_RELEASES.get(name)
    if since and not name.endswith("_text"):
        return Answer(
            f"the installed transformers has no folder for {name}, which came with {since}",
            (f"pip install -U 'transformers>={since}'",),
            known="the message; the release is that of transformers which brought the model",
        )
    return Answer(
        f"no transformers that was read has a folder transformers.models.{name}"
        + (f": {who} makes that name from the model's type" if who else ""),
        (
            upgrade(who)
            if who
            else f"{upgrade('unsloth')}   or what else makes that name from the model's type"
            if name.endswith("_text")
            else f"pip install -U transformers   if {name} is newer than 5.24.0",
        ),
        why="the text part of a model lies in the folder of the whole: gemma3_text in gemma3. A "
        "release that does not know that type looks in the wrong place"
        if name.endswith("_text") or who
        else "a model of a later release, or one whose code lies beside its checkpoint",
        known="the message; transformers 4.38.0 to 5.24.0 was read",
        certain=False,
        settles=bool(who),
    )


def _is_of_a_release(known: Released | None, name: str) -> bool:
    """Return whether the atlas says more of a model's folder than the release that brought it."""
    if known is None or not known.found.releases:
        return False
    return known.contradicts or name.split(".")[2] not in families.FIRST_RELEASES


def _no_such_module(name: str, packages: list[str]) -> Answer:
    """Answer a module that an installed package does not have."""
    package = name.partition(".")[0]
    return Answer(
        f"the installed {package} has no module {name}",
        (
            f"pip install -U {distribution(package)}",
            "or an older one, where the module was removed",
        ),
        why="the module is newer than what is installed, was moved, or is missing from the "
        "package as it was built",
        known="the message" + (f"; {packages[-1]} asks for it" if packages else ""),
        settles=False,
    )


def missing_module(case: Case) -> Answer | None:
    """Answer a module that is not found, by its name and by who imports it."""
    name = case.match["module"]
    package = name.partition(".")[0]
    packages = case.packages
    told = hidden_by_own_file(case, name) or removed_module(case, name)
    if told is not None:
        return told
    known = released(case) if "." in name else None
    if name.startswith("transformers.models.") and not _is_of_a_release(known, name):
        return _of_a_model(name.split(".")[2], packages)
    if known is not None:
        return known_name(case, known, packages[-1] if packages else "")
    if name in NOT_A_PACKAGE:
        happened, do, why = NOT_A_PACKAGE[name]
        return Answer(happened, do, why=why, known="the message names the module")
    optional = _optional_for_trl(case, name)
    if optional is not None:
        return optional
    near = case.hit.before[-1500:] + case.around + case.hit.after[:2500]
    if name == "torch" and is_of_a_build(near):
        return in_a_build()
    if not packages and package not in SAME_NAME and package not in DISTRIBUTIONS:
        return _unknown(name)
    if "." in name:
        return _no_such_module(name, packages)
    if package == "vllm" and re.search(r"[A-Z]:\\\\?\w", near):
        return NO_VLLM
    return Answer(
        f"{package} is not installed in the environment that ran this",
        (
            f"python -m pip install {distribution(package)}   with the very python that runs the "
            "script",
        ),
        why="" if package in DISTRIBUTIONS else "the module's name need not be the package's",
        known="the message",
    )


def _is_installed(package: str, case: Case) -> bool:
    """Return whether a module is known to be a package's, by its name or by where it lies."""
    is_known = package in SAME_NAME or package in DISTRIBUTIONS or package in _STACK
    return is_known or case.says(r"(?:site|dist)-packages")


def _unknown(name: str) -> Answer:
    """Answer for a module that may be the script's own: nothing is installed by a guess."""
    return Answer(
        f"Python finds no module {name}: it is a file of the script's own, or of a package that is "
        "not installed",
        (
            "a file of your own: start in its folder, or PYTHONPATH=FOLDER before the command",
            "a package: install it by the name in its documentation, into the python that runs "
            "the script",
        ),
        why="a module's name need not be its package's, and a package that happens to have that "
        "name may be another's",
        known="the message; which of the two it is, the log does not say",
        settles=False,
    )


# What TRL asks transformers for (read in trl 0.24.0, import_utils.py), and imports if it is there.
_OF_TRL = {"joblib", "llm_blender", "mergekit", "vllm_ascend", "weave"}


def _optional_for_trl(case: Case, name: str) -> Answer | None:
    """Answer a package that an older TRL takes for installed beside transformers 5."""
    package = case.facts.packages.get("transformers")
    here = str(package.get("version", "")) if package is not None else ""
    is_told = versions.is_valid(here)
    if name not in _OF_TRL or case.packages[-1:] != ["trl"]:
        return None
    if is_told and versions.contains("<5.0.0.dev0", here):
        return None
    return Answer(
        f"this TRL is older than the transformers beside it: it takes {name}, which is optional, "
        "for installed",
        ("pip install -U 'trl>=0.29.0'", "or pip install 'transformers<5'"),
        why="TRL asks transformers whether a package is there. transformers 5 answers with a pair, "
        "which counts as yes to a TRL that expects yes or no",
        known="run on transformers 5.23.0: the DPO and GRPO trainers of trl 0.24.0, 0.26.2 and "
        "0.28.0 fail so, those of 0.29.0 are imported",
        certain=is_told,
    )


KINDS: tuple[General, ...] = (
    General(
        "name-not-importable",
        r"annot import name ['`]?(?P<name>\w{1,80})['`]? from (?=['`][\w.]{2,120}['`]|\w)['`]?"
        r"(?!partially\b)(?P<module>[\w.]{2,120})['`]?|"
        r"module '(?P<owner>[\w.]{1,120})' has no attribute '(?P<attribute>\w{1,80})'",
        _import,
        {
            "ImportError: cannot import name 'A' from 'transformers.b' (/x.py)": "transformers",
            "ImportError: cannot import name 'cached_download' from 'huggingface_hub' (/x.py)": (
                "huggingface-hub>=0.21.0,<=0.25.2"
            ),
            "ImportError: cannot import name 'Dataset' from 'datasets' (unknown place)": "rename",
            "ImportError: cannot import name A from transformers.b": "transformers",
            "AttributeError: module 'pkgutil' has no attribute 'ImpImporter'": "before 3.12",
            "ImportError: cannot import name 'Mapping' from 'collections' (/x/a.py)": "before 3.10",
            "ImportError: cannot import name 'override' from 'typing'": "a newer Python",
            "ImportError: cannot import name 'LoraConfig' from 'peft' (/home/me/peft.py)": (
                "a file called peft.py"
            ),
            "ImportError: cannot import name 'train' from 'utils' (/home/me/utils.py)": (
                "that Python found has no train"
            ),
            "ImportError: cannot import name 'genai' from 'google' (unknown)": "google-genai",
            "ImportError: cannot import name 'x' from 'code' (/home/me/code/__init__.py)": "rename",
            "ImportError: cannot import name 'Self' from 'typing' (C:\\conda\\lib\\typing.py)": (
                "a newer Python"
            ),
            "AttributeError: module 'PIL.Image' has no attribute 'ANTIALIAS'": "pillow<10",
            "AttributeError: module 'wandb' has no attribute 'init'": "an earlier run",
            'Traceback (most recent call last):\n  File "/x/site-packages/datasets/features/f.py", '
            "line 6, in <module>\n    class A(pa.PyExtensionType):\nAttributeError: module "
            "'pyarrow' has no attribute 'PyExtensionType'": "pip install -U datasets",
        },
    ),
    General(
        "module-missing",
        r"(?:o module named '(?=[\w.]+')|ModuleNotFoundError: (?:Package )?`?(?!No |Package )"
        r"(?=[\w.]{1,99}(?:[`:](?! requires)|\s*$)))(?P<module>\w[\w.]{0,99})",
        missing_module,
        {
            "ModuleNotFoundError: No module named 'timm'": "pip install timm",
            "ModuleNotFoundError: Package `scipy` is required to be installed for mat": "scipy is",
            "ModuleNotFoundError: Please install the extras of the reader": "",
            "gptqmodel fails during the PEP517 build process: ModuleNotFoundError: No module "
            "named 'torch'": "--no-build-isolation",
            'Traceback (most recent call last):\n  File "/x/site-packages/trl/import_utils.py", '
            "line 3, in f\n    f()\nModuleNotFoundError: No module named 'weave'": "trl>=0.29.0",
            "ModuleNotFoundError: No module named 'trl.x.y'": "has a module trl.x.y",
            'File "/tmp/pip-build-env-b2g/overlay/setuptools/build_meta.py", line 333, in '
            "get_requires_for_build_wheel\nModuleNotFoundError: No module named 'torch'": (
                "--no-build-isolation"
            ),
            "ModuleNotFoundError: No module named 'transformers.models.gemma2'": ">=4.42",
            "- Transformers version: 4.45.2\nModuleNotFoundError: No module named "
            "'transformers.models.gemma'": "what ran is another release",
            "ModuleNotFoundError: No module named 'transformers.models.gemma3_text'": "in gemma3",
            'Traceback (most recent call last):\n  File "/x/site-packages/unsloth/models/a.py", '
            "line 3, in f\n    f()\nModuleNotFoundError: No module named "
            "'transformers.models.gemma3_text'": "unsloth_zoo",
            "ModuleNotFoundError: No module named 'transformers.models.qwen2'": "4.38.0",
            "ModuleNotFoundError: No module named 'google.protobuf'": "protobuf is not installed",
            "ModuleNotFoundError: No module named 'tkinter'": "MPLBACKEND=Agg",
            "ModuleNotFoundError: No module named 'faiss'": "pip install faiss-cpu",
            "ModuleNotFoundError: No module named 'imp'": "took the module imp out",
            "ModuleNotFoundError: No module named 'fcntl'": "WSL",
            "ModuleNotFoundError: No module named 'google.auth'": "pip install google-auth",
            "ModuleNotFoundError: No module named 'pyaudioop'": "audioop-lts",
            "ModuleNotFoundError: No module named 'torch.nn'; 'torch' is not a package": "torch.py",
            "- transformers: 4.46.0\nTraceback (most recent call last):\n  File "
            '"/x/site-packages/trl/import_utils.py", line 3, in f\n    f()\nModuleNotFoundError: '
            "No module named 'mergekit'": "mergekit is not installed",
        },
    ),
)
