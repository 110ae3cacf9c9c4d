"""What the run that failed has already does not lead an answer, and no claim is made in doubt."""

from __future__ import annotations

import io

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import Generally
from gemma_compat._explain.in_place import parsed
from gemma_compat._explain.read_log import read_log
from gemma_compat._explain.setting_names import SET, TRIED
from gemma_compat._explain.stated import Stated
from gemma_compat.report.explanation import render_text

OOM = (
    "Traceback (most recent call last):\n"
    '  File "/home/ada/train.py", line 40, in <module>\n'
    "    trainer.train()\n"
    '  File "/opt/lib/python3.11/site-packages/transformers/trainer.py", line 2240, in train\n'
    "    return inner_training_loop(\n"
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total "
    "capacity of 15.77 GiB of which 1.06 GiB is free.\n"
)
CHECKPOINTS = ("gradient_checkpointing", "True")
ONE_ROW = ("per_device_train_batch_size", "1")


def how(text: str, setting: tuple[str, str]) -> str:
    return Stated(read_log(io.BytesIO(text.encode()), ())).how(*setting)


STATED = {
    # A script above the error, a command, files of settings, what a run prints of itself.
    f"args = SFTConfig(\n    gradient_checkpointing=True,\n    bf16=True,\n)\n{OOM}": CHECKPOINTS,
    f"trainer = Trainer(args=TrainingArguments(per_device_train_batch_size = 1))\n{OOM}": ONE_ROW,
    f"python train.py --per_device_train_batch_size 1 --bf16\n{OOM}": ONE_ROW,
    f"python train.py \\\n  --gradient_checkpointing \\\n  --bf16 True\n{OOM}": CHECKPOINTS,
    f"accelerate launch train.py --gradient-checkpointing=true\n{OOM}": CHECKPOINTS,
    f"micro_batch_size: 1\ngradient_accumulation_steps: 8\n{OOM}": ONE_ROW,
    f"gradient_checkpointing: true\nsample_packing: true\n{OOM}": CHECKPOINTS,
    f'{{\n  "gradient_checkpointing": true,\n  "bf16": true\n}}\n{OOM}': CHECKPOINTS,
    f"export CUDA_LAUNCH_BLOCKING=1\npython train.py\n{OOM}": ("CUDA_LAUNCH_BLOCKING", "1"),
    f"CUDA_LAUNCH_BLOCKING=1 python train.py\n{OOM}": ("CUDA_LAUNCH_BLOCKING", "1"),
    f'os.environ["PYTORCH_CUDA_ALLOC_CONF"] = "expandable_segments:True"\n{OOM}': (
        "PYTORCH_CUDA_ALLOC_CONF",
        "expandable_segments:True",
    ),
    f"model.gradient_checkpointing_enable()\n{OOM}": CHECKPOINTS,
    f"model.config.use_cache = False\n{OOM}": ("use_cache", "False"),
    f'use_gradient_checkpointing = "unsloth",\n{OOM}': CHECKPOINTS,
    "O^O/ \\_/ \\    Batch size per device = 1 | Gradient accumulation steps = 8\n" + OOM: ONE_ROW,
    f"2026-11-02 INFO args: TrainingArguments(per_device_train_batch_size=1, bf16=True)\n{OOM}": (
        ONE_ROW
    ),
    "`use_cache=True` is incompatible with gradient checkpointing. Setting `use_cache=False`...\n"
    + OOM: CHECKPOINTS,
    # The user's own line of the traceback.
    'Traceback (most recent call last):\n  File "/home/ada/x.py", line 3, in <module>\n'
    '    model = AutoModelForCausalLM.from_pretrained("m", load_in_4bit=True)\n'
    + OOM.partition("\n")[2]: ("load_in_4bit", "True"),
    # Below the error, called the run's.
    f"{OOM}\n### Reproduction\n\nSFTConfig(gradient_checkpointing=True)": CHECKPOINTS,
    f"{OOM}\nMy training script:\n\nper_device_train_batch_size=1,\n": ONE_ROW,
    # A person's words.
    f"I am using a batch size of 1 on a T4.\n{OOM}": ONE_ROW,
    f"The batch size is already set to 1 here.\n{OOM}": ONE_ROW,
    f"{OOM}\nMy batch size is 1 and I have gradient checkpointing enabled.": CHECKPOINTS,
    f"{OOM}\nI set `per_device_train_batch_size=1`, still the same error.": ONE_ROW,
    f"{OOM}\nI also enabled gradient checkpointing. Nothing changed.": CHECKPOINTS,
    f"{OOM}\n我已经把 batch size 设置为 1 了，还是报错": ONE_ROW,
}
IN_VAIN = {
    f"{OOM}\nI tried per_device_train_batch_size=1 but I still get the same error.": ONE_ROW,
    f"{OOM}\nAlready tried gradient_checkpointing=True, it didn't help.": CHECKPOINTS,
    f"{OOM}\nI have tried reducing the batch size to 1 without success.": ONE_ROW,
}
DOUBTFUL = {
    # Set in a later cell, in another run, by somebody else, in advice, in print.
    f"{OOM}\nIn [7]:\nargs = SFTConfig(gradient_checkpointing=True)\n": CHECKPOINTS,
    f"args = SFTConfig(gradient_checkpointing=False)\n{OOM}": CHECKPOINTS,
    f"gradient_checkpointing: false\n{OOM}\nMy config:\ngradient_checkpointing: true": CHECKPOINTS,
    f"{OOM}\nComment by ada:\nI have gradient_checkpointing=True and the same error": CHECKPOINTS,
    f"{OOM}\n@ada try gradient_checkpointing=True": CHECKPOINTS,
    f"{OOM}\n> I have set gradient_checkpointing=True": CHECKPOINTS,
    f"{OOM}\nYou should set per_device_train_batch_size=1.": ONE_ROW,
    f"{OOM}\nWould per_device_train_batch_size=1 help?": ONE_ROW,
    f"{OOM}\nThe docs say gradient_checkpointing=True is enough.": CHECKPOINTS,
    f"{OOM}\nWith gradient_checkpointing=True it crashed earlier, in the loading.": CHECKPOINTS,
    f"{OOM}\nI tried gradient_checkpointing=True. Then I get a different error.": CHECKPOINTS,
    f"{OOM}\nWith per_device_train_batch_size=1 it works, but is slow.": ONE_ROW,
    f"{OOM}\nThis works:\n\npython train.py --per_device_train_batch_size 1\n": ONE_ROW,
    f"# gradient_checkpointing=True,\n{OOM}": CHECKPOINTS,
    f"bf16=True,  # gradient_checkpointing=True made it slow\n{OOM}": CHECKPOINTS,
    f'"""Train a model.\n\n    gradient_checkpointing=True\n"""\nx = 1\n{OOM}': CHECKPOINTS,
    f"usage: train.py [--bf16]\n  --per_device_train_batch_size 1\n\n{OOM}": ONE_ROW,
    f"  --per_device_train_batch_size N  rows of a step (default: 1)\n{OOM}": ONE_ROW,
    f"parser.add_argument('--per_device_train_batch_size', default=1)\n{OOM}": ONE_ROW,
    f"def train(model, gradient_checkpointing=True):\n    pass\n{OOM}": CHECKPOINTS,
    f"per_device_train_batch_size=args.rows,\n{OOM}": ONE_ROW,
    f"per_device_eval_batch_size=1,\n{OOM}": ONE_ROW,
    f"The eval batch size is 1.\n{OOM}": ONE_ROW,
    f"per_device_train_batch_size=16,\n{OOM}": ONE_ROW,
    f"I run without gradient checkpointing.\n{OOM}": CHECKPOINTS,
    f"python train.py --per_device_train_batch_size 1\npython train.py --lora\n{OOM}": ONE_ROW,
    f"a = SFTConfig(gradient_checkpointing=True)\nb = SFTConfig(bf16=True)\n{OOM}": CHECKPOINTS,
    'Traceback (most recent call last):\n  File "/x/site-packages/trl/sft.py", line 3, in f\n'
    "    self.args = SFTConfig(gradient_checkpointing=True)\n"
    + OOM.partition("\n")[2]: CHECKPOINTS,
    f"{OOM.rstrip()} If it is large try setting PYTORCH_CUDA_ALLOC_CONF=max_split_size_mb:64\n": (
        "PYTORCH_CUDA_ALLOC_CONF",
        "max_split_size_mb:64",
    ),
    f"`gradient_checkpointing=True` is incompatible with `use_cache=True`.\n{OOM}": CHECKPOINTS,
    f"critic.enable_gradient_checkpointing=True\n{OOM}": CHECKPOINTS,
    # Code that may not have run, and rows that are not those of a step.
    f"if args.recompute:\n    model.gradient_checkpointing_enable()\n{OOM}": CHECKPOINTS,
    f"if a:\n    args = SFTConfig(\n        per_device_train_batch_size=1,\n    )\n{OOM}": ONE_ROW,
    f"a = SFTConfig(per_device_train_batch_size=1 if debug else 8)\n{OOM}": ONE_ROW,
    f"ds = ds.map(tokenize, batched=True, batch_size=1)\n{OOM}": ONE_ROW,
    f"eval_loader = DataLoader(ds, batch_size=1)\n{OOM}": ONE_ROW,
    f"I lowered the batch size to 1 for the 2B, and it ran.\n{OOM}": ONE_ROW,
    OOM: CHECKPOINTS,
}


