"""Facts of live models and live training arguments, on whatever transformers is installed.

What a fact claims is compared with what the model does: whether a forward builds a cache, which
checkpoint function runs.
"""

from __future__ import annotations

import copy
import json
import warnings
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from gemma_compat.detect.config import read_config  # noqa: E402
from gemma_compat.detect.live import read_live  # noqa: E402
from gemma_compat.detect.model import read_model  # noqa: E402
from gemma_compat.detect.training import read_training  # noqa: E402
from gemma_compat.live import tree  # noqa: E402
from gemma_compat.live.paths import Paths  # noqa: E402
from gemma_compat.live.snapshot import Snapshot  # noqa: E402
from gemma_compat.patching.ledger import Ledger  # noqa: E402

from .. import tiny  # noqa: E402

torch.set_num_threads(1)
NAMES = tiny.available()
RELEASE = tuple(int(part) for part in transformers.__version__.split(".")[:2])
TEXT_ONLY = [name for name in NAMES if name.endswith("_text") or name == "gemma2"]


def facts(model: Any) -> Any:
    return read_live(Snapshot(model))[0]


def builds_cache(model: Any, name: str) -> bool:
    """Whether the text model hands a cache out when nobody says anything."""
    seen = []

    def note(module: Any, args: Any, output: Any) -> None:
        seen.append(output.past_key_values)

    handles = [text.register_forward_hook(note) for _, text in tree.text_models(model)]
    batch = {key: value for key, value in tiny.batch(name).items() if key != "labels"}
    with torch.no_grad():
        model(**batch)
    for handle in handles:
        handle.remove()
    return any(cache is not None for cache in seen)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_unknown(name):
    model, reasons = read_live(Snapshot(tiny.build(name)))
    assert reasons == {}
    # What a small model of the class shows is asked only where the run accumulates.
    unknown = [field for field in model.field_names() if not model.known(field)]
    assert unknown == ["loss_ignores_token_count"]


@pytest.mark.parametrize("name", NAMES)
def test_what_the_model_is(name):
    model = facts(tiny.build(name, dtype=torch.bfloat16, attn="eager"))
    assert (model.model_type, model.live) == (name, True)
    assert model.composite == (name in {"gemma3", "gemma4", "paligemma"})
    assert (model.hidden_size, model.vocab_size, model.sliding_window) == (64, tiny.VOCAB, 8)
    assert (model.dtype, model.attn_implementation) == ("bfloat16", "eager")
    assert (model.peft, model.quantization) == (None, None)
    shared = {"gemma3n_text": 5, "gemma4": 3, "gemma4_text": 3}
    assert model.num_kv_shared_layers == shared.get(name, 0)


@pytest.mark.parametrize("name", NAMES)
def test_use_cache_is_what_a_forward_does(name):
    """Each config that the model holds is turned off alone, and then all of them."""
    model = tiny.build(name).eval()
    assert facts(model).use_cache is True
    assert builds_cache(model, name)
    configs = [config for _, config in tree.named_configs(model)]
    for off in [*([config] for config in configs), configs]:
        before = [(config, vars(config).get("use_cache", "absent")) for config in off]
        for config in off:
            config.use_cache = False
        assert facts(model).use_cache is builds_cache(model, name), type(off[0]).__name__
        for config, value in before:
            if value == "absent":
                del config.use_cache
            else:
                config.use_cache = value
    assert facts(model).use_cache is True


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_config_says_the_same(name, tmp_path):
    """Every field that the file decides agrees with the model; nothing crashes on the rest."""
    model = tiny.build(name)
    model.config.save_pretrained(tmp_path)
    saved, live = read_model(tmp_path)[0], facts(model)
    only_live = {"live", "class_name", "dtype", "configs"}
    only_live.add("transformers_version")  # written when it is saved
    for field in set(saved.field_names()) - only_live:
        if saved.known(field):
            assert saved.get(field, "unknown") == live.get(field, "unknown"), field
    assert saved.known("num_kv_shared_layers")
    assert saved.known("use_cache")


@pytest.mark.parametrize("name", TEXT_ONLY)
def test_a_global_head_dim_has_one_name(name):
    if not name.startswith("gemma4"):
        assert facts(tiny.build(name)).global_head_dim is None
        return
    config = tiny.gemma4_text(transformers, global_head_dim=32)[1]
    model = tiny.build(name, global_head_dim=32)
    assert facts(model).global_head_dim == 32
    assert facts(model).head_dim == 16
    assert read_config(config.to_dict(), "saved")[0].global_head_dim == 32


def enable_checkpointing(model: Any, options: dict[str, Any] | None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=options)


