"""What is read of a log: versions, GPU, model and run, and what is not mistaken for them."""

from __future__ import annotations

import io
from typing import Any

import pytest

from gemma_compat._explain.log_facts import LogFacts, merge
from gemma_compat._explain.read_log import read_log

from ..conftest import facts_for


def log(text: str) -> LogFacts:
    return read_log(io.BytesIO(text.encode()), ()).log


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("transformers==4.50.3\ntrl==0.15.2", {"transformers": "4.50.3", "trl": "0.15.2"}),
        (" + torch==2.6.0+cu124", {"torch": "2.6.0+cu124"}),
        ("unsloth_zoo==2025.3.17", {"unsloth-zoo": "2025.3.17"}),
        ("!pip install -q transformers==4.50.3 'trl==0.15.2'", {"trl": "0.15.2"}),
        ("- `transformers` version: 5.0.0.dev0", {"transformers": "5.0.0.dev0"}),
        ("- PyTorch version (GPU?): 2.6.0+cu124 (True)", {"torch": "2.6.0+cu124"}),
        ("- Huggingface_hub version: 0.29.3", {"huggingface-hub": "0.29.3"}),
        ("- PEFT version: 0.15.2\n- TRL version: not installed", {"peft": "0.15.2", "trl": None}),
        ("Successfully installed trl-0.15.2 peft-0.15.1", {"trl": "0.15.2", "peft": "0.15.1"}),
        (
            "Requirement already satisfied: accelerate in /usr/lib/python3.11 (1.5.2)",
            {"accelerate": "1.5.2"},
        ),
        ("Package Version\n------- -------\npeft    0.15.2", {"peft": "0.15.2"}),
        ("/x/site-packages/trl-0.15.2.dist-info/METADATA", {"trl": "0.15.2"}),
        (
            "==((====))==  Unsloth 2025.3.19: Fast Gemma3 patching. Transformers: 4.50.3.",
            {"unsloth": "2025.3.19", "transformers": "4.50.3"},
        ),
        (
            "O^O/ \\_/ \\    Torch: 2.6.0+cu124. CUDA: 7.5. CUDA Toolkit: 12.4. Triton: 3.2.0",
            {"torch": "2.6.0+cu124", "triton": "3.2.0"},
        ),
        (
            "zoo 1 requires transformers==4.51.3, but you have transformers 4.50.3 which is bad",
            {"transformers": "4.50.3"},
        ),
    ],
)
def test_versions(text: str, versions: dict[str, str | None]) -> None:
    packages = log(text).facts.packages
    found = {name: item and item.version for name, item in packages.items()}
    assert {name: found.get(name, "unknown") for name in versions} == versions


@pytest.mark.parametrize(
    "text",
    [
        '"transformers_version": "4.49.0"',
        "transformers.trainer: 4.5 it/s",
        "step 4.50.3 of transformers",
        "left-pad==1.0.0",
        "mytrl==0.1.0",
        "transformers>=4.50.3",
    ],
)
def test_what_is_no_installed_version(text: str) -> None:
    assert log(text).facts.packages == {}


def test_a_private_label_of_a_version_is_left_out() -> None:
    assert log("torch==2.6.0+lovelace").facts.version("torch") == "2.6.0"


def test_what_was_installed_beats_what_was_asked_for_and_the_last_wins() -> None:
    done = "Successfully installed trl-"
    found = log(f"{done}0.15.2\npip install trl==0.9.0\n{done}0.16.0\n")
    assert found.facts.version("trl") == "0.16.0" and found.lines["packages.trl"] == 3


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("- GPU type: Tesla T4", ["T4"]),
        ("   \\\\   /|    Tesla T4. Num GPUs = 2. Max memory: 14.741 GB.", ["T4", "T4"]),
        ("GPU = NVIDIA A100-SXM4-40GB. Max memory = 39.557 GB.", ["A100-40GB"]),
        ("|   0  NVIDIA GeForce RTX 3090        Off |", ["RTX 3090"]),
        ("the NVIDIA driver is fine", None),
        ("NVIDIA Frobnicator 9000", None),
    ],
)
def test_gpus(text: str, names: list[str] | None) -> None:
    facts = log(text).facts
    assert facts.known("gpus") == (names is not None)
    assert [gpu.name for gpu in facts.get("gpus", ())] == (names or [])


@pytest.mark.parametrize(
    ("text", "count", "counted"),
    [
        ("Tesla T4", 1, False),
        ("2 x Tesla T4", 2, True),
        ("Tesla T4. Num GPUs = 4. Max", 4, True),
        ("Tesla T4\n  \\\\ /|  Num examples = 3 | Num GPUs used = 2", 2, True),
        ("Tesla T4\n[rank0]: x\n[rank3]: x\n[rank1]: x", 4, True),
    ],
)
def test_how_many_gpus(text: str, count: int, counted: bool) -> None:
    found = log(text)
    assert len(found.facts.gpus) == count and found.counts_gpus == counted


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("==((====))==  Unsloth 2025.3.19: Fast Gemma3 patching.", True),
        ("Unsloth: Will smartly offload gradients to save VRAM!", True),
        ("/content/unsloth_compiled_cache/UnslothSFTTrainer.py", True),
        ("unsloth==2025.3.19", None),
        ("google/gemma-3-4b-it", None),
    ],
)
def test_whether_unsloth_is_used(text: str, used: bool | None) -> None:
    assert log(text).facts.unsloth.get("used") == used


