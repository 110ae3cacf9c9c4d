"""What is kept of files: only while all of them are as they were."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gemma_compat.detect import _unchanged
from gemma_compat.detect._unchanged import Unchanged
from gemma_compat.detect.packages import Inventory, files_of_inventory, take_inventory
from gemma_compat.detect.torch_build import files_of_torch_build, read_torch_build

from .test_packages import install


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files written just now are trusted: no test can wait for two seconds, or set a ctime."""
    monkeypatch.setattr(_unchanged, "_SETTLED", 0)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    place = tmp_path / "site"
    install(place, "transformers", "5.23.0")
    install(place, "trl", "1.16.0")
    return place


class Counted:
    """``take_inventory``, and how often it was called."""

    def __init__(self) -> None:
        self.calls = 0
        self.kept = Unchanged(self._read, files_of_inventory)

    def _read(self, path: object) -> Inventory:
        self.calls += 1
        return take_inventory(path)  # type: ignore[arg-type]


def replaced(site: Path) -> None:
    shutil.rmtree(site / "trl-1.16.0.dist-info")
    install(site, "trl", "1.17.0")


def written_in_place(site: Path) -> None:
    file = site / "trl-1.16.0.dist-info" / "METADATA"
    file.write_text(file.read_text().replace("1.16.0", "1.16.0.post1"))


def copied_with_its_old_time(site: Path) -> None:
    file = site / "trl-1.16.0.dist-info" / "METADATA"
    before = file.stat()
    other = site / "other"
    other.write_text(file.read_text().replace("1.16.0", "1.16.9"))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(file)


def removed(site: Path) -> None:
    shutil.rmtree(site / "trl-1.16.0.dist-info")
    shutil.rmtree(site / "trl")


def half_removed(site: Path) -> None:
    (site / "trl" / "__init__.py").unlink()


def made_editable(site: Path) -> None:
    text = '{"url": "file:///x", "dir_info": {"editable": true}}'
    (site / "trl-1.16.0.dist-info" / "direct_url.json").write_text(text)


def added(site: Path) -> None:
    install(site, "peft", "0.21.2")


def added_without_metadata(site: Path) -> None:
    (site / "peft").mkdir()
    (site / "peft" / "__init__.py").write_text('__version__ = "0.1"\n')


CHANGES: list[Callable[[Path], None]] = [
    replaced, written_in_place, copied_with_its_old_time, removed, half_removed, made_editable,
    added, added_without_metadata,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_an_inventory_is_kept_until_something_changes(
    site: Path, settled: None, change: Callable[[Path], None]
) -> None:
    counted, path = Counted(), [str(site), str(site / "gone")]
    before = counted.kept.answer(path)
    assert counted.kept.answer(path) == before and counted.calls == 1
    change(site)
    after = counted.kept.answer(path)
    assert counted.calls == 2
    assert after == take_inventory(path) != before


def test_a_copy_without_metadata_is_read_again(site: Path, settled: None) -> None:
    added_without_metadata(site)
    counted = Counted()
    counted.kept.answer([str(site)])
    (site / "peft" / "__init__.py").write_text('__version__ = "0.2.1"\n')
    found = counted.kept.answer([str(site)]).packages["peft"]
    assert found is not None and found.version == "0.2.1"


def test_a_folder_that_comes_later_is_seen(site: Path, settled: None) -> None:
    counted, path = Counted(), [str(site / "later"), str(site)]
    counted.kept.answer(path)
    install(site / "later", "trl", "0.9")
    found = counted.kept.answer(path).packages["trl"]
    assert found is not None and found.version == "0.9"


def test_another_path_is_another_question(site: Path, settled: None) -> None:
    counted = Counted()
    counted.kept.answer([str(site)])
    assert counted.kept.answer([]).packages["trl"] is None and counted.calls == 2


def test_a_file_that_was_written_just_now_is_not_trusted(site: Path) -> None:
    counted = Counted()
    counted.kept.answer([str(site)])
    counted.kept.answer([str(site)])
    assert counted.calls == 2


def test_an_egg_link_is_followed_every_time(site: Path, settled: None) -> None:
    (site / "peft.egg-link").write_text(str(site))
    counted = Counted()
    counted.kept.answer([str(site)])
    counted.kept.answer([str(site)])
    assert counted.calls == 2


def test_the_build_of_torch_is_read_again_once_it_changes(tmp_path: Path, settled: None) -> None:
    kept = Unchanged(read_torch_build, files_of_torch_build)
    path = [str(tmp_path)]
    assert kept.answer(path) == read_torch_build(path)
    (tmp_path / "torch" / "lib").mkdir(parents=True)
    (tmp_path / "torch" / "__init__.py").touch()
    for cuda in ("None", "'12.6'"):
        (tmp_path / "torch" / "version.py").write_text(f"__version__ = '2.13.0'\ncuda = {cuda}\n")
        assert kept.answer(path) == read_torch_build(path)
    (tmp_path / "torch" / "lib" / "libtorch_python.so").write_bytes(b"\0sm_90\0")
    assert kept.answer(path) == read_torch_build(path)