@pytest.mark.parametrize("name", NAMES)
def test_checkpointing_as_it_is_right_now(name):
    model = tiny.build(name)
    assert (facts(model).gradient_checkpointing, facts(model).use_reentrant) == (False, None)
    for options, expected in [({"use_reentrant": False}, False), ({"use_reentrant": True}, True)]:
        enable_checkpointing(model, options)
        found = facts(model)
        assert (found.gradient_checkpointing, found.use_reentrant) == (True, expected)
    enable_checkpointing(model, {})  # torch's own default, with a warning
    assert facts(model).use_reentrant is True
    model.gradient_checkpointing_disable()
    assert (facts(model).gradient_checkpointing, facts(model).use_reentrant) == (False, None)


def test_the_flag_counts_where_it_is_read():
    """On each decoder layer from 4.53 on, on the text model before."""
    model = tiny.build("gemma2")
    enable_checkpointing(model, {"use_reentrant": False})
    model.model.gradient_checkpointing = False
    assert facts(model).gradient_checkpointing is (RELEASE >= (4, 53))
    assert facts(model).use_reentrant is (False if RELEASE >= (4, 53) else None)


def test_the_text_config_is_the_one_that_the_text_model_reads():
    """Up to 4.53 it is a copy: writing to ``model.config.text_config`` changes nothing."""
    model = tiny.build("gemma3")
    model.config.text_config.sliding_window = 77
    assert facts(model).sliding_window == (8 if RELEASE < (4, 54) else 77)


def test_the_library_s_own_default_for_use_reentrant():
    model = tiny.build("gemma2")
    enable_checkpointing(model, None)
    assert facts(model).use_reentrant is (RELEASE < (5, 0))


def test_a_checkpoint_function_that_says_nothing_is_unknown():
    model = tiny.build("gemma2")
    enable_checkpointing(model, {"use_reentrant": True})
    for module in model.modules():
        if hasattr(module, "_gradient_checkpointing_func"):
            module._gradient_checkpointing_func = str.upper
    found, reasons = read_live(Snapshot(model))
    assert not found.known("use_reentrant")
    assert "str.upper" in reasons["model.use_reentrant"]


def test_a_tower_that_checkpoints_does_not_count():
    model = tiny.build("gemma3")
    enable_checkpointing(model, {"use_reentrant": True})
    inside = {id(m) for _, text in tree.text_models(model) for m in text.modules()}
    for module in model.modules():
        if id(module) in inside and hasattr(module, "gradient_checkpointing"):
            module.gradient_checkpointing = False
    assert any(getattr(module, "gradient_checkpointing", False) for module in model.modules())
    assert facts(model).gradient_checkpointing is False


def test_layers_wrapped_from_outside():
    from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper

    model = tiny.build("gemma2")
    assert facts(model).external_checkpointing is False
    layers = tree.text_models(model)[0][1].layers
    for index, layer in enumerate(layers):
        layers[index] = checkpoint_wrapper(layer)
    found = facts(model)
    assert found.external_checkpointing is True
    assert found.gradient_checkpointing is False
    enable_checkpointing(model, {"use_reentrant": True})
    assert facts(model).use_reentrant is True


def test_weights_of_two_dtypes_are_mixed():
    model = tiny.build("gemma2", dtype=torch.bfloat16)
    model.model.norm.to(torch.float32)
    assert facts(model).dtype == "mixed"
    model.model.norm.to(torch.bfloat16)
    model.lm_head.to(torch.float32)  # not part of the text model
    model.model.embed_tokens.to(torch.bfloat16)
    assert facts(model).dtype == "bfloat16"


def test_quantized_weights_do_not_count():
    model = tiny.build("gemma2", dtype=torch.bfloat16)
    for module in model.model.layers.modules():
        if isinstance(module, torch.nn.Linear):
            packed = torch.zeros(4, dtype=torch.uint8)
            module.weight = torch.nn.Parameter(packed, requires_grad=False)
    model.model.layers[0].mlp.up_proj.weight = torch.nn.Parameter(
        torch.zeros(4, dtype=torch.float8_e4m3fn), requires_grad=False
    )
    assert facts(model).dtype == "bfloat16"


@pytest.fixture(scope="module")
def lora() -> Any:
    peft = pytest.importorskip("peft")
    base = tiny.build("gemma2", dtype=torch.bfloat16)
    config = peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"], modules_to_save=["norm"])
    return peft.get_peft_model(base, config)


def test_a_peft_model_is_its_base_model(lora):
    assert {p.dtype for p in lora.parameters()} == {torch.bfloat16, torch.float32}
    found = facts(lora)
    assert (found.peft, found.dtype, found.model_type) == ("LORA", "bfloat16", "gemma2")
    assert found.class_name == "Gemma2ForCausalLM"
    assert found.configs[0].path == "model.config"
    assert facts(lora.get_base_model()).peft == "LORA"


def test_a_compiled_model_is_its_base_model(lora):
    found = facts(torch.compile(lora))
    assert (found.peft, found.class_name) == ("LORA", "Gemma2ForCausalLM")
    bare = facts(torch.compile(tiny.build("gemma2")))
    assert (bare.peft, bare.class_name) == (None, "Gemma2ForCausalLM")


