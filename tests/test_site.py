"""The pages of the site that are made, and the check of its links. Building it is ``make docs``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gemma_compat.engine.matrix import make_matrix
from gemma_compat.rules import all_rules
from tools import notebooks
from tools.site import examples, figures, links, matrix, rules


def test_every_rule_has_a_page_and_a_row_in_the_index() -> None:
    known = all_rules()
    made = rules.pages(known)
    for rule in known:
        page = made[f"rules/{rule.code}.md"]
        assert page.startswith(f"# {rule.code} {rule.name}\n")
        assert f"gc-{rule.severity.value}" in page and rules.KNOWN[rule.evidence] in page
        assert f'href="{rule.code}/"' in made["rules/index.md"]
    assert "\\<" not in "".join(made.values())


def test_no_page_of_a_rule_begins_a_declaration() -> None:
    """mkdocs would stop at ``(?<![`` of a symptom, also inside of code."""
    made = rules.pages(all_rules())
    symptoms = {rule.code: rule.symptoms for rule in all_rules()}
    assert any("<!" in text for texts in symptoms.values() for text in texts)
    assert not [path for path, text in made.items() if path.endswith(".md") and "<!" in text]


def test_the_matrix_says_what_the_command_says() -> None:
    known = all_rules()
    page = matrix.page(known)
    found = make_matrix(known)
    for model_type, cells in found.rows:
        table = page.split(f'data-model="{model_type}"')[1].split("</table>")[0]
        rows = re.findall(r'data-first="(.*?)" data-last="(.*?)">(.*?)</tr>', table)
        expected = [(c.first, cell) for c, cell in zip(found.columns, cells, strict=True)]
        for first, cell in expected:
            before = [row for row in rows if _index(found, row[0]) <= _index(found, first)]
            shown = re.findall(r"GC\d{3,4}(?=</a>)", before[0][2])
            assert shown == [entry.code for entry in cell or ()], (model_type, first)


def _index(found, release: str) -> int:
    """Return the number of the column that begins or ends with this release."""
    return next(i for i, c in enumerate(found.columns) if release in (c.first, c.last))


def test_figures_show_the_measured_numbers() -> None:
    page = figures.page()
    measured = (figures.MEASURED / "gpu.md").read_text(encoding="utf-8")
    shown = re.findall(r">(0\.\d{4})<", page)
    assert len(shown) == 6 and all(value[:5] in measured for value in shown)
    rows = (figures.MEASURED / "memory.md").read_text(encoding="utf-8").count("% |")
    assert page.count("<circle") == rows > 50


def test_every_notebook_is_a_page_with_its_views() -> None:
    made = examples.pages()
    assert set(made) == {f"examples/{name}.md" for name in notebooks.names()}
    for page in made.values():
        assert "gc-verdict" in page and "```python" in page


PAGE = '<html><body id="top"><a href="other/#there">a</a></body></html>'


def site(folder: Path, page: str = PAGE, **files: str) -> Path:
    (folder / "other").mkdir()
    (folder / "index.html").write_text(page)
    (folder / "other" / "index.html").write_text('<h2 id="there">x</h2><a href="../#top">b</a>')
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


def test_a_sound_site_has_no_problem(tmp_path: Path) -> None:
    assert links.problems(site(tmp_path, site_css="a { background: url(a.png) }")) == []


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ('<a href="none/">a</a>', "no such page"),
        ('<a href="other/#nowhere">a</a>', "no such anchor"),
        ('<a href="../outside.html">a</a>', "no such page"),
        ('<script src="https://example.org/x.js"></script>', "loads https://example.org/x.js"),
        ('<link rel="stylesheet" href="//example.org/x.css">', "loads //example.org/x.css"),
        ('<img src="http://example.org/x.png">', "loads http://example.org/x.png"),
    ],
)
def test_a_fault_is_found(page: str, said: str, tmp_path: Path) -> None:
    (problem,) = links.problems(site(tmp_path, f'<body id="top">{page}</body>'))
    assert said in problem


def test_a_font_of_another_host_is_found(tmp_path: Path) -> None:
    style = "@font-face { src: url('https://example.org/font.woff2') }"
    assert len(links.problems(site(tmp_path, site_css=style))) == 1


def test_the_navigation_names_every_page_and_nothing_else() -> None:
    yaml = pytest.importorskip("yaml")
    docs = figures.MEASURED.parent
    settings = yaml.safe_load((docs / "mkdocs.yml").read_text(encoding="utf-8"))

    def named(items: list) -> list[str]:
        found: list[str] = []
        for item in items:
            for value in item.values():
                found += [value] if isinstance(value, str) else named(value)
        return found

    made = {
        "rules/index.md",
        "matrix.md",
        "measurements/figures.md",
        "measurements/cost.md",
        "zh.md",
        *examples.pages(),
    }
    written = {str(file.relative_to(docs)) for file in docs.rglob("*.md")}
    written = {name for name in written if not name.startswith("rules/")}
    assert sorted(named(settings["nav"])) == sorted(made | written)
