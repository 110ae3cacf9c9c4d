"""The hook and the callback on real Trainers, in whatever release of transformers is installed."""

from __future__ import annotations

import copy
import inspect
import json
import logging
import pickle
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

import gemma_compat
from gemma_compat.hooks import applied_to

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tiny = pytest.importorskip("tests.tiny")

ROOT = Path(__file__).parents[2]
RELEASE = tuple(int(part) for part in transformers.__version__.split(".")[:2])
CRASHES = RELEASE == (4, 50)  # GC101, on real Trainers, as long as the weights are bf16
METHODS = ("__init__", "call_model_init", "train", "evaluate", "predict")

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def no_state(monkeypatch):
    """Nothing stays installed, and the next Trainer does not inherit this one's precision.

    Accelerate keeps it in its state, and ``TrainingArguments(bf16=True)`` in the environment.
    """
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "no")
    yield
    gemma_compat.uninstall()
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(True)


@pytest.fixture
def hook():
    gemma_compat.install()


@pytest.fixture
def arguments(tmp_path):
    """Training arguments with the usual ones filled in."""

    def make(**changes):
        usual = {
            "bf16": True,
            "use_cpu": True,
            "max_steps": 1,
            "report_to": [],
            "per_device_train_batch_size": 2,
            "disable_tqdm": True,
            "save_strategy": "no",
        }
        return transformers.TrainingArguments(str(tmp_path / "out"), **{**usual, **changes})

    return make


def gemma(kind="gemma3_text", seed=0):
    return tiny.build(kind, dtype=torch.bfloat16, seed=seed)


def rows(kind="gemma3_text"):
    batch = tiny.batch(kind)
    return [{key: value[row] for key, value in batch.items()} for row in range(2)]


def trainer_of(model, args, cls=None, **more):
    more.setdefault("train_dataset", rows())
    more.setdefault("eval_dataset", rows())
    return (cls or transformers.Trainer)(model, args, **more)


def said(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "gemma_compat"]


def slots(model):
    """What the model's modules and configs hold, hooks included; equal after a revert."""
    from gemma_compat.live.tree import named_configs, named_modules

    held = {}
    for path, module in named_modules(model):
        for name, value in vars(module).items():
            held[f"{path}.{name}"] = dict(value) if isinstance(value, dict) else value
    for path, config in named_configs(model):
        held.update({f"{path}.{name}": value for name, value in vars(config).items()})
    return held


# --- a user's script, started as a user starts it -----------------------------------------------

SCRIPT = """
import sys, torch, transformers
from tests import tiny
from transformers import Trainer, TrainingArguments
torch.set_num_threads(1)
callbacks = []
if "install" in sys.argv:
    import gemma_compat
    gemma_compat.install()
if "callback" in sys.argv:
    import gemma_compat
    callbacks = [gemma_compat.GemmaCompatCallback()]
model = tiny.build("gemma3", dtype=torch.bfloat16)
batch = tiny.batch("gemma3")
data = [{key: value[row] for key, value in batch.items()} for row in range(2)]
args = TrainingArguments("out", bf16=True, use_cpu=True, max_steps=1, report_to=[])
trainer = Trainer(model, args, train_dataset=data, eval_dataset=data, callbacks=callbacks)
trainer.evaluate()
trainer.train()
print("evaluated", trainer.evaluate()["eval_loss"])
"""


