"""The post-import hook, on modules made for the test."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading

import pytest

from gemma_compat.hooks._import_hook import PostImportFinder, PostImportLoader

NAME = "hooked_package.trainer"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package on disk whose module ``trainer`` defines ``VALUE``."""
    folder = tmp_path / "hooked_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "trainer.py").write_text("import time\ntime.sleep(0.05)\nVALUE = 1\n")
    (folder / "other.py").write_text("from .trainer import VALUE\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.startswith("hooked_package")]:
        del sys.modules[name]


@pytest.fixture
def seen(package, monkeypatch):
    """What the action was called with, under a finder at the head of ``sys.meta_path``."""
    calls = []
    finder = PostImportFinder(NAME, lambda module: calls.append((module, module.VALUE)))
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    return calls


def test_it_acts_when_the_body_has_run_and_leaves_no_trace(seen):
    module = importlib.import_module(NAME)
    assert seen == [(module, 1)]
    assert not isinstance(module.__spec__.loader, PostImportLoader)
    assert not isinstance(module.__loader__, PostImportLoader)
    assert module.__file__.endswith("trainer.py")


def test_it_acts_however_the_module_comes_in(seen):
    importlib.import_module("hooked_package.other")
    assert len(seen) == 1


def test_it_causes_no_import(seen):
    importlib.import_module("hooked_package")
    assert importlib.util.find_spec(NAME) is not None
    assert NAME not in sys.modules
    assert seen == []


def test_it_acts_again_after_reload(seen):
    importlib.reload(importlib.import_module(NAME))
    assert len(seen) == 2


def test_it_does_not_act_where_the_import_fails(seen, package):
    (package / "trainer.py").write_text("raise ValueError('broken')\n")
    with pytest.raises(ValueError, match="broken"):
        importlib.import_module(NAME)
    assert seen == []
    assert NAME not in sys.modules


def test_it_acts_once_for_many_threads(seen):
    threads = [threading.Thread(target=importlib.import_module, args=(NAME,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(seen) == 1


def test_two_of_them_both_act_and_do_not_ask_each_other_for_ever(seen, monkeypatch):
    more = []
    monkeypatch.setattr(sys, "meta_path", [PostImportFinder(NAME, more.append), *sys.meta_path])
    importlib.import_module(NAME)
    assert len(seen) == len(more) == 1


def test_a_missing_module_stays_missing(monkeypatch):
    finder = PostImportFinder("no_such_module_here", lambda module: None)
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_module_here")


def test_the_source_can_still_be_read(seen):
    spec = importlib.util.find_spec(NAME)
    assert "VALUE = 1" in spec.loader.get_source(NAME)
