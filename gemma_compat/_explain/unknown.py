"""What a log shows of an error that nothing here knows, as values."""

from __future__ import annotations

import re

from ..values import Value

# Whose code a frame is.
PACKAGE, PYTHON, OWN = "package", "Python", "own"
# Folders of code that stands in no release of a package.
GENERATED, OF_MODEL = "unsloth_compiled_cache", "transformers_modules"
# How an exception above the last one belongs to it.
CAUSED, HANDLED, BEFORE = "caused", "handled", "before"

_COMPILED_CALL = re.compile(
    r"(?:return |[\w.]+ = )?(?P<name>(?:torch|F|nn\.functional)(?:\.\w+)+)\((?!.*\w\()"
)


class Place(Value):
    """A frame, and whose code it is.

    ``file`` and ``code`` of the user's own frame are private: print them on the terminal only.

    Attributes:
        owner: ``package``, ``Python`` or ``own``.
        module: the top-level package; empty for the user's own code.
        file: from the package on; of the user's own, the name of the file or cell.
        line: its number there.
        function: as printed; empty for a module's own code.
        code: the first line of its statement; empty where the log does not show it.
    """

    owner: str
    module: str
    file: str
    line: int
    function: str = ""
    code: str = ""

    @property
    def raises(self) -> bool:
        """Return whether its statement raises by itself, so that nothing deeper did."""
        return self.code.startswith(("raise ", "raise(", "assert ", "assert("))

    @property
    def is_indexed(self) -> bool:
        """Return whether it is code of a package that the release atlas knows."""
        from ..atlas.frames import DISTRIBUTIONS, WORDED

        return self.module in DISTRIBUTIONS or self.module in WORDED

    @property
    def compiled(self) -> str:
        """Return the compiled function of torch that its statement calls; empty for any other.

        A frame of Python would stand below a call of a Python function.
        """
        if self.raises:
            return ""
        if "run_backward(" in self.code:
            return "torch.autograd.backward"
        call = _COMPILED_CALL.match(self.code)
        name = call["name"] if call else ""
        return re.sub(r"^F\.|^nn\.functional\.", "torch.nn.functional.", name)


class Chained(Value, hidden=("raw",)):
    """An exception above the one that ended the log.

    Attributes:
        line: where it stands.
        link: as :class:`.chain.Earlier` has it.
        raw: class and first line of its text; private.
        text: what of it may be shared.
    """

    line: int
    link: str
    raw: str
    text: str = ""


class Unknown(Value, hidden=("message",)):
    """What a log shows of an error that no rule or answer knows.

    All but what is ``shown``, ``package`` and a chained one's ``link`` is private: print it on the
    terminal of the person who has the log.

    Attributes:
        line: where it stands.
        kind, message: its class and its whole text.
        shown: its class as it may be shared; empty where it may not.
        raised_by: the frame that raised it; ``None`` without a traceback.
        own: the line of the user's own code that led there.
        package: the distribution whose code raised it; empty for other code.
        version: of that package, as the log has it; empty where it has not.
        is_indexed: whether the release atlas has that package.
        do, why: what to do first by the class of the error, and why that decides.
        search: what to type into a search; empty for the user's own error.
        shown_do, shown_why, shown_search: what of these three may be shared.
        chain: what led to it, the nearest first.
        first: what another rank raised before.
        ranks: those that raised the same.
        is_told: whether the log only tells of it, in a sentence.
        went_on_at: the line of a training step after it; 0 if there is none.
        compiled_at: function and file of the C++ code that raised it, where the message says so.
    """

    line: int
    kind: str
    message: str
    shown: str = ""
    raised_by: Place | None = None
    own: Place | None = None
    package: str = ""
    version: str = ""
    is_indexed: bool = False
    do: str = ""
    why: str = ""
    search: str = ""
    chain: tuple[Chained, ...] = ()
    first: Chained | None = None
    ranks: tuple[int, ...] = ()
    is_told: bool = False
    went_on_at: int = 0
    compiled_at: str = ""
    shown_do: str = ""
    shown_why: str = ""
    shown_search: str = ""

    @property
    def root(self) -> Chained | None:
        """Return the first exception of the chain."""
        return self.chain[-1] if self.chain else None
