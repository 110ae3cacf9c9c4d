"""``report --all-ranks`` and ``report --merge``: one report for a whole job."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import GemmaCompatError, UsageError
from . import assumptions
from .output import CLEAN, FINDINGS, NO_DIAGNOSIS, USAGE, complain, write, write_file

if TYPE_CHECKING:
    from ..detect.ranks import Place
    from ..engine.rule import Rule
    from ..facts import Facts
    from ..nodes import Job, Node
    from ..nodes.ranks import RankReport

_TIMEOUT = 120.0  # seconds; importing torch from a network disk takes a while


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--all-ranks``, ``--merge`` and ``--timeout``."""
    group = parser.add_argument_group("one report for a whole job")
    text = "gather what every rank finds; under torchrun or another launcher"
    group.add_argument("--all-ranks", action="store_true", help=text)
    text = "judge together what `report --format json` wrote on each node"
    group.add_argument("--merge", nargs="+", metavar="FILE", help=text)
    text = f"how long a rank waits for the others ({_TIMEOUT:g}), or --probe for the imports (60)"
    group.add_argument("--timeout", type=_seconds, metavar="SECONDS", help=text)


def is_asked(options: argparse.Namespace) -> bool:
    """Return whether the report is about a job; raise on options that cannot be combined.

    Raises:
        UsageError: options that contradict each other.
    """
    if options.timeout is not None and not options.all_ranks and not options.probe:
        raise UsageError("--timeout is for --all-ranks and --probe")
    if options.merge is None:
        if options.all_ranks and (options.versions or options.without or options.gpu is not None):
            raise UsageError("--all-ranks compares what is there; --with and --gpu assume it")
        return bool(options.all_ranks)
    if options.all_ranks:
        raise UsageError("--merge reads files and --all-ranks asks the ranks: give one of them")
    named = [name for name in ("model", "args", "adapter", "tokenizer") if getattr(options, name)]
    if named or options.probe or _assumes(options):
        option = f"--{named[0]}" if named else "--probe" if options.probe else "what-if options"
        raise UsageError(
            f"--merge takes facts as the files state them; give {option} to the "
            "`report --format json` that writes them"
        )
    return True


def _assumes(options: argparse.Namespace) -> bool:
    given = (options.versions, options.without, options.gpu)
    return any(item not in (None, []) for item in given) or bool(assumptions.read(options).how)


def run(options: argparse.Namespace, rules: Sequence[Rule], detect: Callable[[], Facts]) -> int:
    """Return the report, and the exit status."""
    if options.merge is not None:
        return _merge(options, rules)
    return _all_ranks(options, rules, detect)


def _merge(options: argparse.Namespace, rules: Sequence[Rule]) -> int:
    from ..nodes import Grouping, judge_job

    grouping = Grouping()
    unread: list[tuple[str, str]] = []
    for node in _nodes(options.merge, unread):
        grouping.add(node)
    for path, problem in unread:
        complain(UsageError(f"{_shown(path)}: {_shown(problem)}"))
    if not grouping.groups and not grouping.failed:
        return USAGE
    job = judge_job(grouping, rules, unread)
    write(_kept(options, job))
    return USAGE if unread else _status(job, options)


def _nodes(paths: Sequence[str], unread: list[tuple[str, str]]) -> Iterator[Node]:
    """Yield the nodes in the files; what cannot be used goes to ``unread``."""
    from ..detect.node_files import BadFile, read_documents
    from ..facts.checked import Parts
    from ..nodes.documents import nodes_of

    parts = Parts()
    named: dict[object, str] = {}
    for path, name, document in read_documents(paths):
        if isinstance(document, BadFile):
            unread.append((path, str(document)))
            continue
        try:
            nodes = nodes_of(document, name, parts)
        except ValueError as error:
            unread.append((path, str(error)))
            continue
        twice = [node.member for node in nodes if node.member in named]
        if twice:
            unread.append((path, f"node {twice[0].name} is in {named[twice[0]]} already"))
            continue
        named.update((node.member, path) for node in nodes)
        yield from nodes