def test_a_capability_alone_is_an_architecture() -> None:
    assert log("with CUDA capability sm_120 is not").facts.gpus[0].compute_capability == (12, 0)


@pytest.mark.parametrize(
    ("text", "model_type"),
    [
        ("google/gemma-3-4b-it", "gemma3"),
        ("unsloth/gemma-3n-E4B-it-unsloth-bnb-4bit", "gemma3n"),
        ("Gemma3ForConditionalGeneration(", "gemma3"),
        ("Gemma3ForCausalLM", "gemma3_text"),
        ('"model_type": "gemma4_text"', "gemma4_text"),
        ("/transformers/models/gemma3/modeling_gemma3.py", None),
        ("google/gemma-3-4b-it and google/gemma-2-9b", None),
        ("Fast Gemma3 patching", None),
        ("someone/gemma-3-4b-it", "gemma3"),
        ("someone/gemma-3-4b-legal", None),
        ("modeling_llama.py LlamaForCausalLM", None),
    ],
)
def test_model_type(text: str, model_type: str | None) -> None:
    assert log(text).facts.model.get("model_type") == model_type


def test_a_module_leaves_open_which_type_it_is_and_a_class_decides() -> None:
    module = "transformers/models/gemma3/modeling_gemma3.py\n"
    assert log(module).model_types == {"gemma3", "gemma3_text", "shieldgemma2"}
    assert log(module + "Gemma3ForCausalLM").model_types == {"gemma3_text"}
    assert log("models/llama/modeling_llama.py").other_models == ("llama",)
    assert log("LovelaceForCausalLM").other_models == ("another family",)


def test_figures_of_a_published_checkpoint() -> None:
    facts = log("loading google/gemma-3n-E4B-it").facts
    assert facts.model.num_kv_shared_layers == 15
    assert facts.assumed == {"model": "what is published of google/gemma-3n-E4B-it"}
    text_class = log("loading google/gemma-3-4b-it\nGemma3ForCausalLM").facts
    assert not text_class.model.known("num_hidden_layers")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bf16=True, fp16=False", {"mixed_precision": "bf16"}),
        ("bf16=False, fp16=True", {"mixed_precision": "fp16"}),
        ('"fp16": true', {"mixed_precision": "fp16"}),
        ("bf16=False", {}),
        ("mixed_precision: 'no'", {"mixed_precision": "no"}),
        ("gradient_checkpointing: true", {"gradient_checkpointing": True}),
        ("{'use_reentrant': False}", {"use_reentrant": False}),
        ("use_reentrant=None", {}),
        ("packing=True", {"packing": True}),
        ("padding_free=False", {}),
        ("eval_strategy='steps'", {"evaluates": True}),
        ("eval_strategy=IntervalStrategy.STEPS", {"evaluates": True}),
        ("eval_strategy='no'", {}),
        ("gradient_accumulation_steps=8", {"gradient_accumulation_steps": 8}),
        ("Switching to float32 training", {"mixed_precision": "no"}),
        ('trainer.py", line 1, in evaluation_loop', {"evaluates": True}),
        ("trainable params: 1,000 || all params: 9,000,000 || trainable%: 0.01", {"peft": True}),
        ("mybf16=True", {}),
        ("use_reentrant=False is recommended, but if you need to keep the default", {}),
        ("please set gradient_checkpointing=True", {}),
        ("in evaluate mode nothing happens", {}),
        ('peft_model.py", line 37, in <module>', {}),
        ('/peft/peft_model.py", line 37, in forward', {"peft": True}),
    ],
)
def test_the_run(text: str, expected: dict[str, Any]) -> None:
    assert log(text).facts.training.to_dict() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("load_in_4bit = True", {"quantization": "bitsandbytes", "quantization_bits": 4}),
        ("load_in_8bit=False", {}),
        ("load your model with `attn_implementation='eager'` meanwhile", {}),
        ("attn_implementation='sdpa'", {"attn_implementation": "sdpa"}),
        ("attn_implementation='/home/ada/kernel'", {}),
        ("torch_dtype=torch.bfloat16", {"dtype": "bfloat16"}),
        ("bnb_4bit_compute_dtype=torch.float16", {"compute_dtype": "float16"}),
    ],
)
def test_the_model_as_loaded(text: str, expected: dict[str, Any]) -> None:
    assert log(text).facts.model.to_dict() == expected


def test_python_by_its_directory_and_by_name() -> None:
    assert log("/usr/lib/python3.11/site-packages/x.py").facts.python == "3.11"
    assert log(r"C:\Users\a\Python311\site-packages\x.py").facts.python == "3.11"
    assert log(r"C:\Python312\Lib\site-packages\x.py").facts.python == "3.12"
    assert log("Python 3.12.3 (main)").facts.python == "3.12.3"


def test_a_log_fills_what_this_machine_leaves_open() -> None:
    here = facts_for("gemma3", "4.50.3", training={"evaluates": False})
    read = log("transformers==5.0.0\ntrl==1.0.0\neval_strategy='steps'\nTesla T4").facts
    both = merge(here, read)
    assert both.version("transformers") == "4.50.3" and both.version("trl") == "1.0.0"
    assert both.training.evaluates is False and both.gpus == ()
