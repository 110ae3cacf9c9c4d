"""The builder: wheels by ranges and whole, going on after a stop, reading files in parts."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools.archives import IndexFailed
from tools.atlas import download, lines, messages, tables
from tools.atlas.chunks import Parts
from tools.atlas.download import in_order
from tools.atlas.extract import extract
from tools.atlas.names import span
from tools.atlas.selection import BY_NAME, Package
from tools.atlas.store import Store
from tools.atlas.wheels import Release, files_of, listed

FILES = {
    "trl/__init__.py": b"from .a import f\n",
    "trl/a.py": b"def f():\n    raise ValueError('a text of this place')\n",
    "trl/lib/big.so": random.Random(0).randbytes(400_000),
    "trl/z.py": b"x = 1\n",
}


def wheel() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in FILES.items():
            folder = "trl-1.0.0.data/purelib/" if name == "trl/z.py" else ""
            archive.writestr(f"{folder}{name}", content)
    return stream.getvalue()


def source() -> bytes:
    """A source archive with the same files below ``src``, and others."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in {**FILES, "../setup.py": b"raise SystemExit"}.items():
            member = tarfile.TarInfo(f"trl-0.9.0/src/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


ARCHIVE = source()


class Index(BaseHTTPRequestHandler):
    """A package index with one wheel; counts what it sends."""

    content = wheel()
    sent = 0
    broken = False

    def do_GET(self) -> None:
        if self.path.endswith("/trl/"):
            body, status = self._page(), 200
        elif self.path.endswith(".tar.gz"):
            body, status = ARCHIVE, 200
        elif Index.broken:
            body, status = b"", 500
        elif "Range" in self.headers:
            first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
            body, status = Index.content[int(first) : int(last) + 1], 206
        else:
            body, status = Index.content, 200
        Index.sent += len(body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _page(self) -> bytes:
        digests = [hashlib.sha256(data).hexdigest() for data in (Index.content, ARCHIVE)]
        names = ["trl-1.0.0-py3-none-any.whl", "trl-1.1.0rc1-py3-none-any.whl", "trl-0.9.0.tar.gz"]
        files = [
            {
                "filename": name,
                "url": f"../files/{name}",
                "upload-time": "2025-01-01",
                "hashes": {"sha256": digests[name.endswith(".tar.gz")]},
                "size": len(Index.content),
            }
            for name in names
        ]
        return json.dumps({"files": files}).encode()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Index.sent, Index.broken = 0, False
    yield f"http://127.0.0.1:{server.server_port}/simple"
    server.shutdown()


def package(by_ranges: bool) -> Package:
    return Package("trl", "trl", ("trl/**/*.py",), by_ranges=by_ranges)


def test_releases_and_those_without_a_wheel(address: str) -> None:
    releases, without = listed(address, package(False))
    assert [release.version for release in releases] == ["1.0.0", "1.1.0rc1"]
    assert without == ["0.9.0"]


def test_of_texts_pre_releases_are_left_out_and_source_archives_may_be_read(address: str) -> None:
    asked = Package("trl", "trl", ("trl/**/*.py",), texts=True, sources=True)
    releases, without = listed(address, asked)
    assert [release.version for release in releases] == ["0.9.0", "1.0.0"] and without == []
    assert {release.package for release in releases} == {"trl (texts)"}
    read = dict(files_of(releases[0], asked))
    assert read == {name: data for name, data in FILES.items() if name.endswith(".py")}


def test_a_source_archive_that_is_not_what_the_index_lists_is_refused(address: str) -> None:
    asked = Package("trl", "trl", ("trl/**/*.py",), texts=True, sources=True)
    release = listed(address, asked)[0][0]
    with pytest.raises(IndexFailed, match="SHA-256"):
        dict(files_of(Release(**{**vars(release), "sha256": "0" * 64}), asked))


@pytest.mark.parametrize("by_ranges", [False, True])
def test_the_python_files_come_whole_and_by_ranges(address: str, by_ranges: bool) -> None:
    asked = package(by_ranges)
    release = listed(address, asked)[0][0]
    Index.sent = 0
    read = dict(files_of(release, asked))
    assert read == {name: data for name, data in FILES.items() if name.endswith(".py")}
    if by_ranges:  # the tail of the wheel and the runs of wanted files, and not the library
        assert Index.sent < len(Index.content)


def test_a_wheel_that_is_not_what_the_index_lists_is_refused(address: str) -> None:
    release = listed(address, package(False))[0][0]
    other = Release(**{**vars(release), "sha256": "0" * 64})
    with pytest.raises(IndexFailed, match="SHA-256"):
        dict(files_of(other, package(False)))


def test_a_fault_in_the_middle_keeps_nothing_of_the_release(tmp_path: Path) -> None:
    store = Store(tmp_path / "files.sqlite")
    release = Release("trl", "1.0.0", "2025-01-01", False, "", 0, "")

    def breaks() -> Iterator[tuple[str, bytes]]:
        yield "trl/a.py", b"x = 1\n"
        raise IndexFailed("cut off")

    with pytest.raises(IndexFailed):
        store.add(release, breaks())
    assert not store.has(release) and list(store.members("trl")) == []
    assert store.add(release, [("trl/a.py", b"x = 1\n")]) == 1
    assert Store(tmp_path / "files.sqlite").has(release)


def test_a_release_of_which_nothing_is_read_is_a_fault(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "index_address", lambda: address)
    store = Store(tmp_path / "files.sqlite")
    elsewhere = Package("trl", "trl", ("trl_of_another_name/**/*.py",))
    assert download.read_missing([elsewhere], store) == ["trl: of no release a file is read"]
    assert store.releases("trl") == []
    assert download.read_missing([package(False)], store) == []


def test_releases_at_bounds_and_the_last_of_each_minor_come_first() -> None:
    versions = ["1.0.0", "1.0.1", "1.0.2", "1.1.0", "1.1.1", "1.2.0", "1.2.1"]
    releases = [Release("trl", version, "", False, "", 0, "") for version in versions]
    order = [release.version for release in in_order(releases, ["1.1.0"])]
    assert order == ["1.1.0", "1.0.2", "1.2.1", "1.1.1", "1.2.0", "1.0.1", "1.0.0"]


def test_what_is_kept_of_transformers() -> None:
    kept = BY_NAME["transformers"]
    assert kept.keeps("transformers/trainer.py")
    assert kept.keeps("transformers/models/gemma3/modeling_gemma3.py")
    assert not kept.keeps("transformers/models/llama/modeling_llama.py")
    assert kept.wants("transformers/models/llama/modeling_llama.py")
    assert not kept.wants("transformers/models/llama/readme.md")


SOURCE = '''\
"""A module."""
import os
LIMIT = 3

class A(Base):
    """A class."""
    size: int = 3

    @property
    def a(self):
        self.found = """
def not_a_function():
"""
        raise ValueError(f"expected {LIMIT} tokens, got {self.size}")

    async def b(self, x, *, y=1, **rest):
        def inner():
            message = "a longer text " + "in two parts"
            raise RuntimeError(message)
        logger.warning_once("a warning about %s that is shown", x)

@decorated
def top(one):
    assert one, "the assertion has a text"
    if one == "gemma3":
        return another(
            one,
        )


def last(): return 1
'''


def test_a_file_read_in_parts_is_the_file_read_whole() -> None:
    whole, parts = extract(SOURCE), Parts().read(SOURCE)
    for name in ("functions", "symbols", "bases", "members", "outside", "parameters", "branches"):
        assert getattr(parts, name) == getattr(whole, name), name
    assert sorted(parts.messages) == sorted(whole.messages)


def test_a_text_that_a_constant_of_the_module_holds_is_seen_in_a_part() -> None:
    text = "TEXT = 'a text of the module'\n\ndef f():\n    raise ValueError(TEXT)\n\n"
    text += "class A:\n    def f(self):\n        raise ValueError(TEXT)\n"
    parts, other = Parts(), text.replace("a text", "other words")
    for item in (text, other):
        assert sorted(parts.read(item).messages) == sorted(extract(item).messages)
    assert len(parts.read(text).messages) == 2


@pytest.mark.parametrize(
    "text",
    [
        '"""How to use it:\n\n@decorated\ndef shown(self):\n    self.a = 1\n"""\n\n'
        "def real(): ...\n",
        'class A:\n    """How to use it:\n\n    def shown(self):\n        self.a = 1\n    """\n\n'
        "    def real(self): ...\n",
    ],
)
def test_code_that_is_shown_in_a_text_is_not_the_files(text: str) -> None:
    record = Parts().read(text)
    assert record == extract(text)
    assert not any("shown" in name for name, _, _ in record.functions)


def test_what_is_recorded() -> None:
    record = Parts().read(SOURCE)
    assert ("A.b.<locals>.inner", 17, 19) in record.functions
    assert ("top", 22, 28) in record.functions
    texts = {(kind, site): text for kind, site, _, text in record.messages}
    assert texts["ValueError", "A.a"] == "expected \0 tokens, got \0"
    assert texts["RuntimeError", "A.b.<locals>.inner"] == "a longer text in two parts"
    assert messages.logged(texts["log", "A.b"]) == "a warning about \0 that is shown"
    assert texts["AssertionError", "top"] == "the assertion has a text"
    assert record.members["A"] == ["a", "b", "found", "size"]
    assert record.parameters["A.b"] == ["self", "x", "y", "**"]
    assert record.branches == {"top": ["gemma3"]}


def test_tables_copied_spread_and_added_to() -> None:
    import ast

    found = tables.module_tables(
        ast.parse(
            "A = {'gemma': ['q'], 'llama': ['k']}\n"
            "B = A.copy()\n"
            "B['gemma2'] = 'x'\n"
            "C = {**A, 'gemma3': 'y'}\n"
            "D = OrderedDict([('gemma', 'GemmaConfig')])\n"
            "E = {'llama': 1}\n"
        )
    )
    assert set(found) == {"A", "B", "C", "D"}
    assert set(found["B"]) == {"gemma", "llama", "gemma2"}
    assert set(found["C"]) == {"gemma", "llama", "gemma3"}
    assert found["D"]["gemma"] == "GemmaConfig" and found["A"]["llama"] == ""


def test_a_text_too_short_says_nothing() -> None:
    import ast

    call = ast.parse("f('x is bad')").body[0].value.args[0]  # type: ignore[attr-defined]
    assert messages.template_of(call, messages.Resolver(ast.parse(""))) == []


def test_sequences_come_back_as_they_were() -> None:
    from array import array

    from gemma_compat.atlas._sequences import restored

    dice = random.Random(3)
    versions = [[dice.randrange(60) for _ in range(dice.randrange(200))] for _ in range(4)]
    for _ in range(30):
        made = list(dice.choice(versions))
        for _ in range(dice.randrange(6)):
            at = dice.randrange(len(made) + 1)
            made[at : at + dice.randrange(4)] = [dice.randrange(60)] * dice.randrange(4)
        versions.append(made)
    steps, pool = lines.differences(versions)
    assert [list(item) for item in restored(steps, array("H", pool))] == versions
    with pytest.raises(ValueError, match="left over"):
        list(restored(steps, array("H", [*pool, 1])))


@pytest.mark.parametrize(
    ("bits", "runs"), [(0b0, ()), (0b1, (0, 0)), (0b110111, (0, 2, 4, 5)), (1 << 9, (9, 9))]
)
def test_releases_as_runs(bits: int, runs: tuple[int, ...]) -> None:
    assert span(bits) == runs
