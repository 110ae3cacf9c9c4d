"""Names, attributes, arguments and table keys that an error misses, on the shipped index."""

from __future__ import annotations

import pytest

from gemma_compat.atlas import read_off, read_tracebacks

SITE = '  File "/x/site-packages/{path}", line 3, in f'


def statements(error: str, path: str = "") -> list[str]:
    lines = [SITE.format(path=path)] if path else []
    answer = read_off(read_tracebacks([*lines, error]))
    return [item.text for item in answer.statements if item.kind == "missing"]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            "ImportError: cannot import name 'HybridCache' from 'transformers' (/x/__init__.py)",
            "transformers has the name 'HybridCache' in transformers ",
        ),
        (
            "ImportError: cannot import name 'ConstantLengthDataset' from 'trl.trainer.utils' (/x)",
            "trl.trainer.utils has the name 'ConstantLengthDataset' in trl 0.19.1 and older",
        ),
        (
            "ImportError: cannot import name 'PretrainedConfig' from 'transformers.modeling_utils'",
            "transformers.modeling_utils has the name 'PretrainedConfig' in transformers ",
        ),
        (
            "ModuleNotFoundError: No module named 'transformers.models.gemma3n'",
            "The module 'transformers.models.gemma3n' exists in transformers 4.53.0 to ",
        ),
        (
            "ModuleNotFoundError: No module named 'trl.experimental.gold'",
            "The module 'trl.experimental.gold' exists in trl 0.25.0 to ",
        ),
        (
            "TypeError: SFTTrainer.__init__() got an unexpected keyword argument 'tokenizer'",
            "SFTTrainer.__init__() takes the argument 'tokenizer' in trl 0.11.4 and older",
        ),
        (
            "TypeError: SFTConfig.__init__() got an unexpected keyword argument 'max_seq_length'",
            "SFTConfig.__init__() takes the argument 'max_seq_length' in trl 0.9.2 to 0.19.1",
        ),
        (
            "TypeError: LoraConfig.__init__() got an unexpected keyword argument 'eva_config'",
            "LoraConfig.__init__() takes the argument 'eva_config' in peft 0.14.0 to ",
        ),
        (
            "TypeError: Accelerator.unwrap_model() got an unexpected keyword argument "
            "'keep_torch_compile'",
            "Accelerator.unwrap_model() takes the argument 'keep_torch_compile' in accelerate 1.",
        ),
        (
            "AttributeError: 'DynamicCache' object has no attribute 'get_max_length'",
            "DynamicCache has the attribute 'get_max_length' in transformers ",
        ),
        (
            "ValueError: The checkpoint you are trying to load has model type `gemma3` but "
            "Transformers does not recognize this architecture. This could be because",
            "The model type 'gemma3' is known in transformers 4.50.0 to ",
        ),
        (
            "ValueError: Unrecognized configuration class <class 'transformers.models.gemma3."
            "configuration_gemma3.Gemma3TextConfig'> for this kind of AutoModel: "
            "AutoModelForSequenceClassification.",
            "AutoModelForSequenceClassification has an entry for 'gemma3_text' in transformers "
            "4.57.0 to ",
        ),
        (
            "ImportError: cannot import name 'nothing_of_this_name' from 'transformers' (/x)",
            "transformers has the name 'nothing_of_this_name' in no transformers release up to ",
        ),
    ],
)
def test_the_releases_that_have_it(error: str, says: str) -> None:
    (text,) = statements(error)
    assert text.startswith(says), text


def test_a_key_is_looked_up_in_the_table_of_the_file_that_raised() -> None:
    path = "transformers/models/auto/configuration_auto.py"
    texts = statements("KeyError: 'gemma2'", path)
    assert any("has an entry for 'gemma2' in transformers 4.42.0 to " in text for text in texts)
    assert statements("KeyError: 'gemma2'", "transformers/trainer.py") == []


