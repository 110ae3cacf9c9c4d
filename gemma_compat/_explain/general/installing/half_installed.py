"""Packages that are only half there: metadata, leftovers, an upgrade in a running kernel."""

from __future__ import annotations

from ....tables import torch_wheels
from ...answer import Answer
from ..base import Case, General, always


def half_there(package: str, name: str) -> Answer:
    """Answer for a module that lacks what every package has."""
    return Answer(
        f"what is imported as {package} is only half there, or a folder of that name",
        (
            f"python -c 'import {package}; print({package}.__path__)'   shows where it lies",
            f"pip uninstall -y {name}; pip install {name}   and "
            "remove what is left of its folder in between",
            f"rename a folder or file of yours that is called {package}",
        ),
        why="an empty folder counts as a module without a version: what is left of an upgrade, or "
        "a folder beside the script",
        known="the message; which of these it is, the path says",
        certain=False,
        settles=False,
    )


def of_own_file(name: str, module: str) -> Answer:
    """Answer a module that may be a file of the script's own, beside a package of that name."""
    return Answer(
        f"the module {module} that Python found has no {name}",
        (
            f"python -c 'import {module.partition('.')[0]} as m; print(m.__file__)'   : is it the "
            "file or the package that is meant?",
            "a file of your own beside a package of the same name: rename it",
        ),
        why="Python takes the first module of that name on its path; a release of a package that "
        "lacks the name, or two files that import each other, look the same",
        known="the message; which of these it is, the path of the module shows",
        settles=False,
    )


def _no_release(case: Case) -> Answer | None:
    if not case.says(r"packaging[/\\]version\.py"):
        return None
    return Answer(
        "a check of versions got None in place of a version",
        (
            'python -c \'import importlib.metadata as m; print([d.metadata["Name"] for d in '
            "m.distributions() if not d.version])'   lists packages without one: pip uninstall "
            "and install these",
            "none there: the line of the frame above packaging's; torch.version.cuda is None in a "
            "torch without CUDA",
        ),
        why="a package with a broken or doubled *.dist-info folder has no version that can be read",
        known="the frame is that of packaging.version; whose version it is, only the frames above "
        "say",
        certain=False,
        settles=False,
    )


# Whose operators a namespace of torch.ops holds, by its name.
_NAMESPACES = {
    **dict.fromkeys(
        ("_C", "_moe_C", "_C_cache_ops", "_rocm_C", "_C_custom_ar", "_vllm_fa2_C", "_vllm_fa3_C"),
        "vllm",
    ),
    **{name: name for name in ("vllm", "bitsandbytes", "torchvision", "torchaudio", "xformers")},
    "flash_attn": "flash-attn",
    "sgl_kernel": "sgl-kernel",
    "fbgemm": "fbgemm-gpu",
}


_OF_ONE_TIME = (
    "pip install -U torchao   where torchao is in the traceback (or pip uninstall -y torchao, "
    "where nothing of yours uses it)",
    "pip show torch torchao torchvision torchaudio   : those beside torch have to be of its time",
)


