"""Keep what was read of the wheels, each distinct file once, in a database that git ignores.

A release is stored whole or not at all, so that an interrupted build continues where it stopped.
"""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from .wheels import Release

_SCHEMA = """
create table if not exists blobs (id integer primary key, sha text unique, data blob);
create table if not exists releases (
    package text, version text, uploaded text, yanked integer, address text,
    primary key (package, version)
);
create table if not exists members (
    package text, version text, path text, blob integer,
    primary key (package, path, version)
) without rowid;
"""
_BLOCKS = "create table if not exists blocks (key primary key, data)"
_WAIT = 120  # seconds for another process that writes
_RECORDS = "create table if not exists parsed (blob, what, data, primary key (blob, what))"


class Store:
    """The cache of ``make atlas``."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=_WAIT)
        self._db.execute("pragma journal_mode=wal")
        self._db.executescript(_SCHEMA)
        # A file apart: wheels may be read while others are recorded.
        self._records = sqlite3.connect(path.with_suffix(".records"), timeout=_WAIT)
        self._records.execute("pragma journal_mode=wal")
        self._records.execute("pragma synchronous=off")
        self._records.execute(_RECORDS)
        self._records.execute(_BLOCKS)

    def has(self, release: Release) -> bool:
        """Return whether the release was read."""
        found = self._db.execute(
            "select 1 from releases where package=? and version=?",
            (release.package, release.version),
        )
        return found.fetchone() is not None

    def add(self, release: Release, files: Iterable[tuple[str, bytes]]) -> int:
        """Keep the files of a release; returns how many. All or none are kept."""
        count = 0
        with self._db:
            for path, content in files:
                member = (release.package, release.version, path, self._blob(content))
                self._db.execute("insert or replace into members values (?,?,?,?)", member)
                count += 1
            row = (
                release.package,
                release.version,
                release.uploaded,
                int(release.yanked),
                release.address,
            )
            self._db.execute("insert or replace into releases values (?,?,?,?,?)", row)
        return count

    def _blob(self, content: bytes) -> int:
        sha = hashlib.sha256(content).hexdigest()
        found = self._db.execute("select id from blobs where sha=?", (sha,)).fetchone()
        if found:
            return int(found[0])
        data = zlib.compress(content, 3)
        cursor = self._db.execute("insert into blobs (sha, data) values (?,?)", (sha, data))
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def releases(self, package: str) -> list[tuple[str, str, bool]]:
        """Return version, date and yank of each release that was read, in no order."""
        rows = self._db.execute(
            "select version, uploaded, yanked from releases where package=?", (package,)
        )
        return [(version, uploaded, bool(yanked)) for version, uploaded, yanked in rows]

    def members(self, package: str) -> Iterator[tuple[str, str, int]]:
        """Return path, version and the number of the content, sorted by path."""
        return iter(
            self._db.execute(
                "select path, version, blob from members where package=? order by path", (package,)
            )
        )

    def content(self, blob: int) -> str:
        """Return the text of a file."""
        row = self._db.execute("select data from blobs where id=?", (blob,)).fetchone()
        return zlib.decompress(row[0]).decode("utf-8", errors="replace")

    def parsed(self, blob: int, what: str) -> str | None:
        """Return the record of a file under that name; ``None`` if there is none yet."""
        row = self._records.execute(
            "select data from parsed where blob=? and what=?", (blob, what)
        ).fetchone()
        return zlib.decompress(row[0]).decode("utf-8") if row else None

    def keep_parsed(self, blob: int, what: str, text: str) -> None:
        """Keep it."""
        row = (blob, what, zlib.compress(text.encode("utf-8"), 3))
        with self._records:
            self._records.execute("insert or replace into parsed values (?,?,?)", row)

    def block(self, key: str) -> bytes | None:
        """Return a block of the index that was made before; ``None`` if there is none."""
        digest = hashlib.sha256(key.encode()).hexdigest()
        row = self._records.execute("select data from blocks where key=?", (digest,)).fetchone()
        return bytes(row[0]) if row else None

    def keep_block(self, key: str, data: bytes) -> None:
        """Keep it."""
        digest = hashlib.sha256(key.encode()).hexdigest()
        with self._records:
            self._records.execute("insert or replace into blocks values (?,?)", (digest, data))
