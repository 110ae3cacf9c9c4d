"""Installed packages: made-up site-packages trees, whole and broken."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from gemma_compat.detect import detect_facts
from gemma_compat.detect.packages import DISTRIBUTIONS, normalise, take_inventory
from gemma_compat.detect.torch_build import read_torch_build
from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.rules import all_rules


def install(
    site: Path, name: str, version: str | None = "1.0", module: str | None = "", **files: str
) -> Path:
    """A distribution in ``site``: its ``.dist-info``, and its package unless ``module`` is None."""
    info = site / f"{name}-{version or '1.0'}.dist-info"
    info.mkdir(parents=True)
    if version is not None:
        text = (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nVersion: 9.9 in the body\n"
        )
        (info / "METADATA").write_text(text)
    for file, content in files.items():
        (info / file.replace("__", ".")).write_text(content)
    if module is not None:
        package = site / (module or DISTRIBUTIONS[normalise(name)])
        package.mkdir(exist_ok=True)
        (package / "__init__.py").touch()
    return info


def found(*sites: Path):
    return take_inventory([str(site) for site in sites]).packages


def test_every_distribution_of_the_table_is_answered_for(tmp_path):
    packages = found(tmp_path)
    assert packages == dict.fromkeys(DISTRIBUTIONS)


def test_a_plain_install(tmp_path):
    install(tmp_path, "transformers", "4.50.3")
    package = found(tmp_path)["transformers"]
    assert (package.version, package.location) == ("4.50.3", str(tmp_path))
    assert (package.editable, package.vcs, package.problem) == (False, None, None)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("flash_attn", "flash-attn"),
        ("flash-attn", "flash-attn"),
        ("Unsloth.Zoo", "unsloth-zoo"),
        ("nvidia_ml_py", "nvidia-ml-py"),
    ],
)
def test_names_are_normalised(tmp_path, written, name):
    install(tmp_path, written, "2025.1.1")
    assert found(tmp_path)[name].version == "2025.1.1"


def test_a_longer_name_is_another_distribution(tmp_path):
    install(tmp_path, "torch_geometric", "2.6.1", module="torch_geometric")
    assert found(tmp_path)["torch"] is None


def test_the_first_directory_wins(tmp_path):
    install(tmp_path / "a", "peft", "0.15.2")
    install(tmp_path / "b", "peft", "0.21.2")
    assert found(tmp_path / "a", tmp_path / "b")["peft"].version == "0.15.2"
    assert found(tmp_path / "b", tmp_path / "a")["peft"].version == "0.21.2"


def test_two_versions_in_one_directory_are_a_problem(tmp_path):
    install(tmp_path, "transformers", "4.50.3")
    install(tmp_path, "transformers", "4.57.6")
    package = found(tmp_path)["transformers"]
    assert package.problem == "two versions are recorded: 4.50.3 and 4.57.6"
    assert not package.known("version")


def test_metadata_that_is_missing(tmp_path):
    install(tmp_path, "torch", None)
    package = found(tmp_path)["torch"]
    assert not package.known("version")
    assert "has no METADATA" in package.problem


@pytest.mark.parametrize("content", ["", "\nVersion: 1.0\n", "Name: torch\n\nVersion: 1.0\n"])
def test_metadata_without_a_version_in_its_header(tmp_path, content):
    info = install(tmp_path, "torch", "1.0")
    (info / "METADATA").write_text(content)
    package = found(tmp_path)["torch"]
    assert not package.known("version")
    assert "states no version" in package.problem


def test_metadata_that_is_not_utf8(tmp_path):
    info = install(tmp_path, "torch", "1.0")
    (info / "METADATA").write_bytes(b"Author: J\xf6rg\nVersion: 2.6.0\n\n")
    assert found(tmp_path)["torch"].version == "2.6.0"


def test_metadata_whose_package_is_gone(tmp_path):
    install(tmp_path, "transformers", "4.50.3", module=None)
    package = found(tmp_path)["transformers"]
    assert package.version == "4.50.3"
    assert "its package transformers is not" in package.problem


def test_a_package_without_its_init(tmp_path):
    info = install(tmp_path, "transformers", "4.50.3", RECORD="transformers/__init__.py,,\n")
    (tmp_path / "transformers" / "__init__.py").unlink()
    assert "transformers/__init__.py is not" in found(tmp_path)["transformers"].problem
    (info / "RECORD").write_text("transformers/models.py,,\n")
    assert found(tmp_path)["transformers"].problem is None


def test_what_an_interrupted_uninstall_leaves(tmp_path):
    (tmp_path / "~ransformers").mkdir()
    (tmp_path / "~-eft-0.15.2.dist-info").mkdir()
    (tmp_path / "~orchvision").mkdir()
    inventory = take_inventory([str(tmp_path)])
    assert inventory.packages["transformers"] is None
    assert "~ransformers" in inventory.reasons["packages.transformers"]
    assert "packages.torch" not in inventory.reasons
    assert "packages.torchvision" in inventory.reasons
    install(tmp_path, "transformers", "4.50.3")
    assert "interrupted uninstall" in found(tmp_path)["transformers"].problem


def test_a_leftover_of_two_replaced_letters(tmp_path):
    (tmp_path / "~-ft").mkdir()
    assert "packages.peft" in take_inventory([str(tmp_path)]).reasons


def test_an_editable_install(tmp_path):
    url = '{"url": "file:///src/trl", "dir_info": {"editable": true}}'
    install(tmp_path, "trl", "0.20.0.dev0", module=None, direct_url__json=url)
    package = found(tmp_path)["trl"]
    assert package.editable
    assert package.problem is None


def test_an_editable_install_whose_source_comes_first_on_the_path(tmp_path):
    url = '{"url": "file:///src/trl", "dir_info": {"editable": true}}'
    install(tmp_path / "site", "trl", "0.20.0.dev0", module=None, direct_url__json=url)
    (tmp_path / "src" / "trl").mkdir(parents=True)
    (tmp_path / "src" / "trl" / "__init__.py").touch()
    package = found(tmp_path / "src", tmp_path / "site")["trl"]
    assert (package.version, package.problem) == ("0.20.0.dev0", None)


def test_an_install_from_git(tmp_path):
    url = (
        '{"url": "https://github.com/huggingface/transformers",'
        ' "vcs_info": {"vcs": "git", "commit_id": "abc123"}}'
    )
    install(tmp_path, "transformers", "4.50.0.dev0", direct_url__json=url)
    package = found(tmp_path)["transformers"]
    assert package.vcs == "git+https://github.com/huggingface/transformers@abc123"
    assert not package.editable


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_broken_direct_url(tmp_path, text):
    install(tmp_path, "trl", "0.20.0", direct_url__json=text)
    package = found(tmp_path)["trl"]
    assert package.version == "0.20.0"
    assert "direct_url.json" in package.problem


def test_an_egg_link(tmp_path):
    source = tmp_path / "src"
    (source / "unsloth_zoo").mkdir(parents=True)
    (source / "unsloth_zoo" / "__init__.py").touch()
    (source / "unsloth_zoo.egg-info").mkdir()
    (source / "unsloth_zoo.egg-info" / "PKG-INFO").write_text(
        "Name: unsloth_zoo\nVersion: 2025.3\n"
    )
    site = tmp_path / "site"
    site.mkdir()
    (site / "unsloth-zoo.egg-link").write_text(f"{source}\n.")
    package = found(site)["unsloth-zoo"]
    assert (package.version, package.editable, package.problem) == ("2025.3", True, None)


def test_an_egg_link_to_nowhere(tmp_path):
    (tmp_path / "trl.egg-link").write_text("/no/such/place\n.")
    package = found(tmp_path)["trl"]
    assert not package.known("version")
    assert "/no/such/place" in package.problem


@pytest.mark.parametrize("entry", ["numpy.egg-info", "numpy-1.26.4-py3.10.egg-info"])
def test_egg_info_as_a_file_and_as_a_directory(tmp_path, entry):
    header = "Name: numpy\nVersion: 1.26.4\n"
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").touch()
    (tmp_path / entry).write_text(header)
    assert found(tmp_path)["numpy"].version == "1.26.4"
    (tmp_path / entry).unlink()
    (tmp_path / entry).mkdir()
    (tmp_path / entry / "PKG-INFO").write_text(header)
    assert found(tmp_path)["numpy"].version == "1.26.4"


def test_a_copy_without_metadata_is_not_absent(tmp_path):
    (tmp_path / "clone" / "transformers").mkdir(parents=True)
    (tmp_path / "clone" / "transformers" / "__init__.py").touch()
    install(tmp_path / "site", "transformers", "4.50.3")
    package = found(tmp_path / "clone", tmp_path / "site")["transformers"]
    assert not package.known("version")
    assert "no metadata records" in package.problem
    assert found(tmp_path / "site", tmp_path / "clone")["transformers"].version == "4.50.3"


def test_a_source_tree_is_judged_by_the_version_that_it_states(tmp_path):
    """As upstream's own tests run: a checkout on the path, and no metadata at all."""
    (tmp_path / "transformers").mkdir()
    (tmp_path / "transformers" / "__init__.py").write_text('__version__ = "4.50.3"\n')
    facts = detect_facts({"model_type": "gemma3_text"}, path=[str(tmp_path)])
    assert facts.version("transformers") == "4.50.3"
    left = judge_all(facts, all_rules()).undetermined
    assert "GC101" in {item.rule.code for item in left}  # of 4.50 alone
    assert "packages.transformers" not in {topic for item in left for topic, _ in item.missing}


