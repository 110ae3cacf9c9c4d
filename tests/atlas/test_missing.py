"""Names, attributes, arguments and table keys that an error misses, on the shipped index."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from gemma_compat.atlas import read_off, read_tracebacks
from gemma_compat.atlas._package import PackageIndex

from .made import make_index

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
            "trl.trainer.utils has the name 'ConstantLengthDataset' "
            "in trl 0.8.0 (the oldest read) to 0.19.1",
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
            "SFTTrainer.__init__() takes the argument 'tokenizer' "
            "in trl 0.8.0 (the oldest read) to 0.11.4",
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
            "transformers has the name 'nothing_of_this_name' "
            "in no transformers release from 4.38.0 to ",
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
        "ImportError: cannot import name 'x' from 'vllm' (/x)",  # an older release may have it
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
            "The module 'mlx_lm.models.paligemma' exists in no mlx-lm release from 0.0.12 to ",
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
            "AWQ_CAUSAL_LM_MODEL_MAP has an entry for 'gemma3' "
            "in no autoawq release from 0.2.3 to ",
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


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            "ImportError: cannot import name 'cached_download' from 'huggingface_hub' (/x)",
            "huggingface_hub has the name 'cached_download' "
            "in huggingface-hub 0.21.0 (the oldest read) to 0.25.2",
        ),
        (
            "ImportError: cannot import name 'HfFolder' from 'huggingface_hub' (/x)",
            "huggingface_hub has the name 'HfFolder' "
            "in huggingface-hub 0.21.0 (the oldest read) to 0.36.2",
        ),
        (
            "ImportError: cannot import name 'load_metric' from 'datasets' (/x)",
            "datasets has the name 'load_metric' in datasets 2.18.0 (the oldest read) to 2.21.0",
        ),
        (
            "ModuleNotFoundError: No module named 'datasets.tasks'",
            "The module 'datasets.tasks' exists in datasets 2.18.0 (the oldest read) to 2.21.0",
        ),
        (
            "ImportError: cannot import name 'SentenceTransformerTrainer' from "
            "'sentence_transformers' (/x)",
            "sentence_transformers has the name 'SentenceTransformerTrainer' in "
            "sentence-transformers 3.0.0 to ",
        ),
        (
            "ModuleNotFoundError: No module named 'vllm.worker.worker'",
            "The module 'vllm.worker.worker' exists in vllm 0.3.2 (the oldest read) to 0.10.2",
        ),
    ],
)
def test_names_of_packages_of_texts(error: str, says: str) -> None:
    (text,) = statements(error)
    assert text.startswith(says), text


MODULES = {
    "verl/__init__.py": "from .a import *\nfrom .b import One\n",
    "verl/a.py": "def starred(): ...\n",
    "verl/b.py": "class One: ...\nfrom elsewhere import *\n",
    "verl/c.py": "def __getattr__(name): ...\ndef one(): ...\n",
    "verl/d.py": "from .a import starred\n",
}


@pytest.mark.parametrize(
    ("name", "module", "found"),
    [
        ("One", "verl", "1.0.0 (the oldest read)"),  # taken out in 1.1.0
        ("starred", "verl", None),  # by an import of all names, in both
        ("starred", "verl.d", "every release from 1.0.0 to 1.1.0"),  # imported there
        ("nothing", "verl.a", None),  # a release before those that were read may have it
        ("One", "verl.b", None),  # 1.1.0 may have it from a package that is not read
        ("one", "verl.c", None),  # ... by the function
        ("nothing", "verl.absent", None),
    ],
)
def test_names_that_a_modules_text_does_not_show(
    name: str, module: str, found: str | None, tmp_path: Path
) -> None:
    newer = {
        **MODULES,
        "verl/__init__.py": "from .a import *\n",
        "verl/b.py": "from elsewhere import *\n",
        "verl/c.py": "def __getattr__(name): ...\n",
    }
    folder = make_index(tmp_path, "verl", {"1.0.0": MODULES, "1.1.0": newer}, texts=True)
    error = f"ImportError: cannot import name '{name}' from '{module}' (/x)"
    said = [item.text for item in read_off(read_tracebacks([error]), folder=folder).statements]
    assert len(said) == (found is not None)
    assert not found or said[0].endswith(found)


STARS = {
    "trl/__init__.py": "from .a import *\n",
    "trl/a.py": "class Starred: ...\n",
    "trl/b.py": "from elsewhere import *\n",
    "trl/late.py": "from .utils import _LazyModule\nif TYPE: from .a import *\n",
    "trl/c.py": "from .__init__ import *\n",
}


@pytest.mark.parametrize(
    ("name", "module", "found"),
    [
        ("Starred", "trl", "every release from 1.0.0 to 1.1.0"),  # 1.0.0 by its star, 1.1.0 plainly
        ("_private", "trl", "no trl release from 1.0.0 to 1.1.0"),  # which no star brings
        ("absent", "trl", "no trl release from 1.0.0 to 1.1.0"),  # its source is read
        ("Starred", "trl.b", None),  # its source is another package
        ("Starred", "trl.late", "(trl.a defines it in every release from 1.0.0 to 1.1.0)"),
    ],
)
def test_a_star_brings_names_that_a_text_does_not_show(
    name: str, module: str, found: str | None, tmp_path: Path
) -> None:
    newer = {**STARS, "trl/__init__.py": "from .a import Starred\n"}
    folder = make_index(tmp_path, "trl", {"1.0.0": STARS, "1.1.0": newer})
    error = f"ImportError: cannot import name '{name}' from '{module}' (/x)"
    said = [item.text for item in read_off(read_tracebacks([error]), folder=folder).statements]
    assert len(said) == (found is not None), said
    assert not found or said[0].endswith(found)


@pytest.mark.parametrize(
    ("name", "since"),
    [
        ("FastModel", "in unsloth 2025.3.9 to "),
        ("FastVisionModel", "in unsloth 2024.11.8 to "),
        ("is_bf16_supported", "in unsloth every release from 2024.8 to "),
        ("Nonsense", "in no unsloth release from 2024.8 to "),
    ],
)
def test_what_unsloth_has_by_a_star(name: str, since: str) -> None:
    (text,) = statements(f"ImportError: cannot import name '{name}' from 'unsloth' (/x)")
    assert since in text


def test_blocks_of_names_are_not_kept() -> None:
    """Those of transformers take 1.6 MiB each, and an error asks for a name or two."""
    index = PackageIndex("transformers")
    index.symbols("GemmaModel")
    tracemalloc.start()
    found = [index.symbols(name)[0] for name in ("Trainer", "AutoModel", "GemmaTokenizer", "Cache")]
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert all(found)
    assert kept < 1_000_000
