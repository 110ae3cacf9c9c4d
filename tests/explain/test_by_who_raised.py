"""A message that several situations give is answered by who raised it and by what ran."""

from __future__ import annotations

import io

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import Explanation

DTYPES = "RuntimeError: mat1 and mat2 must have the same dtype, but got Float and BFloat16\n"
SIZES = (
    "RuntimeError: The size of tensor a ({a}) must match the size of tensor b ({b}) at "
    "non-singleton dimension 2\n"
)
TO = "ValueError: `.to` is not supported for `4-bit` or `8-bit` bitsandbytes models.\n"
TARGETS = "ValueError: Target modules {names} not found in the base model. Please check\n"


def frame(file: str, function: str, code: str) -> str:
    path = file if file.startswith("/") else f"/x/lib/python3.11/site-packages/{file}"
    return f'  File "{path}", line 7, in {function}\n    {code}\n'


def log(*frames: tuple[str, str, str], error: str) -> str:
    return "Traceback (most recent call last):\n" + "".join(frame(*f) for f in frames) + error


def explained(text: str) -> Explanation:
    return explain_log(io.BytesIO(text.encode()))


def first_line(text: str) -> str:
    """Return the first thing that the answer says to do."""
    return explained(text).generally[0].answer.do[0]


IN_TORCH = ("torch/nn/modules/linear.py", "forward", "return F.linear(input, self.weight)")
TRAINS = ("transformers/trainer.py", "training_step", "loss = self.compute_loss(model, inputs)")
GENERATES = ("transformers/generation/utils.py", "_sample", "outputs = self(**model_inputs)")
ATTENDS = ("transformers/models/gemma3/modeling_gemma3.py", "forward", "q = self.q_proj(x)")


@pytest.mark.parametrize(
    ("frames", "word"),
    [
        ((TRAINS, ATTENDS, IN_TORCH), "bf16=True"),
        ((GENERATES, ATTENDS, IN_TORCH), "around generate"),
        ((TRAINS, GENERATES, ATTENDS, IN_TORCH), "around generate"),  # the innermost decides
        ((TRAINS, ("unsloth/models/llama.py", "f", "a @ b")), "-U unsloth"),
        ((TRAINS, ("unsloth_compiled_cache/x.py", "f", "a @ b")), "-U unsloth"),
        ((TRAINS, ("peft/tuners/lora/layer.py", "forward", "lora_A(x)"), IN_TORCH), "-U peft"),
        (
            (TRAINS, ("peft/tuners/lora/layer.py", "forward", "self.base_layer(x)"), IN_TORCH),
            "bf16=True",
        ),
        ((("/home/me/model.py", "forward", "y = self.head(x)"), IN_TORCH), "your own line"),
    ],
)
def test_two_dtypes(frames: tuple[tuple[str, str, str], ...], word: str) -> None:
    assert word in first_line(log(*frames, error=DTYPES))


@pytest.mark.parametrize(
    ("frames", "word"),
    [
        ((TRAINS, ATTENDS), "per_device_train_batch_size=1"),
        ((("transformers/trainer.py", "evaluation_loop", "f()"), ATTENDS), "eval_batch_size"),
        ((("/home/me/loss.py", "f", "returns = advantages + values"),), "print the shapes"),
        (
            (TRAINS, ("transformers/models/x/m.py", "apply_rotary_pos_emb", "q * cos + r * sin")),
            "position_ids.shape",
        ),
    ],
)
def test_two_sizes(frames: tuple[tuple[str, str, str], ...], word: str) -> None:
    assert word in first_line(log(*frames, error=SIZES.format(a=3999, b=4000)))


@pytest.mark.parametrize(
    ("frames", "word"),
    [
        ((("/home/me/a.py", "<module>", 'model.to("cuda")'),), "leave .to()"),
        ((("accelerate/big_modeling.py", "dispatch_model", "model.to(device)"),), "accelerate"),
        ((("deepspeed/runtime/engine.py", "f", "self.module.to(self.device)"),), "deepspeed"),
    ],
)
def test_a_quantized_model_that_is_moved(
    frames: tuple[tuple[str, str, str], ...], word: str
) -> None:
    into = ("transformers/modeling_utils.py", "to", "raise ValueError(")
    assert word in first_line(log(*frames, into, error=TO))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (TARGETS.format(names="['c_attn']"), "all-linear"),
        (TARGETS.format(names="[]"), "all-linear"),
        (TARGETS.format(names="q_proj,v_proj"), "['q_proj', 'v_proj']"),
        ("model = get_peft_model(model, c)\n" + TARGETS.format(names="['c_attn']"), "all-linear"),
        (
            "model = PeftModel.from_pretrained(model, 'out')\n"
            + TARGETS.format(names="['c_attn']"),
            "the class that was trained",
        ),
    ],
)
def test_targets_that_are_not_found(text: str, word: str) -> None:
    assert word in first_line(text)


def test_one_kind_answers_a_message() -> None:
    found = explained(
        "RuntimeError: Error(s) in loading state_dict for PeftModelForCausalLM:\n"
        '\tMissing key(s) in state_dict: "base_model.model.model.embed_tokens.weight".\n'
    )
    assert [item.name for item in found.generally] == ["keys-with-a-mark"]


def test_the_same_is_told_once() -> None:
    row = (
        "size mismatch for model.{name}.weight: copying a param with shape torch.Size([9, 4]) from "
        "checkpoint, the shape in current model is torch.Size([8, 4]).\n"
    )
    found = explained(row.format(name="embed_tokens") + row.format(name="lm_head"))
    assert len(found.generally) == 1


def rows(*figures: tuple[str, str]) -> str:
    lines = (
        f"{{'loss': {loss}, 'grad_norm': {norm}, 'learning_rate': 0.005}}" for loss, norm in figures
    )
    return "google/gemma-3-4b-it with transformers 4.51.3\n" + "\n".join(lines) + "\n"


NUMBERS = (("2.1", "1.2"), ("2.9", "8.2"), ("5.3", "40.2"))
NAN = (("0.0", "nan"), ("0.0", "nan"))


def test_nan_after_numbers_is_no_overflow_from_the_start() -> None:
    found = explained(rows(*NUMBERS, *NAN))
    assert "GC401" not in {cause.rule.code for cause in found.causes}
    assert "learning_rate a tenth" in found.generally[0].answer.do[0]


@pytest.mark.parametrize(
    "text",
    [rows(*NAN), rows(*NUMBERS[:2], *NAN), "fp16=True\n" + rows(*NUMBERS, *NAN)],
)
def test_nan_from_the_start_or_in_float16_may_be_an_overflow(text: str) -> None:
    assert "GC401" in {cause.rule.code for cause in explained(text).causes}
