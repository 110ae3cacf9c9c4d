"""Find the frames of a log's tracebacks, whatever printed them.

It reads Python's own form (also ``faulthandler``'s), IPython's old and new forms and rich's boxes.
Lines may begin with ranks, times or quote marks, may be wrapped by a terminal, and paths may have
either kind of slash. Only frames inside an indexed package are returned, unless asked otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from .frames import Error, Frame, package_path

# What launchers, loggers, quoting and pytest (``E``) put before a line.
_BEFORE = re.compile(
    r"(?:\[[A-Za-z]{0,10} ?\d{1,5}\](?:<\w{1,10}>)?:? ?|"
    r"\[[\w. -]{0,20}(?:rank|RANK)[^\]]{0,20}\]:? ?|"
    r"\((?=[^)]*(?:pid|rank|ip)=)[^)\n]{1,60}\) ?|"
    r"(?:[Rr]ank ?)?\d{1,4}: ?(?=\s|[A-Z])|E {2,7}|> ?(?=\S| )|"
    r"\d{4}-\d\d-\d\d[T ][\d:.,Z+-]{5,30} "
    r"(?:(?:- )?\[?[A-Z]{4,8} ?\]? ?(?:- )?)?(?:\S{5,40} [A-Z_]{3,20} - )?|"
    r"(?:\([\w ]{1,30}pid=\d+\) )?(?:ERROR|INFO|WARNING) \d\d-\d\d [\d:]{8} \[[^\]\n]{1,60}\] )"
)
# The bar before each line of an exception group. A rich box has one on the right as well.
_BAR = re.compile(r" {0,16}\| (?=.*[^|\s]\s*$)")
# What editors and web pages make of a path or a line number: [text](address), <a href=...>text</a>.
_LINK = re.compile(
    r"\[([^\]\n]{1,200})\]\((?:https?|file|vscode)[^)\s]*\)|<a href=[^>]*>([^<]*)</a>"
)
_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# File "PATH", line N, in NAME. If a terminal wrapped it, the lines are joined first.
_PLAIN = re.compile(
    r'\s*File\s*"(?P<path>[^"]+)",\s*line\s*(?P<line>\d+),?\s*in\s*'
    r"(?P<name>[\w.]+|<[\w ]+>(?:\.\w+)?)"
)
_PLAIN_STARTS = re.compile(r'\s*File\s*"')
# File PATH:N, in NAME(signature)   |   PATH in NAME(signature)   |   File PATH:N, of a module
_NOTEBOOK = re.compile(
    r"(?:File )?(?P<path>[~\w./\\][^\n:\"]{0,300}?(?::\\[^\n:\"]+?)?\.pyx?)"
    r"(?:(?::(?P<line>\d+))?,? in (?:(?P<name>[\w.<>]+)(?:\(|$))|(?<=py):(?P<only>\d+)\s*$)"
)
# What rich prints in a box: PATH:N in NAME
_RICH = re.compile(
    r"(?P<path>[~\w./\\](?::\\)?[^\n:\"]{0,300}?\.py):(?P<line>\d+) in (?P<name>[\w.<>]+)\s*$"
)
# A notebook's cell: Cell In[3], line 5   |   Cell In[3], line 2, in f(x)   |   Input In [3], in f()
_CELL = re.compile(
    r"(?P<path>(?:Cell |Input )?In ?\[\d+\]|<ipython-input-[\w-]+>)"
    r"(?:, line (?P<line>\d+)(?:, in (?P<of>[\w.<>]{1,80})\(.*)?\s*$|"
    r"(?::(?P<at>\d+))?,? in (?P<name>[\w.]+|<[^>]{1,20}>))"
)
_NUMBERED = re.compile(r"\s{0,10}(?P<arrow>-+>|❱|>)?\s{0,6}(?P<line>\d{1,6})(?:\s|$)(?P<code>.*)")
_RICH_CODE = re.compile(r"\s{0,6}(?P<arrow>❱|>|➤)?\s{0,6}(?P<line>\d{1,6})\s*[│|](?P<code>.*)")
_MARKS = re.compile(r"[\s~^]+")
_ENDS = re.compile(
    r"(?P<kind>[A-Za-z_][\w.]*(?:Error|Exception|Unsupported|Interrupt|Failure|Timeout|Exit|Abort))"
    r"(?::\s?(?P<message>.*)|\s*)$"
)
# What may follow a message without being part of it.
_AFTER = re.compile(
    r"Traceback |During handling|The above exception|\s*File [\"<~/]|-{10,}|={10,}|[╭╰]|\[E\d|"
    r"Set TORCH|[A-Z][a-z]+ \d+ \d\d:|\[?\d{4}-\d\d-\d\d|(?:WARNING|INFO|ERROR)\b"
)
_WIDEST = 600  # characters of a line that are looked at
_JOINED = 3  # lines that a terminal may make of one
_MESSAGE = 8  # lines of an error's message that are kept


_WORDS = ("File ", ".py", "Error", "Exception", "│")


def may_begin(line: str) -> bool:
    """Return whether a frame or an error can begin on this line: cheap, with false positives."""
    return any(word in line for word in _WORDS)


def _plain(line: str) -> str:
    """Return the line without colours and without its prefix."""
    text = _CODES.sub("", line.rstrip("\r\n")[:_WIDEST])
    if "](" in text or "<a " in text:
        text = _LINK.sub(lambda match: match[1] or match[2] or "", text)
    bar = _BAR.match(text)
    if bar:
        text = text[bar.end() :]
    for _ in range(3):
        match = _BEFORE.match(text)
        if not match or not match[0]:
            break
        text = text[match.end() :]
    return text


class _Open:
    """A frame whose lines are still being read."""

    def __init__(
        self,
        path: str,
        line: int,
        function: str,
        at: int,
        *,
        rich: bool = False,
        numbered: bool = False,
    ) -> None:
        self.path, self.line, self.function, self.at = path, line, function, at
        self.rich, self.numbered = rich, numbered
        self.texts: list[str] = []
        self.by_number: dict[int, list[str]] = {}
        self.last = 0


class Reader:
    """Turn lines into frames and errors.

    Args:
        path_of: gives a file as a frame shows it; ``None`` leaves the frame out.
    """

    def __init__(self, path_of: Callable[[str], str | None] = package_path) -> None:
        self._path_of = path_of
        self._open: _Open | None = None
        self._error: tuple[str, int, list[str]] | None = None
        self._started: list[str] = []  # a header that a terminal wrapped, not yet whole
        self._started_at = 0

    @property
    def is_idle(self) -> bool:
        """Return whether no frame, error or header is open that the next line could belong to."""
        return not self._started and self._open is None and self._error is None

    def read(self, number: int, line: str) -> Iterator[Frame | Error]:
        """Yield what this line completes."""
        line = _plain(line)
        boxed = _unboxed(line)
        if self._started:
            header = self._continued(line, boxed)
        else:
            header = self._header(number, line, boxed)
        if header is not None:
            yield from self.close()
            self._open = header
        elif not self._started:
            yield from self._inside(number, line, boxed)

    def _inside(self, number: int, line: str, boxed: str | None) -> Iterator[Frame | Error]:
        """Read a line that begins no frame: it continues what is open, or ends it."""
        ends = _ENDS.match(line)
        if ends and boxed is None:
            yield from self.close()
            self._error = (ends["kind"].rpartition(".")[2], number, [ends["message"] or ""])
        elif self._error is not None:
            if not line.strip() or _AFTER.match(line) or len(self._error[2]) == _MESSAGE:
                yield from self.close()
            else:
                self._error[2].append(line)
        elif self._open is not None and not self._takes(line, boxed):
            yield from self.close()

    def close(self) -> Iterator[Frame | Error]:
        """Yield what is open: a frame inside an indexed package, or an error."""
        made = _finished(self._open, self._path_of) if self._open else None
        ended, self._open, self._error = self._error, None, None
        if made:
            yield made
        if ended:
            kind, at, texts = ended
            yield Error(kind, " ".join(" ".join(texts).split()), at)

    def _header(self, number: int, line: str, boxed: str | None) -> _Open | None:
        """Return the frame that begins on this line; remember a header that is not complete yet."""
        match = _PLAIN.match(line)
        if match:
            return _Open(match["path"], int(match["line"]), match["name"], number)
        if _PLAIN_STARTS.match(line):
            self._started, self._started_at = [line], number
            return None
        if boxed is not None:
            match = _RICH.match(boxed.strip())
            if match:
                return _Open(match["path"], int(match["line"]), match["name"], number, rich=True)
            if _may_be_path(boxed):
                self._started, self._started_at = [boxed.strip()], number
            return None
        cell = _CELL.match(line)
        if cell:
            at = int(cell["line"] or cell["at"] or 0)
            name = cell["name"] or cell["of"] or "<module>"
            return _Open(cell["path"], at, name, number, numbered=True)
        match = _NOTEBOOK.match(line)
        if match:
            at = int(match["line"] or match["only"] or 0)
            name = match["name"] or "<module>"
            return _Open(match["path"], at, name, number, numbered=True)
        return None

    def _continued(self, line: str, boxed: str | None) -> _Open | None:
        """Return the frame of a header of several lines once it is complete; give up after
        three.
        """
        self._started.append(line if boxed is None else boxed.strip())
        text = "".join(self._started)
        match = _PLAIN.match(text) if boxed is None else _RICH.match(text)
        if match is None and len(self._started) < _JOINED:
            return None
        self._started = []
        if match is None:
            return None
        at = self._started_at
        return _Open(match["path"], int(match["line"]), match["name"], at, rich=boxed is not None)

    def _takes(self, line: str, boxed: str | None) -> bool:
        """Add the line to the open frame; return whether it belongs there."""
        frame = self._open
        assert frame is not None
        if frame.rich:
            return boxed is not None and _take_boxed(frame, boxed)
        if frame.numbered:
            return _take_numbered(frame, line)
        return _take_plain(frame, line)


def _unboxed(line: str) -> str | None:
    """Return the inside of a line of a rich box; ``None`` for any other line."""
    text = line.strip()
    if len(text) > 1 and text[0] in "│|" and text[-1] in "│|":
        return text[1:-1]
    return None


def _may_be_path(boxed: str) -> bool:
    text = boxed.strip()
    return text.startswith(("/", "~")) or bool(re.match(r"[A-Za-z]:\\", text))


def _take_boxed(frame: _Open, boxed: str) -> bool:
    match = _RICH_CODE.match(boxed)
    if match:
        number = int(match["line"])
        if match["arrow"]:
            frame.line = frame.line or number
        frame.by_number.setdefault(number, []).append(_code(match["code"]))
        frame.last = number
    elif frame.last and _code(boxed):
        frame.by_number[frame.last].append(_code(boxed))
    return True


def _code(text: str) -> str:
    """Return a code line without the guides that rich draws for indentation."""
    return re.sub(r"^[\s│|]+", "", text).strip()


def _take_numbered(frame: _Open, line: str) -> bool:
    match = _NUMBERED.match(line)
    if match:
        number = int(match["line"])
        if match["arrow"] and (not frame.line or number == frame.line):
            frame.line = number
        frame.by_number.setdefault(number, []).append(match["code"])
        frame.last = number
        return True
    if not line.strip():
        return not frame.by_number  # a blank line ends it, once code was seen
    if frame.last:
        frame.by_number[frame.last].append(line)
    return True  # the rest of a signature, or of a wrapped line


def _take_plain(frame: _Open, line: str) -> bool:
    if not line.strip() or _MARKS.fullmatch(line):
        return not frame.texts
    if len(frame.texts) == _JOINED or line.startswith("Traceback"):
        return False
    frame.texts.append(line)
    return True


def _finished(frame: _Open, path_of: Callable[[str], str | None]) -> Frame | None:
    path = path_of(frame.path)
    if path is None or not frame.line:
        return None
    texts = frame.by_number.pop(frame.line, None) or frame.texts
    code = tuple("".join(texts[:count]).strip() for count in range(1, min(len(texts), 3) + 1))
    context = tuple(
        (number, "".join(parts).strip())
        for number, parts in sorted(frame.by_number.items())
        if abs(number - frame.line) < 60
    )
    return Frame(path, frame.line, frame.function, code, context, frame.at)
