"""Read versions of packages and of Python, in the forms that tools print and people paste."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...detect.packages import DISTRIBUTIONS, normalise
from .base import LISTED, MENTIONED, STATED, Reader, Reading
from .saying import is_beside

# Packages that no rule asks about by their metadata, but that decide what a message means.
BESIDE = (
    "autoawq", "axolotl", "causal-conv1d", "compressed-tensors", "cut-cross-entropy", "fsspec",
    "gguf", "gptqmodel", "keras-hub", "litgpt", "llamafactory", "llmcompressor", "lm-eval",
    "mamba-ssm", "mergekit", "mlx-lm", "mlx-vlm", "ms-swift", "nemo-automodel", "nemo-toolkit",
    "nvidia-modelopt", "openrlhf", "optimum", "optimum-habana", "sentence-transformers", "sglang",
    "timm", "torchaudio", "torchtune", "verl", "vllm",
)  # fmt: skip
_NAMED_OTHERWISE = {
    "pytorch": "torch",
    "transformer": "transformers",
    "hugging-face-transformers": "transformers",
    "huggingface-transformers": "transformers",
    "hf-transformers": "transformers",
    "hf-hub": "huggingface-hub",
    "hugging-face-hub": "huggingface-hub",
    "flash-attention": "flash-attn",
    "flash-attention-2": "flash-attn",
    "liger": "liger-kernel",
    "llama-factory": "llamafactory",
    "swift": "ms-swift",
    "modelopt": "nvidia-modelopt",
    "bnb": "bitsandbytes",
}
_KNOWN = (*DISTRIBUTIONS, *BESIDE)
_NAMES = "|".join(
    re.escape(name).replace(r"\-", "[-_ ]?")
    for name in sorted((*_KNOWN, *_NAMED_OTHERWISE), key=len, reverse=True)
)
_NAME = rf"(?P<name>(?i:{_NAMES}))"
_NUMBER = r"\d{1,4}(?:\.\d{1,4}){1,3}(?:\.?(?:dev|post|rc|a|b)\d{1,12})*"
_LABEL = r"(?:\+(?:cu\d{2,3}|cpu|xpu|rocm[\d.]{0,6}))?"
VERSION = _NUMBER + _LABEL
# Behind a version: what may follow it in prose, in a table, in a build's own label. A full stop
# ends a sentence or begins the next part of the number.
_END = r"(?:\+[\w.]{1,40})?(?=[\s,;:?!)\]}|*`'\"/=]|\.(?:\s|$)|$)"

# Such a line is about another release than the one that runs.
_ELSEWHERE = re.compile(
    r"existing installation|[Uu]ninstall|Attempting|Collecting|Downloading|Using cached|"
    r"Obtaining|Preparing|Building|upgrad|downgrad|\bor (?:later|newer|older|above|higher|lower)|"
    r"at least|\bsince\b|\bbefore\b|\bworks\b|\bworked\b|not supported yet|\bfixed in\b|"
    r"transformers_version|\bfix(?:ed|es)?\b|[Ff]rom (?:version|release|v\d)|\bneeds?\b|[<>]=? ?\d|"
    r"\bsupports?\b|introduced|\bwas\b|last working|compiled with|[Cc]annot install|"
    r"reproduce it|appeared (?:in|with)|\b(?:solved|resolved)\b|\bgone\b|"
    r"\bno (?:problem|issue|error)s?\b|\bunlike\b|\b(?:is|are) (?:fine|ok|OK)\b|正常|没问题",
)


def package(name: str, version: str | None, strength: int) -> Iterator[Reading]:
    """Yield the reading for a package by any of its names; nothing for one that does not matter."""
    known = normalise(re.sub(r"\s+", "-", name.strip(" `*")))
    known = _NAMED_OTHERWISE.get(known, known)
    if known not in _KNOWN:  # "flash attn", "ms_swift", "liger kernel": one separator is another
        joined = {item.replace("-", ""): item for item in (*_KNOWN, *_NAMED_OTHERWISE)}
        known = joined.get(known.replace("-", ""), known)
        known = _NAMED_OTHERWISE.get(known, known)
    if known in _KNOWN:
        yield Reading(f"packages.{known}", version, strength)


_SENTENCE = re.compile(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}")


# Behind a release: other releases of the same package, or the one that took its place.
_MORE = re.compile(r"\s*(?:(?:,|/|and|or|to|through|&)\s*v?\d+\.\d+|->|→|=>)")


def _pinned(match: re.Match[str]) -> Iterator[Reading]:
    """Read a release that pip freeze or uv lists, or that a command only asks for."""
    line = match.string.strip(" \t+-\"'")
    if "requires" in line or "Collecting" in line or "Cannot install" in line:
        return
    is_listed = line.startswith(match["name"])
    if is_listed and not _SENTENCE.search(line) or not is_beside(match):
        strength = LISTED if is_listed else MENTIONED
        yield from package(match["name"], match["version"], strength)


def _listed(match: re.Match[str]) -> Iterator[Reading]:
    yield from package(match["name"], match["version"], LISTED)


def _labelled(match: re.Match[str]) -> Iterator[Reading]:
    if _ELSEWHERE.search(match.string):
        return
    value = match["value"]
    yield from package(match["name"], value if value[0].isdigit() else None, LISTED)


def _in_a_sentence(match: re.Match[str]) -> Iterator[Reading]:
    """Read a release in prose: a line of its name and version lists it, a sentence states it."""
    if _ELSEWHERE.search(match.string):
        return
    before = match.string[: match.start()].strip(" \t-*|>#•`'\"({[,")
    after = match.string[match.end() :].strip(" \t|*`'\")},]")
    if _MORE.match(match.string, match.end()):
        return
    alone = not before and (not after or not after[0].isalpha() or "  " in match.string)
    if not alone and match["version"].count(".") < 2:
        return  # "torch 2.5" in a sentence: a series, and perhaps no version
    yield from package(match["name"], match["version"], LISTED if alone else STATED)


def _installed(match: re.Match[str]) -> Iterator[Reading]:
    names = rf"(?:(?<=\s)|^){_NAME}-(?P<version>{VERSION})(?=\s|$)"
    for found in re.finditer(names, match.string):
        yield from _listed(found)


def _python(match: re.Match[str]) -> Iterator[Reading]:
    if is_beside(match):
        return
    yield Reading("python", match["python"], LISTED)


def _python_of_path(match: re.Match[str]) -> Iterator[Reading]:
    version = match["python"]  # Windows paths have no dot in it: Python311
    yield Reading("python", version if "." in version else f"3.{version[1:]}", STATED)


PACKAGES: tuple[Reader, ...] = (
    Reader(  # pip freeze, uv, a requirement or a command
        rf"(?<![\w-]){_NAME}(?:\[[\w,-]{{0,40}}\])?==(?P<version>{VERSION})",
        _pinned,
        {
            "transformers==4.50.3": {"packages.transformers": "4.50.3"},
            " + torch==2.6.0+cu124": {"packages.torch": "2.6.0+cu124"},
            "unsloth[colab-new]==2025.3.19": {"packages.unsloth": "2025.3.19"},
            "mytrl==0.1.0": {"packages.trl": ...},
            "ERROR: Cannot install accelerate and peft==0.7.2.dev0 because": {"packages.peft": ...},
            "transformers==4.49.0 works here for me": {"packages.transformers": ...},
            "`trl==0.15.2` works, but trl==0.16.0 fails": {"packages.trl": "0.16.0"},
        },
    ),
    Reader(  # pip's resolver
        rf"but you have {_NAME} (?P<version>{VERSION})",
        _listed,
        {
            "x 1 requires trl<=0.9.6, but you have trl 0.15.2 which is incompatible.": {
                "packages.trl": "0.15.2"
            }
        },
    ),
    Reader(  # transformers env, trl env, llamafactory-cli env, Unsloth's issue form, a person
        rf"(?<![\w.-]){_NAME}[`*_]* ?[Vv]ersions?(?: is)?(?: \([^)\n]{{0,40}}\))?[*_]*"
        rf" ?[:=]?[ *_`]*(?:v(?=\d))?(?P<value>{VERSION}|not installed|N/A)",
        _labelled,
        {
            "- `transformers` version: 5.0.0.dev0": {"packages.transformers": "5.0.0.dev0"},
            "- PyTorch version (GPU?): 2.6.0+cu124 (True)": {"packages.torch": "2.6.0+cu124"},
            "- TRL version: not installed": {"packages.trl": None},
            "5. Which Unsloth version: **2025.9.7**, TRL version: **0.22.2**": {
                "packages.unsloth": "2025.9.7",
                "packages.trl": "0.22.2",
            },
            "transformers Version is 4.54.0": {"packages.transformers": "4.54.0"},
            "Liger Kernel version: 0.5.4": {"packages.liger-kernel": "0.5.4"},
            "Transformer version: 4.54.0.dev0": {"packages.transformers": "4.54.0.dev0"},
            "transformers_version: 4.49.0": {"packages.transformers": ...},
        },
    ),
    Reader(
        r"Successfully installed .*",
        _installed,
        {
            "Successfully installed trl-0.15.2 unsloth_zoo-2025.3.17": {
                "packages.trl": "0.15.2",
                "packages.unsloth-zoo": "2025.3.17",
            }
        },
    ),
    Reader(  # pip install of what is there, also with its first words cut off
        rf"^(?:Requirement already satisfied: )?{_NAME}(?:\[[\w,-]{{0,40}}\])?[^\n ]{{0,300}}"
        rf" in \S{{1,200}}(?: \(from [^\n]{{1,200}}\))? \((?P<version>{VERSION})\)\s*$",
        _listed,
        {
            "Requirement already satisfied: accelerate in /usr/lib/python3.11 (1.5.2)": {
                "packages.accelerate": "1.5.2"
            },
            "trl!=0.19.0,<=0.24.0 in ./site-packages (from unsloth) (0.22.2)": {
                "packages.trl": "0.22.2"
            },
        },
    ),
    Reader(  # pip show
        rf"^Name: {_NAME}\s*\nVersion: (?P<version>{VERSION})",
        _listed,
        {"Name: transformers\nVersion: 4.56.2": {"packages.transformers": "4.56.2"}},
        words=("Name: ",),
        lines=2,
    ),
    Reader(  # print(x.__version__) with or without what it is
        rf"(?<![\w.]){_NAME}\.__version__[`'\"]?\)? {{0,4}}(?:[:=,#]|->|is)*\s*[`'\"]?"
        rf"(?P<version>{VERSION})",
        _listed,
        {
            "peft.__version__ = 0.18.1": {"packages.peft": "0.18.1"},
            ">>> transformers.__version__\n'4.50.3'": {"packages.transformers": "4.50.3"},
            "print(torch.__version__)  # 2.6.0+cu124": {"packages.torch": "2.6.0+cu124"},
        },
        words=("version|.__version__",),
        lines=2,
    ),
    Reader(  # pip list, conda list, poetry show, tables, sentences, what a cell printed
        rf"(?<![^\s,;(|>*`'\"\[{{-])(?<!\w-){_NAME}[`*'\"]{{0,3}}"
        rf"(?: ?[:=|] ?| {{1,60}}|\t{{1,4}}| ?\| ?| \(| v\. ?|@)(?:is )?[ |`*'\"]{{0,40}}"
        rf"v?(?P<version>{VERSION}){_END}",
        _in_a_sentence,
        {
            "transformers                  4.49.0": {"packages.transformers": "4.49.0"},
            "pytorch                   2.4.0           py3.11_cuda12.1_0    pytorch": {
                "packages.torch": "2.4.0"
            },
            "pytorch-cuda              12.1                 ha16c6d3_5": {"packages.torch": ...},
            "  transformers: 4.50.3": {"packages.transformers": "4.50.3"},
            "Unsloth 2025.4.7, TRL 0.15.2, PyTorch 2.6.0+cu124": {
                "packages.unsloth": "2025.4.7",
                "packages.trl": "0.15.2",
                "packages.torch": "2.6.0+cu124",
            },
            "transformers 4.56.2": {"packages.transformers": "4.56.2"},
            "trl = 0.22.2": {"packages.trl": "0.22.2"},
            "| `transformers` | 4.50.3 |": {"packages.transformers": "4.50.3"},
            "- PyTorch: 2.9.1+cu128": {"packages.torch": "2.9.1+cu128"},
            '"transformers": "4.50.3",': {"packages.transformers": "4.50.3"},
            "Versions: transformers (4.50.3), peft v0.15.2": {
                "packages.transformers": "4.50.3",
                "packages.peft": "0.15.2",
            },
            "torch 2.7.0a0+79aa17489c.nv25.4": {"packages.torch": "2.7.0a0"},
            "torch                    2.5.1": {"packages.torch": "2.5.1"},
            "Torch: 2.6.0+cu124. CUDA: 7.5. CUDA Toolkit: 12.4. Triton: 3.2.0": {
                "packages.torch": "2.6.0+cu124",
                "packages.triton": "3.2.0",
            },
            "it works with transformers 4.49.0": {"packages.transformers": ...},
            "on transformers 4.50.3, 4.51.0 and 4.52.1": {"packages.transformers": ...},
            "trl 0.15.2 -> trl 0.16.0": {"packages.trl": "0.16.0"},
            "I can't reproduce it with trl 0.16.0": {"packages.trl": ...},
            "open-clip-torch 2.10.1 requires protobuf": {"packages.torch": ...},
            "-torch 2.10.1": {"packages.torch": "2.10.1"},
            "Found existing installation: transformers 4.50.0": {"packages.transformers": ...},
            "transformers.trainer: 4.5 it/s": {"packages.transformers": ...},
            "step 4.50.3 of transformers": {"packages.transformers": ...},
        },
    ),
    Reader(
        rf"[/\\]{_NAME}-(?P<version>{VERSION})\.(?:dist|egg)-info",
        _listed,
        {"/x/site-packages/trl-0.15.2.dist-info/METADATA": {"packages.trl": "0.15.2"}},
    ),
    Reader(
        rf"\bUpdat\w{{1,3}} {_NAME} v?{VERSION} -> v?(?P<version>{VERSION})",
        _listed,
        {"Updated transformers v4.49.0 -> v4.50.3": {"packages.transformers": "4.50.3"}},
    ),
    Reader(
        r"[/\\][Pp]ython(?P<python>3\.?\d{1,2})[/\\](?:[Ll]ib[/\\])?(?:site|dist)-packages",
        _python_of_path,
        {
            "/usr/lib/python3.11/site-packages/x.py": {"python": "3.11"},
            r"C:\Python312\Lib\site-packages\x.py": {"python": "3.12"},
        },
        limit=20,
    ),
    Reader(
        r"(?:^|[\s,|-])[Pp]ython(?: [Vv]ersion)?(?: is)?[:= |]{1,40}v?"
        r"(?P<python>3\.\d{1,2}(?:\.\d{1,2})?)(?![\w.]*\d)",
        _python,
        {
            "Python 3.12.3 (main)": {"python": "3.12.3"},
            "- Python version: 3.10.15": {"python": "3.10.15"},
            "python Version is 3.10": {"python": "3.10"},
            "python 3.11 works": {"python": ...},
            "python                    3.11.9          hb806964_0_cpython": {"python": "3.11.9"},
        },
        limit=20,
    ),
)
