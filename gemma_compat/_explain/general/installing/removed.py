"""Answer modules and names that Python or a package has taken out: who asks for them is older."""

from __future__ import annotations

import re
import sys

from .... import versions
from ...answer import Answer
from ..base import Case
from ..released import upgrade
from .same_name import DISTRIBUTIONS, SAME_NAME

_OF_PYTHON = sys.stdlib_module_names
# Modules that a release of Python took out, seen by importing them under 3.10 to 3.13.
_MODULES = {
    **dict.fromkeys(("asynchat", "asyncore", "distutils", "imp", "smtpd"), "3.12"),
    **dict.fromkeys(
        (
            *("aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr", "lib2to3", "mailcap"),
            *("nis", "nntplib", "ossaudiodev", "pipes", "sndhdr", "spwd", "sunau", "telnetlib"),
            *("uu", "xdrlib"),
        ),
        "3.13",
    ),
}
# Packages that bring such a module back.
_BACK = {
    "audioop": "audioop-lts",
    "cgi": "legacy-cgi",
    "distutils": "-U setuptools",
}
_UNIX = {"fcntl", "grp", "pwd", "resource", "termios", "pty", "tty", "readline"}
_ABSTRACT = (
    "Mapping MutableMapping Sequence MutableSequence Set MutableSet Iterable Iterator Callable "
    "Hashable Sized Container Generator"
)
# Names that a release of Python took out, seen likewise.
_NAMES = {
    **{("collections", name): "3.10" for name in _ABSTRACT.split()},
    **{("inspect", name): "3.11" for name in ("getargspec", "formatargspec", "ArgSpec")},
    **{("pkgutil", name): "3.12" for name in ("ImpImporter", "ImpLoader")},
    ("asyncio", "coroutine"): "3.11",
    ("fractions", "gcd"): "3.9",
    ("base64", "encodestring"): "3.9",
    ("base64", "decodestring"): "3.9",
    ("time", "clock"): "3.8",
    ("ssl", "wrap_socket"): "3.12",
    ("ssl", "match_hostname"): "3.12",
    ("configparser", "SafeConfigParser"): "3.12",
    ("importlib", "find_loader"): "3.12",
    ("locale", "format"): "3.12",
    ("unittest", "makeSuite"): "3.13",
}
# Names that a package took out: since when, what replaces them, what goes back.
_OF_PACKAGES = (
    (
        r"PIL\.Image\.(?:ANTIALIAS|LINEAR|CUBIC)",
        "Pillow 10 took it out",
        "Image.LANCZOS in place of Image.ANTIALIAS (BILINEAR, BICUBIC), in code of yours",
        "pip install 'pillow<10'",
    ),
    (
        r"scipy\.linalg\.(?:triu|tril|tri)",
        "SciPy 1.13 took it out (NumPy has it)",
        "from numpy import triu, in code of yours",
        "pip install 'scipy<1.13'",
    ),
    (
        r"pyarrow(?:\.lib)?\.PyExtensionType",
        "PyArrow 21 took it out",
        "",
        "pip install 'pyarrow<21'",
    ),
    (
        r"lib\.(?:X509_\w{3,60}|GEN_\w{3,20}|OpenSSL_\w{3,60})",
        "pyOpenSSL is older than the cryptography beside it",
        "pip install -U pyopenssl cryptography",
        "",
    ),
    (
        r"urllib3\.(?:util\.ssl_\.DEFAULT_CIPHERS|contrib\.appengine|packages\.six\w*)",
        "urllib3 2 took it out",
        "",
        "pip install 'urllib3<2'",
    ),
    (
        r"pkg_resources\.packaging",
        "setuptools 70 took it out",
        "",
        "pip install 'setuptools<70'",
    ),
    (
        r"(?:jinja2\.(?:escape|Markup|contextfilter|environmentfilter)|markupsafe\.soft_unicode)",
        "Jinja2 3.1 and MarkupSafe 2.1 took it out",
        "",
        "pip install 'jinja2<3.1' 'markupsafe<2.1'",
    ),
    (
        r"torch\.distributed\.elastic\.agent\.server\.api\.(?:log|_get_socket_with_port)",
        "newer releases of torch have taken it out",
        "",
        "",
    ),
)