@pytest.mark.parametrize(
    "error",
    [
        "ImportError: cannot import name 'x' from 'numpy' (/x)",
        "ModuleNotFoundError: No module named 'flash_attn'",
        "AttributeError: 'MyModel' object has no attribute 'x'",
        "AttributeError: 'NoneType' object has no attribute 'shape'",
        "TypeError: f() got an unexpected keyword argument 'x'",
        "TypeError: <lambda>() got an unexpected keyword argument 'x'",
        "KeyError: 'gemma2'",
        "RuntimeError: expected scalar type Half but found Float",
        "ImportError: cannot import name 'LLM' from 'vllm' (/x)",  # read in part: names are not
        "AttributeError: module 'torch' has no attribute 'xpu'",
        "ImportError: cannot import name 'log' from 'torch.distributed.elastic.agent.server.api'",
        "ModuleNotFoundError: No module named 'torch.library'",
    ],
)
def test_nothing_is_said_of_what_is_not_indexed(error: str) -> None:
    assert statements(error) == []


@pytest.mark.parametrize(
    ("error", "path", "says"),
    [
        (
            "ModuleNotFoundError: No module named 'mlx_lm.models.gemma3n'",
            "",
            "The module 'mlx_lm.models.gemma3n' exists in mlx-lm 0.25.3 to ",
        ),
        (
            "ValueError: Model type gemma4 not supported.",
            "mlx_lm/utils.py",
            "The module 'mlx_lm.models.gemma4' exists in mlx-lm 0.31.2 to ",
        ),
        (
            "ValueError: Model type gemma4 not supported.",
            "mlx_vlm/utils.py",
            "The module 'mlx_vlm.models.gemma4' exists in mlx-vlm 0.4.3 to ",
        ),
        (
            "ModuleNotFoundError: No module named 'mlx_lm.models.paligemma'",
            "",
            "The module 'mlx_lm.models.paligemma' exists in no mlx-lm release up to ",
        ),
        (
            "ValueError: Template gemma3n does not exist.",
            "",
            "llamafactory.data.template has an entry for 'gemma3n' in llamafactory 0.9.4 to ",
        ),
        (
            "TypeError: gemma3 isn't supported yet.",
            "gptqmodel/models/auto.py",
            "MODEL_MAP has an entry for 'gemma3' in gptqmodel 4.0.0 to ",
        ),
        (
            "TypeError: gemma3 isn't supported yet.",
            "awq/models/auto.py",
            "AWQ_CAUSAL_LM_MODEL_MAP has an entry for 'gemma3' in no autoawq release up to ",
        ),
        (
            "ValueError: Model architectures ['Gemma3ForCausalLM'] are not supported for now.",
            "sglang/srt/models/registry.py",
            "sglang.srt.models has an entry for 'Gemma3ForCausalLM' in sglang 0.4.4.post2 to ",
        ),
        (
            "ValueError: Model architectures ['Gemma3ForCausalLM'] are not supported for now.",
            "vllm/model_executor/models/registry.py",
            "vllm.model_executor.models has an entry for 'Gemma3ForCausalLM' in vllm 0.8.0 to ",
        ),
        (
            "ValueError: KerasHub has no converter for huggingface/transformers models with model "
            "type `'gemma4'`.",
            "",
            "TransformersPresetLoader has an entry for 'gemma4' in keras-hub 0.27.1 to ",
        ),
    ],
)
def test_the_releases_that_know_the_model(error: str, path: str, says: str) -> None:
    texts = statements(error, path)
    assert [text for text in texts if text.startswith(says)], texts


@pytest.mark.parametrize(
    ("error", "path"),
    [
        ("ValueError: Model type gemma4 not supported.", ""),  # of which of the two?
        ("ValueError: Model type llama9 not supported.", "mlx_lm/utils.py"),  # not indexed
        ("ValueError: Model type gemma3n not supported for training", "mlx_vlm/lora.py"),
        ("TypeError: gemma3 isn't supported yet.", "peft/mapping.py"),
        ("ValueError: Model architectures ['Gemma3ForCausalLM'] are not supported for now.", ""),
        (
            "ValueError: Model architectures ['Gemma3ForCausalLM'] failed to be inspected.",
            "vllm/model_executor/models/registry.py",
        ),
    ],
)
def test_nothing_is_said_where_the_package_or_the_model_is_not_certain(
    error: str, path: str
) -> None:
    assert statements(error, path) == []


def test_the_sister_package_that_has_the_model_is_named() -> None:
    (answer,) = read_off(
        read_tracebacks(["ModuleNotFoundError: No module named 'mlx_lm.models.paligemma'"])
    ).missing
    ((module, releases),) = answer.elsewhere
    assert module == "mlx_vlm.models.paligemma" and releases[-1].to_end