@pytest.mark.parametrize("text", STATED)
def test_a_setting_of_the_run_is_read(text: str) -> None:
    assert how(text, STATED[text]) == SET


@pytest.mark.parametrize("text", IN_VAIN)
def test_what_was_tried_in_vain_is_read(text: str) -> None:
    assert how(text, IN_VAIN[text]) == TRIED


@pytest.mark.parametrize("text", DOUBTFUL)
def test_nothing_is_claimed_in_doubt(text: str) -> None:
    assert not how(text, DOUBTFUL[text])


def answer(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    leading = explain_log(io.BytesIO(text.encode())).leading
    assert isinstance(leading, Generally)
    return leading.answer.do, leading.answer.in_place


def test_what_is_set_leaves_the_list_and_the_next_command_leads() -> None:
    text = f"SFTConfig(gradient_checkpointing=True, per_device_train_batch_size=1)\n{OOM}"
    do, in_place = answer(text)
    assert do[0] == "a shorter max_length"
    assert "gradient_checkpointing=True" in in_place
    shown = " ".join(render_text(explain_log(io.BytesIO(text.encode()))).split())
    assert "already set here: per_device_train_batch_size=1; gradient_checkpointing=True" in shown


def test_a_sentence_of_another_run_is_no_fact_either() -> None:
    _, in_place = answer(f"With per_device_train_batch_size=1 it trains.\n{OOM}")
    assert not in_place
    _, in_place = answer(f"It trains well with per_device_train_batch_size=1 there.\n{OOM}")
    assert not in_place


def test_a_setting_that_is_off_still_leads() -> None:
    do, in_place = answer(f"SFTConfig(gradient_checkpointing=False)\n{OOM}")
    assert "gradient_checkpointing=True" in do and not in_place


def test_a_length_that_was_shortened_in_vain_does_not_lead() -> None:
    text = (
        f"{OOM}\nMy batch size is 1, gradient checkpointing is on, and I have already reduced "
        "max_length from 512 to 256, still the same error."
    )
    do, in_place = answer(text)
    assert "a shorter max_length" not in do
    assert "max_length was changed" in in_place


def test_a_length_that_was_shortened_with_success_is_no_claim() -> None:
    do, in_place = answer(f"{OOM}\nAfter I reduced max_length to 256 it works.")
    assert "a shorter max_length" in do and not in_place


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        ("per_device_train_batch_size=1 with more gradient_accumulation_steps", 1),
        ("or gradient_checkpointing=True   in the training arguments", 1),
        ("bf16=True, fp16=False   on a card that computes bfloat16", 2),
        ("CUDA_LAUNCH_BLOCKING=1 before the command: the traceback then ends there", 1),
        ("--max_length 4096   where rows are longer", 1),
        ("quantization_config=BitsAndBytesConfig(load_in_4bit=True)", 0),
        ("BitsAndBytesConfig(load_in_4bit=True)", 1),
        ('"zero_force_ds_cpu_optimizer": false   in the DeepSpeed config', 1),
        # More than a setting, or a value to fill in.
        ("tokenizer.pad_token = tokenizer.eos_token", 1),
        ("dataset_dir: FOLDER", 0),
        ("print(trainer.args)", 0),
        ("load and run in bfloat16 or float32: dtype=torch.bfloat16", 0),
        ("resume_from_checkpoint='OUTPUT/checkpoint-N', which holds trainer_state.json", 0),
    ],
)
def test_commands_are_read_for_what_they_set(command: str, settings: int) -> None:
    assert len(parsed(command).settings) == settings