def _operator(case: Case) -> Answer | None:
    """Answer an operator that torch does not have, by whose its namespace is."""
    name = case.match["name"]
    who = _NAMESPACES.get(name, "torchao" if name.startswith("torchao") else "")
    known = "the message; which package calls it, the frames say"
    if not who and case.is_of_the_script:
        return None  # an extension of the script's own, which nothing here knows
    if not who:
        return Answer(
            f"a package calls an operator of torch ({name}) that this torch does not have",
            _OF_ONE_TIME,
            why="the operator came with another torch, or with an extension whose library was not "
            "loaded; transformers imports torchao wherever it is installed",
            known=known,
            settles=False,
        )
    pip = {
        "vllm": "pip install --force-reinstall vllm   in a fresh environment: each release pins "
        "its torch",
        "bitsandbytes": "pip install -U bitsandbytes   and python -m bitsandbytes, which says "
        "whether its library loads",
    }.get(who, f"pip install -U torch {who}   together, from one index")
    return Answer(
        f"the compiled part of {who} was not loaded, or is of another release: torch has no such "
        f"operator in {name}",
        (
            pip,
            f'python -c "import {who.replace("-", "_")}"   shows an error of loading, which a '
            "package may pass over",
        ),
        why=f"{who} registers its operators with torch when its library is loaded; a build for "
        "another torch, CUDA or Python is passed over",
        known=known,
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "package-without-a-version",
        r"expected string or bytes-like object",
        _no_release,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/packaging/version.py", '
            "line 200, in __init__\n    match = self._regex.search(version)\nTypeError: expected "
            "string or bytes-like object": "dist-info",
            "TypeError: expected string or bytes-like object, got 'list'": "",
        },
    ),
    General(
        "parts-of-two-releases",
        r"packages/(?P<package>(?!nvidia|torch|flash_attn|xformers|vllm)\w{2,40})/\S{1,120}"
        r"\.so[\d.]{0,12}: undefined symbol: "
        r"(?!\w{0,200}(?:3c10|2at|5torch))\w{3,300}",
        lambda case: Answer(
            f"a library of {case.match['package']} does not fit the one that is loaded: two "
            "releases of it are mixed",
            (
                "restart the kernel (the notebook's session), and import again",
                f"pip install --force-reinstall --no-cache-dir {case.match['package']}   and "
                "restart, if that does not help",
                "pip and conda of the same package: keep one",
            ),
            why="an upgrade in a running notebook leaves the old library in memory, and an "
            "environment with conda and pip can have one on the path before the other",
            known="a symbol is missing between its own parts, or in a library it was built with; "
            "which of these it is, the message does not say",
            certain=False,
            settles=False,
        ),
        {
            "ImportError: /opt/conda/lib/python3.7/site-packages/pyarrow/_compute.cpython-37m-x86_"
            "64-linux-gnu.so: undefined symbol: _ZNK5arrow7compute15KernelSignature8ToStringEv": (
                "restart the kernel"
            ),
            "ImportError: /x/site-packages/xformers/_C.so: undefined symbol: _ZN3c104cuda9Set": "",
        },
    ),
    General(
        "metadata-half-removed",
        r"No such file or directory: '[^'\n]{0,200}(?:site|dist)-packages[/\\]"
        r"(?P<package>\w[\w.]{1,60})-"
        r"[\w.]{1,40}\.dist-info[/\\]METADATA",
        lambda case: Answer(
            f"{case.match['package']} is half removed (its dist-info folder has no METADATA), and "
            "pip stops at it: nothing of this command was installed"
            if "Could not install" in case.hit.text
            else f"{case.match['package']} is half removed: its dist-info folder has no METADATA",
            (
                f"rm -r the folder {case.match['package']}-*.dist-info in site-packages, then pip "
                f"install --force-reinstall --no-deps {case.match['package']}, and the command "
                "again",
                "or a fresh session or environment",
            ),
            why="an upgrade that was cut off, or an image that lists a package twice",
            known="the message names the file",
        ),
        {
            "No such file or directory: '/kaggle/working/wheels/peft-0.1.dist-info/METADATA'": "",
            "ERROR: Could not install packages due to an OSError: [Errno 2] No such file or "
            "directory: '/opt/conda/lib/site-packages/aiohttp-3.9.1.dist-info/METADATA'": (
                "half removed"
            ),
        },
        alone=True,
    ),
    General(
        "registered-twice",
        r"'(?P<key><class '[\w.]{2,160}'>|[\w.-]{2,80})' is already used by a Transformers model",
        lambda case: Answer(
            f"code registers {case.match['key'].removeprefix('<class ').strip(chr(39) + '>')} with "
            "transformers, which has one of that name already",
            (
                "pip install -U   the package that registers it (vLLM, SGLang, the model's "
                "repository)",
                "or the transformers that this package was made with: pip show names what it "
                "allows",
                "AutoConfig.register(..., exist_ok=True)   in code of your own",
            ),
            why="a model that a package brought along came into transformers itself since then",
            known="transformers refuses it; the releases that go together, the message does not "
            "name",
            settles=False,
        ),
        {
            "ValueError: '<class 'sglang.srt.configs.qwen2_5_vl_config.Qwen2_5_VLConfig'>' is "
            "already used by a Transformers model.": "sglang.srt",
        },
        alone=True,
    ),
    General(
        "operator-of-another-torch",
        r"'_OpNamespace' '(?P<name>\w{1,60})' object has no attribute",
        _operator,
        {
            "AttributeError: '_OpNamespace' '_c10d_functional' object has no attribute "
            "'_wrap_tensor_autograd'": "pip install -U torchao",
            "AttributeError: '_OpNamespace' '_C' object has no attribute 'rms_norm'": "vllm",
            "AttributeError: '_OpNamespace' 'bitsandbytes' object has no attribute "
            "'dequantize_4bit'": "bitsandbytes",
            'Traceback (most recent call last):\n  File "train.py", line 8, in <module>\n    '
            "torch.ops.my_ext.scale(x)\n"
            "AttributeError: '_OpNamespace' 'my_ext' object has no attribute 'scale'": "",
        },
        alone=True,
    ),
    General(
        "flash-attention-beyond-xformers",
        r"Requires Flash-Attention version [<>=\d., ]{3,30}but got (?P<here>[\w.]{1,20}\w)",
        lambda case: Answer(
            f"this xformers does not take flash-attn {case.match['here']}",
            (
                "pip uninstall -y flash-attn   (xformers brings its own copy)",
                f"or {torch_wheels.XFORMERS}, for one that takes it",
            ),
            why="xformers names the releases of flash-attn that it was built for, and fails at its "
            "import with another; Unsloth then runs without xformers, which old releases of it do "
            "not survive",
            known="the message has both",
        ),
        {
            "ImportError: Requires Flash-Attention version >=2.7.1,<=2.7.4 but got 2.8.0.post2.": (
                "2.8.0.post2"
            )
        },
        alone=True,
    ),
    General(
        "upgraded-under-a-running-kernel",
        r"cannot import name '(?P<name>_Ink|is_directory|_imaging)' from 'PIL[\w.]{0,20}'",
        always(
            "Pillow was exchanged while Python had the former one loaded",
            "restart the kernel or the session, and run the cells again from the import on",
            "pip install --force-reinstall pillow   where that changes nothing",
            why="the files on the disk are of one release and the modules in memory of another; "
            "Unsloth's install cell took a newer Pillow along in October 2025",
            known="the name is Pillow's own; releases that lack it altogether look the same",
            certain=False,
            settles=False,
        ),
        {
            "ImportError: cannot import name '_Ink' from 'PIL._typing' (/usr/local/lib/x.py)": (
                "restart the kernel"
            )
        },
        alone=True,
    ),
    General(
        "transformers-of-pi0",
        r"cannot import name 'check' from 'transformers\.models\.siglip'|"
        r"An incorrect transformers? version is used",
        always(
            "code of pi0 (LeRobot, openpi) wants a transformers with its own changes, and this one "
            "has none",
            "pip install -U lerobot, with the transformers that it names   (newer releases need no "
            "changes)",
            "or openpi: copy its transformers_replace over the installed transformers, as its "
            "README says, for the release that it names",
            why="models/siglip/check.py is in no published transformers: it tells the code that "
            "the changed files are there",
            known="the name and the sentence are those of pi0's code; which of the two is used, "
            "the frames show",
            certain=False,
        ),
        {
            "ImportError: cannot import name 'check' from 'transformers.models.siglip'": "lerobot",
            "ValueError: An incorrect transformer version is used": "transformers_replace",
        },
        alone=True,
    ),
)
