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


UNKNOWN = "TypeError: {} got an unexpected keyword argument '{}'\n"
LACKS = "AttributeError: '{}' object has no attribute '{}'\n"
TAKES = "TypeError: {}() takes 3 positional arguments but 4 were given\n"
CARET = "           ^^^^^^^^^^^\n"
QWEN = "transformers/models/qwen2_vl/modeling_qwen2_vl.py"
DISPATCH = ("transformers/modeling_utils.py", "from_pretrained", "dispatch_model(model, **kw)")


@pytest.mark.parametrize(
    ("text", "headline", "first"),
    [
        # A package calls another one: the atlas knows the argument, and gives the bound.
        (
            log(DISPATCH, error=UNKNOWN.format("dispatch_model()", "offload_buffers")),
            "what ran is older than 0.28.0",
            "accelerate>=0.28.0",
        ),
        (
            log(
                ("peft/utils/transformers_weight_conversion.py", "f", "WeightConverter("),
                error=UNKNOWN.format("WeightConverter.__init__()", "distributed_operation"),
            ),
            "in transformers 5.0.0rc0 to 5.5.4 only",
            "pip install -U peft",
        ),
        # ... or only whose function it is.
        (
            log(
                ("trl/trainer/grpo_trainer.py", "f", "p = GuidedDecodingParams(backend=b)"),
                error=UNKNOWN.format("GuidedDecodingParams.__init__()", "backend"),
            ),
            "trl calls GuidedDecodingParams.__init__() of vllm",
            "pip install -U 'trl[vllm]'",
        ),
        (
            log(
                ("trl/trainer/grpo_trainer.py", "f", "self.llm = LLM(**kw)"),
                ("vllm/entrypoints/llm.py", "__init__", "engine_args = EngineArgs("),
                error=UNKNOWN.format("EngineArgs.__init__()", "odd"),
            ),
            "a call of trl reaches EngineArgs.__init__() of vllm",
            "pip install -U 'trl[vllm]'",
        ),
        (
            log(
                ("swift/llm/model.py", "f", "x.odd(y=1)"),
                error=UNKNOWN.format("OddThing.odd()", "y"),
            ),
            "swift calls OddThing.odd() with y",
            "pip install -U ms-swift",
        ),
        # A package calls itself: no line of the script is at fault.
        (
            log(
                (QWEN, "forward", "p = self.odd("), error=UNKNOWN.format("Qwen2VLModel.odd()", "y")
            ),
            "no line of the script has to change",
            "pip install -U transformers   and restart",
        ),
        (
            f"    x = self.odd(\n{CARET}" + UNKNOWN.format("Qwen2VLModel.odd()", "y"),
            "transformers itself calls Qwen2VLModel.odd()",
            "pip install -U transformers   and restart",
        ),
        (
            log((QWEN, "forward", "self.odd(a, b, c)"), error=TAKES.format("Qwen2VLModel.odd")),
            "with more values by position than it takes; no line",
            "pip install -U transformers   and restart",
        ),
        (
            'site-packages/peft/tuners/x.py", line 20, in f\n    g(z=1)\n'
            + UNKNOWN.format("OddModel.g()", "z"),
            "peft calls OddModel.g() with z",
            "where g() is one of your own",
        ),
        # What is read of another package's object.
        (
            log(
                ("transformers/trainer.py", "f", "self.accelerator.odd"),
                error=LACKS.format("Accelerator", "odd"),
            ),
            "transformers reads odd of Accelerator (accelerate)",
            "pip install -U transformers accelerate",
        ),
        (
            f"    x = self.odd(y)\n{CARET}" + LACKS.format("Qwen2_5_VLModel", "odd"),
            "transformers itself reads odd of its Qwen2_5_VLModel",
            "pip install -U transformers   and restart",
        ),
        (
            log(
                ("/r/transformers_modules/m/x/modeling_phi3.py", "f", "c.get_max_length()"),
                error=LACKS.format("DynamicCache", "get_max_length"),
            ),
            "the checkpoint's own code reads get_max_length",
            "no trust_remote_code=True",
        ),
        # The Trainer calls its method: a subclass of the same name has the older signature.
        (
            log(
                ("transformers/trainer.py", "f", "self.training_step(model, inputs, n)"),
                error=TAKES.format("Trainer.training_step"),
            ),
            "a subclass of the Trainer overrides training_step",
            "def training_step(",
        ),
        # A package imports from itself.
        (
            log(
                ("trl/trainer/__init__.py", "<module>", "from .utils import odd"),
                error="ImportError: cannot import name 'odd' from 'trl.trainer.utils' (/x.py)\n",
            ),
            "a file of trl imports odd from another file of trl",
            "pip install --force-reinstall --no-deps trl",
        ),
    ],
)
def test_a_call_between_packages_names_both_and_the_release(
    text: str, headline: str, first: str
) -> None:
    answer = explained(text).generally[0].answer
    assert headline in answer.happened
    assert answer.do[0].startswith(first) or first in answer.do[0]


