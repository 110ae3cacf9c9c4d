"""``install`` and ``uninstall`` in a fresh interpreter that has imported nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"torch", "transformers", "unsloth", "packaging", "pynvml", "rich", "numpy"}


def python(code: str) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_install_imports_nothing_heavy():
    out = python("import gemma_compat, sys; gemma_compat.install(); print(*sys.modules)")
    assert not HEAVY & set(out.split())


def test_installing_twice_arms_its_finders_once_and_uninstalling_takes_it_away():
    code = """if True:
        import gemma_compat, sys
        before = list(sys.meta_path)
        for _ in range(2):
            gemma_compat.install()
            gemma_compat.install()
            assert len(sys.meta_path) == len(before) + 3
            assert gemma_compat.uninstall() == ()
            assert gemma_compat.uninstall() == ()
            assert sys.meta_path == before
    """
    python(code)


def test_a_rule_that_does_not_exist_is_told_at_once():
    from gemma_compat import install
    from gemma_compat.errors import UsageError

    with pytest.raises(UsageError, match="GC999"):
        install(ignore="GC999")


def test_one_name_is_not_taken_for_its_letters():
    from gemma_compat import hooks

    assert hooks._options("GC101", (), False)["select"] == ("GC101",)


@pytest.mark.parametrize(
    ("rank", "local_rank", "speaks"),
    [
        (None, None, True),
        ("0", "0", True),
        ("8", "0", False),
        (None, "1", False),
        (None, "-1", True),
    ],
)
def test_only_the_first_rank_speaks(monkeypatch, rank, local_rank, speaks):
    from gemma_compat.hooks._patched import is_first_rank

    for name, value in (("RANK", rank), ("LOCAL_RANK", local_rank)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert is_first_rank() is speaks
