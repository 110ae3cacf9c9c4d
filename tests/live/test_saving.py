"""What is saved is what was found: byte for byte what an unpatched twin writes.

No cure writes a config, so a config that is shared, copied or saved by itself is as if there were
no patch; and a save of the model writes what was found where a Trainer wrote since.
"""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import gemma_compat  # noqa: E402
from gemma_compat import versions  # noqa: E402
from gemma_compat.live.tree import named_configs  # noqa: E402
from gemma_compat.patching.ledger import Ledger  # noqa: E402
from gemma_compat.patching.saving import remember_found  # noqa: E402
from gemma_compat.rules import find  # noqa: E402

from .. import tiny  # noqa: E402
from . import compare  # noqa: E402
from .trainers import trainer  # noqa: E402

RELEASE = transformers.__version__
NAMES = tiny.available()
CODES = ("GC102", "GC103")
FILES = ("config.json", "generation_config.json")
names = pytest.mark.parametrize("name", NAMES)


def build(name: str, **changes: Any) -> Any:
    shared = {"num_kv_shared_layers": 0} if name.startswith(("gemma3n", "gemma4")) else {}
    return tiny.build(name, **{**shared, **changes})


def patched(model: Any) -> list[Ledger]:
    """GC102 and GC103, in the order in which a plan applies them."""
    ledgers = []
    for code in CODES:
        ledger = Ledger(code, model)
        rule = find(code)
        assert rule.patch is not None
        rule.patch(model, ledger)
        ledgers.append(ledger)
    return ledgers


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}


def saved(model: Any, folder: Path, **kwargs: Any) -> dict[str, bytes]:
    model.save_pretrained(folder, **kwargs)
    found = files(folder)
    assert "config.json" in found
    return found


def running(model: Any) -> list[Any]:
    return [vars(config).get("use_cache", "absent") for _, config in named_configs(model)]


@names
@pytest.mark.parametrize("how", ["plain", "sharded", "state_dict"])
def test_as_the_twin_saves(name: str, how: str, tmp_path: Path) -> None:
    model, twin = build(name), build(name)
    kwargs: dict[str, Any] = {"max_shard_size": "100KB"} if how == "sharded" else {}
    before = running(model)
    patched(model)
    if how == "state_dict":
        kwargs = {"state_dict": model.state_dict()}
    assert saved(model, tmp_path / "a", **kwargs) == saved(twin, tmp_path / "b")
    assert running(model) == before
    if how == "sharded":
        assert len(list((tmp_path / "a").glob("*.safetensors"))) > 1


@names
def test_what_a_trainer_wrote_would_be_saved(name: str, tmp_path: Path) -> None:
    """The tests of checkpoints can fail: without our save_pretrained, the file differs."""
    model = build(name)
    patched(model)
    model.config.use_cache = False
    type(model).save_pretrained(model, tmp_path)
    assert '"use_cache": false' in (tmp_path / "config.json").read_text()


def read(folder: Path) -> Any:
    return json.loads((folder / "config.json").read_text()).get("use_cache", "absent")


@names
def test_a_config_is_as_if_there_were_no_patch(name: str, tmp_path: Path) -> None:
    """Shared, copied, saved by itself or by a submodule, and made into another model."""
    cls, config = type(build(name)), build(name).config
    plain = config.to_dict()
    model, second = cls(config), cls(config)
    codes = gemma_compat.patch(model).codes
    assert codes or not SHARED_HERE
    gemma_compat.patch(second)
    assert config.to_dict() == plain and model.config.to_dict() == plain
    for other in (copy.deepcopy(config), copy.copy(config), pickle.loads(pickle.dumps(config))):
        assert other.to_dict() == plain
    assert running(cls(model.config)) == running(build(name))
    assert cls(copy.deepcopy(model.config)).config.to_dict() == plain
    model.config.save_pretrained(tmp_path / "config")
    second.save_pretrained(tmp_path / "second")
    build(name).save_pretrained(tmp_path / "twin")
    assert read(tmp_path / "config") == read(tmp_path / "second") == read(tmp_path / "twin")
    model.base_model.save_pretrained(tmp_path / "inner")
    build(name).base_model.save_pretrained(tmp_path / "inner twin")
    assert files(tmp_path / "inner") == files(tmp_path / "inner twin")


SHARED_HERE = versions.contains(">=5.0.0rc1", RELEASE)


@names
def test_a_false_of_the_user_stays(name: str, tmp_path: Path) -> None:
    model, twin = build(name), build(name)
    for one in (model, twin):
        getattr(one.config, "text_config", one.config).use_cache = False
    patched(model)
    assert saved(model, tmp_path / "a") == saved(twin, tmp_path / "b")
    assert '"use_cache": false' in (tmp_path / "a" / "config.json").read_text()


@names
@pytest.mark.parametrize("checkpointing", [False, True], ids=["", "checkpointing"])
def test_trainer_checkpoint(name: str, checkpointing: bool, tmp_path: Path) -> None:
    """Also where the Trainer itself has written ``use_cache=False``: 5.x always, 4.x under GC."""
    model, twin = build(name), build(name)
    patched(model)
    run = trainer(
        model,
        name,
        tmp_path / "run",
        save_strategy="steps",
        save_steps=1,
        gradient_checkpointing=checkpointing,
    )
    run.train()
    run.save_model(str(tmp_path / "model"))
    expected = saved(twin, tmp_path / "twin")
    for folder in (tmp_path / "run" / "checkpoint-1", tmp_path / "model"):
        assert files(folder) == expected


