"""Model facts from directories, ``config.json`` files and mappings, good and bad."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gemma_compat.detect.model import read_model
from gemma_compat.errors import UnknownFact, UsageError

GEMMA3 = {
    "architectures": ["Gemma3ForConditionalGeneration"],
    "model_type": "gemma3",
    "torch_dtype": "bfloat16",
    "text_config": {
        "model_type": "gemma3_text",
        "hidden_size": 2560,
        "num_hidden_layers": 34,
        "sliding_window": 1024,
    },
}
GEMMA4 = {
    "model_type": "gemma4",
    "dtype": "bfloat16",
    "text_config": {
        "model_type": "gemma4_text",
        "num_kv_shared_layers": 18,
        "num_hidden_layers": 35,
        "head_dim": 256,
        "global_head_dim": 512,
        "enable_moe_block": False,
        "use_cache": True,
    },
}


def facts(config):
    return read_model(config)[0]


def with_text(config, **changes):
    return {**config, "text_config": {**config["text_config"], **changes}}


def test_a_composite_is_read_through_its_text_config():
    model, reasons = read_model(GEMMA3)
    assert model.get("live") is False
    assert (model.model_type, model.text_model_type) == ("gemma3", "gemma3_text")
    assert (model.composite, model.class_name) == (True, "Gemma3ForConditionalGeneration")
    assert (model.hidden_size, model.num_hidden_layers, model.sliding_window) == (2560, 34, 1024)
    assert (model.dtype, model.quantization, model.use_cache) == ("bfloat16", None, True)
    assert reasons["model"] == "only a live model shows it"


def test_fields_that_no_release_has_are_known_and_others_missing_are_not():
    model, reasons = read_model(GEMMA3)
    assert (model.num_kv_shared_layers, model.enable_moe_block) == (0, False)
    assert model.global_head_dim is None
    for name in ("head_dim", "vocab_size", "attn_logit_softcapping"):
        with pytest.raises(UnknownFact):
            getattr(model, name)
        assert "does not state it" in reasons[f"model.{name}"]


def test_kv_sharing_that_is_not_stated_is_unknown_where_the_type_has_it():
    text = {"model_type": "gemma3n_text"}
    model = facts({"model_type": "gemma3n", "text_config": text})
    assert not model.known("num_kv_shared_layers")
    assert facts(GEMMA4).num_kv_shared_layers == 18


def test_a_text_only_model():
    model = facts({"model_type": "gemma2", "attn_logit_softcapping": 50.0, "vocab_size": 256000})
    assert (model.composite, model.text_model_type) == (False, "gemma2")
    assert (model.attn_logit_softcapping, model.vocab_size) == (50.0, 256000)


def test_the_text_type_of_a_composite_that_does_not_name_it():
    assert facts({"model_type": "gemma3", "text_config": {}}).text_model_type == "gemma3_text"
    assert not facts({"model_type": "paligemma", "text_config": {}}).known("text_model_type")


def test_a_composite_without_text_config():
    model, reasons = read_model({"model_type": "gemma3"})
    assert model.composite is True
    assert not model.known("num_kv_shared_layers")
    assert reasons["model.hidden_size"] == "the config has no text_config"


def test_a_newer_gemma_is_read_as_far_as_it_says():
    model = facts({"model_type": "gemma9", "text_config": {"num_kv_shared_layers": 4}})
    assert (model.model_type, model.composite, model.num_kv_shared_layers) == ("gemma9", True, 4)
    assert not model.known("enable_moe_block")


@pytest.mark.parametrize(
    ("model_type", "text_type", "reads_text"),
    [
        ("gemma3", "gemma3_text", True),
        ("gemma3n", "gemma3n_text", True),
        ("paligemma", "gemma2", True),
        ("shieldgemma2", "gemma3_text", True),
        ("gemma4", "gemma4_text", False),
    ],
)
@pytest.mark.parametrize("text", [True, False])
def test_which_of_two_configs_a_forward_reads(model_type, text_type, reads_text, text):
    inner = {"model_type": text_type, "use_cache": text}
    config = {"model_type": model_type, "use_cache": not text, "text_config": inner}
    assert facts(config).use_cache is (text if reads_text else not text)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (with_text(GEMMA3, use_cache=False), False),
        ({**GEMMA3, "use_cache": False}, True),
        (with_text(GEMMA4, use_cache=False), False),
        ({**GEMMA4, "use_cache": False}, False),
        ({**with_text(GEMMA4, use_cache=False), "use_cache": True}, True),
        ({"model_type": "gemma2"}, True),
        ({"model_type": "gemma2", "use_cache": False}, False),
        ({"model_type": "gemma2", "use_cache": None}, False),
        (with_text(GEMMA3, use_cache=None), False),
    ],
)
def test_use_cache_is_that_of_the_config_that_a_forward_reads(config, expected):
    assert facts(config).use_cache is expected


@pytest.mark.parametrize(
    ("config", "dtype"),
    [
        ({"model_type": "gemma2", "torch_dtype": "float16"}, "float16"),
        ({"model_type": "gemma2", "dtype": "torch.bfloat16"}, "bfloat16"),
        (with_text({**GEMMA4, "dtype": "float32"}, dtype="bfloat16"), "bfloat16"),
    ],
)
def test_dtype_under_both_names(config, dtype):
    assert facts(config).dtype == dtype


def test_dtype_that_is_not_stated():
    assert not facts({"model_type": "gemma2"}).known("dtype")
    assert not facts({"model_type": "gemma2", "dtype": {"text_config": "bfloat16"}}).known("dtype")


def test_global_head_dim_under_both_names():
    assert facts(GEMMA4).global_head_dim == 512
    text = {
        "model_type": "gemma4_text",
        "head_dim": 256,
        "per_layer_config": {"5": {"head_dim": 512}},
    }
    assert facts({"model_type": "gemma4", "text_config": text}).global_head_dim == 512


def test_quantization():
    assert facts({**GEMMA3, "quantization_config": {"quant_method": "gptq"}}).quantization == "gptq"
    assert not facts({**GEMMA3, "quantization_config": {}}).known("quantization")


BAD = [
    ({}, "no model_type"),
    ({"model_type": None}, "model_type must be text, not None"),
    ({"model_type": 3}, "model_type must be text, not 3"),
    ({"model_type": "gemma3", "text_config": "x"}, "text_config must be an object"),
    ({"model_type": "gemma3", "text_config": {"model_type": []}}, "must be text, not a list"),
    ({"model_type": "gemma2", "architectures": "X"}, "architectures must be a list"),
    ({"model_type": "gemma2", "architectures": [1]}, "architectures must be a list of names"),
    (with_text(GEMMA4, num_kv_shared_layers="18"), "num_kv_shared_layers must be a whole number"),
    (with_text(GEMMA4, num_kv_shared_layers=True), "num_kv_shared_layers must be a whole number"),
    (with_text(GEMMA4, num_kv_shared_layers=-1), "zero or more, not -1"),
    (with_text(GEMMA4, num_kv_shared_layers=1.5), "num_kv_shared_layers must be a whole number"),
    (with_text(GEMMA4, enable_moe_block="no"), "enable_moe_block must be true or false"),
    (with_text(GEMMA4, use_cache="yes"), "use_cache must be true or false"),
    (with_text(GEMMA3, sliding_window={}), "sliding_window must be a whole number, not an object"),
    (with_text(GEMMA3, attn_logit_softcapping="50"), "attn_logit_softcapping must be a number"),
    ({**GEMMA3, "torch_dtype": 16}, "torch_dtype must be text"),
    ({**GEMMA3, "quantization_config": "4bit"}, "quantization_config must be an object"),
    ({**GEMMA3, "quantization_config": {"quant_method": 4}}, "quant_method must be text"),
    ({**GEMMA3, "keys_to_ignore_at_inference": "x"}, "keys_to_ignore_at_inference must be a list"),
]


@pytest.mark.parametrize(("config", "message"), BAD)
def test_values_that_no_model_can_have(config, message):
    with pytest.raises(UsageError) as caught:
        read_model(config)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_null_that_means_not_stated():
    model = facts(with_text(GEMMA4, num_kv_shared_layers=None))
    assert not model.known("num_kv_shared_layers")
    assert facts(with_text(GEMMA3, sliding_window=None)).sliding_window is None


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps(GEMMA3))
    return tmp_path


def test_a_directory_and_a_file(saved):
    for path in (saved, str(saved), saved / "config.json", str(saved / "config.json")):
        assert facts(path).model_type == "gemma3"


def test_a_byte_order_mark_does_no_harm(saved):
    text = (saved / "config.json").read_bytes()
    (saved / "config.json").write_bytes(b"\xef\xbb\xbf" + text)
    assert facts(saved).model_type == "gemma3"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "not a JSON file"),
        (b"", "not a JSON file"),
        (b"[1]", "holds a list where a JSON object is needed"),
        (b'"gemma3"', "holds 'gemma3' where a JSON object is needed"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a": 1}', "no model_type"),
    ],
)
def test_a_bad_file_is_named_in_one_line(saved, content, message):
    (saved / "config.json").write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_model(saved)
    assert str(saved / "config.json") in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_paths_that_lead_nowhere(tmp_path):
    with pytest.raises(UsageError, match="local Hub cache"):
        read_model("someone/llama-3-8b")
    with pytest.raises(UsageError, match=r"has no config\.json$"):
        read_model(tmp_path)
    with pytest.raises(UsageError):
        read_model("a\0b")
    with pytest.raises(UsageError):
        read_model("a/b\0")


def test_an_adapter_directory_names_its_base_model(tmp_path):
    adapter = {"base_model_name_or_path": "google/gemma-3-4b-it"}
    (tmp_path / "adapter_config.json").write_text(json.dumps(adapter))
    with pytest.raises(UsageError, match="google/gemma-3-4b-it"):
        read_model(tmp_path)


def test_no_model_and_something_else():
    assert read_model(None)[1] == {"model": "no model was given"}
    with pytest.raises(UsageError, match="not int"):
        read_model(42)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"hidden_act": "gelu", "hidden_activation": None}, "gelu"),
        ({"hidden_act": "gelu", "hidden_activation": "gelu_pytorch_tanh"}, "gelu"),
        ({"hidden_act": "gelu_pytorch_tanh"}, "gelu_pytorch_tanh"),
        ({}, "gelu_pytorch_tanh"),
    ],
)
def test_gemma_1_names_its_activation_in_hidden_act(stated, expected):
    assert facts({"model_type": "gemma", **stated}).activation == expected


def test_the_others_name_it_in_hidden_activation_and_have_a_default_of_their_own():
    other = {"model_type": "gemma2", "hidden_act": "gelu"}
    assert facts({**other, "hidden_activation": "gelu_pytorch_tanh"}).activation == (
        "gelu_pytorch_tanh"
    )
    with pytest.raises(UnknownFact):
        _ = facts(other).activation
