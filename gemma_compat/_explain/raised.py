"""Find exceptions in a log: what was raised, the whole message, and the frames before it."""

from __future__ import annotations

import re

from ..values import Value
from .documentation import is_trouble
from .patterns import Pattern, pattern
from .scan import Hit

# What launchers, loggers, pytest and vLLM put before a line: a rank, a worker, a time, a level.
PREFIX = (
    r"(?:\[[^\]\n]{1,40}\](?:<\w{1,10}>)?:? ?|\([^)\n]{1,60}\) ?|"
    r"(?:[Rr]ank ?)?\d{1,4}: ?|E {2,40}|"
    r"\d{4}-\d\d-\d\d[T ][\d:.,Z+-]{5,30} (?:- [A-Z]{4,8} - )?|> (?=\S)| {1,16}\| |"
    r"(?:ERROR|CRITICAL|WARNING) \d\d-\d\d [\d:.]{5,15} (?:\[?[^\]\n ]{1,60}\] )?)"
)
# The line that ends a traceback: an exception's class, then its message or nothing.
_EXCEPTION = (
    rf"^(?:{PREFIX}{{1,3}})?(?! )"
    r"(?P<kind>(?:[A-Za-z_]\w{0,60}\.){1,8}Error|"
    r"(?:[A-Za-z_]\w{0,60}\.){0,8}(?:[A-Z]\w{0,60}(?:Error|Failure|Timeout)|"
    r"(?:[A-Z]\w{0,60})?(?:Exception|Unsupported|Interrupt))|"
    r"(?:System|Generator)Exit|Stop(?:Async)?Iteration|"
    r"(?:[A-Za-z_]\w{0,60}\.){0,8}(?:Broken(?:Process|Thread)Pool|"
    r"(?:User|Future|Runtime|Deprecation)?Warning|RayTaskError\(\w{1,60}\))|"
    r"(?:[A-Za-z_]\w{0,60}\.){0,7}(?:errors?|exc|exceptions?|subprocess|queue|lib)\.[A-Z]\w{2,60}|"
    r"(?:cv2|re|struct|zlib|select|sqlite3|lzma|pyodbc|binascii|locale)\.error)"
    r"(?:: |:?[ \t\r]*$)"
)
_TRACEBACK = r"Traceback \(most recent call last\)"
# Within a sentence or a title, at the end of a traceback in one line, in a notebook's JSON.
# Chinese and Japanese prose has no blank before it, and a wide colon after it.
_QUOTED = r"(?<![A-Za-z0-9_])(?P<kind>[A-Z][A-Za-z0-9_]{2,40}(?:Error|Exception))(?:: |： ?)(?=\S)"
_IN_JSON = r"\"name\": \"(?P<kind>[A-Z]\w{2,40}(?:Error|Exception))\",\s{1,20}\"message\": \""
EXPRESSIONS = (_EXCEPTION, _TRACEBACK, _QUOTED, _IN_JSON)  # for the index
BLOCK = 12  # lines of a message that follow the one with the exception's class
_START = re.compile(r"Traceback \(most recent call last\)|^-{40,}", re.MULTILINE)
_OTHER = re.compile(_EXCEPTION, re.MULTILINE)
_FRAME = re.compile(r"\.py(?:[\"')]|:\d|\(|\]\(|,? in [\w<])|\bline \d|-{2,4}> ?\d")
_PREFIXES = re.compile(rf"^(?:{PREFIX}){{1,3}}", re.MULTILINE)
# How a docstring goes on behind an exception's class.
_WHEN = re.compile(r"\s*(?:[Ii]f|[Ww]hen(?:ever)?|Raised|[Ii]n case|[Uu]nless|On)\b")
# Errors that only report the failure of another process.
_LAUNCHERS = re.compile(
    r"^\W*SystemExit|ChildFailedError|CalledProcessError|ProcessRaisedException|"
    r"ProcessExitedException|"
    r"RayTaskError|"
    r"DistBackendError|DistNetworkError|BrokenPipeError|ConnectionResetError|EOFError$|"
    r"Connection (?:closed|reset) by peer|ncclRemoteError|remote process exited|SignalException|"
    r"Engine (?:core )?(?:initialization failed|process failed)|"
    r"EngineCore encountered an issue"
)


# How a person who pasted an error goes on. Packages say "we" and "you" and ask "did you mean".
_VERBS = (
    "am|was|have|had|tried|try|use|used|get|got|think|thought|do|did|don't|didn't|can|can't|could|"
    "couldn't|cannot|want|wanted|need|just|also|already|run|ran|installed|followed|believe|guess|"
    "see|saw|set|changed|found|noticed|suspect|wonder|understand|know|expect|expected|hope|will|"
    "would|checked|only|still|even"
)
_SPEAKS = rf"\bI(?:['’](?:m|ve|d)| (?:{_VERBS}))\b"
_PERSON = (
    r"(?:[Pp]l(?:ease|s|z),? (?:help|advise|suggest|guide|let me know)|"
    r"[Hh]elp(?: me)?\b[ ,.!]*(?:please|$)|"
    r"(?:[Cc]an|[Cc]ould|[Dd]oes|[Hh]as|[Ww]ould|[Ii]s)? ?[Aa]ny ?(?:one|body)\b|"
    r"(?:[Cc]an|[Cc]ould) (?:some(?:one|body)|you please)\b|"
    r"(?:[Hh]ow|[Ww]hat|[Ww]hy|[Ww]here|[Ww]hich) [^\n.]{0,60}\b(?:I|we|this|it)\b[^\n]{0,80}\?|"
    r"(?:[Ii]s there )?[Aa]ny (?:ideas?|helps?|suggestions?|advice|clues?|hints?|thoughts)\b|"
    r"(?:[Mm]any )?[Tt]hank(?:s| you)\b|[Hh]i(?: all| there|,)|[Hh]ello\b|"
    rf"(?:[A-Z][a-z]+ ){{0,2}}{_SPEAKS}|"
    r"[Mm]y (?:environment|env|code|config\w*|setup|system|gpus?|script|machine|dataset|data|"
    r"versions?|torch|transformers|model|notebook|guess|question|command|training|current)\b)"
)
# A row of a report's form: "### Expected behavior", "**Environment**", "System Info:".
_OF_A_FORM = (
    r"(?:#{1,6} |\*\*|_)?(?:(?:Expected|Actual|Current) (?:behaviou?r|result)|"
    r"(?:To|Steps to) [Rr]eproduc|Reproduction\b|System [Ii]nfo|"
    r"Environment(?: info\w*)? ?(?::|\*|$)|Screenshots?\b|Additional (?:context|info)|"
    r"Who can help|Version(?:s| info\w*):? *$|Possible (?:fix|solution))|#{1,6} [A-Z]"
)
_PROMPT = r"(?:\([\w.-]+\) ?)?[\w.-]+@[\w.-]+:\S*[$#] "
_OF_THE_REPORTER = re.compile(
    rf"\s*(?:{_PERSON}|{_OF_A_FORM}|{_PROMPT}|It (?:works|worked) )|[^\n]*{_SPEAKS}"
)
_SENTENCE_OF_THE_REPORTER = re.compile(rf"(?<=[\w)\]'\"`][.!?。]) *(?={_PERSON})")
_CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