@names
def test_with_block_around_a_trainer(name: str, tmp_path: Path) -> None:
    """Reverts, and leaves what Trainer 5 has written in between."""
    model, twin = build(name), build(name)
    ledgers = patched(model)
    for one in (model, twin):
        trainer(one, name, tmp_path, bf16=True).train()
    assert not any(ledger.conflicts() for ledger in ledgers)
    for ledger in reversed(ledgers):
        ledger.revert()
    assert running(model) == running(twin)
    assert not {"save_pretrained", "generate"} & set(vars(model))
    assert not any(key.startswith("_gemma_compat") for key in vars(model))


@pytest.mark.skipif(
    not versions.contains(">=5.0.0rc1", RELEASE), reason="the argument came with Trainer 5"
)
@names
def test_trainer_that_wants_the_cache(name: str, tmp_path: Path) -> None:
    """Revert leaves its ``use_cache=True``, and refuses nothing."""
    model = build(name)
    ledgers = patched(model)
    trainer(model, name, tmp_path, use_cache=True)
    assert model.config.use_cache is True
    for ledger in reversed(ledgers):
        ledger.revert()
    assert model.config.use_cache is True


@names
def test_reverted_saves_as_the_twin(name: str, tmp_path: Path) -> None:
    model, twin = build(name), build(name)
    for ledger in reversed(patched(model)):
        ledger.revert()
    assert saved(model, tmp_path / "a") == saved(twin, tmp_path / "b")


@names
def test_deep_copy(name: str, tmp_path: Path) -> None:
    """The copy saves by itself, and the original's revert does not reach it."""
    model, twin = build(name), build(name)
    ledgers = patched(model)
    other = copy.deepcopy(model)
    for ledger in reversed(ledgers):
        ledger.revert()
    other.config.use_cache = False
    assert saved(other, tmp_path / "a") == saved(twin, tmp_path / "b")
    assert other.config.use_cache is False
    assert running(model) == running(build(name))


IN_A_NEW_PROCESS = """
import pickle, sys
model = pickle.load(open(sys.argv[1], "rb"))
model.save_pretrained(sys.argv[2])
"""


@pytest.mark.parametrize("name", [n for n in ("gemma3", "gemma2") if n in NAMES][:1])
def test_pickle_in_a_new_process(name: str, tmp_path: Path) -> None:
    model, twin = build(name), build(name)
    patched(model)
    path = tmp_path / "model.pickle"
    path.write_bytes(pickle.dumps(model))
    command = [sys.executable, "-c", IN_A_NEW_PROCESS, str(path), str(tmp_path / "a")]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    assert files(tmp_path / "a") == saved(twin, tmp_path / "b")


@names
def test_peft_merge(name: str, tmp_path: Path) -> None:
    model, twin = compare.add_lora(build(name)), compare.add_lora(build(name))
    patched(model.get_base_model())
    merged, expected = model.merge_and_unload(), twin.merge_and_unload()
    assert saved(merged, tmp_path / "a") == saved(expected, tmp_path / "b")


@names
def test_peft_adapter(name: str, tmp_path: Path) -> None:
    model, twin = compare.add_lora(build(name)), compare.add_lora(build(name))
    patched(model.get_base_model())
    for one, folder in ((model, "a"), (twin, "b")):
        one.save_pretrained(tmp_path / folder)
    read = [(tmp_path / folder / "adapter_config.json").read_bytes() for folder in "ab"]
    assert read[0] == read[1]
    assert not (tmp_path / "a" / "config.json").exists()


class Broken(Exception):
    pass


def test_save_that_fails_half_way(tmp_path: Path) -> None:
    model, twin = build("gemma2"), build("gemma2")
    patched(model)
    before, during = running(model), vars(model).copy()
    with pytest.raises(Broken):
        model.save_pretrained(tmp_path / "a", state_dict=Unreadable())
    assert running(model) == before
    assert vars(model) == during
    assert saved(model, tmp_path / "a") == saved(twin, tmp_path / "b")


class Unreadable(dict):
    """A state dict that fails as soon as anybody looks into it."""

    def items(self) -> Any:
        raise Broken

    keys = __iter__ = __len__ = items  # type: ignore[assignment]


def save_elsewhere(model: Any, folder: Path, **kwargs: Any) -> str:
    """Stands for the save_pretrained that another library puts on the instance."""
    type(model).save_pretrained(model, folder, **kwargs)
    return "elsewhere"


def test_a_method_on_the_instance_is_kept(tmp_path: Path) -> None:
    from functools import partial

    model, twin = build("gemma2"), build("gemma2")
    theirs = partial(save_elsewhere, model)
    model.save_pretrained = theirs
    ledgers = patched(model)
    assert model.save_pretrained(tmp_path / "a") == "elsewhere"
    assert files(tmp_path / "a") == saved(twin, tmp_path / "b")
    for ledger in reversed(ledgers):
        ledger.revert()
    assert vars(model)["save_pretrained"] is theirs


def test_push_to_hub_saves_through_the_instance() -> None:
    """It needs a network, so only this: it calls the method that we replaced."""
    assert "self.save_pretrained(" in inspect.getsource(transformers.PreTrainedModel.push_to_hub)


def test_a_note_without_a_write(tmp_path: Path) -> None:
    """For a field that somebody else is going to overwrite."""
    model, twin = build("gemma2"), build("gemma2")
    ledger = Ledger("GC000", model)
    remember_found(ledger, [(model.config, "use_cache")])
    model.config.use_cache = False
    assert saved(model, tmp_path / "a") == saved(twin, tmp_path / "b")
    assert model.config.use_cache is False
    ledger.revert()
    assert saved(model, tmp_path / "c") != saved(twin, tmp_path / "b")
