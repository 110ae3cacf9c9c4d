"""Python and compiled packages: what fails before any model is in play."""

from __future__ import annotations

import re
import sys

from ...answer import Answer
from ..base import Case, General, always
from .modules import missing_module
from .same_name import DISTRIBUTIONS, SAME_NAME


def _of_another_torch(module: str) -> Answer:
    return Answer(
        f"{module} breaks off while it is imported: its compiled part does not fit the "
        "installed torch",
        (
            f"pip install -U torch {module}   together, from one index: each release of "
            f"{module} goes with one torch",
            f"pip uninstall -y {module}   where the run needs it not",
        ),
        why=f"{module} registers its operators with torch as it is imported; what fails there "
        "leaves half a module, and the next import reports that",
        known="the message; which of the two is of the wrong release, it does not say",
        certain=False,
        settles=False,
    )


def _of_own_files(module: str) -> Answer:
    """Answer an import in a circle among the script's own modules."""
    return Answer(
        f"two files import each other: {module} was asked for a name before it was read to the end",
        (
            "move the import into the function that needs it, or what both need into a third file",
            "import MODULE in place of from MODULE import NAME, and MODULE.NAME where it is used",
            "a file of yours that has the name of a package: rename it",
        ),
        why="Python reads a module from the top; one that is imported again while it is read has "
        "only the names above that line",
        known="the message; which lines import, the frames show",
        settles=False,
    )


def _is_a_package(module: str) -> bool:
    known = module in SAME_NAME or module in DISTRIBUTIONS or module in {"unsloth_zoo", "PIL"}
    return known or module in sys.stdlib_module_names


def _circular(case: Case) -> Answer:
    full = case.match["module"]
    module = full.partition(".")[0]
    place = re.search(r"circular import\)\s*\((?P<path>[^)\n]{1,300})\)", case.hit.text)
    is_own = place is not None and not re.search(r"(?:site|dist)-packages", place["path"])
    is_installed = (place is not None and not is_own) or case.says(
        rf"(?:site|dist)-packages[/\\]{module}[/\\.]"
    )
    if not (_is_a_package(module) or is_installed):
        return _of_own_files(full)
    if is_own:
        return Answer(
            f"a file or folder here has the name of the package {module}, and Python imports it in "
            "its place",
            (
                f"rename it (and delete __pycache__ beside it): {module}.py, or a folder {module}",
                "or run from another folder",
            ),
            why="the folder of the script comes first on Python's path",
            known="the message shows the file, which is not an installed one",
        )
    if module in {"torchvision", "torchaudio"}:
        return _of_another_torch(module)
    is_windows = re.search(
        r"(?i)\bwindows\b|(?<![a-z])[A-Z]:\\", case.hit.before[-6000:] + case.around
    )
    wheel = "triton-windows" if module == "triton" and is_windows else module
    wheel = DISTRIBUTIONS.get(wheel, wheel)
    wheel = "-U unsloth unsloth_zoo" if module.startswith("unsloth") else wheel
    again = f"pip install --force-reinstall --no-deps {wheel}   and restart the kernel"
    own = f"rename your own file, if one is called {module}.py"
    return Answer(
        f"{module} was asked for a name while it was still being imported",
        (own,) if module in sys.stdlib_module_names else (again, f"or {own}"),
        why="files of two releases are mixed, or an import that failed before left half a module "
        "in memory: the first error of the session is the cause",
        known="the message; which of the two it is, it does not say",
        settles=False,
    )


