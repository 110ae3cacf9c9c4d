"""Packages of which only the raised texts and the tables of models are indexed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from gemma_compat import _cli, atlas
from gemma_compat.atlas import Answer, _container, read_off, read_tracebacks
from gemma_compat.atlas._package import DATA, TEXTS, indexed, texts, worded
from gemma_compat.atlas.frames import DISTRIBUTIONS, WORDED, package_path
from tools.atlas import messages, registered, selection

from .made import make_index

OLD = """\
def split(rows):
    if not rows:
        raise ValueError(f"the data set {rows} has no rows that can be split")
    logger.warning("a warning that nobody can catch as an error")

def both(x):
    raise ValueError("a text of two places of this one package")

def again(x):
    raise ValueError("a text of two places of this one package")
"""
NEW = OLD.replace("has no rows that can be split", "is empty, so that nothing is left of it")
TEXT = "ValueError: the data set [] has no rows that can be split"


@pytest.fixture
def index(tmp_path: Path) -> Path:
    releases = {"1.0.0": OLD, "1.1.0": OLD, "1.2.0": NEW, "1.3.0": NEW}
    files = {version: {"verl/data.py": text} for version, text in releases.items()}
    return make_index(tmp_path, "verl", files, texts=True, names=False)


def raised(error: str, *frames: tuple[str, str]) -> list[str]:
    lines = ["Traceback (most recent call last):"] if frames else []
    for path, function in frames:
        lines.append(f'  File "/x/site-packages/{path}", line 3, in {function}')
    return [*lines, error]


def told(answer: Answer) -> list[str]:
    return [item.text for item in answer.statements]


def test_raised_texts_are_recorded_and_logged_ones_are_not(index: Path) -> None:
    assert indexed(index) == () and worded(index) == ("verl",)
    found = list(texts("verl", index).templates())
    assert "the data set \0 has no rows that can be split" in found
    assert not any("warning" in text for text in found)


def test_who_raises_it_and_that_newer_releases_word_nothing_so(index: Path) -> None:
    lines = raised(TEXT, ("verl/main.py", "run"), ("verl/data.py", "split"))
    answer = read_off(read_tracebacks(lines), {"verl": "1.1.0"}, index)
    origin, change = answer.statements
    assert origin.text == (
        "Raised by split in verl/data.py; verl raises this text there in 1.0.0 (the oldest read) "
        "to 1.1.0"
    )
    assert change.text.startswith("verl 1.2.0 to 1.3.0, the newest one read, raises no error in ")
    assert "not to say" in change.text and change.command == ('python -m pip install "verl>=1.2.0"')


@pytest.mark.parametrize("version", ["", "1.2.0", "9.0"])
def test_no_upgrade_is_proposed_to_a_release_that_does_not_raise_it(
    index: Path, version: str
) -> None:
    lines = raised(TEXT, ("verl/data.py", "split"))
    answer = read_off(read_tracebacks(lines), {"verl": version} if version else {}, index)
    assert len(answer.statements) == 2
    assert not any(item.command for item in answer.statements)


def test_a_text_that_the_newest_release_raises_is_not_called_gone(index: Path) -> None:
    error = "ValueError: a text of two places of this one package"
    answer = read_off(
        read_tracebacks(raised(error, ("verl/data.py", "again"))), {"verl": "1.0.0"}, index
    )
    (text,) = told(answer)
    assert text.startswith("Raised by again in verl/data.py; verl raises this text there in every")


HELD = NEW + 'EMPTY = "the data set {} has no rows that can be split"\n'


def test_a_text_that_stands_on_in_the_file_is_not_called_gone(tmp_path: Path) -> None:
    releases = {"1.0.0": OLD, "1.1.0": HELD, "1.2.0": HELD}
    files = {version: {"verl/data.py": text} for version, text in releases.items()}
    folder = make_index(tmp_path, "verl", files, texts=True)
    lines = raised(TEXT, ("verl/data.py", "split"))
    (text,) = told(read_off(read_tracebacks(lines), {"verl": "1.0.0"}, folder))
    assert (
        text
        == "Raised by split in verl/data.py; verl raises this text there in 1.0.0 (the oldest read)"
    )


@pytest.mark.parametrize(
    "frames",
    [
        [("verl/data.py", "other")],  # the file, but another function
        [("verl/other.py", "split")],
        [("verl/data.py", "split"), ("peft/peft_model.py", "forward")],  # raised further in
    ],
)
def test_nothing_is_said_where_no_frame_is_in_the_function(
    index: Path, frames: list[tuple[str, str]]
) -> None:
    lines = raised(TEXT, *frames)
    answer = read_off(read_tracebacks(lines), {"verl": "1.0.0"}, index)
    assert not any("Raised by" in text for text in told(answer))


def test_an_error_of_another_class_is_not_its_text(index: Path) -> None:
    lines = raised(TEXT.replace("ValueError", "KeyError"), ("verl/data.py", "split"))
    assert told(read_off(read_tracebacks(lines), {"verl": "1.0.0"}, index)) == []


def test_without_frames_only_in_packages_that_the_log_names(index: Path) -> None:
    found = read_tracebacks([TEXT])
    assert told(read_off(found, {}, index)) == []
    assert told(read_off(found, {}, index, named=("peft", "torch"))) == []
    assert "Raised by split" in told(read_off(found, {}, index, named=("verl",)))[0]


def test_without_frames_nothing_of_a_text_of_two_places(index: Path) -> None:
    found = read_tracebacks(["ValueError: a text of two places of this one package"])
    assert told(read_off(found, {}, index, named=("verl",))) == []


def test_without_frames_nothing_of_a_text_that_another_named_package_has(tmp_path: Path) -> None:
    texts_of = {"1.0.0": {"verl/data.py": OLD}}
    make_index(tmp_path, "verl", texts_of, texts=True, names=False)
    folder = make_index(tmp_path, "peft", {"0.1.0": {"peft/data.py": OLD}})
    found = read_tracebacks([TEXT])
    assert told(read_off(found, {}, folder, named=("verl", "peft"))) == []
    assert told(read_off(found, {}, folder, named=("verl",))) != []


def test_without_frames_a_text_that_is_a_small_part_of_the_message_is_not_enough(
    index: Path,
) -> None:
    long = f"{TEXT} and there is much more in this message that no code of that package has: {OLD}"
    found = read_tracebacks([" ".join(long.split())])
    assert told(read_off(found, {}, index, named=("verl",))) == []


def test_the_last_part_of_a_long_text_is_left_out() -> None:
    assert messages.beginning("a word or two " * 40) == ("a word or two " * 40)[:160]
    assert messages.beginning("\0 is not ok: \0") == ""


REGISTERED = """\
register_model_group(models={"Gemma-2B": {HUB: "google/gemma-2b"}}, template="gemma")
_register_template(name="gemma3")
register_template(name="llama3")