def test_a_folder_of_data_is_no_package(tmp_path):
    (tmp_path / "datasets").mkdir()
    assert found(tmp_path)["datasets"] is None


def test_a_module_of_another_distribution_proves_nothing(tmp_path):
    (tmp_path / "pynvml.py").touch()
    assert found(tmp_path)["nvidia-ml-py"] is None


def test_entries_that_are_no_directories_are_passed_over(tmp_path):
    (tmp_path / "python311.zip").write_bytes(b"PK")
    inventory = take_inventory([str(tmp_path / "python311.zip"), str(tmp_path / "none")])
    assert inventory.reasons == {}
    assert inventory.packages["torch"] is None


def test_a_directory_that_cannot_be_read_leaves_the_rest_unknown(tmp_path, monkeypatch):
    locked = tmp_path / "locked"
    locked.mkdir()
    install(tmp_path / "open", "peft", "0.15.2")
    scandir = os.scandir

    def refuse(path):  # a mode of 0 does not stop root
        if str(path) == str(locked):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    inventory = take_inventory([str(locked), str(tmp_path / "open")])
    assert inventory.packages["peft"].version == "0.15.2"
    assert "torch" not in inventory.packages
    assert inventory.reasons["packages"] == f"cannot read {locked}: Permission denied"


def test_the_empty_entry_is_the_working_directory(tmp_path, monkeypatch):
    install(tmp_path, "peft", "0.15.2")
    monkeypatch.chdir(tmp_path)
    assert take_inventory([""]).packages["peft"].version == "0.15.2"


