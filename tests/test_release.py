"""What a release check finds, and that a version and a dependency stand in one place."""

from __future__ import annotations

import re
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from gemma_compat import __version__
from tools import release_check
from tools.release_check import Failed

ROOT = Path(__file__).resolve().parent.parent
METADATA = f"""\
Metadata-Version: 2.4
Version: {__version__}
License-Expression: Apache-2.0
License-File: LICENSE
Project-URL: Repository, https://example.org
Requires-Dist: packaging

text
"""


def wheel(folder: Path, text: str = METADATA, leave_out: str = "", more: str = "") -> Path:
    path = folder / "x.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file in (ROOT / "gemma_compat").rglob("*"):
            name = str(file.relative_to(ROOT))
            if file.is_file() and "__pycache__" not in name and name != leave_out:
                archive.writestr(name, "")
        archive.writestr("x.dist-info/METADATA", text)
        archive.writestr("x.dist-info/licenses/LICENSE", "")
        if more:
            archive.writestr(more, "")
    return path


def test_a_whole_wheel_passes(tmp_path: Path) -> None:
    made = wheel(tmp_path)
    release_check.complete(made)
    assert release_check.metadata(made).endswith("1 addresses")


@pytest.mark.parametrize(
    "changes",
    [
        {"leave_out": "gemma_compat/py.typed"},
        {"leave_out": "gemma_compat/rules/index.json"},
        {"more": "tests/conftest.py"},
    ],
)
def test_a_file_that_is_missing_or_too_many_is_found(
    changes: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(Failed, match="the wheel differs"):
        release_check.complete(wheel(tmp_path, **changes))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"Version: {__version__}", "Version: 9.9.9"),
        ("License-File: LICENSE\n", ""),
        ("Requires-Dist: packaging", "Requires-Dist: torch"),
    ],
)
def test_metadata_that_is_wrong_is_found(old: str, new: str, tmp_path: Path) -> None:
    with pytest.raises(Failed):
        release_check.metadata(wheel(tmp_path, METADATA.replace(old, new)))


def test_a_missing_address_is_said(tmp_path: Path) -> None:
    text = re.sub(r"Project-URL.*\n", "", METADATA)
    assert "NO Project-URL" in release_check.metadata(wheel(tmp_path, text))


def test_builds_that_differ_are_found(tmp_path: Path) -> None:
    one, other = tmp_path / "a" / "x.whl", tmp_path / "b" / "x.whl"
    for path in (one, other):
        path.parent.mkdir()
        path.write_bytes(b"same")
    release_check.same((one,), (other,))
    other.write_bytes(b"sane")
    with pytest.raises(Failed, match="differ"):
        release_check.same((one,), (other,))


RECIPE = ROOT / "conda" / "recipe.yaml"


def test_the_version_stands_in_one_place() -> None:
    recipe = RECIPE.read_text("utf-8")
    place = RECIPE.parent / re.findall(r'load_from_file\("(.*)"\)', recipe)[0]
    before, after = re.findall(r"split\('(.*?)'\)", recipe)  # as the recipe cuts it out
    assert place.read_text("utf-8").split(before)[1].split(after)[0] == __version__
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert 'dynamic = ["version"' in project and f'"{__version__}"' not in recipe + project


@pytest.mark.skipif(find_spec("rattler_build") is None, reason="`make gates` has it")
def test_rattler_reads_the_recipe() -> None:
    from rattler_build import PlatformConfig, RenderConfig, Stage0Recipe, VariantConfig

    config = RenderConfig(PlatformConfig(experimental=True))
    (variant,) = Stage0Recipe.from_file(str(RECIPE)).render(VariantConfig(), config)
    assert variant.recipe.package.version == __version__
    assert variant.recipe.to_dict()["build"]["noarch"] == "python"


def test_the_recipe_requires_what_the_package_requires() -> None:
    recipe = RECIPE.read_text("utf-8")
    run = re.findall(r"  run:\n((?:    - .*\n)+)", recipe)[0]
    required = {line.split()[1] for line in run.splitlines()} - {"python"}
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    stated = re.findall(r"^dependencies = \[\n(.*?)^\]", project, re.MULTILINE | re.DOTALL)[0]
    assert required == set(re.findall(r'"([\w-]+)"', stated))


def test_the_changelog_has_this_release() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(rf"^## \[{re.escape(__version__)}\]", text, re.MULTILINE)