def _is_before(case: Case, since: str) -> bool:
    """Return whether the log states a Python that still has what a later one took out."""
    here = str(case.facts.python) if case.facts.known("python") else ""
    return versions.is_valid(here) and versions.contains(f"<{since}", here)


def removed_module(case: Case, name: str) -> Answer | None:
    """Answer a module that Python no longer has, or has on Linux and macOS alone."""
    package, packages = name.partition(".")[0], case.packages
    package = "audioop" if package == "pyaudioop" else package  # pydub asks for it second
    if package == "google" and not re.match(r"google(?:$|\.(?:colab|protobuf)\b)", name):
        return _part_of_google(name)
    if package in _UNIX and re.search(r"File \"/|/home/\w|/usr/|\bLinux\b", case.near):
        return None  # a file of the project that bears the name
    if package in _UNIX:
        return Answer(
            f"Python has {package} on Linux and macOS alone: what asks for it does not run on "
            "Windows",
            ("WSL (wsl --install), and the whole installation in it",)
            + tuple(
                f"or {upgrade(who)}, where a newer one goes without it" for who in packages[-1:]
            ),
            why="the module stands for a part of Unix; pip has none to install",
            known="the module is one of Python's own",
        )
    since = _MODULES.get(package)
    if since is None or _is_before(case, since):
        return None
    who = packages[-1] if packages else ""
    back = _BACK.get(package)
    return Answer(
        f"Python {since} took the module {package} out"
        + (f", and {who} asks for it" if who else ""),
        (
            *([upgrade(who)] if who else ["newer code, in place of what imports it"]),
            *([f"or pip install {back}   which brings it back"] if back else []),
            f"or a Python before {since}: uv venv --python 3.11",
        ),
        why=f"what asks for it is older than Python {since}; a package of that name on an index "
        "is a stranger's",
        known=f"imported under Python 3.10 to 3.13: {since} is the first without it",
        settles=bool(who),
    )


def _part_of_google(name: str) -> Answer:
    """Answer a module of Google's, each of which has a separate package."""
    return Answer(
        f"{name} is of a separate package, which is not installed",
        (
            f"pip install {'-'.join(name.split('.')[:3])}   : most of them are called so"
            if name != "google.cloud"
            else "pip install google-cloud-storage   (google-cloud-aiplatform, ...: by what the "
            "script imports from it)",
        ),
        why="many packages share the name google",
        known="the message; the package's name is made from the module's",
        certain=False,
        settles=False,
    )


def _of_python(case: Case, name: str, module: str, who: str) -> Answer:
    """Answer for a name that the standard library of this Python does not have."""
    since = _NAMES.get((module, name))
    asks = f"; the last frame that asks for it is of {who}" if who else ""
    package = DISTRIBUTIONS.get(who, who).strip("'")
    if since and not _is_before(case, since):
        return Answer(
            f"Python {since} took {name} out of {module}, and the code that asks for it is "
            f"older{asks}",
            (
                upgrade(package.partition("<")[0])
                if who
                else "python -m ensurepip --upgrade; pip install -U pip setuptools"
                if module == "pkgutil"
                else "pip install -U   of the package of the last frame",
                f"or a Python before {since}: uv venv --python 3.{int(since[2:]) - 1}",
            ),
            known="looked for under Python 3.6 to 3.13",
        )
    is_shown = re.search(r"\([^()\n]*[/\\][^()\n]*\)", case.hit.text) is not None
    return Answer(
        f"the standard library of this Python has no {name} in {module}{asks}"
        if is_shown or who
        else f"the module {module} that is imported has no {name}: Python's own, or a file of "
        "that name",
        (
            *([] if is_shown or who else [f"rename a file of yours that is called {module}.py"]),
            "an environment with a newer Python: conda create -n tune python=3.11",
            upgrade(who) if who else "or newer code, where the name was removed",
        ),
        why="a package asks for a newer Python than this one, or, if it is old, for a name that "
        "Python has removed",
        known="the module's name is one of Python's own",
        settles=False,
    )