def write_torch(site: Path, version_py: str | None) -> list[str]:
    (site / "torch").mkdir(parents=True)
    (site / "torch" / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    if version_py is not None:
        (site / "torch" / "version.py").write_text(version_py)
    return [str(site)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "from typing import Optional\n__all__ = ['__version__', 'cuda']\n"
            "__version__ = '2.6.0+cu124'\ndebug = False\ncuda: Optional[str] = '12.4'\n"
            "hip: Optional[str] = None\n",
            {"version": "2.6.0+cu124", "cuda": "12.4", "hip": None},
        ),
        (
            "__version__ = '2.13.0+cpu'\ncuda = None\nhip = None\n",
            {"version": "2.13.0+cpu", "cuda": None, "hip": None, "arch_list": []},
        ),
        (
            '__version__ = "2.5.1+rocm6.2"\ncuda = None\nhip = "6.2.41133"\n',
            {"version": "2.5.1+rocm6.2", "cuda": None, "hip": "6.2.41133", "arch_list": []},
        ),
    ],
)
def test_the_torch_build_is_read_as_text(tmp_path, text, expected):
    build, reasons = read_torch_build(write_torch(tmp_path, text))
    assert build.to_dict() == expected
    assert ("torch.arch_list" in reasons) == ("arch_list" not in expected)


LIBRARY = "torch_python.dll" if sys.platform == "win32" else "libtorch_python.so"


@pytest.mark.parametrize(
    ("content", "flags"),
    [
        (b"\x7fELF\0sm_80 sm_90 compute_90\0more", ["sm_80", "sm_90", "compute_90"]),
        (b"\0sm_count\0sm_100a\0", ["sm_100a"]),
        (b"\0sm_80 is needed\0sm_86\0", ["sm_86"]),
        (b"\0sm_\0sm_a\0", None),
        (b"\0sm_80", None),
        (b"x sm_80\0", None),
        (b"", None),
    ],
)
def test_the_kernels_are_read_from_the_library(tmp_path, content, flags):
    path = write_torch(tmp_path, "__version__ = '2.6.0'\ncuda = '12.4'\nhip = None\n")
    (tmp_path / "torch" / "lib").mkdir()
    (tmp_path / "torch" / "lib" / LIBRARY).write_bytes(content)
    build, reasons = read_torch_build(path)
    assert build.to_dict().get("arch_list") == flags
    assert ("torch.arch_list" in reasons) == (flags is None)


def test_a_torch_build_that_says_nothing(tmp_path):
    build, reasons = read_torch_build(write_torch(tmp_path, "__version__ = compute()\n"))
    assert build.to_dict() == {}
    assert set(reasons) == {"torch.version", "torch.cuda", "torch.hip", "torch.arch_list"}


def test_a_torch_without_version_py(tmp_path):
    build, reasons = read_torch_build(write_torch(tmp_path, None))
    assert build.to_dict() == {}
    assert "version.py" in reasons["torch"]


def test_no_torch(tmp_path):
    assert read_torch_build([str(tmp_path)])[1] == {
        "torch": "no torch/version.py on the search path"
    }
