"""Names without a module: used before they are imported, or in an error whose end is cut off."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from ..released import Released, released, upgrade
from .same_name import STATEMENTS
from .successors import known_name
from .torch_pairs import without_torch

# What a package imports only if another one is there; its code then fails where it uses the name.
_OPTIONAL = {
    "LoraConfig": "peft",
    "PeftConfig": "peft",
    "PeftModel": "peft",
    "PeftMixedModel": "peft",
    "TaskType": "peft",
    "get_peft_model": "peft",
    "prepare_model_for_kbit_training": "peft",
    "bnb": "bitsandbytes",
    "BitsAndBytesConfig": "transformers",
    "deepspeed": "deepspeed",
    "wandb": "wandb",
    "LLM": "vllm",
    "SamplingParams": "vllm",
    "VLLMClient": "vllm",
    "PartialState": "accelerate",
    "init_empty_weights": "accelerate",
    "torchvision": "torchvision",
    "TypeAdapter": "pydantic",
    "BaseModel": "pydantic",
    "FastAPI": "fastapi",
    "ray": "ray",
    "Image": "pillow",
    "triton": "triton",
}
# What transformers and its kin import only where they find a torch that is new enough.
_OF_TORCH = {"torch", "nn", "Tensor", "dist", "DeviceMesh", "DTensor", "GradScaler", "F"}
_GUARDED = {"transformers", "peft", "accelerate", "sentence_transformers", "optimum", "diffusers"}


def _statement(owner: str, name: str) -> str:
    """Return what to write so that a name is defined."""
    if name in STATEMENTS:
        return STATEMENTS[name]
    return f"from {owner} import {name}" if owner else f"import or define {name} first"


_OF_JSON = {"true": "True", "false": "False", "null": "None"}
# Names of Python 2 that stand in modules now, or that are easily meant for another's.
_MOVED = {
    "reduce": "from functools import reduce",
    "reload": "from importlib import reload",
    "long": "int, or torch.long where a dtype is meant",
}


def _no_import(name: str) -> Answer | None:
    """Answer names that no import brings: of JSON, of a script, of Python 2."""
    if name in _OF_JSON:
        return Answer(
            f"Python has no {name}: it is the word of JSON (and JavaScript) for {_OF_JSON[name]}",
            (
                f"{_OF_JSON[name]} in its place, in Python's code",
                "a notebook (.ipynb) is JSON: jupyter nbconvert --to script NOTEBOOK.ipynb",
                "a text of JSON: json.loads(text)",
            ),
            known="the name is one of JSON's three words",
            settles=False,
        )
    if name == "__file__":
        return Answer(
            "__file__ is read where the code is of no file: in a notebook, a console, or exec",
            ("os.getcwd() in its place", "or the same code as a script: python train.py"),
            known="Python sets __file__ for files alone",
        )
    if name in _MOVED:
        return Answer(
            f"{name} is not defined: Python 3 does not have it among its own names any more",
            (_MOVED[name],),
            why="in Python 2 it was one of them",
            known="Python says so",
        )
    if name in {"unicode", "xrange", "raw_input", "basestring"}:
        return Answer(
            f"the code is Python 2's: Python 3 has no {name}",
            (
                "newer code of that project",
                "str, range, input in place of unicode, xrange, raw_input, in code of yours",
            ),
            known="the name is one of Python 2's",
        )
    return None


def _of_either(owner: str, name: str) -> Answer:
    """Answer a name of an optional package, where no frame tells who uses it."""
    return Answer(
        f"{name} of {owner} is not defined where it is used: by a package that finds no "
        f"{owner}, or by a script that does not import it",
        (
            f"pip install -U {owner}   and restart the kernel: a package imports from it only "
            "if it is there, and new enough",
            f"{_statement(owner, name)}   where the script itself uses that name",
        ),
        known="Python says so; whose line uses it, the traceback's last frame shows",
        certain=False,
        settles=False,
    )


def _undefined(case: Case) -> Answer | None:
    """Answer a NameError: of a package whose optional import was left out, or of the script."""
    name = case.match["name"]
    packages = [item for item in case.packages if item not in {"torch", "IPython"}]
    owner = _OPTIONAL.get(name, "")
    if packages and name in _OF_TORCH and packages[-1] in _GUARDED:
        return without_torch(case, packages[-1])
    if packages and owner and owner != packages[-1].replace("_", "-"):
        return Answer(
            f"{packages[-1]} uses {name} of {owner}, which is not installed here (or too old)",
            (f"pip install -U {owner}   and restart the kernel, in a notebook",),
            why=f"{owner} is optional: {packages[-1]} imports from it only if it is there",
            known="the frame is of the package, and the name is not imported there",
        )
    if packages and not case.is_of_the_script:
        return Answer(
            f"the code of {packages[-1]} uses {name}, which it neither defines nor imports here",
            (
                upgrade(packages[-1]),
                "or leave out the option that leads to this code: the frames show which",
            ),
            why="a mistake of that release, or an import that it makes only where another package "
            "is installed",
            known="the frames and the message; which of the two, they do not say",
            settles=False,
        )
    other = _no_import(name)
    if other is not None and not (owner and not case.frames):
        return other
    if owner and not case.frames:
        return _of_either(owner, name)
    return Answer(
        f"{name} is used before it is imported or defined",
        (
            _statement(owner, name),
            "in a notebook: run the cells above again, after each restart",
        ),
        known="Python says so",
        settles=bool(owner),
    )


# Whose names scripts import; one of them has what a cut line asks for.
_PACKAGES = ("transformers", "peft", "trl", "accelerate", "huggingface_hub", "datasets")


# The error before it, of a module that a package of these does not have.
_NO_MODULE = re.compile(
    r"ModuleNotFoundError: No module named ['`\"](?P<module>(?P<owner>transformers|peft|trl|"
    r"accelerate|huggingface_hub|datasets)\.[\w.]+)"
)


def _broken_off(case: Case) -> Answer | None:
    """Answer a name that is not there since the import of its package broke off."""
    found = list(_NO_MODULE.finditer(case.hit.before[-600:]))
    if not found:
        return None
    module, owner = found[-1]["module"], found[-1]["owner"]
    return Answer(
        f"{owner} has no module {module} here, so the import of what needs it broke off: the two "
        "packages are not of one time",
        (
            f"pip install -U {owner}   and restart the kernel",
            f"or an older release of the package that imports {module} (often peft or trl)",
        ),
        why="a name that cannot be imported after that is a consequence",
        known=f"the line above says that {module} is missing",
        settles=False,
    )


def _cut(case: Case) -> Answer:
    """Answer an import of which the line does not say from where."""
    broken = _broken_off(case)
    if broken is not None:
        return broken
    name = case.match["name"] or case.match["translated"]
    packages = case.packages
    who = packages[-1] if packages else ""
    statement = re.search(
        rf"^\W*(?:\d+ )?\s*from (?P<module>\w[\w.]*) import \(?[^\n]*\b{name}\b",
        case.around,
        re.MULTILINE,
    )
    if statement is not None:
        known = _has(case, name, statement["module"])
        if known is not None:
            return known_name(case, known, "" if who == known.found.package else who)
    found = [known for module in _PACKAGES if (known := _has(case, name, module))]
    if len(found) == 1 and found[0].found.releases:
        answer = known_name(case, found[0], "" if who == found[0].found.package else who)
        return answer.replace(
            certain=False,
            known=f"{answer.known}; the line does not say where it is looked for, and of "
            f"{', '.join(_PACKAGES)} only {found[0].found.package} has it",
        )
    return Answer(
        f"{name} cannot be imported, and the line does not say from where",
        (
            "the whole line, which ends with from 'MODULE' (FILE): what FILE is shows whether the "
            "package or a file of the same name was found",
            f"pip show PACKAGE   of the package that is to have {name}, and restart the kernel "
            "after an upgrade",
        ),
        why="the name was moved or removed, is newer than what is installed, or a file of yours "
        "has the package's name",
        known="the message",
        certain=case.error is not None,
        settles=False,
    )


def _has(case: Case, name: str, module: str) -> Released | None:
    """Return which releases of a module's package have a name; ``None`` if none has it there."""
    known = released(case, f"ImportError: cannot import name '{name}' from '{module}'")
    return known if known is not None and known.found.releases else None


