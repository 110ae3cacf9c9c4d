"""Out of memory in people's own words, scripts and tracebacks: the estimate, or what it lacks."""

from __future__ import annotations

import io
import re
import shlex

import pytest

from gemma_compat._cli import main
from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import Explanation
from gemma_compat._explain.general.memory.figures import allocator_of
from gemma_compat.report.explanation import render_text

_SECOND = "Please tell me what to do.\n"


def _error(asked: str = "2.00 GiB", total: str = "79.15 GiB", more: str = "") -> str:
    return (
        f"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate {asked}. GPU 0 has a total "
        f"capacity of {total} of which 500.00 MiB is free. {more}\n"
    )


def _trace(*frames: str) -> str:
    return "Traceback (most recent call last):\n" + "".join(
        f'  File "/venv/lib/python3.11/site-packages/{frame}\n' for frame in frames
    )


_STEP = _trace(
    'transformers/trainer.py", line 3782, in training_step',
    'torch/autograd/graph.py", line 823, in _engine_run_backward',
)
_YAML = (
    "model_name_or_path: google/gemma-3-12b-it\nfinetuning_type: full\ncutoff_len: 4096\n"
    "per_device_train_batch_size: 2\ngradient_accumulation_steps: 8\nbf16: true\n"
)
_LORA = (
    'model = AutoModelForCausalLM.from_pretrained("google/gemma-3-4b-it", '
    "torch_dtype=torch.bfloat16)\npeft_config=LoraConfig(r=64)\n"
    "SFTConfig(per_device_train_batch_size=8, max_length=4096, gradient_checkpointing=True)\n"
)


def explained(text: str) -> Explanation:
    return explain_log(io.BytesIO(text.encode()))


def told(text: str) -> str:
    return " ".join(render_text(explained(text)).split())


