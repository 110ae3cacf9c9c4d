"""Compiled packages that were built for another NumPy or a newer system."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

# Sizes of what compiled code sees: 96 in NumPy 1, 88 in NumPy 2 (numpy.dtype).
_OLD_WHEEL = (
    r"Expected 96 from C header, got 88|compiled using NumPy 1\.x cannot be run|"
    r"ABI version 0x1\w{0,8} but this version of numpy is 0x2"
)
_NEW_WHEEL = r"Expected 88 from C header, got 96|compiled against ABI version 0x2"


def _older_than_a_file(restart: str) -> Answer:
    """Answer a NumPy that is older than what is loaded or imported."""
    return Answer(
        "what is loaded or imported was written for NumPy 2, and an older NumPy is imported",
        (
            f"pip install -U 'numpy>=2'   and {restart}",
            "a file that is loaded (pickle, .npy, the random states of a checkpoint): "
            "written under NumPy 2; load it there and save it anew, where the older NumPy has "
            "to stay",
        ),
        why="numpy.core is called numpy._core from NumPy 2 on; a pickle names it",
        known="the message; whether a file or a package asks for it, the frames say",
        settles=False,
    )


_NO_NUMPY = Answer(
    "torch could not take NumPy into use: it is not installed, or this torch was built for "
    "another NumPy",
    (
        'python -c "import numpy; print(numpy.__version__)"',
        "2.x, with a torch before 2.3: pip install 'numpy<2'   and restart the kernel; no "
        "NumPy at all: pip install numpy",
    ),
    why="torch looks for NumPy as it is imported, and goes on without it",
    known="torch says so; which of the two it is, it does not say",
    settles=False,
)


def _numpy(case: Case) -> Answer:
    """Answer a NumPy and compiled code, or a file, of two times; the sizes say which is older."""
    text = f"{case.near}\n{case.around}"
    restart = "restart the kernel, if anything was installed in this session"
    if re.search(r"No module named 'numpy\._core", case.hit.text):
        return _older_than_a_file(restart)
    if re.search(r"Numpy is not available", case.hit.text):
        return _NO_NUMPY
    if re.search(_NEW_WHEEL, text):
        do: tuple[str, ...] = (restart, "or pip install -U 'numpy>=2'")
        which = "for NumPy 2, and NumPy 1 is imported"
    elif re.search(_OLD_WHEEL, text):
        do = (
            "pip install 'numpy<2'   and restart the kernel",
            "or pip install -U   of that package",
        )
        which = "for NumPy 1, and NumPy 2 is imported"
    else:
        do = (
            restart,
            "or pip install 'numpy<2', or pip install -U for the package of the last frame",
        )
        which = "for another NumPy than the one that is imported"
    return Answer(
        f"a compiled package was built {which}",
        do,
        why="NumPy 2 changed what compiled code sees; and a notebook keeps the old one in memory "
        "after an upgrade",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "numpy-of-another-time",
        r"numpy\.(?:dtype|ufunc|ndarray) size changed|compiled against (?:API|ABI) version|"
        r"compiled using NumPy 1\.x cannot be run|Numpy is not available|_ARRAY_API not found|"
        r"cannot import name '_?\w{1,40}' from 'numpy\._?\w|"
        r"numpy\.core\.multiarray failed to import|No module named 'numpy\._core",
        _numpy,
        {
            "ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected "
            "96 from C header, got 88 from PyObject": "numpy<2",
            "ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected "
            "88 from C header, got 96 from PyObject": "for NumPy 2",
            "ModuleNotFoundError: No module named 'numpy._core'": "numpy>=2",
            "A module that was compiled using NumPy 1.x cannot be run in\nNumPy 2.1.0 as it may "
            "crash.\nImportError: numpy.core.multiarray failed to import": "for NumPy 1",
            "ImportError: cannot import name '_center' from 'numpy._core.umath'": "restart",
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
                "an older wheel of that package, or one that is built here: pip install "
                "--no-binary NAME --no-deps --no-build-isolation NAME",
                "or a newer system, or a container of one",
            )
            if case.match["name"].startswith("GLIBC_")
            else (
                "conda install -c conda-forge libstdcxx-ng",
                "LD_LIBRARY_PATH=$CONDA_PREFIX/lib before the command, where conda has it already",
                "or a newer system or a container; or an older wheel of that package",
            ),
            why="wheels are built on newer systems, and the C library is one with the system"
            if case.match["name"].startswith("GLIBC_")
            else "wheels are built on newer systems; inside conda the loader may find the system's "
            "library first",
            known="the loader says so",
        ),
        {
            "ImportError: /lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.32' not found "
            "(required by /x/_C.so)": "libstdcxx-ng",
            "OSError: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.32' not found (required "
            "by /x/flash_attn_2_cuda.so)": "one with the system",
        },
    ),
)
