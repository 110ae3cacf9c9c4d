"""Quantized, merged, exported and served models: kinds of reports in several words, and misses."""

from __future__ import annotations

import io
import re

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat.report.explanation import headline, render_text

# A kind of failure: a log, and words that the answer must have.
SAID = [
    # Adapters that were merged into nothing.
    (
        "unsloth/gemma-3n-E4B-it on Kaggle\n_**`RuntimeError: Unsloth: Saving LoRA finetune failed "
        "since # of LoRAs = 252 does not match # of saved modules = 36. Please file a bug "
        "report!`**_\n",
        "36 of 252.*merge_and_unload",
    ),
    (
        'Traceback (most recent call last):\n  File "m.py", line 9, in <module>\n'
        "RuntimeError: Unsloth: Saving LoRA finetune failed since # of LoRAs = 182 does not match "
        "# of saved modules = 0. Please file a bug report!\n",
        "0 of 182",
    ),
    # A quantizer that does not know the model.
    (
        "Traceback (most recent call last):\n"
        '  File "/v/lib/python3.11/site-packages/auto_gptq/modeling/auto.py", line 92, in f\n'
        '    raise TypeError(f"{model_type} isn\'t supported yet.")\n'
        "TypeError: gemma3n isn't supported yet.\n",
        "AutoGPTQ has no entry for the model type gemma3n",
    ),
    # 4-bit weights and who reads them.
    (
        'Traceback (most recent call last):\n  File "/v/site-packages/vllm/model_executor/models/'
        'gemma3.py", line 470, in load_weights\n    param = params_dict[name]\nKeyError: '
        "'language_model.model.layers.7.mlp.gate_up_proj.weight'\n",
        "quantization_config",
    ),
    (
        "RuntimeError: mat1 and mat2 shapes cannot be multiplied (17x2560 and 1x13107200)\n",
        "packed in 4 bits",
    ),
    # vLLM and settings.
    (
        "(APIServer pid=4185)   Value error, The model type 'gemma2' does not support float16. "
        "Reason: Numerical instability. Please use bfloat16 or float32 instead. "
        "[type=value_error, input_value=ArgsKwargs(())]\n",
        "--dtype bfloat16",
    ),
    ("ValueError: LoRA rank 128 is greater than max_lora_rank 64.\n", "--max-lora-rank 128"),
    (
        "ValueError: Call to add_lora method failed: While loading /a, expected target modules in "
        "{'qkv_proj', 'o_proj'} but received ['vision_tower.encoder.layers.0.self_attn.q_proj'].\n",
        "finetune_vision_layers=False",
    ),
    # Ollama.
    (
        'FROM ./g.gguf\nTEMPLATE """{{ .Prompt }}\nollama create g\nError: unexpected EOF\n',
        "closing quotes",
    ),
    # Windows, macOS and Triton.
    (
        "C:\\ft> python train.py\nTraceback (most recent call last):\n"
        '  File "C:\\ft\\train.py", line 1, in <module>\n'
        "ModuleNotFoundError: No module named 'triton'\n",
        "triton-windows",
    ),
    (
        "ERROR: Could not find a version that satisfies the requirement bitsandbytes==0.46.1 (from "
        "versions: 0.31.8, 0.32.0, 0.42.0)\n"
        "ERROR: No matching distribution found for bitsandbytes==0.46.1\n",
        "does not exist for this Python and system.*pip index versions bitsandbytes",
    ),
    # A message that states its remedy.
    (
        'Traceback (most recent call last):\n  File "t.py", line 3, in <module>\nImportError: '
        "Using `bitsandbytes` 4-bit quantization requires accelerate: `pip install "
        "'accelerate>=1.1.0'`\n",
        r'pip install "accelerate>=1\.1\.0"|bitsandbytes',
    ),
]


@pytest.mark.parametrize(("text", "pattern"), SAID)
def test_what_the_answer_says(text: str, pattern: str) -> None:
    found = explain_log(io.BytesIO(text.encode()))
    whole = " ".join(render_text(found).split())
    assert re.search(pattern, whole), whole
    assert "no rule here knows it" not in headline(found)