# Log, what the answer must say, what it must not say.
LOGS = {
    "full yaml": (
        f"{_YAML}gradient_checkpointing: true\n{_STEP}{_error()}",
        ("by estimate a step takes", "a card has 79 GiB", "--full", "--batch-size 2", "optimizer"),
        ("--lora", "4 x"),
    ),
    "checkpointing is not stated": (
        f"{_YAML}{_STEP}{_error()}",
        ("at least", "the largest part is the optimizer's states"),
        ("--gradient-checkpointing", "--lora"),
    ),
    "lora of a small model": (
        f"{_LORA}{_STEP}{_error(total='23.64 GiB')}",
        ("by estimate a step takes", "--lora", "--rank 64", "--gradient-checkpointing"),
        ("--full", "gradient_checkpointing=True"),
    ),
    "batch of one": (
        f"{_LORA.replace('batch_size=8', 'batch_size=1')}{_STEP}{_error(total='14.74 GiB')}",
        ("--batch-size 1",),
        ("per_device_train_batch_size=1",),
    ),
    "told in prose": (
        f"Full fine-tuning of Gemma 3 27B runs out of memory on an A100 80GB\n{_SECOND}",
        ("weights, gradients and optimizer alone take", "a card has 80 GiB", "--gpu A100-80GB"),
        ("--lora ", "4 x A100"),
    ),
    "two cards in words": (
        "I have two 4090s and Gemma 3 27B with QLoRA at a batch size of 4, sequence length of 2048 "
        f"goes OOM\n{_SECOND}",
        ("--gpu 2x4090", "--load-in-4bit --lora", "--batch-size 4", "--max-length 2048"),
        ("load_in_4bit=True",),
    ),
    "bits are no cards": (
        f"I'm using 4-bit QLoRA on an A100 40GB, gemma-3-12b-it, and get OOM\n{_SECOND}",
        ("--gpu A100-40GB", "--load-in-4bit"),
        ("4xA100", "4 x A100"),
    ),
    "lengths are not stated": (
        f"Gemma 3n E4B LoRA r=8 OOMs at a batch size of 40 on an A100 80GB\n{_SECOND}",
        ("at 512 tokens a row and", "--batch-size 40", "--rank 8"),
        ("GC104",),
    ),
    "the size alone": (
        f"gemma3-27b OOM\n{_SECOND}",
        ("the weights take 51 GiB in all (27.4 billion, bf16)", "the card's memory"),
        ("--lora ", "--full "),
    ),
    "no size at all": (
        f"I run out of memory when I train gemma\n{_SECOND}",
        ("states too little for an estimate", "which model"),
        ("GiB",),
    ),
    "ranks count no cards": (
        f"{_YAML}" + "".join(f"[rank7]: {line}\n" for line in f"{_STEP}{_error()}".splitlines()),
        ("by estimate",),
        ("8 x", "8x"),
    ),
    "ZeRO-3 in prose": (
        "GRPO: Gemma 3 27B full fine-tuning with ZeRO-3 on 8xH100 80GB, batch size 1, sequence "
        f"length 4096 gets OOM\n{_SECOND}",
        ("--distributed deepspeed --zero-stage 3", "8xH100"),
        ("--lora ",),
    ),
    "no stage": (
        "--model google/gemma-3-27b-it --train_type full --max_length 4096 "
        "--per_device_train_batch_size 1\n16 H100 (80g)\n"
        + _trace(
            'accelerate/utils/deepspeed.py", line 270, in backward',
            'deepspeed/runtime/engine.py", line 2000, in backward',
        )
        + _error(),
        ("under ZeRO-2 or", "the stage of ZeRO"),
        ("--zero-stage 3", "--lora "),
    ),
    "vLLM beside it": (
        "--rlhf_type grpo --model google/gemma-3-12b-it --train_type full --max_length 4096 "
        "--per_device_train_batch_size 1 --vllm_mode colocate --vllm_gpu_memory_utilization 0.5\n"
        f"{_STEP}{_error()}",
        ("of which vLLM takes 50%",),
        ("SFTTrainer",),
    ),
    "Unsloth": (
        'FastModel.from_pretrained("unsloth/gemma-3-27b-it-unsloth-bnb-4bit", max_seq_length=17500,'
        f" load_in_4bit=True)\n# r=256\nper_device_train_batch_size = 1,\n{_STEP}{_error()}",
        ("as Unsloth does", "--rank 256", "--max-length 17500"),
        ("gradient_checkpointing=True", "FSDP over", "load_in_4bit=True"),
    ),
    "it should fit": (
        "google/gemma-3-270m\n--finetuning_type lora --max_length 512 "
        f"--per_device_train_batch_size 1\n{_STEP}{_error()}",
        ("should fit", "nvidia-smi"),
        (),
    ),
    "fragments": (
        _STEP
        + _error(
            "3.00 GiB",
            more="Of the allocated memory 60.00 GiB is allocated by PyTorch, and 12.50 GiB is "
            "reserved by PyTorch but unallocated.",
        ),
        ("in fragments", "12.50 GiB", "expandable_segments:True"),
        (),
    ),
    "fragments in old words": (
        f"{_STEP}RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 39.59 GiB "
        "total capacity; 30.10 GiB already allocated; 1.20 GiB free; 37.00 GiB reserved in total "
        "by PyTorch)\n",
        ("6.90 GiB that no tensor uses",),
        (),
    ),
    "another process": (
        _STEP
        + _error(more="Including non-PyTorch memory, this process has 40.00 GiB memory in use."),
        ("other processes hold 38.7 GiB", "nvidia-smi"),
        (),
    ),
    "at evaluation": (
        _YAML
        + _trace(
            'transformers/trainer.py", line 4000, in evaluation_loop',
            'transformers/trainer_pt_utils.py", line 100, in nested_concat',
        )
        + _error(),
        ("while the model is evaluated", "per_device_eval_batch_size=1"),
        ("LoRA",),
    ),
    "at generation": (
        _trace(
            'transformers/generation/utils.py", line 2500, in generate',
            'transformers/generation/utils.py", line 3400, in _sample',
        )
        + _error(),
        ("while text is generated",),
        ("per_device_train_batch_size",),
    ),
    "at saving": (
        _trace(
            'transformers/trainer.py", line 3300, in _save_checkpoint',
            'accelerate/accelerator.py", line 3900, in get_state_dict',
        )
        + _error(),
        ("while a checkpoint is saved",),
        ("a shorter max_length",),
    ),
    "at merging": (
        _trace('peft/tuners/lora/model.py", line 900, in merge_and_unload') + _error(),
        ("no room for the merge",),
        ("a shorter max_length",),
    ),
    "at loading": (
        "google/gemma-3-27b-it\nLoading checkpoint shards:  67%|###   | 8/12\n"
        f"{_error(total='39.38 GiB')}",
        ("weights alone do not fit",),
        ("a step takes",),
    ),
    "ROCm": (
        f"{_YAML}{_STEP}torch.OutOfMemoryError: HIP out of memory. Tried to allocate 2.00 GiB. "
        "GPU 0 has a total capacity of 63.98 GiB of which 1.00 GiB is free.\n",
        ("a card has 64 GiB", "by estimate"),
        (),
    ),
    "XPU": (
        f"{_YAML}{_STEP}torch.OutOfMemoryError: XPU out of memory. Tried to allocate 2.00 GiB. "
        "GPU 0 has a total capacity of 15.91 GiB. Of the allocated memory 12.00 GiB is allocated "
        "by PyTorch, and 1.00 GiB is reserved by PyTorch but unallocated.\n",
        ("a card has 16 GiB", "by estimate"),
        (),
    ),
    "MPS": (
        f"{_LORA}RuntimeError: MPS backend out of memory (MPS allocated: 28.61 GiB, other "
        "allocations: 1.20 GiB, max allowed: 36.27 GiB). Tried to allocate 256.00 MiB.\n",
        ("macOS gives the GPU", "by estimate a step takes"),
        ("load_in_4bit",),
    ),
    "another model": (
        "Qwen/Qwen2.5-7B-Instruct\nLoading Qwen2ForCausalLM\n"
        f"finetuning_type: full\n{_STEP}{_error()}",
        ("out of memory in the backward pass",),
        ("by estimate", "gemma-3"),
    ),
    "the size of a batch's logits": (
        "gemma-3-4b-it, unsloth, load_in_4bit=True, per_device_train_batch_size=2, "
        "max_seq_length=4096\n"
        + _trace(
            'unsloth/models/_utils.py", line 1203, in _unsloth_pre_compute_loss',
            'transformers/trainer.py", line 3810, in compute_loss',
        )
        + _error("3.91 GiB", "14.74 GiB"),
        (
            "the logits of 8,006 tokens, each number in 16 bits",
            "likely",
        ),
        ("should fit.",),
    ),
    "the size of the embeddings": (
        f"google/gemma-3-12b-it\n{_STEP}{_error('3.75 GiB')}",
        ("3.75 GiB that were refused are as much as the embeddings of 262,208 tokens",),
        (),
    ),
    "a size of two tensors": (
        f"{_YAML}{_STEP}{_error('2.13 GiB')}",
        (),
        ("that were refused",),
    ),
    "told at evaluation": (
        f"Gemma 3 12B: OOM during evaluation on an A100 40GB\n{_SECOND}",
        ("while the model is evaluated", "no cause is known"),
        ("a step takes",),
    ),
    "told of the Trainer at evaluation": (
        f"Trainer runs out of memory when computing eval score, Gemma 3 12B\n{_SECOND}",
        ("while the model is evaluated", "no cause is known"),
        ("a step takes",),
    ),
    "told at saving": (
        f"I get OOM when saving the model, gemma-3-12b-it\n{_SECOND}",
        ("while a checkpoint is saved",),
        (),
    ),
    "told at loading": (
        f"OOM when loading the model, gemma-3-27b-it on a 4090\n{_SECOND}",
        ("while the model is loaded", "51 GiB", "load_in_4bit"),
        ("--lora",),
    ),
    "told in training with an evaluation": (
        f"OOM when fine-tuning gemma-3-27b-it with evaluation on a 4090\n{_SECOND}",
        ("51 GiB",),
        ("while the model is evaluated",),
    ),
    "told of a server": (
        f"I get OOM with vllm serve gemma-3-4b-it on a 24GB GPU\n{_SECOND}",
        ("gpu_memory_utilization", "no cause is known"),
        ("gradient_checkpointing", "--lora"),
    ),
    "cannot": (
        f"Can't train gemma 2 9b on a T4, 4bit, batch size 1, max_seq_length = 2048: it runs out "
        f"of memory\n{_SECOND}",
        ("--model google/gemma-2-9b-it --gpu T4", "by estimate a step takes"),
        (),
    ),
    "two sizes": (
        f"Gemma 3 4B and Gemma 3 27B both go OOM\n{_SECOND}",
        ("states too little for an estimate",),
        ("billion",),
    ),
    "what works is not what fails": (
        f"It works with Gemma 3 4B; Gemma 3 27B LoRA on an A100 80GB runs out of memory\n{_SECOND}",
        ("27.4 billion",),
        ("gemma-3-4b",),
    ),
}


