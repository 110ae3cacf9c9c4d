"""What pip refuses or warns of, beside releases that it does not find."""

from __future__ import annotations

import re

from .... import versions
from ...answer import Answer
from ..base import Case, General, always


def _a_python(case: Case) -> str:
    """Return a common Python that a bound allows; 3.11 where none of them fits."""
    bound = case.match["bound"].replace(" ", "")
    fits = (
        number
        for number in ("3.12", "3.11", "3.10", "3.13")
        if versions.is_specifier(bound) and versions.contains(bound, f"{number}.0")
    )
    return next(fits, "3.11")


def _another_platform(case: Case) -> Answer:
    """Answer a wheel by what its name says that it is for."""
    name = case.match["name"]
    tag = re.search(r"-cp(?P<major>\d)(?P<minor>\d{1,2})-", name)
    torch = re.search(r"torch(?P<torch>\d\.\d{1,2})", name)
    newer = " or newer" if "-abi3-" in name else ""
    wanted = [f"Python {tag['major']}.{tag['minor']}{newer}"] if tag else []
    system = name.rpartition("-")[2].replace("_", " ", 1)
    wanted += [system] if system != "any" else [] if tag else ["Python 3"]
    return Answer(
        f"the wheel is for {' and '.join(wanted)}, and this is another Python or system",
        (
            'python -c "import sys, platform; print(sys.version, platform.machine())"   and the '
            "wheel with those numbers (cp312: Python 3.12)"
            + (f"; torch{torch['torch']} in its name is the torch it is for" if torch else ""),
            "pip debug --verbose | grep cp   lists the tags that this pip takes",
        ),
        why="the name of a wheel says for which Python, system and processor it was built",
        known="pip refuses it; what it is for, its name says",
    )


KINDS: tuple[General, ...] = (
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
        "pip-refuses-the-python",
        r"Package '?(?P<name>[\w.-]{2,60})'? requires a different Python: (?P<here>[\d.]{3,10}) "
        r"not in '(?P<bound>[^'\n]{2,60})'",
        lambda case: Answer(
            f"{case.match['name']} asks for a Python {case.match['bound']}, and this is "
            f"{case.match['here']}",
            (
                f"an environment with such a Python: uv venv --python {_a_python(case)}",
                f"or another release of {case.match['name']}: pip install {case.match['name']}   "
                "takes the newest that allows this Python, where none is named",
            ),
            known="pip has both",
        ),
        {
            "ERROR: Package 'unsloth' requires a different Python: 3.14.0 not in '<3.14,>=3.9'": (
                "uv venv --python 3.12"
            ),
        },
        alone=True,
    ),
    General(
        "wheel-for-another-platform",
        r"(?P<name>[\w.+-]{5,160})\.whl is not a supported wheel on this platform",
        _another_platform,
        {
            "ERROR: flash_attn-2.7.4+cu12torch2.6cxx11abiFALSE-cp311-cp311-linux_x86_64.whl is not "
            "a supported wheel on this platform.": "for Python 3.11",
            "ERROR: x-0.4-cp39-abi3-win_amd64.whl is not a supported wheel on this platform.": (
                "Python 3.9 or newer"
            ),
            "ERROR: unsloth-2024.8-py3-none-any.whl is not a supported wheel on this platform.": (
                "for Python 3, and"
            ),
        },
        alone=True,
    ),
    General(
        "environment-of-the-system",
        r"^\W{0,4}error: externally-managed-environment",
        always(
            "pip does not install into the system's own Python",
            "python3 -m venv tune; source tune/bin/activate   and pip install there",
            "or uv venv; uv pip install ...",
            why="Debian, Ubuntu and Homebrew keep their Python for themselves",
            known="pip says so",
        ),
        {
            "error: externally-managed-environment": "python3 -m venv tune",
            "pip said: error: externally-managed-environment, so I made a venv.": "",
        },
        alone=True,
    ),
    General(
        "requirement-not-installed",
        r"ERROR: (?P<who>[\w.-]{2,60}) \S{1,30} requires (?P<need>[\w.-]{2,60})"
        r"(?P<bound>\S{0,60}), which is not installed",
        lambda case: Answer(
            f"pip warns: {case.match['who']} needs {case.match['need']}, which is not installed",
            (
                f"pip install '{case.match['need']}{case.match['bound']}'"
                if case.match["bound"]
                else f"pip install {case.match['need']}",
                f"nothing, where the run does not import {case.match['who']}",
            ),
            why="it was installed with --no-deps, or its requirement was removed since; the "
            "installation itself went on",
            known="pip's own text",
            settles=False,
        ),
        {
            "ERROR: unsloth-zoo 2025.9.9 requires msgspec, which is not installed.": (
                "pip install msgspec"
            ),
            "ERROR: tensorflow 2.15.0 requires protobuf<5,>=3.20.3, which is not installed.": (
                "'protobuf<5,>=3.20.3'"
            ),
        },
        alone=True,
    ),
)
