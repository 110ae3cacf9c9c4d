"""Packages beside a torch of another time."""

from __future__ import annotations

import re

from .... import versions
from ...answer import Answer
from ..base import Case, General, always
from ..released import upgrade


def _styles(case: Case) -> Answer | None:
    if "ALL_PARALLEL_STYLES" not in case.near:
        return None
    return Answer(
        "this transformers knows no styles of tensor parallelism with a torch before 2.5, and "
        "looks one up all the same",
        (
            "pip install -U 'torch>=2.5' torchvision torchaudio",
            "or pip install -U 'transformers>=4.53.0', which asks for torch 2.5 first",
        ),
        why="transformers 4.52 sets the table to None where torch is older than 2.5, or was built "
        "without torch.distributed",
        known="read in transformers 4.52.4 and 4.53.0, modeling_utils.py and "
        "integrations/tensor_parallel.py; the line that fails is in the log",
    )


_COMPILED = re.compile(
    r"(?<![A-Za-z])(flash_attn|xformers|vllm|torchvision|torchaudio|bitsandbytes|triton|apex|"
    r"causal_conv1d|selective_scan|transformer_engine|torchao|fbgemm_gpu|flashinfer|sgl_kernel|"
    r"auto_gptq|awq_ext|exllamav2)"
)


def _compiled_for_another(case: Case) -> Answer:
    """Answer by the file that the message names; where it names none, by the last frame."""
    last = case.frames.splitlines()[-2:]
    texts = [case.hit.text, *reversed(last), case.around, case.hit.after[:300]]
    name = next((found for text in texts if (found := _COMPILED.search(text))), None)
    who = name[1] if name else "an extension"
    of_itself = name is None and re.search(r"[/\\]torch[/\\]lib[/\\]", case.hit.text) is not None
    if of_itself:
        return _halves_of_torch()
    pip = "pip install --force-reinstall --no-deps --no-cache-dir --no-build-isolation " + (
        who.replace("_", "-") if name else "NAME"
    )
    if who in {"torchvision", "torchaudio", "xformers", "vllm"}:
        pip = f"pip install -U torch {who}   together, from one index: a wheel is for one torch"
    operator = "operator torchvision" in case.hit.text
    of_windows = "DLL load failed" in case.hit.text
    return Answer(
        f"Windows cannot load {who}: most often it was built against another torch than the one "
        "that is installed"
        if of_windows
        else f"{who} was built against another torch than the one that is installed",
        (
            pip,
            *(["pip uninstall -y torchvision   where no images are read"] if operator else []),
            "or torch back to the release it was built for",
        ),
        why="its compiled part was not loaded, so torch has no such operator; a build of one for "
        "the CPU beside one for CUDA gives the same"
        if operator
        else "a compiled extension fits one release of torch (and one C++ ABI); an upgrade of "
        "torch alone breaks it",
        certain=not of_windows,
        known="torch does not know an operator of torchvision"
        if operator
        else "the message; a library of CUDA that is missing looks the same"
        if of_windows
        else "a symbol of torch's library is missing from it, by the message",
    )


def _halves_of_torch() -> Answer:
    return Answer(
        "libraries of two releases of torch, or of what torch is linked with, are mixed",
        (
            "pip uninstall -y torch torchvision torchaudio (twice), and conda remove pytorch, then "
            "one of them anew",
            "unset LD_LIBRARY_PATH before the command, where it names another torch or CUDA",
        ),
        why="torch's own library misses a symbol of another of its libraries",
        known="the file that the message names is torch's own",
        settles=False,
    )


_TOO_OLD = re.compile(
    r"Disabling PyTorch because PyTorch[^\n]{0,60}|PyTorch >= ?[\d.]+ (?:is|was) "
    r"required[^\n]{0,60}"
)


def without_torch(case: Case, who: str) -> Answer:
    """Answer a name of torch that a package lacks: it went on as if there were no torch."""
    said = _TOO_OLD.search(case.hit.before[-8000:])
    return Answer(
        f"{who} uses a name of torch ({case.match['name']}) that it did not import: it takes torch "
        "for missing or too old",
        (
            "pip install -U torch torchvision torchaudio   to one that this release takes",
            f"or an older {who}, of the time of this torch",
            "python -c 'import torch; print(torch.__version__, torch.__file__)'   where torch is "
            "new enough: does that work?",
        ),
        why=f"{who} imports torch only where its check of the release passes, and some lines "
        f"use it "
        "all the same" + (f". Above stands: {said[0].strip(' .')}" if said else ""),
        known="the frame is of the package, and the name is torch's"
        + ("; its own warning says so" if said else ""),
        certain=said is not None,
        settles=said is not None,
    )


