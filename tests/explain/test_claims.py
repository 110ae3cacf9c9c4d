"""No headline claims more than the log shows: other models, errors that were survived, cut logs."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from gemma_compat import _cli
from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import Explanation
from gemma_compat.report.explanation import headline, render_text

LOGS = Path(__file__).parent / "logs"
ENDED = "{'train_runtime': 100.0, 'train_samples_per_second': 1.0, 'train_loss': 1.95}\n"
OOM = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 222.00 MiB. GPU 0 has a total "
    "capacity of 23.64 GiB of which 74.38 MiB is free.\n"
)


def explained(text: str) -> Explanation:
    return explain_log(io.BytesIO(text.encode()))


def of_another_family(text: str) -> str:
    """Return the log as if its run were of a Qwen: names of checkpoints, classes and modules."""
    text = re.sub(r"(?:google|unsloth)/[\w.-]*gemma[\w.-]*", "Qwen/Qwen2.5-7B-Instruct", text)
    text = re.sub(r"[\w-]*gemma-[\w.-]*", "Qwen2.5-7B-Instruct", text)
    text = re.sub(r"(?:Pali|T5|Shield|Vault|Recurrent)?Gemma ?\d?n?", "Qwen2", text)
    return re.sub(r"(?:pali|t5|shield|vault)?gemma\d?n?(?:_text|_unified)?", "qwen2", text)


@pytest.mark.parametrize("log", sorted(LOGS.glob("[FU]*.log")), ids=lambda path: path.stem)
def test_the_same_log_of_another_family_has_no_rule_as_a_certain_cause(log: Path) -> None:
    text = of_another_family(log.read_text(encoding="utf-8", errors="replace"))
    found = explained(text)
    assert not found.also
    # A removed class that PEFT or Liger imports stops any model, and these logs name none.
    anyones = {"GC901", "GC902"} if "HybridCache' from" in text else set()
    assert set(found.codes) <= anyones
    assert not any(cause.is_certain for cause in found.causes)


@pytest.mark.parametrize("error", ["urllib3.exceptions.ReadTimeoutError: Read timed out.\n", OOM])
def test_an_error_that_the_run_survived_is_not_what_ended_it(error: str) -> None:
    run = f"google/gemma-3-4b-it\n{error}{{'loss': 2.1, 'grad_norm': 1.3}}\n"
    survived, died = explained(run + ENDED), explained(run)
    assert survived.leading is None and "training ended normally (line 4)" in headline(survived)
    assert "training ended" not in headline(died)
    assert "training ended" not in headline(explained(ENDED + run))


def test_frames_without_the_ends_of_their_traceback_are_not_health() -> None:
    python = '  File "/x/trl/a.py", line 12, in f\n    g()\n' * 3
    notebook = "File /x/a.py:420, in Layer.forward(self, x)\n--> 420 x = f(\n" * 3
    for frames in (python, notebook):
        found = explain_log(io.BytesIO(f"It fails here:\n{frames}".encode()))
        assert found.cut_at == 2
    trained = "{'loss': 1.2, 'epoch': 0.1}\n{'loss': 1.1, 'epoch': 0.2}\n"
    assert not explain_log(io.BytesIO(f"{python}{trained}".encode())).cut_at


def test_a_traceback_that_is_cut_off_is_not_health(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "train.log"
    log.write_text('x\nTraceback (most recent call last):\n  File "t.py", line 3, in <module>\n')
    assert _cli.main(["explain", str(log)]) == 3
    assert "Line 2: a traceback begins here, and the log ends" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_log_is_wrong_input(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "train.log"
    log.write_text(text)
    assert _cli.main(["explain", str(log)]) == 2
    assert "the log is empty" in capsys.readouterr().err


def test_weights_that_one_card_need_not_hold_are_not_said_to_be_too_large() -> None:
    model = "google/gemma-3-27b-it\n"
    frames = "Traceback (most recent call last):\n"
    frames += (
        '  File "/x/site-packages/transformers/models/gemma3/modeling_gemma3.py", line 4, in f\n'
    )
    for before in (f"vllm serve {model} --tensor-parallel-size 4\n", model + frames):
        assert "weights alone" not in headline(explained(before + OOM))
    loading = f"{model}Loading checkpoint shards:  17%\n{OOM}"
    assert "weights alone do not fit" in headline(explained(loading))


def test_a_loaded_quantized_model_is_estimated_with_an_adapter() -> None:
    text = f"google/gemma-3-27b-it\nload_in_4bit: true\nNVIDIA GeForce RTX 4090\n{OOM}"
    found = explained(text)
    assert "the weights take 16 GiB in all" in headline(found)
    assert any("--load-in-4bit --lora" in text for text in found.generally[0].answer.do)


@pytest.mark.parametrize(
    ("model", "codes"),
    [("google/gemma-3-4b-it", ("GC501",)), ("meta-llama/Llama-3.2-1B", ())],
)
def test_a_sum_over_micro_batches_is_a_rule_of_gemma_only(
    model: str, codes: tuple[str, ...]
) -> None:
    text = f"transformers 4.51.3\n{model}\n--gradient_accumulation_steps 8\n"
    assert explained(f"{text}{{'loss': 28.3, 'grad_norm': 100.4}}\n").codes == codes


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("TypeError: main() got an unexpected keyword argument 'tokenizer'", ()),
        ("TypeError: MyArgs.__init__() got an unexpected keyword argument 'warmup_ratio'", ()),
        ("TypeError: SFTConfig.__init__() got an unexpected keyword argument 'max_seq_length'",
         ("GC909",)),
    ],
)  # fmt: skip
def test_a_function_of_the_script_is_none_of_transformers(line: str, rule: tuple[str, ...]) -> None:
    text = f"google/gemma-3-4b-it\ntransformers==5.24.0\n{line}\n"
    assert explained(text).codes == rule


def test_a_text_of_any_model_in_a_log_that_names_none_is_put_under_a_condition() -> None:
    found = explained("ValueError: Unrecognized chat template, failed to add response schema.\n")
    assert not found.causes
    assert "If the model is a Gemma, which the log does not say, it may be GC810" in headline(found)


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ("transformers==4.50.3", "the message is that of GC101"),
        ("transformers==4.51.0", "some code reads float of a HybridCache"),
    ],
)
def test_where_release_and_model_fit_a_message_that_states_the_failure_decides(
    versions: str, said: str
) -> None:
    text = f"google/gemma-3-4b-it\n{versions}\n"
    error = "AttributeError: 'HybridCache' object has no attribute 'float'\n"
    assert said in headline(explained(text + error))


@pytest.mark.parametrize(
    ("release", "said"),
    [
        ("trl==0.24.0", "has another name now"),
        ("trl==0.11.4", "SFTTrainer.__init__() is given tokenizer"),
    ],
)
def test_an_argument_is_looked_up_in_the_releases(release: str, said: str) -> None:
    line = "TypeError: SFTTrainer.__init__() got an unexpected keyword argument 'tokenizer'\n"
    assert said in headline(explained(f"transformers==4.57.1\n{release}\n{line}"))


def test_an_argument_that_moved_into_the_config_is_said_to() -> None:
    line = "TypeError: DPOTrainer.__init__() got an unexpected keyword argument 'beta'\n"
    said = " ".join(render_text(explained(f"trl==0.24.0\n{line}")).split())
    assert "DPOConfig(beta=...), and not in DPOTrainer" in said


@pytest.mark.parametrize(
    ("config", "codes"),
    [("PromptEncoderConfig(num_virtual_tokens=20)", ("GC709",)), ("LoraConfig(r=8)", ())],
)
def test_an_allocation_that_no_card_has_is_no_matter_of_the_batch(
    config: str, codes: tuple[str, ...]
) -> None:
    text = (
        f"google/gemma-4-E2B-it\ntransformers==5.23.0\n{config}\n"
        "Traceback (most recent call last):\n"
        '  File "/x/site-packages/transformers/models/gemma4/modeling_gemma4.py", line 1736, in f\n'
        "    inputs_embeds[:, :, None, :]\n"
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1690.00 GiB.\n"
    )
    found = explained(text)
    assert found.codes == codes
    assert "a smaller batch does not help" in found.generally[0].answer.happened


def test_what_hands_an_attribute_on_does_not_read_it() -> None:
    frames = "Traceback (most recent call last):\n"
    for package in ("peft/peft_model.py", "torch/nn/modules/module.py"):
        frames += f'  File "/x/site-packages/{package}", line 3, in __getattr__\n    raise\n'
    found = explained(
        f"{frames}AttributeError: 'GemmaForCausalLM' object has no attribute 'chat'\n"
    )
    assert "some code reads chat" in headline(found)
    assert "pip install -U peft" not in render_text(found)


def test_a_forward_of_ones_own_class_is_not_looked_up() -> None:
    line = "TypeError: GemmaModel.forward() got an unexpected keyword argument 'cache_position'\n"
    assert "transformers" not in headline(explained(line))
    frame = 'Traceback (most recent call last):\n  File "/x/site-packages/transformers/a.py", '
    frame += "line 3, in f\n    g()\n"
    assert "in transformers" in headline(explained(frame + line))


@pytest.mark.parametrize(
    "text",
    [
        "[Bug]: mismatch for base_model.model.lm_head.modules_to_save.default.weight\n",
        "a mismatch for a.lora_A.default.weight\n",
        'Traceback (most recent call last):\n  File "/x/site-packages/packaging/version.py", line '
        "200, in __init__\n    match = self._regex.search(version)\nTypeError: expected string or "
        "bytes-like object\n",
    ],
)
def test_what_a_title_or_one_frame_leaves_open_is_not_certain(text: str) -> None:
    found = explained(text).generally
    assert found and not any(item.answer.certain for item in found)
