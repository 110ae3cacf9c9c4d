"""Read the releases that are missing: ``python -m tools.atlas.download [PACKAGE ...]``.

It reads one wheel after the other. Releases at the bounds of rules and the last one of each minor
come first, so that the index is useful before all are read.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gemma_compat import versions
from tools.archives import IndexFailed
from tools.releases import index_address

from .selection import BY_NAME, Package, canonical, chosen
from .store import Store
from .wheels import Release, files_of, listed

CACHE = Path(__file__).resolve().parents[2] / ".atlas" / "files.sqlite"


class NothingRead(Exception):
    """A release has no file that is read."""


def rule_bounds() -> dict[str, set[str]]:
    """Return the versions that the rules' scopes name, by package."""
    from gemma_compat.rules import all_rules

    found: dict[str, set[str]] = {}
    for rule in all_rules():
        for scope in rule.scopes:
            for name, text in scope.packages.items():
                found.setdefault(canonical(name), set()).update(versions.bounds(text))
    return found


def in_order(releases: Sequence[Release], bounds: Iterable[str]) -> list[Release]:
    """Return the releases in reading order: around bounds, last of each minor, then the newest."""
    edges = [versions.parse(bound) for bound in bounds]
    numbers = [versions.parse(release.version) for release in releases]
    at_bound = set()
    for edge in edges:
        after = next((i for i, number in enumerate(numbers) if number >= edge), len(numbers))
        at_bound |= {after - 1, after}
    last = {(n.major, n.minor): i for i, n in enumerate(numbers)}

    def key(position: int) -> tuple[int, int]:
        return (0 if position in at_bound else 1 if position in last.values() else 2, -position)

    return [releases[i] for i in sorted(range(len(releases)), key=key)]


def missing(
    index: str, packages: Iterable[Package], store: Store
) -> Iterator[tuple[Package, list[Release]]]:
    """Yield each package with the releases that were not read yet, in reading order."""
    bounds = rule_bounds()
    for package in packages:
        releases, without = listed(index, package)
        if without:
            print(f"{package.key}: no wheel of {', '.join(without)}; left out", flush=True)
        wanted = [item for item in releases if not store.has(item)]
        print(f"{package.key}: {len(releases)} releases, {len(wanted)} to read", flush=True)
        yield package, in_order(wanted, bounds.get(package.name, ()))


def read_missing(packages: Iterable[Package], store: Store) -> list[str]:
    """Read what is missing, with progress; returns a line for each release that failed."""
    todo = list(missing(index_address(), packages, store))
    total, done, failed, started = sum(len(r) for _, r in todo), 0, [], time.monotonic()
    for package, releases in todo:
        empty = 0
        for release in releases:
            try:
                count = store.add(release, _some(files_of(release, package)))
            except NothingRead:  # an archive without the modules, or they lie elsewhere in it
                print(f"{release.package} {release.version}: none of its files is read; left out")
                empty, count = empty + 1, 0
            except IndexFailed as error:
                failed.append(f"{release.package} {release.version}: {error}")
                count = 0
            done += 1
            each = (time.monotonic() - started) / done
            print(
                f"[{done}/{total}, {each * (total - done) / 60:.1f} min left] "
                f"{release.package} {release.version}: {count} files",
                flush=True,
            )
        if releases and empty == len(releases) and not store.releases(package.key):
            failed.append(f"{package.key}: of no release a file is read")
    return failed


def _some(files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Yield the files. ``NothingRead`` if there is none."""
    found = False
    for file in files:
        found = True
        yield file
    if not found:
        raise NothingRead


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 1 if a release could not be read; the others are kept."""
    parser = argparse.ArgumentParser(prog="python -m tools.atlas.download")
    parser.add_argument("packages", nargs="*", choices=[[], *BY_NAME], default=[])
    packages = chosen(parser.parse_args(arguments).packages)
    try:
        failed = read_missing(packages, Store(CACHE))
    except (IndexFailed, OSError) as error:
        print(f"atlas: error: {error}", file=sys.stderr)
        return 1
    for line in failed:
        print(f"atlas: not read: {line}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