def _all_ranks(
    options: argparse.Namespace, rules: Sequence[Rule], detect: Callable[[], Facts]
) -> int:
    """Judge and print on rank 0; make the others wait for its status and end with it too."""
    from ..detect.ranks import connected, place
    from ..nodes import Grouping, judge_job
    from ..nodes.ranks import crowded_hosts, nodes_of_ranks

    where = place()
    said = _said(where, detect)
    text, error = "", None
    status = NO_DIAGNOSIS
    with connected(where, options.timeout or _TIMEOUT) as ranks:
        found = ranks.gather(said)
        if where.rank == 0:
            try:
                reports = [_heard(rank, item) for rank, item in enumerate(found)]
                error = _common_error(reports)
                grouping = Grouping().add_all(nodes_of_ranks(reports))
                job = judge_job(grouping, rules, crowded=crowded_hosts(reports))
                text = _kept(options, job)
                status = USAGE if error else _status(job, options)
            finally:  # whatever happens here, the others must not wait for it
                status = ranks.agree(status)
        else:
            status = ranks.agree(status)
    if error:
        complain(UsageError(error))
    else:
        write(text)
    return status


def _said(where: Place, detect: Callable[[], Facts]) -> str:
    """Return what this rank found, or why it found nothing, as JSON."""
    import json

    from .._version import __version__

    said: dict[str, Any] = {"host": where.host, "agent": where.agent, "tool": __version__}
    try:
        said["facts"] = detect().to_dict()
    except GemmaCompatError as error:
        said["error"] = str(error)
    except Exception as error:  # probe boundary: this rank's failure is news, not a hang
        said["error"] = f"detection failed: {type(error).__name__}: {error}"
    return json.dumps(said, default=str)


def _heard(rank: int, text: str) -> RankReport:
    import json

    from ..facts.checked import checked_facts
    from ..nodes import Member, Node
    from ..nodes.ranks import RankReport

    said = json.loads(text)
    facts, problem = None, said.get("error", "")
    if not problem:
        try:
            facts = checked_facts(said["facts"])
        except ValueError as error:
            problem = f"what gemma_compat {said['tool']} found there is not understood: {error}"
    node = Node(Member(said["host"], (rank,)), facts, problem, said["tool"])
    return RankReport(rank, said["host"], said["agent"], node)


def _common_error(reports: Sequence[RankReport]) -> str:
    """Return what stopped every rank alike: a wrong option, rather than news of the nodes."""
    errors = {report.node.error for report in reports}
    return errors.pop() if len(errors) == 1 else ""


def _kept(options: argparse.Namespace, job: Job) -> str:
    """Return the report to print; with ``--output``, the text, after writing the file."""
    text = _renderer(options.format)(job)
    if options.output is None:
        return text
    write_file(options.output, text)
    return _renderer("text")(job)


def _renderer(form: str) -> Callable[[Job], str]:
    render: Callable[[Job], str]
    render = import_module(f"gemma_compat.report.nodes.{form}").render_job
    return render


def _status(job: Job, options: argparse.Namespace) -> int:
    if job.failed or (job.groups and len(job.blind) == len(job.groups)):
        return NO_DIAGNOSIS
    if options.fail_on_undetermined and job.undetermined:
        return FINDINGS
    if options.fail_on == "never":
        return CLEAN
    from ..engine.rule import Severity

    worst = job.worst()
    reached = worst is not None and worst.rank <= Severity(options.fail_on).rank
    return FINDINGS if reached else CLEAN


def _shown(text: str) -> str:
    """Shorten to one line, without anything that a terminal acts on."""
    line = "".join(char if char.isprintable() else "?" for char in text)
    return line if len(line) <= 300 else line[:297] + "..."


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"expected seconds, more than 0, not {text!r}")
    return seconds