class LLMModelType:
    gemma2 = "gemma2"
    table = {"gemma3_text": 1}

@Model.register("Gemma3ForCausalLM")
class One: ...

EntryClass = [Gemma3ForCausalLM, LlamaForCausalLM]
NAMES: dict[Arch, str] = {Arch.GEMMA: "gemma", Arch.LLAMA: "llama"}
configs = [dict(name="Gemma-3-1b-it", size=1)]
"""


def test_what_code_registers() -> None:
    found = registered.registered(ast.parse(REGISTERED))
    assert {name: list(rows) for name, rows in found.items()} == {
        "register_model_group": ["Gemma-2B", "google/gemma-2b"],
        "register_template": ["gemma3"],
        "LLMModelType": ["gemma2"],
        "LLMModelType.table": ["gemma3_text"],
        "register": ["Gemma3ForCausalLM"],
        "EntryClass": ["Gemma3ForCausalLM"],
        "NAMES": ["gemma"],
        "configs": ["Gemma-3-1b-it"],
    }


def test_every_package_is_indexed_and_the_index_stays_small() -> None:
    assert {item.module for item in selection.TEXTS} == set(WORDED) == set(worded())
    assert {item.module: item.name for item in selection.TEXTS} == WORDED
    sizes = {file.stem: file.stat().st_size for file in Path(DATA, TEXTS).iterdir()}
    assert sum(sizes.values()) < 3_000_000 and max(sizes.values()) < 900_000


@pytest.mark.parametrize("module", sorted(WORDED))
def test_every_index_says_what_it_is_of(module: str) -> None:
    index = texts(module)
    assert (index.module, index.distribution) == (module, WORDED[module])
    assert index.releases and all(item.version and item.date for item in index.releases)
    for number in range(len(list(index.templates()))):
        for kind, path, _, releases in index.places(number):
            assert kind not in {"log", "warn"} and path.startswith(f"{module}/")
            assert releases and max(releases) < len(index.releases)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/x/site-packages/datasets/load.py", "datasets/load.py"),
        ("/home/me/LLaMA-Factory/src/llamafactory/train/tuner.py", "llamafactory/train/tuner.py"),
        ("/workspace/axolotl/src/axolotl/cli/train.py", "axolotl/cli/train.py"),
        ("/home/me/verl-0.5.0/verl/trainer/main_ppo.py", "verl/trainer/main_ppo.py"),
        ("/home/me/ms-swift/swift/llm/train.py", "swift/llm/train.py"),
        ("/sgl-workspace/sglang/python/sglang/srt/server.py", "sglang/srt/server.py"),
        ("/home/me/datasets/load.py", None),
        ("/home/me/swift/train.py", None),
    ],
)
def test_which_paths_are_a_packages(path: str, found: str | None) -> None:
    assert package_path(path) == found


# Read in the wheels by hand: who raises, and the releases around each end.
READ = [
    (
        "ValueError: Template qwen9 does not exist.",
        ("llamafactory/data/template.py", "get_template_and_fix_tokenizer"),
        "llamafactory raises this text there in every release from 0.7.1 to ",
    ),
    (
        "datasets.exceptions.DatasetNotFoundError: Dataset 'me/x' doesn't exist on the Hub or "
        "cannot be accessed.",
        ("datasets/load.py", "dataset_module_factory"),
        "datasets raises this text there in ",
    ),
]


@pytest.mark.parametrize(("error", "frame", "says"), READ)
def test_what_was_read_in_the_wheels(error: str, frame: tuple[str, str], says: str) -> None:
    (origin, *_) = read_off(read_tracebacks(raised(error, frame))).statements
    assert says in origin.text


ORDINARY = [
    "{'loss': 2.1, 'grad_norm': 1.5, 'epoch': 0.1}\n",
    "datasets==4.3.0\nvllm==0.11.0\n{'loss': 2.1}\n",
    "\n".join(raised("KeyError: 'gemma2'", ("transformers/models/auto/auto.py", "__getitem__"))),
]


@pytest.mark.parametrize("log", ORDINARY)
def test_a_log_without_such_an_error_opens_none_of_them(
    log: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[Path] = []
    real = _container.Container.__init__

    def remember(self: _container.Container, path: str) -> None:
        opened.append(Path(path))
        real(self, path)

    monkeypatch.setattr(_container.Container, "__init__", remember)
    atlas._package.opened.cache_clear()  # type: ignore[attr-defined]
    file = tmp_path / "train.log"
    file.write_text(log, encoding="utf-8")
    _cli.main(["explain", str(file)])
    capsys.readouterr()
    assert not [path for path in opened if path.parent.name == TEXTS]


def test_explain_says_who_raised_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "train.log"
    frame = ("llamafactory/hparams/finetuning_args.py", "__post_init__")
    error = "ValueError: Cannot use GaLore, APOLLO or BAdam together."
    file.write_text("\n".join(raised(error, frame)), encoding="utf-8")
    _cli.main(["explain", str(file)])
    said = " ".join(capsys.readouterr().out.split())
    assert "Raised by FinetuningArguments.__post_init__ in llamafactory/hparams/" in said
    assert "llamafactory raises this text there in 0.9.2 to " in said


def test_no_name_is_both() -> None:
    assert set(DISTRIBUTIONS) & set(WORDED) == {"vllm"}  # of vLLM the registry is indexed apart
