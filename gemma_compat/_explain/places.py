"""Find whose code each frame of a traceback is: a package's, Python's, or the user's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..detect.packages import DISTRIBUTIONS
from .unknown import GENERATED, OWN, PACKAGE, PYTHON, Place

if TYPE_CHECKING:
    from ..atlas import Frame
    from .raised import Raised

_INSTALLED = re.compile(r"(?:site|dist)-packages/(.+)$")
_OF_PYTHON = re.compile(
    r"^<(?!stdin|string|ipython)|/lib(?:64)?/python\d[\d.]*/(?!(?:site|dist)-packages)|"
    r"(?i:/python\d{2,3}/lib/)(?!(?:site|dist)-packages)|/(?:bin|Scripts)/[\w.-]+$"
)
_MODEL_CODE = re.compile(r"transformers_modules/(.+)$")
_CELL = re.compile(r"In ?\[(\d+)\]|<ipython-input-(\d+)|ipykernel_\d+[/\\]")
# What is mostly run from a checkout, or written by a tool: the folder of its code.
_CHECKED_OUT = frozenset(
    {
        *("axolotl", "fastchat", "llamafactory", "lm_eval", "megatron", "mergekit", "nemo"),
        *("open_instruct", "openrlhf", "sglang", "swift", "torchtune", GENERATED, "verl"),
    }
)
# What pytest prints below an error: the file, the line and the class.
_PYTEST = re.compile(r"^(?P<path>[^\s:][^\n:]{0,300}\.py):(?P<line>\d+): \w+\s*$", re.MULTILINE)
# What a launcher puts before each line of one process: [rank0]:, (Worker pid=12), 0:
_RANK = re.compile(r"\[[^\]\n]{1,40}\](?:<\w{1,10}>)?:|\([^)\n]{1,60}\)|(?:[Rr]ank ?)?\d{1,4}:")


def places_of(raised: Raised) -> tuple[Place, ...]:
    """Return the frames that lead to an exception, outermost first."""
    from ..atlas import Frame, read_every_frame

    frames = read_every_frame(_own_traceback(raised))
    if not frames and raised.hit.text.startswith("E "):
        end = _PYTEST.search(raised.hit.after)
        above = [line for line in raised.hit.before.splitlines() if line.startswith(">")]
        if end:
            code = above[-1].strip("> ") if above else ""
            frames = (Frame(end["path"], int(end["line"]), code=(code,)),)
    return tuple(map(place_of, frames))


def _own_traceback(raised: Raised) -> list[str]:
    """Return the lines of its traceback; of a rank's, only those with that rank's prefix."""
    prefix = _RANK.match(raised.hit.text)
    if prefix is None:
        return raised.traceback.splitlines()
    lines = [line for line in raised.hit.before.splitlines() if line.startswith(prefix[0])]
    starts = [n for n, line in enumerate(lines) if "Traceback (most recent call last)" in line]
    return lines[starts[-1] :] if starts else lines


def place_of(frame: Frame) -> Place:
    """Return whose code a frame is."""
    path = frame.path.replace("\\", "/")
    function = "" if frame.function.startswith("<") else frame.function
    code = frame.code[0].strip() if frame.code else ""
    owner, file = _owned(path)
    module = re.split(r"/|\.py", file)[0] if owner == PACKAGE else ""
    return Place(owner, module, file, frame.line, function, code)


def _owned(path: str) -> tuple[str, str]:
    """Return whose file it is, and how it is shown."""
    from ..atlas.frames import package_path

    cell = _CELL.search(path)
    if cell:
        number = cell[1] or cell[2]
        return OWN, f"cell {number}" if number else "a cell"
    model = _MODEL_CODE.search(path)
    if model:
        return PACKAGE, f"transformers_modules/{model[1].rpartition('/')[2]}"
    installed = _INSTALLED.search(path)
    if installed:
        return PACKAGE, installed[1]
    if _OF_PYTHON.search(path):
        return PYTHON, path.rpartition("/")[2]
    inside = package_path(path) or _checked_out(path)
    return (PACKAGE, inside) if inside else (OWN, path.rpartition("/")[2])


def _checked_out(path: str) -> str:
    """Return a file of a package that runs from a checkout, from the package on."""
    parts = path.split("/")
    for number, part in enumerate(parts[:-1]):
        if part in _CHECKED_OUT:
            return "/".join(parts[number:])
    if path.endswith(".pyx") and not path.startswith("/"):
        return path
    return ""


def distribution_of(module: str) -> str:
    """Return the name by which pip most likely installs a module."""
    from ..atlas.frames import WORDED

    named = {"nemo": "nemo-toolkit", GENERATED: "unsloth", **WORDED}
    named.update({module: name for name, module in DISTRIBUTIONS.items()})
    return named.get(module) or module.replace("_", "-")


def own_line(places: Sequence[Place]) -> Place | None:
    """Return the user's own frame that is nearest to the error."""
    return next((place for place in reversed(places) if place.owner == OWN), None)


def raiser_of(places: Sequence[Place]) -> Place | None:
    """Return the frame that raised; of Python's own library, the code that called it.

    What reads a name that an object lacks is the line above that object's ``__getattr__``.
    """
    found = [place for place in places if place.owner != PYTHON]
    while len(found) > 1 and found[-1].function.rpartition(".")[2] == "__getattr__":
        found.pop()
    return found[-1] if found else (places[-1] if places else None)
