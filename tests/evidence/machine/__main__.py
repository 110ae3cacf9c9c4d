"""``make evidence``: observe, record, and say what it means.

python -m tests.evidence.machine                                  everything not yet observed
python -m tests.evidence.machine --rule GC104
python -m tests.evidence.machine --package transformers --version 5.24.0   or --version new
python -m tests.evidence.machine --bisect GC101 4.49.0 4.50.3 [--model-type gemma3_text]
python -m tests.evidence.machine --fold                           only rebuild evidence.json
"""

from __future__ import annotations

import argparse
import sys
import time

from gemma_compat.engine.diagnosis import judge
from gemma_compat.engine.rule import Finding, Rule
from gemma_compat.errors import UsageError
from gemma_compat.rules import all_rules, find

from . import bisect, cells, drift, fold, pool, releases, rows
from .reproductions import codes, describe


def main(argv: list[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    try:
        return _run(options)
    except UsageError as error:
        print(f"evidence: error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="evidence", description="Prove rules on real releases.")
    parser.add_argument("--rule", action="append", help="only this rule (may be repeated)")
    parser.add_argument("--package", default="transformers")
    parser.add_argument("--version", help="only this release, or 'new' for those never observed")
    parser.add_argument("--again", action="store_true", help="observe what has rows already, too")
    parser.add_argument("--bisect", nargs=3, metavar=("RULE", "ONE", "OTHER"))
    parser.add_argument("--model-type")
    parser.add_argument("--fold", action="store_true", help="only rebuild evidence.json")
    parser.add_argument("--jobs", type=int, default=pool.JOBS)
    return parser


def _run(options: argparse.Namespace) -> int:
    if options.fold:
        print(f"{fold.TARGET.name}: {fold.write()} bytes")
        return 0
    if options.bisect:
        return _bisect(*options.bisect, options.package, options.model_type)
    rules = [find(name) for name in options.rule] if options.rule else _proven()
    targets = _targets(options)
    planned = [cell for rule in rules for cell in cells.plan(rule, describe(rule.code))]
    if targets is not None:
        planned = _at(rules, options.package, targets)
    todo = planned if options.again else _unseen(planned)
    started = time.monotonic()
    print(f"{len(planned)} observations planned, {len(todo)} to make", flush=True)
    made = pool.run(
        todo, {rule.code for rule in rules if rule.patch}, _Progress(todo), options.jobs
    )
    for rule in rules:
        rows.rewrite(rule.code)
    size = fold.write()
    print(f"{len(made)} rows in {time.monotonic() - started:.0f} s; evidence.json {size} bytes")
    if targets:
        _print_drift(rules, options.package, targets)
    return _print_surprises(rules)


def _proven() -> list[Rule]:
    have = set(codes())
    return [rule for rule in all_rules() if rule.code in have]


def _targets(options: argparse.Namespace) -> list[str] | None:
    """The releases asked for; ``None`` for the whole coverage."""
    if options.version is None:
        return None
    if options.version == "new":
        fresh = releases.refresh()[options.package]
        return [v for v in fresh if v] or [releases.newest(options.package)]
    return [releases.check(options.package, options.version)]


def _at(rules: list[Rule], package: str, targets: list[str]) -> list[cells.Cell]:
    found = []
    for rule in rules:
        reproduction = describe(rule.code)
        for version in targets:
            found += list(cells.cells_at(rule, reproduction, package, version, True))
    return found


def _unseen(planned: list[cells.Cell]) -> list[cells.Cell]:
    seen = {row.key for code in {cell.code for cell in planned} for row in rows.read(code)}
    return [cell for cell in planned if cell.key not in seen]


class _Progress:
    """Prints a line for each finished environment, with how many are left."""

    def __init__(self, todo: list[cells.Cell]) -> None:
        self._left = len({cell.environment for cell in todo})

    def __call__(self, line: str) -> None:
        self._left -= 1
        print(f"[{self._left:3} left] {line}", flush=True)


def _bisect(code: str, one: str, other: str, package: str, model_type: str | None) -> int:
    rule = find(code)
    reproduction = describe(rule.code)
    chosen = model_type or reproduction.model_types[0]

    def observe(version: str) -> str:
        environment = cells.environment_at(reproduction, package, version)
        cell = cells.Cell(environment, rule.code, chosen, reproduction.variants[0], False)
        (row,) = pool.run([cell], set(), lambda line: None)
        print(f"{package} {version}: {row.outcome} ({row.seen})", flush=True)
        return row.outcome

    ends = [releases.check(package, version) for version in (one, other)]
    try:
        edge = bisect.bisect(releases.published(package), ends[0], ends[1], observe)
    except ValueError as error:
        raise UsageError(f"nothing to bisect: {error}") from error
    first, second = ("broken", "working") if edge.older_is_broken else ("working", "broken")
    print(f"{rule.code} {chosen}: {package} {edge.older} {first}, {edge.newer} {second}")
    return 0


def expected_outcome(rule: Rule, row: rows.Row) -> str:
    """What the rule says of an unpatched row: ``broken``, ``working`` or ``undetermined``."""
    answer = judge(rule, row.known_facts())
    if answer is None:
        return rows.WORKING
    return rows.BROKEN if isinstance(answer, Finding) else "undetermined"


def _print_drift(rules: list[Rule], package: str, targets: list[str]) -> None:
    everything = [row for rule in rules for row in rows.read(rule.code)]
    by_code = {rule.code: rule for rule in rules}
    for version in targets:
        expected = {
            (row.code, row.model_type, row.variant): expected_outcome(by_code[row.code], row)
            for row in everything
            if cells.pins_of(row.environment) == {package: version}
            and row.facts
            and not row.patched
        }
        changed = drift.compare(everything, package, version, expected)
        print(f"\n{package} {version}: {len(changed)} of {len(expected)} answers changed")
        for item in changed:
            print(
                f"  {item.code} {item.model_type:14} {item.variant:28} "
                f"before {item.before:8} now {item.after:8} the rule says {item.expected}"
            )


def _print_surprises(rules: list[Rule]) -> int:
    """Rows that the rules do not predict; exit code 1 if there are any."""
    wrong = 0
    for rule in rules:
        for row in rows.read(rule.code):
            if row.outcome == rows.INVALID:
                print(f"invalid: {row.code} {row.environment} {row.model_type}: {row.seen}")
                continue
            says = rows.WORKING if row.patched else expected_outcome(rule, row)
            if says != row.outcome:
                wrong += 1
                cured = " patched" if row.patched else ""
                print(
                    f"NOT PREDICTED: {row.code} {row.environment} {row.model_type} "
                    f"{row.variant}{cured}: {row.outcome}, the rule says {says}: {row.seen}"
                )
    print("every row is predicted by its rule" if not wrong else f"{wrong} rows are not predicted")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