@pytest.mark.parametrize(
    "text",
    [
        # The script's own class, function, and call.
        log(TRAINS, error=UNKNOWN.format("MyTrainer.odd()", "y")),
        log(("/home/me/a.py", "f", "m.odd(y=1)"), error=UNKNOWN.format("Qwen2VLModel.odd()", "y")),
        log(("/home/me/a.py", "f", "m.odd"), error=LACKS.format("Qwen2VLModel", "odd")),
        f"    x = model.odd(\n{CARET}" + UNKNOWN.format("Qwen2VLModel.odd()", "y"),
        # Classes that torch has as well, and what a checkpoint's file fills in.
        log(("trl/a.py", "f", "d.odd()"), error=LACKS.format("IterableDataset", "odd")),
        log((QWEN, "forward", "config.odd"), error=LACKS.format("Qwen2VLConfig", "odd")),
        UNKNOWN.format("Qwen2VLModel.odd()", "y"),
        # Bare names, which any package may have: Python before 3.10 leaves the class out.
        log((QWEN, "forward", "self.self_attn("), error=UNKNOWN.format("forward()", "y")),
        log((QWEN, "forward", "self.odd("), error=UNKNOWN.format("get_dataset()", "y")),
    ],
)
def test_what_may_be_the_scripts_is_not_laid_on_a_package(text: str) -> None:
    for item in explained(text).generally:
        assert "itself" not in item.answer.happened
        assert "() of " not in item.answer.happened and "(datasets)" not in item.answer.happened
        assert "no line of the script" not in item.answer.happened


OWN_RAISES = (
    ("ValueError", "Template report does not exist."),
    ("ValueError", "Architecture 'resnet50' not supported"),
    ("ValueError", "unknown model architecture: 'resnet50'"),
    ("RuntimeError", "Loading lora style.safetensors failed"),
    ("RuntimeError", "Engine initialization failed"),
    ("FileNotFoundError", "Unable to find latest file at logs/"),
    ("ValueError", "Adapter postgres not found"),
    ("ValueError", "MyNet does not support LoRA yet."),
    ("TypeError", "Can't gather the values of type str"),
)


@pytest.mark.parametrize(("kind", "message"), OWN_RAISES)
@pytest.mark.parametrize(
    "code", ['raise {kind}(f"{message}")', "raise {kind}(", 'assert ok, "{message}"']
)
def test_no_library_said_what_the_script_raises_in_its_own_words(
    kind: str, message: str, code: str
) -> None:
    mine = ("/home/me/proj/train.py", "main", code.format(kind=kind, message=message))
    assert not explained(log(mine, error=f"{kind}: {message}\n")).generally


@pytest.mark.parametrize(
    ("frames", "word"),
    [
        ((("/w/LLaMA-Factory/src/llamafactory/a.py", "f", 'raise ValueError(f"{t}")'),), "LLaMA"),
        ((("llamafactory/a.py", "f", 'raise ValueError(f"Template {t} does not exist.")'),), "LLa"),
        ((("/home/me/run.py", "f", 'raise RuntimeError(f"it ended: {text}")'),), "LLaMA-Factory"),
        ((("/home/me/run.py", "f", "raise ValueError(message)"),), "LLaMA-Factory"),
        ((("/home/me/run.py", "f", "raise"),), "LLaMA-Factory"),
        ((("/home/me/run.py", "f", "template = get_template(args)"),), "LLaMA-Factory"),
    ],
)
def test_what_the_script_hands_on_is_answered(
    frames: tuple[tuple[str, str, str], ...], word: str
) -> None:
    text = log(*frames, error="ValueError: Template gemma9 does not exist.\n")
    assert word in explained(text).generally[0].answer.happened


def test_a_function_of_a_cell_raises_in_its_own_words() -> None:
    text = (
        "ValueError                                Traceback (most recent call last)\n"
        'Cell In[4], line 4\n      1 def f(t):\n----> 4 f("report")\n\n'
        "Cell In[4], line 2, in f(t)\n      1 def f(t):\n"
        '----> 2     raise ValueError(f"Template {t} does not exist.")\n\n'
        "ValueError: Template report does not exist.\n"
    )
    assert not explained(text).generally
