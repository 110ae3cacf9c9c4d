"""Why a package could not be built from its source, by the lines around pip's own."""

from __future__ import annotations

import re

from ....tables import torch_wheels
from ...answer import Answer
from ..base import Case

_FAILED = (
    r"Failed (?:building wheel for|to build(?: installable wheels for)?) [`'\"(]?([\w.-]{2,40})"
)
_TORCH_MISSES = (
    r"(?i)torch (?:is )?not (?:found|installed)|requires PyTorch[^\n]{0,40}installed|"
    r"No module named 'torch'"
)
_OF_CUDA = (
    r"CUDA_HOME (?:environment variable is not set|does not exist)|nvcc (?:was )?not found|"
    r"[Nn]o such file or directory: '[^'\n]{0,80}nvcc'|Could not find (?:CUDA|nvcc)|"
    r"CUDA Toolkit not found|nvcc: (?:command )?not found"
)
_TWO_CUDAS = (
    r"detected CUDA version \((?P<nvcc>[\d.]{2,6})\) mismatches[\s\S]{0,80}?"
    r"PyTorch\s{1,12}\((?P<torch>[\d.]{2,6})\)"
)
# The indexes of torch that there are, and one for a release of CUDA without its own.
_LABELS = {
    **{text: text.replace(".", "") for text in ("11.8", "12.1", "12.4", "12.6", "12.8", "13.0")},
    "11": "118",
    "12": "126",
    "13": "130",
}
_BARE = re.compile(r"(?m)^(?:\W{0,4}|[^\n]{0,60}[$#>%!] ?)(?:\w+ -m |uv |sudo )?pip3? install[^\n]*"
                   r"--no-build-isolation")  # fmt: skip
_WHEEL = "pip install --only-binary :all: NAME   takes a release with a wheel, if there is one"
# What the lines around say, what it means, and what to do about it.
_REASONS = (
    (
        r"Microsoft Visual C\+\+ \d[^\n]{0,40}required|'cl\.exe' failed: No such|"
        r"nmake' '-\?' failed|(?i:could )not find[^\n]{0,40}Visual Studio|"
        r"Visual Studio[^\n]{0,60}\bnot (?:be )?(?:found|installed)",
        "Windows has no C++ compiler (Visual Studio's build tools)",
        (
            _WHEEL,
            'or the Build Tools for Visual Studio with "Desktop development with C++", then a '
            "new terminal",
        ),
    ),
    (
        r"(?i)can't find Rust compiler|\brustc\b[^\n]{0,40}not (?:found|installed)|"
        r"cargo[^\n]{0,60}(?:not (?:found|installed)|is required)|install Rust",
        "it is written in Rust, and no Rust compiler is there",
        (
            "pip install -U pip, and a Python that it has wheels for (3.11 or 3.12, mostly)",
            "or Rust: curl https://sh.rustup.rs -sSf | sh   and a new shell",
        ),
    ),
    (
        r"git clone [^\n]{1,300}did not run successfully|Repository not found",
        "its repository could not be fetched by git",
        (
            "git clone URL   with the address in the command: is it spelt so, open, and reachable?",
            "git --version   : is git there?",
        ),
    ),
    (
        r"died due to signal 9|Killed signal terminated|\(Kill signal\)",
        "the compiler was ended by the system, mostly since the machine's memory ran out",
        ("MAX_JOBS=2 before the command   (fewer files at once)", _WHEEL),
    ),
    (
        r"Python\.h: No such file",
        "the header files of this Python are missing",
        ("sudo apt-get install python3-dev   (python3.11-dev, for that Python)", _WHEEL),
    ),
    (
        r"(?i)command '\S{0,40}(?:gcc|g\+\+|cc|clang)' failed: No such file|"
        r"unable to execute '\S{0,40}(?:gcc|g\+\+|cc)'|(?:gcc|g\+\+|make): (?:command )?not found|"
        r"CMAKE_C(?:XX)?_COMPILER (?:not set|could be found)",
        "no C or C++ compiler is there",
        ("sudo apt-get install build-essential   (macOS: xcode-select --install)", _WHEEL),
    ),
    (
        r"(?i)CMake must be installed|No such file or directory: 'cmake'|cmake: (?:command )?not "
        r"found|Problem with the CMake installation",
        "it is built by CMake, which is not there",
        ("pip install cmake ninja   and the package again", _WHEEL),
    ),
    (
        _OF_CUDA,
        "it needs the CUDA toolkit (nvcc), which was not found",
        (
            "export CUDA_HOME=/usr/local/cuda   where a toolkit is there, of the CUDA that torch "
            "was built for (torch.version.cuda)",
            "or a toolkit: conda install -c nvidia cuda-toolkit",
        ),
    ),
)