class Raised(Value):
    """One exception.

    Attributes:
        line: where its class stands, from 1.
        hit: that line.
    """

    line: int
    hit: Hit

    @property
    def kind(self) -> str:
        """Return its class without the module: ``ValueError``."""
        return self.hit.match["kind"].rpartition(".")[2]

    @property
    def message(self) -> str:
        """Return its message: the rest of its line and the lines that belong to it, up to where
        the person who pasted it goes on.
        """
        first = self.hit.text[self.hit.match.end() :]
        person = _SENTENCE_OF_THE_REPORTER.search(first)
        if person and person.start():
            return first[: person.start()].strip()
        lines = [first]
        below = self.hit.after
        if _PREFIXES.match(self.hit.text):  # else "[8, 2]" below it is of the message
            below = _PREFIXES.sub("", below)
        for line in below.splitlines()[:BLOCK]:
            if (
                not line.strip()
                or re.match(
                    r"Traceback|\s*File \"|\{'|\d+%|During handling|"
                    r"(?:\[rank\d+\]:)?\[W\d{3,4} ",  # a warning of torch at the end
                    line,
                )
                or _OF_THE_REPORTER.match(line)
            ):
                break
            if _CJK.search(line) and not _CJK.search(first):
                break
            lines.append(line)
        return "\n".join(lines).strip()

    @property
    def traceback(self) -> str:
        """Return the lines above it that belong to its traceback; without one, the log
        before it.
        """
        starts = [match.start() for match in _START.finditer(self.hit.before)]
        if starts:
            return self.hit.before[starts[-1] :]
        near = self.hit.before[-4000:]
        if _FRAME.search("\n".join(near.splitlines()[-6:])):
            return near
        # Without frames right before it, another error's line ends what belongs to this one.
        other = [match.end() for match in _OTHER.finditer(near)]
        return near[other[-1] :].partition("\n")[2] if other else near

    @property
    def around(self) -> str:
        """Return traceback, class and message."""
        return f"{self.traceback}{self.hit.text}\n{self.hit.after}"

    @property
    def is_of_a_launcher(self) -> bool:
        """Return whether it only says that a process failed, and not why."""
        return bool(_LAUNCHERS.search(self.hit.text))


# What Python and its logging print around an error that ends nothing.
_LET_GO = re.compile(
    r"(?:Exception ignored (?:in|while|from)\b[^\n]*|--- Logging error ---[ \t]*)\n\s*\Z"
)


def was_let_go(hit: Hit) -> bool:
    """Return whether Python only printed an exception: of a destructor, or of logging itself."""
    if hit.after.startswith("Call stack:"):
        return True
    above, _, frames = hit.before.rpartition("Traceback (most recent call last):\n")
    if not _LET_GO.search(above[-400:]):  # first, as few lines stand there and many are frames
        return False
    return all(line.startswith(" ") for line in frames.splitlines())


def is_only_warned(hit: Hit) -> bool:
    """Return whether a warning was printed: raised, it ends a traceback, right below a frame."""
    if not hit.match["kind"].endswith("Warning"):
        return False
    above = hit.before.splitlines()[-3:]
    is_code = bool(above) and above[-1][:1] in (" ", "\t")
    return not (is_code and any(re.match(r"\s+File \".+\", line \d", row) for row in above))


def exceptions() -> Pattern:
    """Return the pattern that finds exceptions."""
    return pattern("raised", None, _EXCEPTION, limit=10_000, context=True)


def traceback_start() -> Pattern:
    """Return the pattern that finds where a traceback begins."""
    return pattern("traceback", None, _TRACEBACK, limit=10_000)


def is_described(hit: Hit) -> bool:
    """Return whether a quoted exception is one of which a docstring says when it is raised, or a
    list of troubles what cures it.
    """
    before, after = hit.text[: hit.match.start("kind")], hit.text[hit.match.end() :]
    if is_trouble(hit.text):
        return True
    return not before.strip(" -*`") and len(before) > 1 and bool(_WHEN.match(after))


def quotations() -> tuple[Pattern, ...]:
    """Return the patterns that find an exception within a sentence, a title or JSON."""
    return (
        pattern("quoted", None, _QUOTED, context=True),
        pattern("quoted", None, _IN_JSON, lines=2, context=True),
    )
