"""Libraries and links that Windows does not load or make."""

from __future__ import annotations

import re

from ....tables import torch_wheels
from ...answer import Answer
from ..base import Case, General, always
from .same_name import DISTRIBUTIONS

# The library is there, and a function in it is not: in the languages of Windows.
_NO_PROCEDURE = re.compile(
    r"(?i)procedure could not be found|找不到指定的程序|procedure introuvable|angegebene Prozedur|"
    r"指定されたプロシージャ|WinError 127"
)
_PACKAGE = re.compile(
    r"[/\\](?:site|dist)-packages[/\\](?P<name>\w+)[/\\]|[/\\](?P<torch>torch)[/\\]lib"
)


def _whose(case: Case) -> str:
    """Return the package whose library Windows does not load; empty where nothing names it."""
    named = [*_PACKAGE.finditer(case.hit.text)] or [*_PACKAGE.finditer(case.frames)]
    if named:
        return named[-1]["name"] or named[-1]["torch"]
    imports = re.findall(r"^(?:\W*\d+)?\s*(?:import|from) (\w+)", case.frames, re.MULTILINE)
    return str(imports[-1]) if imports else ""


_REFUSED = (
    (
        r"(?i)Control policy has blocked|由应用程序控制策略",
        "a policy of Windows forbids to load a compiled part of a package",
        (
            "Windows Security > App & browser control > Smart App Control   (on a machine of a "
            "company: whoever keeps its policy)",
            "or WSL2, where the policy does not hold",
        ),
    ),
    (
        r"(?i)paging file is too small|页面文件太小",
        "Windows has no memory left to load a library: memory and page file are used up",
        (
            "a larger page file: System > About > Advanced system settings > Performance > Virtual "
            "memory, then restart",
            "dataloader_num_workers=0 and num_proc=1: each process loads the libraries anew",
        ),
    ),
    (
        r"not a valid Win32 application|不是有效的 Win32",
        "a compiled part of a package is damaged, or is for another processor than this Python",
        (
            'python -c "import platform; print(platform.architecture(), platform.machine())"   has '
            "to say 64bit",
            "pip install --force-reinstall --no-cache-dir PACKAGE   for that Python",
        ),
    ),
)


def _not_imported(case: Case) -> Answer:
    """Answer a compiled part that Windows does not load, by what Windows says that it lacks."""
    whose = _whose(case)
    again = (
        torch_wheels.install()
        if whose == "torch"
        else f"pip install --force-reinstall {DISTRIBUTIONS.get(whose, whose) or 'PACKAGE'}   in a "
        "build for this Python, and for this torch where it uses torch"
    )
    refused = next((row for row in _REFUSED if re.search(row[0], case.hit.text)), None)
    if refused is not None:
        return Answer(refused[1], refused[2], known="Windows says so")
    name = case.match["name"]
    what = f"{name}, a compiled part of {whose or 'a package'}," if name else whose or "a package"
    runtime = "install the Microsoft Visual C++ Redistributable (x64), and restart"
    if _NO_PROCEDURE.search(case.hit.text + case.message):
        return Answer(
            f"Windows cannot load {what} since a library beside it lacks a function: it was built "
            "for another release of that library",
            (again, runtime),
            why="the library is there and has no such function; where the whole library is missing "
            "Windows says so",
            known="the message; which library it is, it does not say",
            settles=False,
        )
    return Answer(
        f"Windows cannot load {what} or a library (DLL) that it needs",
        (runtime, again),
        why="a library that it was linked with is missing, or is of another release",
        known="the message; which library is missing, it does not say",
        settles=False,
    )


def _dll(case: Case) -> Answer:
    code = case.match["code"]
    if code == "1455" or code is None:
        loads = re.search(r"\.safetensors|safe_open|torch\.load", case.around) is not None
        return Answer(
            "Windows has no memory left to map a file: the paging file is too small",
            (
                "a larger paging file: System > About > Advanced system settings > Performance > "
                "Advanced > Virtual memory",
                "a checkpoint in smaller shards, or other programs closed: the file is mapped whole"
                if loads
                else "dataloader_num_workers=0   (each worker maps the CUDA libraries once more)",
            ),
            known="the number of the Windows error",
        )
    if code == "1314":
        return Answer(
            "Windows lets this user make no symbolic links",
            (
                "switch on Developer Mode (Settings > For developers), or start as administrator",
                "or from_pretrained on a folder: hf download NAME --local-dir FOLDER",
            ),
            known="the number of the Windows error",
        )
    whose = _whose(case)
    return Answer(
        f"Windows cannot load a library (DLL) of {whose or 'a package'}, or one that it needs",
        (
            "install the Microsoft Visual C++ Redistributable (x64), and restart",
            torch_wheels.install()
            if whose == "torch"
            else f"pip install --force-reinstall {whose or 'PACKAGE'}   in a build for this torch "
            "and this Python",
            "python --version   : a 64-bit Python that the wheel is for",
        ),
        why="error 126 and 127 mean that a library, or a function in it, was not found; 193 one "
        "of another architecture",
        known="the number of the Windows error; which library is missing, it does not say",
        settles=False,
    )