def _reason(text: str) -> tuple[str, tuple[str, ...]]:
    """Return what the lines around say of the cause, and what to do; both may be empty."""
    two = re.search(_TWO_CUDAS, text)
    if two is not None:
        label = _LABELS.get(two["nvcc"]) or _LABELS.get(two["nvcc"].partition(".")[0], "126")
        return (
            f"nvcc here is of CUDA {two['nvcc']}, and torch was built for {two['torch']}",
            (
                f"CUDA_HOME=/usr/local/cuda-{two['torch']} before the command   (a toolkit of "
                "torch's CUDA)",
                f"or torch for this one: {torch_wheels.install(which=f'cu{label}')}",
            ),
        )
    return next(((said, do) for found, said, do in _REASONS if re.search(found, text)), ("", ()))


def not_built(case: Case) -> Answer:
    """Answer a package that pip cannot build, with the reason where its lines show one."""
    text = f"{case.hit.before[-6000:]}{case.hit.text}\n{case.hit.after[:4000]}"
    found = re.search(_FAILED, f"{case.hit.before}{case.hit.text}\n{case.hit.after}")
    collected = re.findall(r"^ *Collecting ([\w.-]{2,40})", case.hit.before, re.MULTILINE)
    name = found[1] if found else collected[-1] if collected else ""
    if re.search(_TORCH_MISSES, text):
        return _without_torch(name) if _BARE.search(case.hit.before) else in_a_build()
    other = re.search(r"PyPI package is deprecated, use '(?P<name>[\w.-]{2,40})'", text)
    if other is not None:
        return Answer(
            f"the name {name or 'that was asked for'} is that of no package any more: it is called "
            f"{other['name']}",
            (
                f"pip install {other['name']}",
                f"in a requirements.txt too: {other['name']} in its place",
            ),
            known="the package itself says so",
        )
    said, do = _reason(text)
    if name.replace("_", "-") == "flash-attn":
        return _flash_attention(said, do)
    return Answer(
        f"{name or 'a package'} is built from its source here, and that failed"
        + (f": {said}" if said else ""),
        tuple(line.replace("NAME", name or "NAME") for line in do)
        or (
            "python --version   and a Python that it has wheels for (3.11 or 3.12, mostly)",
            "pip install -U pip setuptools wheel   and the package again, or a newer release of it",
            "or a compiler: apt install build-essential cmake python3-dev",
        ),
        why="pip takes the source where there is no wheel for this Python and system",
        known="the lines around say why" if said else "the message; why it failed stands above it",
        settles=bool(said),
    )


def _flash_attention(said: str, do: tuple[str, ...]) -> Answer:
    return Answer(
        "flash-attn is built from its source here, and that failed" + (f": {said}" if said else ""),
        (
            'attn_implementation="sdpa"   needs no flash-attn',
            "or a wheel for this Python, torch and CUDA from github.com/Dao-AILab/"
            "flash-attention/releases: pip install THE.whl",
            *(f"or {line.removeprefix('or ')}" for line in do[:1] if "NAME" not in line),
            "or pip install ninja packaging wheel && MAX_JOBS=4 pip install flash-attn "
            "--no-build-isolation   with CUDA_HOME of torch's CUDA",
        ),
        why="its package on PyPI is source: it asks for nvcc, torch and much memory",
        known="the lines around say why"
        if said
        else "pip names the package; why the compiler stopped stands above",
        settles=bool(said),
    )


def _without_torch(name: str) -> Answer:
    return Answer(
        f"{name or 'the package'} is built without isolation, and there is no torch in this "
        "environment",
        (
            f"pip install torch   first, then pip install {name or 'NAME'} --no-build-isolation",
            "python -m pip in place of pip, where torch is installed: pip may be another Python's",
        ),
        why="its setup.py imports torch",
        known="the command has --no-build-isolation, and the build does not find torch",
    )


# What stands around an error of a package that is being built, and not run.
_BUILDS = (
    r"pip-build-env|get_requires_for_build|build_wheel|PEP ?517|Failed building wheel|"
    r"build process|metadata-generation-failed|Preparing metadata[^\n]{0,40}error"
)


def is_of_a_build(text: str) -> bool:
    """Return whether the lines are those of a package that is being built."""
    return re.search(_BUILDS, text) is not None


def in_a_build() -> Answer:
    """Answer a build in isolation, which does not see the torch that is installed."""
    return Answer(
        "pip builds a package from source, in a separate environment without torch, since "
        "it found no wheel for this Python, system and torch",
        (
            "pip install NAME --no-build-isolation   after torch (flash-attn, deepspeed)",
            f"xformers: {torch_wheels.XFORMERS}",
            "or a Python that has wheels: 3.11 or 3.12",
        ),
        why="setup.py of such packages imports torch, and a build in isolation does not see the "
        "one that is installed",
        known="the lines are those of a build that looks for torch",
    )