# Near misses: a log, and what nothing may say of it.
UNSAID = [
    ("TypeError: json isn't supported yet.\n", "AWQ|GPTQ"),
    (
        'Traceback (most recent call last):\n  File "t.py", line 3, in f\n    d[name]\n'
        "KeyError: 'model.layers.0.mlp.down_proj.weight'\n",
        "vLLM",
    ),
    ("RuntimeError: mat1 and mat2 shapes cannot be multiplied (17x768 and 1024x1)\n", "4 bits"),
    ("read failed\nError: unexpected EOF\n", "Modelfile"),
    (
        # The line with pip is source that a notebook shows beside the one that raised.
        'Traceback (most recent call last):\n  File "t.py", line 3, in f\n'
        '    raise ImportError("not installed: pip install wandb")\nValueError: another thing\n',
        "pip install wandb$",
    ),
    (
        "TypeError: Gemma4AudioModel(...) got multiple values for keyword argument 'return_dict'\n"
        "unsloth 2026.4.4, unsloth_zoo 2026.4.6, transformers 5.6.0, gemma-4-E4B-it, GRPO\n",
        "GC1142",
    ),
]


@pytest.mark.parametrize(("text", "pattern"), UNSAID)
def test_what_the_answer_does_not_say(text: str, pattern: str) -> None:
    found = explain_log(io.BytesIO(text.encode()))
    assert not re.search(pattern, render_text(found), re.MULTILINE)


OTHER_MODELS = [
    "Qwen2ForCausalLM, Qwen/Qwen2.5-7B\nAttributeError: 'LoraModel' object has no attribute "
    "'vllm_engine'\n",
    "meta-llama/Llama-2-7b-hf\nValueError: LoRA rank 64 is greater than max_lora_rank 16.\n",
    'mistralai/Mistral-7B-v0.1\nTraceback (most recent call last):\n  File "/x/site-packages/'
    'bitsandbytes/autograd/_functions.py", line 566, in matmul_4bit\n    assert quant_state is '
    "not None\nAssertionError\n",
    "Qwen/Qwen3-8B\nValueError: Some modules are dispatched on the CPU or the disk. Make sure you "
    "have enough GPU RAM to fit the quantized model.\n",
]


@pytest.mark.parametrize("text", OTHER_MODELS)
def test_another_model_gets_a_general_answer_and_no_rule(text: str) -> None:
    found = explain_log(io.BytesIO(text.encode()))
    assert found.generally and not found.codes


def test_rows_of_unsloths_refusals_answer_their_own_examples() -> None:
    from gemma_compat._explain.general.unsloth.refusals import REFUSALS

    for row in REFUSALS:
        text, word = row.example
        line = text.split("\n")[0]
        first = next(other for other in REFUSALS if re.search(f"Unsloth: {other.text}", line))
        assert first is row, (row.text, first.text)
        assert word in " ".join(render_text(explain_log(io.BytesIO(text.encode()))).split())


def test_another_errors_line_ends_what_belongs_to_the_last_one() -> None:
    """A report that quotes two errors in prose is answered for the last of them."""
    text = (
        "On Kaggle:\nTypeError: must be called with a dataclass type or instance\n\n"
        "On Colab, with gemma-3-1b-it:\nAttributeError: 'list' object has no attribute 'strip'\n"
    )
    assert "a list stands where a text is expected" in headline(explain_log(_bytes(text)))


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("'dict' object has no attribute 'vocab_size'", "plain dict"),
        ("'str' object has no attribute 'keys'", "json.loads"),
        ("'list' object has no attribute 'device'", "return_tensors"),
        ("'int' object has no attribute 'strip'", "text is expected"),
        ("'tuple' object has no attribute 'split'", "text is expected"),
    ],
)
def test_a_value_of_another_kind_is_told_by_what_is_asked_of_it(text: str, pattern: str) -> None:
    assert re.search(pattern, render_text(explain_log(_bytes(f"AttributeError: {text}\n"))))


def _bytes(text: str) -> io.BytesIO:
    return io.BytesIO(text.encode())