def test_a_module_that_is_no_model():
    found, reasons = read_live(Snapshot(torch.nn.Linear(2, 2)))
    assert not found.known("model_type")
    assert reasons["model.model_type"] == "Linear has no transformers config"


def test_a_config_that_raises_makes_one_fact_unknown():
    class Odd(type(tiny.build("gemma2").config)):
        @property
        def quantization_config(self):
            raise RuntimeError("not now")

    model = tiny.build("gemma2")
    model.config.__class__ = Odd
    found, reasons = read_live(Snapshot(model))
    asked = ("quantization", "quantization_bits", "compute_dtype")
    assert reasons == {
        f"model.{name}": "reading it failed: RuntimeError: not now" for name in asked
    }
    assert found.hidden_size == 64


def test_paths_are_those_of_the_tree():
    model = tiny.build("gemma3")
    paths = Paths(model)
    for path, module in tree.named_modules(model):
        assert paths.of(module) == path
    for path, config in tree.named_configs(model):
        assert paths.of(config) == path
    assert paths.configs() == list(tree.named_configs(model))
    assert paths.text_models() == tree.text_models(model)
    assert paths.of(torch.nn.Linear(1, 1)) == "Linear"


def test_paths_follow_a_model_that_changes():
    model = tiny.build("gemma2")
    paths = Paths(model)
    old = model.model.norm
    assert paths.of(old) == "model.model.norm"
    model.model.norm = torch.nn.Identity()
    assert paths.of(model.model.norm) == "model.model.norm"
    assert paths.of(old) == type(old).__name__


class Around(torch.nn.Module):
    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner


def test_a_ledger_sees_what_it_has_put_into_the_model():
    model = tiny.build("gemma2")
    ledger = Ledger("GC999", model)
    (text_model,) = ledger.text_models()
    assert text_model == ("model.model", model.model)
    ledger.replace_module(model, "model", Around(model.model))
    assert ledger.text_models() == [("model.model.inner", text_model[1])]
    other = copy.deepcopy(model.config)
    ledger.set_attribute(model.lm_head, "config", other)
    assert ("model.lm_head.config", other) in ledger.configs()
    ledger.revert()
    assert Ledger("GC999", model).text_models() == [text_model]


@pytest.fixture
def arguments(tmp_path, monkeypatch) -> Any:
    pytest.importorskip("accelerate")
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "no")  # the arguments write it

    def make(**options: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            args = transformers.TrainingArguments(
                output_dir=str(tmp_path), report_to=[], use_cpu=True, **options
            )
        monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "no")
        return read_training(args)[0]

    return make


def test_live_arguments_as_they_come(arguments):
    found = arguments()
    assert (found.trainer, found.mixed_precision) == (True, "no")
    assert (found.gradient_checkpointing, found.use_reentrant) == (False, None)
    assert (found.gradient_accumulation_steps, found.distributed) == (1, "no")
    assert (found.deepspeed_stage, found.external_checkpointing) == (None, False)
    assert found.use_cache is (None if RELEASE < (5, 0) else False)
    assert not found.known("evaluates")
    assert not found.known("gathers_outputs")


def test_live_arguments_that_say_something(arguments):
    found = arguments(
        bf16=True,
        gradient_checkpointing=True,
        gradient_checkpointing_kwargs={"use_reentrant": False},
        gradient_accumulation_steps=4,
        eval_strategy="steps",
        eval_steps=5,
        prediction_loss_only=True,
    )
    assert found.mixed_precision == "bf16"
    assert (found.gradient_checkpointing, found.use_reentrant) == (True, False)
    assert found.gradient_accumulation_steps == 4
    assert (found.evaluates, found.gathers_outputs) == (True, False)


def test_live_arguments_under_the_new_name(arguments):
    if "activation_checkpointing" not in transformers.TrainingArguments.__dataclass_fields__:
        pytest.skip("activation_checkpointing came with transformers 5.23")
    found = arguments(
        activation_checkpointing=True, activation_checkpointing_kwargs={"use_reentrant": True}
    )
    assert (found.gradient_checkpointing, found.use_reentrant) == (True, True)


def test_saved_arguments_say_the_same(arguments, tmp_path):
    args = transformers.TrainingArguments(
        output_dir=str(tmp_path), report_to=[], use_cpu=True, bf16=True, eval_strategy="epoch"
    )
    live = read_training(args)[0]
    saved = read_training(json.loads(args.to_json_string()))[0]
    different = {
        name
        for name in live.field_names()
        if live.get(name, "unknown") != saved.get(name, "unknown")
    }
    of_run_time, of_release, of_class = {"distributed"}, {"use_cache"}, {"packing", "generates"}
    assert different <= of_run_time | of_release | of_class
