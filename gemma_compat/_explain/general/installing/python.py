"""Python, its files and compiled packages: what fails before any model is in play."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _circular(case: Case) -> Answer:
    module = case.match["module"].partition(".")[0]
    place = re.search(r"circular import\)\s*\((?P<path>[^)\n]{1,300})\)", case.hit.text)
    is_own = place is not None and not re.search(r"(?:site|dist)-packages", place["path"])
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
    is_windows = re.search(r"(?i)\bwindows\b|\bC:\\", case.hit.before[-6000:] + case.around)
    wheel = "triton-windows" if module == "triton" and is_windows else module
    wheel = "-U unsloth unsloth_zoo" if module.startswith("unsloth") else wheel
    return Answer(
        f"{module} was asked for a name while it was still being imported",
        (
            f"pip install --force-reinstall --no-deps {wheel}   and restart the kernel",
            "or rename your own file, if one has the name of a package",
        ),
        why="files of two releases are mixed, or an import that failed before left half a module "
        "in memory: the first error of the session is the cause",
        known="the message; which of the two it is, it does not say",
        settles=False,
    )


def _code_page(case: Case) -> Answer:
    codec = case.match["codec"].lower()
    if codec in {"utf-8", "utf8"}:
        return Answer(
            "a file that is read as UTF-8 text is not UTF-8",
            (
                "file PATH   shows what it is; encoding='cp1252' (or its own) in open()",
                "or download it again, where it should be text",
            ),
            why="it is binary (compressed, a checkpoint, a Parquet file) or was saved in another "
            "code page",
            known="the message names the byte; which file it is, the frame above says",
            settles=False,
        )
    return Answer(
        f"Python reads or writes a UTF-8 text with the system's code page ({codec})",
        (
            "PYTHONUTF8=1 before the command   (Windows: set PYTHONUTF8=1)",
            "or encoding='utf-8' in the open() of the last frame",
        ),
        why="without it Python takes the code page of the system for text files, mostly on Windows",
        known="the message names the code page",
    )


def _not_json(case: Case) -> Answer:
    name = case.match["name"]
    if name == "Undefined":
        return Answer(
            "the chat template writes a value as JSON that the row does not have",
            (
                "give each turn and each tool all the keys that the template reads",
                "or tools=None, where there are none",
            ),
            why="Undefined is what a template gets for a missing key",
            known="the message",
            settles=False,
        )
    return Answer(
        f"a config or a log holds a value of the class {name}, which JSON cannot hold",
        (
            "plain values in what is saved: str(...), list(...), float(...)",
            "or pip install -U transformers peft trl, where it is a value that they set themselves "
            "(a dtype, a set of names, another config)",
        ),
        why="configs, trainer_state.json and the reports to a tracker are written as JSON",
        known="the message names the class; who put it there, the frames say",
        settles=False,
    )


def _not_loaded(case: Case) -> Answer:
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
            f'python -c "import {case.match["name"] or "transformers"}"   shows it whole',
            "pip uninstall flash-attn torchvision tensorflow   one by one, where the run does not "
            "need them",
        ),
        why="an optional package that is installed for another torch or CUDA fails when "
        "transformers looks at it",
        known="transformers says so; the error that it quotes names the package",
        settles=False,
    )


def _yaml(case: Case) -> Answer:
    place = re.search(r"in \"(?P<file>[^\"\n]{1,300})\", line (?P<line>\d+)",
                      f"{case.hit.text}\n{case.hit.after[:600]}")  # fmt: skip
    file = re.split(r"[/\\]", place["file"])[-1] if place else ""
    where = f"line {place['line']} of {file}" if place else ""
    return Answer(
        "a file in YAML cannot be read" + (f": {where}" if where else ""),
        (
            f"look at {where or 'the line that the message names'} and the one above it: spaces "
            "and no tabs, the same indent for all keys of one level",
            "quotes around a value with a colon or a # in it",
        ),
        known="the YAML parser names the place",
    )


KINDS: tuple[General, ...] = (
    General(
        "file-where-a-folder-belongs",
        r"FileExistsError: \[(?:Errno 17|WinError 183)\][^\n']{0,80}'(?P<path>[^'\n]{1,200})'",
        lambda case: (
            Answer(
                f"a folder is to be made where something lies already: {case.match['path']}",
                ("ls -ld PATH   shows what it is: move a file away, or name another output_dir",),
                why="os.makedirs(..., exist_ok=True) takes a folder that is there, but no file and "
                "no broken link; without exist_ok not even a folder",
                known="the message has the path",
            )
            if case.says(r"makedirs|mkdir")
            else None
        ),
        {
            'File "<frozen os>", line 225, in makedirs\n'
            "FileExistsError: [Errno 17] File exists: '/x/out'": "lies already",
            "FileExistsError: [Errno 17] File exists: '/x/out'": "",
        },
    ),
    General(
        "half-imported-module",
        r"(?:from )?partially initialized module '(?P<module>[\w.]{1,80})'",
        _circular,
        {
            "ImportError: cannot import name 'x' from partially initialized module 'datasets' "
            "(most likely due to a circular import) (/home/me/datasets.py)": "rename it",
            "AttributeError: partially initialized module 'torchvision' has no attribute "
            "'extension' (most likely due to a circular import)": "--force-reinstall",
        },
    ),
    General(
        "text-in-another-code-page",
        r"'(?P<codec>[\w-]{2,20})' codec can't (?:de|en)code",
        _code_page,
        {
            "UnicodeDecodeError: 'charmap' codec can't decode byte 0x81 in position 1: character "
            "maps to <undefined>": "PYTHONUTF8=1",
            "UnicodeEncodeError: 'gbk' codec can't encode character '\\U0001f9a5' in position 0": (
                "PYTHONUTF8=1"
            ),
            "UnicodeDecodeError: 'utf-8' codec can't decode byte 0x80 in position 64: invalid "
            "start byte": "not UTF-8",
        },
    ),
    General(
        "numpy-of-another-time",
        r"numpy\.(?:dtype|ufunc|ndarray) size changed|compiled against (?:API|ABI) version|"
        r"compiled using NumPy 1\.x cannot be run|Numpy is not available|_ARRAY_API not found|"
        r"cannot import name '_?\w{1,40}' from 'numpy\._?\w|"
        r"numpy\.core\.multiarray failed to import|No module named 'numpy\._core",
        always(
            "a compiled package was built for another NumPy than the one that is imported",
            "restart the kernel, if anything was installed in this session",
            "or pip install 'numpy<2', or pip install -U for the package of the last frame",
            why="NumPy 2 changed what compiled code sees; and a notebook keeps the old one in "
            "memory after an upgrade",
            settles=False,
        ),
        {
            "ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected "
            "96 from C header, got 88 from PyObject": "restart the kernel",
            "RuntimeError: Numpy is not available": "numpy<2",
        },
    ),
    General(
        "c-library-too-old",
        r"version [`'](?P<name>GLIBC(?:XX)?_[\d.]{1,10}|CXXABI_[\d.]{1,10})' not found",
        lambda case: Answer(
            f"a compiled package needs {case.match['name']}, and this system's C or C++ library is "
            "older",
            (
                "conda install -c conda-forge libstdcxx-ng   (GLIBCXX, CXXABI)",
                "a newer system or a container, for GLIBC_; or an older wheel of that package",
            ),
            why="wheels are built on newer systems; inside conda the loader may find the system's "
            "library first (LD_LIBRARY_PATH=$CONDA_PREFIX/lib)",
            known="the loader says so",
        ),
        {
            "ImportError: /lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.32' not found "
            "(required by /x/_C.so)": "libstdcxx-ng"
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
            why="on Windows and macOS a new process imports the script once more",
        ),
        {
            "RuntimeError: An attempt has been made to start a new process before the current "
            "process has finished its bootstrapping phase.": "__main__"
        },
    ),
    General(
        "no-json-in-a-file",
        r"JSONDecodeError: |is not a valid JSON file|is an invalid json file",
        always(
            "a file or a reply that should be JSON is empty, cut off or something else",
            "python -m json.tool FILE   names the place",
            "a data set of JSON lines: one object a line, not a list; a config.json: download it "
            "again",
            why="the frames above say who reads it: the config of a checkpoint, a data file, a "
            "settings file, or a reply over the network",
            settles=False,
        ),
        {"json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)": "json.tool"},
    ),
    General(
        "not-serializable",
        r"Object of type (?P<name>\w{1,60}) is not JSON serializable",
        _not_json,
        {
            "TypeError: Object of type LoraConfig is not JSON serializable": "plain values",
            "TypeError: Object of type Undefined is not JSON serializable": "template",
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
        "yaml-that-is-not-yaml",
        r"(?:yaml\.)?(?:scanner\.ScannerError|parser\.ParserError|ScannerError|ParserError): "
        r"(?P<said>(?:mapping values are not allowed|while (?:scanning|parsing)|expected |could "
        r"not "
        r"find expected)[^\n]{0,80})",
        _yaml,
        {
            "yaml.scanner.ScannerError: mapping values are not allowed in this context\n  in "
            '"/x/train.yaml", line 18, column 12': "line 18 of train.yaml",
            "yaml.scanner.ScannerError: while scanning for the next token\nfound character '\\t' "
            "that "
            'cannot start any token\n  in "c.yaml", line 3, column 1': "spaces",
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
        },
    ),
    General(
        "not-allowed-to-write",
        r"\[Errno 13\] Permission denied|PermissionError: \[(?:Errno 13|WinError 5)\]|"
        r"PermissionError at |"
        r"Read-only file system",
        always(
            "the process may not write or read a file or folder there",
            "HF_HOME=/a/folder/of/yours before the command, where it is the Hub's cache",
            "output_dir in a folder that is yours; chown, where another user (root in a container) "
            "wrote it",
            known="the message names the path",
        ),
        {
            "PermissionError: [Errno 13] Permission denied: '/.cache'": "HF_HOME",
            "PermissionError: [WinError 5] Zugriff verweigert: 'C:/a.gguf'": "HF_HOME",
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