def _not_loaded(case: Case) -> Answer | None:
    if case.quotes_a_cause:
        return None
    if "operator torchvision::nms does not exist" in f"{case.above}{case.around}":
        return Answer(
            "transformers could not load one of its modules: the installed torchvision was built "
            "for another torch",
            (
                "pip install -U torch torchvision   together, from one index: a CPU build of one "
                "does not go with a CUDA build of the other",
                "pip uninstall torchvision   where no images are read",
            ),
            why="torchvision's compiled part could not be loaded into this torch, so that its "
            "operators are missing",
            known="the error before this one",
        )
    return Answer(
        "transformers could not load one of its modules; the error before this one is the cause",
        (
            f'python -c "import {case.match["name"]}"   shows it whole'
            if case.match["name"]
            else f'python -c "from transformers import {case.match["asked"]}"   shows it whole',
            "pip uninstall flash-attn torchvision tensorflow   one by one, where the run does not "
            "need them",
        ),
        why="an optional package that is installed for another torch or CUDA fails when "
        "transformers looks at it",
        known="transformers says so; the error that it quotes names the package",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "module-named-in-a-title",
        r"^#{1,3} [^\n]{0,60}\b(?:ModuleNotFound|Import)Error:? ?\([`'\"]?(?P<module>[a-z]\w{1,40})"
        r"[`'\"]?\)",
        lambda case: (
            missing_module(case)
            if re.search(
                rf"(?i)\b(?:no {case.match['module']} (?:is )?|"
                rf"{case.match['module']} (?:isn't|is not|not) )(?:installed|there|found)\b"
                r"(?![^\n.]{0,40}\bbut\b)",
                case.near,
            )
            else None
        ),
        {
            "# ModuleNotFoundError (torchvision) crashes import unsloth\n\nPython 3.13, no "
            "torchvision installed.": "torchvision is not installed",
            "# ImportError (`timm`) at start\n\ntimm is not installed here": "pip install timm",
            "# ModuleNotFoundError (torchvision) handled\n\nEverything is installed.": "",
            "# ModuleNotFoundError (flash_attn)\n\nIt is there. It works without flash_attn.": "",
            "# ImportError (timm) at start\n\nIt says timm is not installed, but it is.": "",
        },
        alone=True,
    ),
    General(
        "half-imported-module",
        r"(?:from )?partially initialized module '(?P<module>[\w.]{1,80})'",
        _circular,
        {
            "ImportError: cannot import name 'x' from partially initialized module 'datasets' "
            "(most likely due to a circular import) (/home/me/datasets.py)": "rename it",
            "AttributeError: partially initialized module 'torchvision' has no attribute "
            "'extension' (most likely due to a circular import)": "goes with one torch",
            "ImportError: cannot import name 'A' from partially initialized module 'models.llm' "
            "(most likely due to a circular import) (/home/me/proj/models/llm.py)": "each other",
            "AttributeError: partially initialized module 'train' has no attribute 'x' (most "
            "likely due to a circular import)": "third file",
            "AttributeError: partially initialized module 'random' has no attribute 'seed' (most "
            "likely due to a circular import)": "random.py",
            'File "D:\\C\\venv\\lib\\site-packages\\triton\\language\\__init__.py", line 2, in '
            "<module>\nAttributeError: partially initialized module 'triton' has no attribute '_C' "
            "(most likely due to a circular import)": "triton-windows",
        },
    ),
    General(
        "main-is-not-guarded",
        r"start a new process before the\s+current process has finished its bootstrapping phase|"
        r"current process has finished its bootstrapping",
        always(
            "the script starts processes while it is being imported by one of them",
            'if __name__ == "__main__":   around everything that runs',
            "or dataloader_num_workers=0 and dataset_num_proc=None",
            why="a process that is spawned imports the script once more: so it is on Windows and "
            "macOS, and with vLLM, Ray and torch's spawn on Linux too",
        ),
        {
            "RuntimeError: An attempt has been made to start a new process before the current "
            "process has finished its bootstrapping phase.": "__main__"
        },
    ),
    General(
        "tf-keras-missing",
        r"Keras 3, but this is not yet supported in Transformers|install the backwards-compatible "
        r"tf-keras",
        always(
            "transformers found TensorFlow with Keras 3, and wants the older Keras beside it",
            "USE_TF=0 before the command   (a run on PyTorch needs no TensorFlow)",
            "or pip install tf-keras, or pip uninstall tensorflow",
        ),
        {
            "ValueError: Your currently installed version of Keras is Keras 3, but this is not yet "
            "supported in Transformers. Please install the backwards-compatible tf-keras package": (
                "USE_TF=0"
            )
        },
    ),
    General(
        "module-of-transformers-fails",
        r"Failed to import (?P<name>transformers[\w.]{0,100}) because of the following error|"
        r"Could not import module '(?P<asked>\w{1,80})'\. Are this object's requirements",
        _not_loaded,
        {
            "RuntimeError: operator torchvision::nms does not exist\n\nThe above exception was the "
            "direct cause of the following exception:\n\nModuleNotFoundError: Could not import "
            "module "
            "'Gemma2ForCausalLM'. Are this object's requirements defined correctly?": (
                "torchvision was built for another torch"
            ),
            "RuntimeError: Failed to import transformers.trainer because of the following error "
            "(look up to see its traceback):\nsomething": "one by one",
            "ModuleNotFoundError: Could not import module 'Gemma3ForCausalLM'. Are this object's "
            "requirements defined correctly?": "from transformers import Gemma3ForCausalLM",
        },
    ),
    General(
        "calls-without-end",
        r"\bmaximum recursion depth exceeded",
        always(
            "functions call each other without an end",
            "restart the kernel, and run every cell once",
            "or upgrade the package whose frames repeat",
            why="most often something was wrapped twice: an adapter put on a model that has one, a "
            "patch of a method that was patched already",
            known="the message; which wrapper it is, the repeating frames say",
            certain=True,
            settles=False,
        ),
        {"RecursionError: maximum recursion depth exceeded while calling a Python object": "twice"},
    ),
)
