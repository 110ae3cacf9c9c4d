"""Wheels that pip and uv do not find: another Python, another system, an ARM processor."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .platforms import no_triton

_ON_ARM = r"aarch64|DGX Spark|\bGB10\b|Jetson|arm linux|linux_arm64|Grace"


def no_wheel_for_arm(name: str) -> Answer:
    """Answer for a package that has no wheel for an ARM processor (DGX Spark, Jetson, Grace)."""
    return Answer(
        f"there is no wheel of {name} for this machine's ARM processor",
        (
            f"pip index versions {name.partition('=')[0]}   and a release that has a wheel for "
            "aarch64, in place of the one that is pinned",
            "NVIDIA's container for the machine (nvcr.io/nvidia/pytorch), which brings torch, "
            "Triton and more, with pip install --no-deps unsloth unsloth_zoo in it",
            "or leave the package out, where it is an extra: pip install --no-deps",
        ),
        why="many packages publish wheels for x86_64 alone; on aarch64 pip and uv find none, or "
        "only newer releases",
        known="the message; that the machine is an ARM one, the text beside it says",
        settles=False,
    )


_ASKED = re.compile(
    r"(?m)^\W{0,8}The user requested (?:\(constraint\) )?(?P<name>[\w.-]{2,60}?)"
    r"(?:\[[\w,-]*\])?(?P<bound>[<>=!~][^\s;]{1,60})"
)


def _sides(case: Case) -> tuple[str, str, str] | None:
    """Return what was asked for, who excludes it, and the package that both are about."""
    below = case.hit.after[:3000]
    for asked in _ASKED.finditer(below):
        name = re.escape(asked["name"])
        against = re.search(
            rf"(?m)^\W{{0,8}}(?P<who>[\w.-]{{2,60}}(?:\[[\w,-]*\])? \S{{1,30}}) depends on "
            rf"{name}(?P<bound>[<>=!~ (][^\n;]{{1,90}})",
            below,
        )
        if against is not None:
            wants = against["bound"].strip(" ()")
            return (
                f"{asked['name']}{asked['bound']} is asked for",
                f"{against['who']}, which wants {asked['name']} {wants}",
                asked["name"],
            )
    return None


def no_set_of_releases(case: Case) -> Answer:
    """Answer for a resolver that finds nothing; uv says which wheel is missing."""
    told = re.search(
        r"(?P<name>[\w.-]{2,60}(?:[<>=!~]=?[\w.]{1,30})?) has no wheels with a matching "
        r"(?P<kind>platform|Python|ABI)",
        case.hit.text + " " + re.sub(r"\s+", " ", case.hit.after[:1500]),
    )
    if told is None:
        sides = _sides(case)
        return Answer(
            "no set of releases satisfies everything that was asked for"
            + (f": {sides[0]} against {sides[1]}" if sides else ""),
            (
                *([f"ask for another release of {sides[2]}, or of none"] if sides else []),
                "python -m gemma_compat advise --model MODEL --fresh   finds one that holds "
                "together",
                "uv venv --python 3.11   where a release older than the Python is asked for (torch "
                "2.4 and older have no wheels for 3.13)",
            ),
            known="the resolver says so",
        )
    if told["kind"] == "platform" and re.search(_ON_ARM, case.hit.after[:2500]):
        return no_wheel_for_arm(told["name"])
    return Answer(
        f"{told['name']} has no wheel for this Python or system, so nothing can be installed "
        "that asks for it",
        (
            "uv venv --python 3.12   (or 3.11), where its wheels are for another Python",
            "another release of it, or none: the message's hint lists what there are wheels for",
        ),
        known="the resolver says so",
    )


def _no_wheel(case: Case) -> Answer | None:
    name = (case.match["name"] or case.match["other"] or case.match["asked"]).strip("'\"")
    listed = re.search(
        r"\(from versions: (?P<found>[^)\n]{0,2000})", case.hit.before + case.hit.text
    )
    none = listed is None or listed["found"].strip() in {"none", ""}
    package = re.split(r"[\[<>=!~;@ ]", name)[0]
    if re.search(rf"import name ['`]{re.escape(package)}['`]", case.near):
        return None  # a name in a package, which the line before shows
    if package.lower() == "triton" and none:
        return no_triton(case)
    if re.search(_ON_ARM, case.hit.before + case.hit.text + case.hit.after):
        return no_wheel_for_arm(name or "the package")
    return Answer(
        f"pip finds no release of {package} for this Python and this system"
        if none
        else f"the release of {package} that is asked for does not exist for this Python and "
        "system",
        (
            "python --version   and an environment with a Python that it has wheels for (3.11 or "
            "3.12, mostly)",
            f"pip index versions {package}   lists what there is",
            "pip install -U pip   first, if pip is old",
        ),
        why="the package's wheels are for other Pythons, systems or processors"
        if none
        else "pip lists the releases that it sees; others want a newer Python, or are not "
        "published",
        known="the message; a mirror without the package gives the same",
        settles=False,
    )  # fmt: skip


_LIBRARIES = (
    r"lib(?:cudart|cublas|cublasLt|cudnn|nccl|cusparse|cusparseLt|curand|cufft|nvJitLink|nvrtc|"
    r"torch|c10|mpi)\w{0,20}[\w.+-]{0,30}"
)


def _library(case: Case) -> Answer:
    name = case.match["name"] or case.match["bare"]
    return Answer(
        f"a compiled package looks for {name}, which is not on this machine",
        (
            'python -c "import torch; print(torch.__version__, torch.version.cuda)"   and '
            "reinstall the package of the last frame for that CUDA",
        ),
        why="it was built for another CUDA than the one that torch brings, or for one that has to "
        "be installed on the system",
        known="the message names the library",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "shared-library-missing",
        rf"(?P<name>{_LIBRARIES}): cannot open shared object file|"
        rf"(?:Import|OS)Error: (?P<bare>{_LIBRARIES})[`'\"]?[ \t\r]*$",
        _library,
        {
            "ImportError: libcudart.so.11.0: cannot open shared object file: No such file or "
            "directory": "for that CUDA",
            "升到 vLLM 0.20.0 後:\nImportError: libcudart.so.13\n": "for that CUDA",
        },
    ),
    General(
        "extra-that-a-release-lacks",
        r"WARNING: (?P<name>[\w.-]{2,40}) (?P<release>\d\S{0,20}) does not provide the extra "
        r"'(?P<extra>[\w.-]{1,40})'",
        lambda case: Answer(
            f"{case.match['name']} {case.match['release']} has no extra {case.match['extra']}: "
            "pip installs it without what was meant by that",
            (
                f"pip install {case.match['name']}   and the packages of that extra by name",
                'python -c "import importlib.metadata as m; '
                f"print(m.metadata('{case.match['name']}').get_all('Provides-Extra'))\"   lists "
                "what there is",
            ),
            why="an extra of another release, of the repository's main branch, or misspelt",
            known="pip says so",
        ),
        {
            "WARNING: unsloth 2026.9.3 does not provide the extra 'mlx'": "Provides-Extra",
        },
        alone=True,
    ),
    General(
        "pip-finds-no-release",
        r"No matching distribution found for (?P<name>[\w.'\"\[\]<>=!~-]{2,80})|"
        r"(?:Because|And because) (?P<other>[\w.-]{2,60}) (?:has|was not found in|only the "
        r"following)[^\n]{0,120}no wheels|"
        r"pip3? install (?P<asked>[\w.\[\]<>=!~-]{2,80})[^\n]{0,40}Could not find a version",
        _no_wheel,
        {
            "ERROR: Could not find a version that satisfies the requirement triton (from versions: "
            "none)\nERROR: No matching distribution found for triton": "triton-windows",
            "ERROR: Could not find a version that satisfies the requirement vllm==0.8.2 (from "
            "versions: 0.5.0, 0.5.1)\nERROR: No matching distribution found for vllm==0.8.2": (
                "pip index versions vllm"
            ),
            "DGX Spark: issue with pip install onnxruntime-gpu==1.21  Could not find a version "
            "that satisfies the requirement.": "ARM",
        },
        alone=True,
    ),
    General(
        "program-without-its-libraries",
        r"error while loading shared libraries: (?P<name>[\w.+-]{3,80}\.so[\w.]{0,12})",
        lambda case: Answer(
            f"the program was built beside {case.match['name']}, and does not find it now",
            (
                "LD_LIBRARY_PATH=FOLDER_OF_THE_PROGRAM ./PROGRAM ...   (llama.cpp: build/bin)",
                "or run it where it was built; a copy needs its .so files too",
                "or build it with -DBUILD_SHARED_LIBS=OFF",
            )
            if re.search(r"lib(?:llama|ggml|mtmd)", case.match["name"])
            else (
                f"ldconfig -p | grep {case.match['name'].partition('.so')[0]}",
                "the package that has it, or LD_LIBRARY_PATH to its folder",
            ),
            known="the system's loader says so",
            settles=False,
        ),
        {
            "`error while loading shared libraries: libllama-server-impl.so`: the binary": (
                "LD_LIBRARY_PATH"
            ),
            "./x: error while loading shared libraries: libfoo.so.12: cannot open shared object "
            "file: No such file or directory": "ldconfig",
        },
        alone=True,
    ),
    General(
        "memory-that-nvml-does-not-tell",
        r"NVMLError_NotSupported",
        always(
            "the driver does not tell how much memory the card has, and the program asks for it",
            "pip install -U vllm   (or the image for this machine): newer ones ask torch instead",
            "or nvidia-smi   : does it show a size in place of [N/A]?",
            why="DGX Spark, Jetson and other machines where the processor's memory is the card's "
            "have none that NVML counts",
            known="the class of the error; that it is such a machine, the text beside it says",
            certain=False,
            settles=False,
        ),
        {"vllm.third_party.pynvml.NVMLError_NotSupported: Not Supported": "DGX Spark"},
        alone=True,
    ),
)