KINDS: tuple[General, ...] = (
    General(
        "name-not-defined",
        r"\bname '(?P<name>\w{1,80})' is not defined",
        _undefined,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/trl/trainer/utils.py", '
            "line 718, in get_peft_config\n    peft_config = LoraConfig(\nNameError: name "
            "'LoraConfig' is not defined": "pip install -U peft",
            "NameError: name 'model' is not defined": "run the cells above",
            "NameError: name 'null' is not defined": "nbconvert",
            "NameError: name 'tqdm' is not defined": "from tqdm import tqdm",
            "NameError: name 'reduce' is not defined": "functools",
            "NameError: name 'is_torch_xla_available' is not defined": "from transformers.utils",
            '  File "/home/me/t.py", line 3, in f\n    c = VLLMClient()\nNameError: name '
            "'VLLMClient' is not defined": "from trl.generation.vllm_client",
            "NameError: name 'true' is not defined": "True in its place",
            "NameError: name '__file__' is not defined": "os.getcwd()",
            "NameError: name 'FastLanguageModel' is not defined": "from unsloth import Fast",
            '  File "/home/me/t.py", line 3, in f\n    im = Image.open(p)\nNameError: name '
            "'Image' is not defined": "from PIL import Image",
            "NameError: name 'PeftConfig' is not defined": "a package that finds no peft",
            '  File "/home/me/t.py", line 3, in f\n    c = LoraConfig(r=8)\nNameError: name '
            "'LoraConfig' is not defined": "from peft import LoraConfig",
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/unsloth_zoo/dataset_utils.'
            'py", line 227, in train_on_responses_only\n    a = torch.Tensor\nNameError: name '
            "'torch' is not defined": "pip install -U unsloth unsloth_zoo",
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/transformers/integrations/'
            "accelerate.py\", line 3, in f\n    def g(a: nn.Module):\nNameError: name 'nn' is not "
            "defined": "missing or too old",
            "Disabling PyTorch because PyTorch >= 2.2 is required but found 2.1.2\nTraceback (most "
            'recent call last):\n  File "/x/site-packages/transformers/a.py", line 3, in f\n    '
            "b(nn)\nNameError: name 'nn' is not defined": "found 2.1.2",
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/transformers/cli/serve.py"'
            ", line 588, in Serve\n    validator: TypeAdapter,\nNameError: name 'TypeAdapter' "
            "is not "
            "defined": "pip install -U pydantic",
            'Traceback (most recent call last):\n  File "/x/site-packages/mlx_lm/fuse.py", line '
            "79, in main\n    model = dequantize(model)\nNameError: name 'dequantize' is not "
            "defined": "the code of mlx_lm",
        },
    ),
    General(
        "name-not-importable-from-where",
        r"[Cc]annot import name ['`\"]?(?P<name>[A-Za-z_]\w{1,79})\b(?!['`\"]? from (?:partially\b|"
        r"['`][\w.]{2,120}['`]|\w))|"
        r"无法导入(?:名称|名字|模块)? ?['`\"“‘]?(?P<translated>[A-Za-z_]\w{1,79})",
        _cut,
        {
            "ImportError: cannot import name 'HybridCache'": "transformers has HybridCache",
            "ImportError: cannot import name 'HybridCache' from 'transf": "4.44.0",
            "ImportError: cannot import name 'Odd'": "the whole line",
            "ModuleNotFoundError: No module named 'transformers.modeling_layers'\nImportError: "
            "cannot import name 'MODEL_TYPE_TO_PEFT_MODEL_MAPPING'": "not of one time",
            "Cell In[3], line 1\n----> 1 from transformers import Gemma3ForCausalLM\n\n"
            "ImportError: cannot import name 'Gemma3ForCausalLM'": ">=4.50",
            "ImportError: 无法导入名称 'HybridCache'": "4.44.0",
            "ImportError: cannot import name 'A' from partially initialized module 'b'": "",
        },
    ),
)
