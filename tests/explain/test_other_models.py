"""A hundred logs that are no matter of Gemma: not one may be claimed by a rule.

Ten ways in which a log names another model, and ten errors that a Gemma's rule knows the text of.
"""

from __future__ import annotations

import io
from itertools import product

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat.report.explanation import render_text

NAMED = {
    "repository": "Qwen/Qwen2.5-7B-Instruct\ntransformers==4.57.1\n",
    "argument": "model_name_or_path: /data/Mistral-7B-v0.3\n- Transformers version: 4.50.3\n",
    "class": "LlamaForCausalLM(\n  (model): LlamaModel(\ntransformers 5.5.0\n",
    "banner": "==((====))==  Unsloth 2025.9.7: Fast Qwen3 patching. Transformers: 4.55.4.\n",
    "frame": '  File "/x/transformers/models/phi3/modeling_phi3.py", line 9, in forward\n',
    "type": '"model_type": "qwen2_vl",\n"torch_dtype": "float16",\n',
    "folder": (
        "(gemma-env) $ python /srv/gemma_tests/train.py\n"
        'model = AutoModelForCausalLM.from_pretrained("meta-llama/Llama-3.1-8B")\n'
    ),
    "option": "swift sft --model Qwen/Qwen2-VL-7B-Instruct --torch_dtype float16\n",
    "yaml": "base_model: NousResearch/Meta-Llama-3-8B\nload_in_4bit: true\nadapter: qlora\n",
    "mirror": 'model_name = "unsloth/mistral-7b-v0.3-bnb-4bit",\nTesla T4\nfp16=True\n',
}
ERRORS = {
    "memory": "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 3.91 GiB.",
    "assert": "RuntimeError: CUDA error: device-side assert triggered",
    "nan": "{'loss': 0.0, 'grad_norm': nan, 'learning_rate': 0.0002, 'epoch': 0.01}",
    "devices": "RuntimeError: Expected all tensors to be on the same device, but found cuda:0, cpu",
    "targets": "ValueError: Please specify `target_modules` in `peft_config`",
    "unscale": "ValueError: Attempting to unscale FP16 gradients.",
    "sizes": "RuntimeError: The size of tensor a (64) must match the size of tensor b (128)",
    "images": "ValueError: Image features and image tokens do not match: tokens: 0, features 256",
    "attention": "RuntimeError: FlashAttention only supports Ampere GPUs or newer.",
    "lookup": "IndexError: index out of range in self",
}
TRACE = 'Traceback (most recent call last):\n  File "train.py", line 8, in <module>\n'


@pytest.mark.parametrize(("name", "error"), list(product(NAMED, ERRORS)))
def test_nothing_is_claimed(name: str, error: str) -> None:
    raised = "" if error == "nan" else TRACE
    text = f"{NAMED[name]}{raised}{ERRORS[error]}\n"
    found = explain_log(io.BytesIO(text.encode()))
    assert found.codes == () and not found.also
    assert found.other_models
    printed = render_text(found)
    assert "error GC" not in printed and "warning GC" not in printed


@pytest.mark.parametrize("error", [key for key in ERRORS if key != "nan"])
def test_an_error_alone_is_no_claim(error: str) -> None:
    """One line, and nothing that names a model: a rule is at most a hint for a Gemma."""
    found = explain_log(io.BytesIO(f"{ERRORS[error]}\n".encode()))
    assert found.codes == ()


@pytest.mark.parametrize(
    "text",
    [
        "hiyouga/LLaMA-Factory\ngoogle/gemma-3-4b-it\n",
        "git clone https://github.com/ggml-org/llama.cpp\nunsloth/gemma-3-4b-it\n",
        "modeling_siglip.py\nmodels/siglip/modeling_siglip.py\nGemma3ForConditionalGeneration\n",
    ],
)
def test_a_gemma_stays_one(text: str) -> None:
    found = explain_log(io.BytesIO(f"{text}ValueError: x\n".encode()))
    assert not found.other_models and found.facts.model.get("model_type") == "gemma3"


def test_the_model_of_the_log_is_named_and_no_gemma_is_judged() -> None:
    text = "base_model: meta-llama/Llama-3.1-8B\ntorch_dtype: float16\nValueError: x\n"
    printed = render_text(explain_log(io.BytesIO(text.encode())))
    assert "every Gemma" not in printed and "no Gemma" in printed


@pytest.mark.parametrize(
    ("name", "more", "told"),
    [
        ("TechxGenus/Meta-Llama-3-70B-Instruct-GPTQ", "quantization_bit: 4", "about 33 GiB"),
        ("meta-llama/Meta-Llama-3-70B-Instruct", "bf16: true", "about 130 GiB"),
        ("meta-llama/Meta-Llama-3-8B-Instruct", "bf16: true", ""),
        ("meta-llama/Meta-Llama-3-70B-Instruct", "deepspeed: ds_z3_config.json", ""),
        ("mistralai/Mixtral-8x7B-v0.1", "bf16: true", ""),
        ("meta-llama/Meta-Llama-3-70B-Instruct", "model_name_or_path: Qwen/Qwen2.5-7B", ""),
    ],
)
def test_each_process_holds_a_whole_copy_of_another_model_too(
    name: str, more: str, told: str
) -> None:
    text = (
        f"- GPU type: NVIDIA A10G\n- GPU number: 4\nmodel_name_or_path: {name}\n{more}\n"
        'Traceback (most recent call last):\n  File "launcher.py", line 9, in launch\n'
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 112.00 MiB. GPU 1 has a "
        "total capacity of 21.98 GiB\n"
    )
    printed = " ".join(render_text(explain_log(io.BytesIO(text.encode()))).split())
    assert ("the weights alone do not fit" in printed) is bool(told)
    assert told in printed
    if told:
        assert "each process loads a full copy" in printed and "likely, not certain" in printed