def test_where_only_a_launcher_reports_every_text_of_the_log_counts() -> None:
    report = "subprocess.CalledProcessError: Command '['python', 'x.py']' died with signal 6.\n"
    quoted = "# HIP out of memory. Tried to allocate 2.00 GiB\nran accelerate launch\n"
    assert "the memory of the card ran out" in headline(explain_log(_bytes(quoted + report)))
    assert "only the launcher's report" in headline(explain_log(_bytes(report)))


def test_a_cut_traceback_is_answered_by_what_else_the_log_says() -> None:
    cut = (
        "# training fails: mat1 and mat2 should be of same dtype\n"
        'Traceback (most recent call last):\n  File "t.py", line 3, in f\n'
    )
    assert "dtype" in render_text(explain_log(_bytes(cut)))


def test_two_sizes_of_heads_are_gemma_4s_alone() -> None:
    sizes = (
        "RuntimeError: The size of tensor a (256) must match the size of tensor b (512) at "
        "non-singleton dimension 3\n"
    )
    assert "two kinds of layers" in render_text(
        explain_log(_bytes(f"google/gemma-4-31B-it\n{sizes}"))
    )
    for other in ("google/gemma-3-27b-it\n", "Qwen/Qwen3-8B\n", ""):
        assert "two kinds of layers" not in render_text(explain_log(_bytes(other + sizes)))


def test_source_that_a_notebook_shows_around_the_raising_line_is_not_what_was_raised() -> None:
    text = (
        "---------------------------------------------------------------------------\n"
        "RuntimeError                              Traceback (most recent call last)\n"
        "File /x/site-packages/unsloth/__init__.py:174\n"
        '    171     raise ImportError("Unsloth: Please install unsloth_zoo via `pip`")\n'
        "--> 174 from .models import *\n\nRuntimeError: something else\n"
    )
    assert "not of the same time" not in render_text(explain_log(_bytes(text)))


@pytest.mark.parametrize(
    "text",
    [
        "AttributeError: module 'UnslothKTOTrainer' has no attribute 'UnslothKTOTrainer'\n",
        "ModuleNotFoundError: No module named 'UnslothSFTTrainer'\n",
    ],
)
def test_no_package_is_to_be_installed_under_the_name_of_a_generated_module(text: str) -> None:
    answer = render_text(explain_log(_bytes(text)))
    assert not re.search(r"pip install \S*Unsloth[A-Z]", answer)
    assert "unsloth_compiled_cache" in answer


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("gemma-3-12b-it-AWQ\nValueError: torch.bfloat16 is not supported for quantization method "
         "awq. Supported dtypes: [torch.float16]\n", "compressed-tensors"),
        ("Qwen/Qwen3-8B-GPTQ\nValueError: torch.bfloat16 is not supported for quantization method "
         "gptq. Supported dtypes: [torch.float16]\n", "--dtype float16"),
        ("FROM ./m.safetensors\nError: unsupported content type: unknown\n", "FROM ./FOLDER"),
        ("Error: llama runner process has terminated: error loading model: error loading model "
         "hyperparameters: invalid n_rot: 160, expected 128\n", "converter"),
    ],
)  # fmt: skip
def test_what_serving_refuses(text: str, pattern: str) -> None:
    assert re.search(pattern, render_text(explain_log(_bytes(text))))


@pytest.mark.parametrize(
    "text",
    [
        "ModuleNotFoundError: No module named 'my_trainer'\n",
        "ModuleNotFoundError: No module named 'src.data.loader'\n",
        "ImportError: cannot import name 'Collator' from 'my_data' (/home/x/my_data.py)\n",
        "ModuleNotFoundError: No module named 'unsloth_compiled_module_gemma3'\n",
    ],
)
def test_nothing_is_installed_under_a_guessed_name(text: str) -> None:
    """A module may be the script's own file, and a stranger's package may have its name."""
    assert not re.search(
        r"pip install (?:-U )?\W?(?:my_|src|unsloth_comp)", render_text(explain_log(_bytes(text)))
    )