NO_VLLM = Answer(
    "vllm is not installed, and has no wheels for Windows",
    ("WSL (wsl --install), and the whole installation in it", "or use_vllm=False"),
    why="vLLM is published for Linux",
    known="the message; that it is Windows, the paths of the log say",
)


KINDS: tuple[General, ...] = (
    General(
        "windows-native-exception",
        r"\[WinError -529697949\]|Windows Error 0xe06d7363",
        lambda case: Answer(
            "compiled code (C++) under Python ended with an exception that says nothing more here",
            (
                "verbose=True   in the call (llama-cpp-python prints why llama.cpp failed), and "
                "read the lines above the error",
                "update the package whose call it is, or load the file without its second one "
                "(clip_model_path, mmproj)",
            ),
            why="0xe06d7363 is how Windows passes on any C++ exception: an architecture or a "
            "projector that this build does not know, a damaged file, no memory",
            known="the number of the Windows error; which of these it is, it does not say",
            settles=False,
        ),
        {
            "OSError: [WinError -529697949] Windows Error 0xe06d7363": "verbose=True",
        },
        alone=True,
    ),
    General(
        "file-that-windows-has-mapped",
        r"\bos error 1224\b|WinError 1224|user-mapped section open",
        lambda case: Answer(
            "Windows does not let a file be written that is still open as memory: the weights are "
            "saved over the file that they were loaded from"
            if "afetensor" in f"{case.hit.text}{case.frames}"
            else "Windows does not let a file be written that is still open as memory: most often "
            "what was loaded from it is saved over it",
            (
                "save into a new, empty folder",
                "or do that step under WSL or Linux",
                "end other processes that have the file open (a notebook, a server)",
            ),
            why="safetensors (and datasets, its .arrow files) maps a file into memory for as long "
            "as its tensors or rows live; Linux replaces such a file, Windows refuses",
            known="the number of the Windows error; which process holds the file, it does not say",
            settles=False,
        ),
        {
            "safetensors_rust.SafetensorError: Error while serializing: I/O error: The requested "
            "operation cannot be performed on a file with a user-mapped section open. (os error "
            "1224)": "the weights are saved over",
            "OSError: [WinError 1224] user-mapped section open: 'C:\\d\\x.arrow'": "most often",
        },
        alone=True,
    ),
    General(
        "file-in-use-on-windows",
        r"\[WinError 32\]",
        always(
            "Windows does not give the file away: another process has it open",
            "close what has it open: a notebook, a second run, a server, a preview",
            "or another output folder, outside of what OneDrive or a virus scanner watches",
            known="the number of the Windows error; which process it is, it does not say",
        ),
        {
            "PermissionError: [WinError 32] 另一个程序正在使用此文件，进程无法访问。: 'a'": "close",
        },
        alone=True,
    ),
    General(
        "windows-cannot-import",
        r"ImportError: DLL load failed(?: while importing (?!flash_attn|libtriton)"
        r"(?P<name>\w{1,60})|: [^\s'])",
        _not_imported,
        {
            "ImportError: DLL load failed while importing _C: 找不到指定的模块。": (
                "Redistributable"
            ),
            "ImportError: DLL load failed while importing libtriton: x": "",
            "ImportError: DLL load failed while importing _check_build: An Application Control "
            "policy has blocked this file.": "forbids to load",
            "ImportError: DLL load failed while importing _C: The paging file is too small for "
            "this operation to complete.": "page file",
            "ImportError: DLL load failed while importing _x: %1 is not a valid Win32 "
            "application.": "64bit",
            '  File "C:\\v\\Lib\\site-packages\\PIL\\Image.py", line 4, in f\n    x\nImportError: '
            "DLL load failed while importing _imaging: The specified module could not be found.": (
                "--force-reinstall pillow"
            ),
            "ImportError: DLL load failed while importing _backend: The specified procedure could "
            "not be found.": "built for another release",
            "----> 1 import torch\nImportError: DLL load failed: The specified module could not be "
            "found.": "index-url",
        },
    ),
    General(
        "windows-cannot-load",
        r"\[WinError (?P<code>126|127|182|193|1114|1455|1314)\]|\(os error (?P<os>1455)\)|"
        r"paging file is too small",
        _dll,
        {
            "OSError: [WinError 1455] The paging file is too small for this operation to "
            "complete.": "paging file",
            "OSError: 页面文件太小，无法完成操作。 (os error 1455)": "larger paging file",
            "OSError: [WinError 126] The specified module could not be found. Error loading "
            '"C:\\x\\torch\\lib\\fbgemm.dll" or one of its dependencies.': "Redistributable",
            'Traceback (most recent call last):\n  File "t.py", line 3, in <module>\n    import '
            "bitsandbytes\nOSError: [WinError 126] Das angegebene Modul wurde nicht gefunden": (
                "bitsandbytes in a build"
            ),
            "OSError: [WinError 1314] A required privilege is not held by the client": "Developer",
        },
        alone=True,
    ),
)