@pytest.mark.skipif(not CRASHES, reason="this release of transformers does not crash here")
@pytest.mark.parametrize(
    ("launch", "words", "works"),
    [
        ((), (), False),
        (("-m", "gemma_compat", "run"), (), True),
        ((), ("install",), True),
        ((), ("callback",), True),
    ],
    ids=["plain", "run", "install", "callback"],
)
def test_the_script_of_a_user(tmp_path, launch, words, works):
    (tmp_path / "train.py").write_text(SCRIPT)
    path = ":".join([str(ROOT), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, *launch, "train.py", *words],
        cwd=tmp_path,
        env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if works:
        assert done.returncode == 0, done.stderr
        assert "evaluated" in done.stdout
        assert done.stderr.count("GC101 hybridcache-without-float") == 1
    else:
        assert done.returncode == 1
        assert "'HybridCache' object has no attribute 'float'" in done.stderr


def test_install_before_the_import_of_transformers(tmp_path):
    """The finder, the lazy module of transformers, and the wrappers, in a fresh interpreter."""
    code = """
    import sys, gemma_compat
    gemma_compat.install()
    assert "transformers" not in sys.modules
    import transformers
    assert "transformers.trainer" not in sys.modules
    before = transformers.Trainer.train
    assert before.__code__.co_filename.endswith("hooks/_wrapped.py"), before
    import importlib
    again = importlib.reload(sys.modules["transformers.trainer"]).Trainer
    assert again is not transformers.Trainer and again.train is not before
    assert again.train.__code__ is before.__code__
    assert gemma_compat.uninstall() == ()
    for trainer in (again, transformers.Trainer):
        assert not trainer.train.__code__.co_filename.endswith("hooks/_wrapped.py")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={"PYTHONPATH": ":".join([str(ROOT), *filter(None, sys.path)]), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr


# --- the hook -----------------------------------------------------------------------------------


def test_the_class_is_given_back():
    before = {name: vars(transformers.Trainer)[name] for name in METHODS}
    signatures = {name: inspect.signature(before[name]) for name in METHODS}
    for _ in range(2):
        gemma_compat.install()
        for name in METHODS:
            assert vars(transformers.Trainer)[name] is not before[name]
            assert inspect.signature(vars(transformers.Trainer)[name]) == signatures[name]
        assert gemma_compat.uninstall() == ()
        for name in METHODS:
            assert vars(transformers.Trainer)[name] is before[name]


@pytest.mark.parametrize("kind", ["gemma3_text", "gemma3"])
def test_a_whole_run(hook, arguments, kind):
    model = gemma(kind)
    trainer = trainer_of(model, arguments(), train_dataset=rows(kind), eval_dataset=rows(kind))
    assert applied_to(model).codes
    for run in (trainer.evaluate, trainer.train, trainer.evaluate):
        run()
    trainer.predict(rows(kind))
    assert ("GC101" in applied_to(model).codes) is CRASHES


@pytest.mark.parametrize("kind", ["gemma3n_text", "gemma4_text"])
def test_a_run_with_shared_keys_and_values_under_reentrant_checkpointing(hook, arguments, kind):
    if kind not in tiny.available():
        pytest.skip(f"transformers {transformers.__version__} has no {kind}")
    model = tiny.build(kind)
    how = {"gradient_checkpointing": True, "gradient_checkpointing_kwargs": {"use_reentrant": True}}
    trainer = trainer_of(model, arguments(bf16=False, **how))
    trainer.train()
    trainer.evaluate()
    assert {"GC104", "GC201"} & set(applied_to(model).codes)
    assert "GC102" not in applied_to(model).codes
    assert gemma_compat.uninstall() == ()


def test_the_model_is_patched_before_the_trainer_looks_at_it(hook, arguments):
    seen = []

    class Mine(transformers.Trainer):
        def create_accelerator_and_postprocess(self):
            seen.append(applied_to(model) is not None)
            super().create_accelerator_and_postprocess()

    model = gemma()
    trainer_of(model, arguments(), Mine)
    assert seen == [True]


def test_a_subclass_with_a_signature_of_its_own(hook, arguments):
    class Mine(transformers.Trainer):
        def __init__(self, kind, *, steps):
            args = arguments(max_steps=steps)
            super().__init__(args=args, model=gemma(kind), eval_dataset=rows())

    trainer = Mine("gemma3_text", steps=1)
    assert applied_to(trainer.model).codes
    trainer.evaluate()


def test_no_arguments_at_all(hook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = gemma()
    transformers.Trainer(model)
    assert applied_to(model).codes


@pytest.mark.parametrize("with_trial", [False, True])
def test_a_model_that_the_trainer_has_made(hook, arguments, with_trial):
    made = []

    def make():
        made.append(gemma(seed=len(made)))
        return made[-1]

    def make_for(trial):
        return make()

    model_init = make_for if with_trial else make
    trainer = trainer_of(None, arguments(), model_init=model_init)
    trainer.evaluate()
    trainer.train()
    trainer.evaluate()
    assert len(made) == 2
    assert all(applied_to(model).codes for model in made)


def test_a_model_exchanged_in_between(hook, arguments):
    trainer = trainer_of(gemma(), arguments())
    trainer.model = trainer.model_wrapped = gemma(seed=1)
    trainer.evaluate()
    assert applied_to(trainer.model).codes


def test_a_patch_taken_off_in_between_is_put_back(hook, arguments):
    model = gemma()
    trainer = trainer_of(model, arguments())
    applied_to(model).revert()
    model.config.use_cache = True  # a Trainer 5 has turned it off by itself
    trainer.evaluate()
    assert applied_to(model).changes


def test_two_trainers_one_after_the_other(hook, arguments):
    model = gemma()
    trainer_of(model, arguments()).train()
    before = applied_to(model).changes
    trainer = trainer_of(model, arguments())
    trainer.train()
    trainer.evaluate()
    assert applied_to(model).changes == before


def test_trainers_in_threads(hook, arguments):
    args, models, failed = arguments(), [gemma(seed=seed) for seed in range(3)], []

    def work(model):  # a thread that raises fails no test by itself
        try:
            trainer_of(model, args).evaluate()
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=work, args=(model,)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failed == []
    assert all(applied_to(model).codes for model in models)


def test_a_peft_model(hook, arguments):
    peft = pytest.importorskip("peft")
    lora = peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    model = peft.get_peft_model(gemma(), lora)
    trainer = trainer_of(model, arguments())
    assert applied_to(model) is applied_to(model.get_base_model())
    assert applied_to(model).codes
    trainer.evaluate()
    trainer.train()
    trainer.evaluate()


def test_another_model_is_left_alone(hook, arguments, caplog):
    config = transformers.GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=256, n_positions=32)
    model = transformers.GPT2LMHeadModel(config)
    before = slots(model)
    with caplog.at_level(logging.INFO, logger="gemma_compat"):
        trainer_of(model, arguments(bf16=False))
    assert applied_to(model) is None
    assert said(caplog) == []
    assert [name for name in slots(model) if name not in before] == []


def test_it_says_once_what_it_did(hook, arguments, caplog):
    model = gemma()
    with caplog.at_level(logging.WARNING, logger="gemma_compat"):
        trainer = trainer_of(model, arguments())
        trainer.evaluate()
        applied_to(model).revert()
        trainer.evaluate()
        trainer_of(model, arguments())
    (line,) = said(caplog)
    assert "Gemma3ForCausalLM: patched GC" in line and "applied_to(model)" in line


def test_the_other_ranks_are_silent(hook, arguments, caplog, monkeypatch):
    args = arguments()
    monkeypatch.setenv("RANK", "1")
    with caplog.at_level(logging.WARNING, logger="gemma_compat"):
        gemma_compat.hooks._hook.ensure(gemma(), args)
    assert said(caplog) == []


def test_options_hold_for_every_model(arguments):
    gemma_compat.install(ignore=["GC101", "GC102"])
    model = gemma()
    trainer_of(model, arguments())
    assert applied_to(model) is None or not {"GC101", "GC102"} & set(applied_to(model).codes)


def test_a_trained_model_is_copied_pickled_and_saved(hook, arguments, tmp_path):
    model = tiny.build("gemma3_text")
    trainer = trainer_of(model, arguments(bf16=False))
    trainer.train()
    batch = tiny.batch("gemma3_text")
    expected = model.eval()(**batch).loss
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert applied_to(other) is None  # its changes are the original's to revert
        assert torch.equal(other.eval()(**batch).loss, expected)
    trainer.save_model(str(tmp_path / "saved"))
    folder = str(tmp_path / "saved")
    loaded = type(model).from_pretrained(folder, attn_implementation="eager")
    assert loaded.config.use_cache is True
    assert torch.allclose(loaded.eval()(**batch).loss, expected, atol=1e-5)


def test_uninstall_reverts_what_is_alive_and_keeps_nothing_alive(arguments):
    import gc
    import weakref

    gemma_compat.install()
    model, gone = gemma(), gemma(seed=1)
    before = slots(model)
    args = arguments(bf16=False)
    gemma_compat.hooks._hook.ensure(model, args)
    gemma_compat.hooks._hook.ensure(gone, args)
    assert applied_to(model).changes and slots(model) != before
    seen = weakref.ref(gone)
    del gone
    gc.collect()
    assert seen() is None
    assert gemma_compat.uninstall() == ()
    assert slots(model) == before


def test_uninstall_after_a_run_in_mixed_precision(hook, arguments):
    model = gemma()
    trainer = trainer_of(model, arguments())
    trainer.train()
    trainer.evaluate()
    assert gemma_compat.uninstall() == ()
    assert not [name for name in slots(model) if "gemma_compat" in name]
    assert applied_to(model) is None


@pytest.mark.parametrize("hooked", [False, True])
def test_with_patch_around_a_run_exits_clean(arguments, hooked):
    if hooked:
        gemma_compat.install()
    model = gemma()
    before = slots(model)
    with gemma_compat.patch(model) as applied:
        assert applied.changes
        trainer = trainer_of(model, arguments())
        trainer.train()
        trainer.evaluate()
    gemma_compat.uninstall()
    after = slots(model)
    # Accelerate keeps model.forward under mixed precision, and Trainer 5 its use_cache: not ours.
    changed = {name for name in after if name not in before or after[name] is not before[name]}
    ours = {name for name in changed if "hooks" in name and after[name] != before[name]}
    ours |= {name for name in changed if "gemma_compat" in name}
    ours |= {name for name in changed if "gemma_compat" in getattr(after[name], "__module__", "")}
    assert ours == set()


@pytest.mark.parametrize("kind", tiny.available())
def test_a_checkpoint_says_what_the_config_said(hook, arguments, kind):
    """Also where no cure is needed, and the Trainer alone has turned ``use_cache`` off."""
    args = arguments(max_steps=1, save_strategy="steps", save_steps=1, bf16=False)
    data = {"train_dataset": rows(kind), "eval_dataset": rows(kind)}
    model = tiny.build(kind)
    found = vars(model.config).get("use_cache", "absent")
    trainer_of(model, args, **data).train()
    text = (Path(args.output_dir) / "checkpoint-1" / "config.json").read_text()
    assert json.loads(text).get("use_cache", "absent") == found


# --- the callback -------------------------------------------------------------------------------


def test_the_callback_given_to_the_constructor(arguments):
    callback = gemma_compat.GemmaCompatCallback()
    model = gemma()
    trainer = trainer_of(model, arguments(), callbacks=[callback])
    assert callback.applied.changes
    trainer.evaluate()
    trainer.train()
    trainer.evaluate()
    assert callback.missed == ()
    callback.applied.revert()
    assert callback.applied.changes == ()


def test_the_callback_added_later_says_what_it_missed(arguments, caplog):
    callback = gemma_compat.GemmaCompatCallback()
    # The composite one: from 5.0 the Trainer itself has cured a text-only config by then.
    more = {"train_dataset": rows("gemma3"), "eval_dataset": rows("gemma3")}
    trainer = trainer_of(gemma("gemma3"), arguments(), **more)
    trainer.add_callback(callback)
    assert callback.applied is None
    with caplog.at_level(logging.WARNING, logger="gemma_compat"):
        trainer.train()
    assert callback.applied.changes
    assert any("evaluate()" in text for text in callback.missed)
    assert any("the callback came late" in line for line in said(caplog))
    trainer.evaluate()


def test_the_callback_with_a_model_that_the_trainer_makes_anew(arguments):
    callback = gemma_compat.GemmaCompatCallback()
    trainer = trainer_of(None, arguments(), model_init=lambda: gemma(), callbacks=[callback])
    trainer.train()
    assert callback.missed
    assert callback.applied.changes
    trainer.evaluate()


def test_the_callback_leaves_other_models_alone(arguments):
    config = transformers.GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=256, n_positions=32)
    callback = gemma_compat.GemmaCompatCallback()
    model = transformers.GPT2LMHeadModel(config)
    trainer_of(model, arguments(bf16=False), callbacks=[callback]).train()
    assert (callback.applied, callback.missed) == (None, ())


def test_the_callback_and_the_hook_together(hook, arguments, caplog):
    callback = gemma_compat.GemmaCompatCallback()
    model = gemma()
    with caplog.at_level(logging.WARNING, logger="gemma_compat"):
        trainer_of(model, arguments(), callbacks=[callback]).train()
    assert len(said(caplog)) == 1
    assert applied_to(model).changes and callback.missed == ()


def test_the_callback_keeps_the_cache_off(arguments):
    """Trainer 5 writes ``args.use_cache`` over the config after ``on_init_end``."""
    model = gemma("gemma3")
    callback = gemma_compat.GemmaCompatCallback(select="GC102")
    args = arguments(bf16=False)
    trainer_of(
        model, args, callbacks=[callback], train_dataset=rows("gemma3"), eval_dataset=rows("gemma3")
    ).train()
    assert callback.applied.codes == ("GC102",)
    assert model.train()(**tiny.batch("gemma3")).past_key_values is None


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_of_the_callback_has_its_options_and_no_model(arguments, duplicate):
    callback = gemma_compat.GemmaCompatCallback(ignore=["GC102"], unsafe=True)
    trainer_of(gemma(), arguments(), callbacks=[callback])
    other = duplicate(callback)
    assert type(other) is gemma_compat.GemmaCompatCallback
    assert (other.select, other.ignore, other.unsafe) == (None, ("GC102",), True)
    assert (other.applied, other.missed) == (None, ())


def test_a_checkpoint_is_saved_and_resumed_with_the_callback(arguments):
    args = arguments(max_steps=2, save_strategy="steps", save_steps=1, bf16=False)
    trainer_of(gemma(), args, callbacks=[gemma_compat.GemmaCompatCallback()]).train()
    checkpoint = str(Path(args.output_dir) / "checkpoint-1")
    trainer = trainer_of(gemma(), args, callbacks=[gemma_compat.GemmaCompatCallback()])
    trainer.train(resume_from_checkpoint=checkpoint)
    assert trainer.state.global_step == 2