def test_another_way_that_a_command_names_stays() -> None:
    assert parsed("use_cache=False, or pip install -U peft").rest == "pip install -U peft"
    assert parsed("or pip install 'numpy<2', or the last one").packages == (("numpy", "<2"),)
    assert not parsed("pip install --force-reinstall torch").packages
    assert not parsed("pip install flash-attn").packages  # of one that is missing


@pytest.mark.parametrize(("version", "is_in_place"), [("1.26.4", True), ("2.0.2", False)])
def test_a_release_within_the_bound_is_in_place(version: str, is_in_place: bool) -> None:
    text = (
        f"numpy=={version}\nTraceback (most recent call last):\n"
        '  File "/home/ada/x.py", line 1, in <module>\n    import numba\n'
        "ImportError: A module that was compiled using NumPy 1.x cannot be run in NumPy 2.0.2\n"
    )
    do, in_place = answer(text)
    assert any("numpy<2" in item for item in do) is not is_in_place
    assert (f"numpy {version}" in in_place) is is_in_place


def test_where_the_weights_are_most_of_the_card_fewer_bits_lead() -> None:
    text = f"model_name: meta-llama/Llama-2-7b-hf\nSFTConfig(bf16=True)\n{OOM}"
    assert answer(text)[0][0] == "load_in_4bit=True with an adapter (QLoRA)"
    small = text.replace("Llama-2-7b-hf", "Llama-3.2-1B")
    assert answer(small)[0][0].startswith("per_device_train_batch_size=1")


def test_a_command_of_a_program_that_does_not_run_here_comes_last() -> None:
    error = "AttributeError: 'LlamaForCausalLM' object has no attribute 'save_pretrained_gguf'"
    do, _ = answer(f"I finetuned it with axolotl.\n{error}")
    assert "FastLanguageModel" in do[-1]
    do, _ = answer(f"I finetuned it with Unsloth.\n{error}")
    assert "FastLanguageModel" in do[0]


def test_in_a_loop_of_its_own_a_script_gets_no_option_of_a_trainer() -> None:
    own = OOM.replace("trainer.train()", "loss.backward()").partition('  File "/opt')[0]
    text = f"{own}torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n"
    do, _ = answer(text)
    assert "model.gradient_checkpointing_enable()" in do
    assert not any(item.startswith("per_device_") for item in do)