@pytest.mark.parametrize("name", LOGS)
def test_a_log_is_answered_by_what_it_states(name: str) -> None:
    text, must, never = LOGS[name]
    answer = told(text)
    assert [part for part in must if part not in answer] == []
    assert [part for part in never if part in answer] == []


@pytest.mark.parametrize(
    "name", ["full yaml", "two cards in words", "lora of a small model", "it should fit"]
)
def test_the_command_gives_the_same_estimate(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What the answer tells to type is what it counted: nothing was dropped or added."""
    happened = explained(LOGS[name][0]).generally[0].answer
    stated = re.search(r"takes (?:at least )?(\d+) GiB", happened.happened)
    assert stated is not None
    line = next(text for text in happened.do if text.startswith("python -m gemma_compat memory"))
    words = shlex.split(line)[3:]
    if "--gpu" not in words:
        words += ["--gpu", "A100-80GB"]
    if "at least" in happened.happened:  # of what the log leaves open, what takes less
        words.append("--gradient-checkpointing")
    main(words)
    shown = capsys.readouterr().out
    total = re.search(r"about (\d+)\.?\d* GiB at the peak", shown) or re.search(
        r"^ +total +(\d+\.\d)", shown, re.MULTILINE
    )
    assert total is not None, shown
    assert abs(float(total[1]) - float(stated[1])) <= 1


@pytest.mark.parametrize(
    "text",
    [
        "the room is zoomed out\nin gemma\n",
        "transformers==4.57.3\ngoogle/gemma-3-4b-it\nSaving model checkpoint to out\n",
    ],
)
def test_a_log_of_something_else_is_not_about_memory(text: str) -> None:
    assert not explained(text).generally


def test_figures_of_the_allocator_are_read_in_all_wordings() -> None:
    new = allocator_of(_error("222.00 MiB", "39.38 GiB"))
    assert (new.asked, new.capacity) == (222 / 1024, 39.38)
    old = allocator_of(
        "Tried to allocate 2.00 GiB (GPU 0; 15.90 GiB total capacity; 14.00 GiB "
        "already allocated; 100.00 MiB free; 14.50 GiB reserved in total by PyTorch)"
    )
    assert (old.capacity, old.held, old.unallocated) == (15.9, 14.0, 0.5)
    assert not old.is_fragmented
    assert allocator_of("RuntimeError: something else") == type(new)()


@pytest.mark.parametrize(
    "sentence",
    [
        "The error occurs during the evaluation phase.",
        "During validation I run into CUDA memory errors.",
        "My GPU memory overflows in the evaluation loop.",
    ],
)
def test_a_sentence_beside_the_error_places_it_in_an_evaluation(sentence: str) -> None:
    report = f"{sentence}\n\n{_error()}\nLlama 3 8B, 2 x A100\n"
    assert "while the model is evaluated" in told(report)
    for healthy in ("Evaluation never runs out of memory.", "No error in the evaluation loop."):
        assert "evaluated" not in told(report.replace(sentence, healthy))