# Where files of packages and of Python itself lie: conda and uv on Windows have lib\\typing.py.
_INSTALLED = (
    r"(?:site|dist)-packages|/lib(?:64)?/python\d|(?i:/lib/\w+(?:/__init__)?\.py$)|"
    r"(?i:/python\d+/lib/)"
)


def hidden_by_own_file(case: Case, module: str) -> Answer | None:
    """Answer a file of the user's that has the name of a package, by its path in the message."""
    package = module.partition(".")[0]
    if not (package in SAME_NAME or package in DISTRIBUTIONS or package in _OF_PYTHON):
        return None  # a file of the project itself
    text = case.hit.text[case.match.start() :]
    place = re.search(r"(?:\(|consider renaming ')(?P<path>(?!consider)[^)'\n]{1,300})[)']", text)
    file = place["path"].replace("\\", "/") if place is not None else ""
    is_own = (
        (
            file.rpartition("/")[2] == f"{package}.py"
            or package in _OF_PYTHON
            and file.endswith(f"/{package}/__init__.py")
        )
        and not re.search(_INSTALLED, file)
    ) or f"'{package}' is not a package" in text
    if not is_own:
        return None
    return Answer(
        f"a file called {package}.py is imported in place of the package {package}",
        (
            f"rename that file, and delete {package}.pyc and __pycache__ beside it",
            f'python -c "import {package}; print({package}.__file__)"   shows where it lies',
        ),
        why="the folder of the script comes first on Python's path",
        known="the message shows the file, which is not an installed one"
        if place is not None
        else f"Python says so: {package} is a file and no package",
    )


def removed_name(case: Case, name: str, module: str, who: str) -> Answer | None:
    """Answer a name that Python or a package is known to have taken out, or a folder that hides
    a package.
    """
    package = module.partition(".")[0]
    if package in _OF_PYTHON:
        return _of_python(case, name, module, who)
    if package == "google" and module == "google" and name in {"genai", "generativeai"}:
        return Answer(
            f"google.{name} is a separate package, and it is not installed",
            (f"pip install -U google-{name}   and restart the kernel",),
            why="many packages share the name google",
            known="the message names the module",
        )
    if module == "google" and name not in {"colab", "protobuf"}:
        return _part_of_google(f"google.{name}")
    if module == "wandb" and name in {"init", "login", "log", "Artifact", "finish", "config"}:
        return _folder_of_wandb(name)
    for text, since, now, back in _OF_PACKAGES:
        if re.fullmatch(text, f"{module}.{name}"):
            renew = upgrade(who) if who else "pip install -U   of the package of the last frame"
            return Answer(
                f"{module} has no {name}: {since}",
                tuple(
                    text
                    for text in (now if not who else "", renew if back or not now else "", back)
                    if text
                )
                or (now,),
                why="the code that asks for it is older"
                + (f"; the last frame that asks is of {who}" if who else ""),
                known="the message; the release is that of the package's notes",
                certain=False,
                settles=False,
            )
    return None


def _folder_of_wandb(name: str) -> Answer:
    return Answer(
        f"what is imported as wandb has no {name}: most often the folder wandb that an earlier run "
        "left, where the package is not installed",
        (
            "pip install -U wandb   and restart the kernel",
            'python -c "import wandb; print(wandb.__path__)"   : a folder of yours? Then rename '
            "it, or run from another one",
        ),
        why="Weights & Biases writes its runs into a folder wandb beside the script, and a folder "
        "of that name counts as an empty package",
        known="the message; the path shows which it is",
        certain=False,
        settles=False,
    )