def names_beside_torch(case: Case, package: str, who: str) -> tuple[str, ...]:
    """Return what to do about a name that torch, or the Triton that it brings, does not have."""
    if package == "triton":
        return (
            "pip install --force-reinstall torch   brings the Triton of its release (Windows: "
            "triton-windows of that release)",
            *([f"or {upgrade(who)}"] if who and who != "torch" else []),
        )
    torch = case.facts.packages.get("torch")
    here = str(torch.get("version", "")) if torch is not None else ""
    newer = "pip install -U torch torchvision torchaudio"
    if who and versions.is_valid(here) and versions.contains(">=2.6", here):
        return (upgrade(who), f"or a torch of the time of this {who}", newer)
    return (newer, f"or another {who}, of the time of this torch" if who else "or older code")


_SMALL_INTEGERS = always(
    "torchao asks for integers of a few bits, which came with a newer torch",
    "pip uninstall -y torchao   where nothing of the run quantizes with it: transformers "
    "and PEFT import it only because it is installed",
    "or pip install -U torch torchvision torchaudio   (2.6 or newer)",
    known="the message names the integer; that torchao asks for it, and that it came with "
    "torch 2.6, was not looked up here: the last frames say who asks",
    certain=False,
    settles=False,
)


KINDS: tuple[General, ...] = (
    General(
        "no-styles-of-tensor-parallelism",
        r"argument of type 'NoneType' is not iterable",
        _styles,
        {
            "    if v not in ALL_PARALLEL_STYLES:\nTypeError: argument of type 'NoneType' is not "
            "iterable": "torch>=2.5",
            "TypeError: argument of type 'NoneType' is not iterable": "",
        },
    ),
    General(
        "small-integers-of-a-newer-torch",
        r"module 'torch' has no attribute 'int[1-7]'",
        lambda case: None if case.is_of_the_script else _SMALL_INTEGERS(case),
        {
            "AttributeError: module 'torch' has no attribute 'int1'": "uninstall -y torchao",
            "AttributeError: module 'torch' has no attribute 'int8x'": "",
            'Traceback (most recent call last):\n  File "/home/me/t.py", line 3, in f\n    '
            "torch.int4\nAttributeError: module 'torch' has no attribute 'int4'": "",
        },
    ),
    General(
        "torch-loaded-twice",
        r"function '_?\w{2,60}' already has a docstring",
        always(
            "torch is loaded a second time in one process",
            "restart the kernel, then run from the first cell on, imports after all installations",
            "or install everything before the first import of torch",
            why="pip replaced torch under a running kernel, or its modules were taken out of "
            "sys.modules: the Python part is run again over the compiled part that is still there",
            known="the message is that of torch's compiled part; what loaded torch again, it does "
            "not say",
            settles=False,
        ),
        {"RuntimeError: function '_has_torch_function' already has a docstring": "restart"},
        alone=True,
    ),
    General(
        "built-for-another-torch",
        r"undefined symbol: _ZN\w{0,200}(?:3c10|2at|5torch)|"
        r"operator torchvision::nms does not exist|DLL load failed while importing flash_attn|"
        r"\?\w{1,80}@(?:\w{1,80}@)?(?:c10|at|torch)@@[\w@]{1,80} could\b",
        _compiled_for_another,
        {
            "ImportError: /x/flash_attn_2_cuda.cpython-310-x86_64-linux-gnu.so: undefined symbol: "
            "_ZN3c104cuda9SetDeviceEa": "another torch",
            "ImportError: DLL load failed while importing flash_attn_2_cuda: The specified module "
            "could not be found.": "likely, not certain",
            "RuntimeError: operator torchvision::nms does not exist": "uninstall -y torchvision",
            'Traceback (most recent call last):\n  File "/x/site-packages/vllm/a.py", line 7, in '
            '<module>\n    from xformers import ops\n  File "/x/site-packages/xformers/a.py", line '
            "8, in f\nImportError: /x/flash_attn_2_cuda.cpython-310-x86_64-linux-gnu.so: undefined "
            "symbol: _ZN3c104cuda9SetDeviceEi": "flash_attn was built",
            "ImportError: The procedure entry point ?_singleton@UndefinedTensorImpl@c10@@0U12@A "
            "could not be located in the dynamic link library xformers\\_C.pyd": "xformers was",
        },
        alone=True,
    ),
)
