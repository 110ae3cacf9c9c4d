"""Errors of the libraries around a fine-tune, in other words than a kind's own examples.

Each row is a log, what the answer must say, and what it must not say.
"""

from __future__ import annotations

import io

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import Explanation
from gemma_compat.report.explanation import headline, render_text

FRAME = '  File "/v/lib/python3.11/site-packages/{path}", line 31, in {function}\n    {code}\n'


def explained(text: str) -> Explanation:
    return explain_log(io.BytesIO(text.encode()))


def told(text: str) -> str:
    return " ".join(render_text(explained(text)).split())


def traceback(error: str, path: str, function: str = "f", code: str = "g()") -> str:
    frame = FRAME.format(path=path, function=function, code=code)
    return f"Traceback (most recent call last):\n{frame}{error}\n"


SIBLINGS = [
    # A setting of another class, with the old and the new trainers of TRL.
    (
        "AttributeError: 'Seq2SeqTrainingArguments' object has no attribute 'max_prompt_length'",
        "in place of TrainingArguments",
        "attribute here",
    ),
    ("ValueError: Please use `BCOConfig` instead `TrainingArguments`.", "args=BCOConfig", ""),
    (
        "ValueError: The global eval batch size (2 x 3) must be evenly divisible by the number of "
        "generations per prompt (4). Given the current eval batch size, the valid values",
        "2 x 3 and 4",
        "GC",
    ),
    (
        "ValueError: Padding-free training is yet not supported for vision datasets. Please set "
        "`padding_free=False` in the `SFTConfig`.",
        "padding_free=False",
        "GC",
    ),
    # What is trained on: deep in a test of pytest's, and of another release of TRL.
    (
        "E               ValueError: You passed `packing=False` to the SFTTrainer/SFTConfig, but "
        "you didn't pass a `dataset_text_field` or `formatting_func` argument.",
        "dataset_text_field='text'",
        "GC",
    ),
    (
        traceback(
            "datasets.arrow_writer.SchemaInferenceError: Please pass `features` or at least one "
            "example when writing data",
            "datasets/arrow_writer.py",
        ),
        "no row at all",
        "packing=False",
    ),
    # Keys of a list: of a tokenizer's file, not of a row.
    (
        traceback(
            "AttributeError: 'list' object has no attribute 'keys'",
            "transformers/tokenization_utils_base.py",
            "_set_model_specific_special_tokens",
        ),
        "transformers>=5.0.0",
        "train_dataset",
    ),
    (
        traceback("AttributeError: 'list' object has no attribute 'keys'", "x/collate.py"),
        "train_dataset",
        "transformers>=5.0.0",
    ),
    # Optional packages and modules by another name.
    (
        traceback("NameError: name 'get_peft_model' is not defined", "trl/trainer/x.py"),
        "pip install -U peft",
        "run the cells",
    ),
    ("ModuleNotFoundError: No module named 'cv2'", "opencv-python-headless", "install cv2"),
    (
        "ImportError: cannot import name 'sft_main' from 'swift.llm' (/x/swift/llm/__init__.py)",
        "pip install -U ms-swift",
        "install -U swift ",
    ),
    (
        "ImportError: cannot import name 'override' from 'typing' (/usr/lib/python3.10/typing.py)",
        "newer Python",
        "install -U typing",
    ),
    ("ModuleNotFoundError: No module named 'src.train'; 'src' is not a package", "src", ""),
    # Messages that say what to install, of several packages.
    (
        "ImportError: You need to install `galore_torch` in order to use GaLore optimizers. "
        "Install it with `pip install git+https://github.com/jiaweizzhao/GaLore`",
        "pip install git+https://github.com/jiaweizzhao/GaLore",
        "GC",
    ),
    (
        "transformers 5.1.0\nImportError: Using `environment_factory` with GRPOTrainer requires "
        "transformers version 5.2.0 or higher.",
        "transformers>=5.2.0",
        "force-reinstall",
    ),
    (
        "transformers 5.4.0\nImportError: Using `environment_factory` with GRPOTrainer requires "
        "transformers version 5.2.0 or higher.",
        "--force-reinstall",
        "",
    ),
    # Shapes: packed in 4 bits by arithmetic, another size, a partitioned weight.
    (
        "RuntimeError: mat1 and mat2 shapes cannot be multiplied (7x1152 and 1x663552)",
        "1,152 x 1,152",
        "of size 1 ",
    ),
    (
        "RuntimeError: mat1 and mat2 shapes cannot be multiplied (7x1152 and 2304x8)",
        "for inputs of size 2,304 got inputs of size 1,152",
        "4 bits",
    ),
    (
        traceback(
            "RuntimeError: The size of tensor a (512) must match the size of tensor b (1024) at "
            "non-singleton dimension 3",
            "transformers/models/gemma2/modeling_gemma2.py",
            "eager_attention_forward",
            "attn_weights = attn_weights + causal_mask",
        ),
        "most often the mask: 512 and 1024",
        "prefix",
    ),
    # Data.
    (
        "pyarrow.lib.ArrowInvalid: JSON parse error: Missing a name for object member. in row 3",
        "one object a line",
        "two kinds",
    ),
    (
        "pyarrow.lib.ArrowInvalid: Column 4 named labels expected length 1000 but got length 9",
        "remove_columns",
        "two kinds",
    ),
    (
        traceback(
            "KeyError: 'prompt_ids'",
            "grpo/own.py",
            code="ids = [row['prompt_ids'] for row in rows]",
        ),
        "no key prompt_ids",
        "GC",
    ),
    # Wrappers, overridden methods, settings for loading.
    (
        "AttributeError: 'FullyShardedDataParallel' object has no attribute 'save_pretrained'",
        "unwrap_model(model).save_pretrained",
        "",
    ),
    (
        "TypeError: WeightedTrainer.compute_loss() got an unexpected keyword argument "
        "'num_items_in_batch'",
        "**kwargs):",
        "leave num_items",
    ),
    (
        "TypeError: compute_loss() takes from 3 to 4 positional arguments but 5 were given",
        "overrides compute_loss",
        "",
    ),
    (
        "TypeError: PaliGemmaForConditionalGeneration.__init__() got an unexpected keyword "
        "argument 'load_in_8bit'",
        "BitsAndBytesConfig(load_in_8bit=True)",
        "",
    ),
    # Repositories.
    (
        "huggingface_hub.utils._validators.HFValidationError: Repo id must use alphanumeric chars "
        "or '-', '_', '.', '--' and '..' are forbidden: './outputs/gemma-lora/'.",
        "ls -d PATH",
        "",
    ),
    (
        "OSError: Can't load the configuration of 'outputs/x'. If you were trying to load it from",
        "AutoPeftModelForCausalLM",
        "",
    ),
    # A launcher's report whose line ends with a colon.
    (
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError:\n"
        "====\ntrain.py FAILED\n",
        "launcher's report",
        "",
    ),
    # A message that a terminal has wrapped.
    (
        "RuntimeError: Error(s) in loading state_dict for PeftModelForCausalLM:\n\tsize mismatch "
        "for a.lora_B.default.weight: copying a param with shape torch.Size([2048, 64]) from "
        "checkpoint, the shape in\ncurrent model is torch.Size([2048, 8]).\n",
        "shape [2048, 64] in its file and [2048, 8] here",
        "names in the file",
    ),
]


@pytest.mark.parametrize(("log", "must", "never"), SIBLINGS)
def test_a_sibling_is_answered(log: str, must: str, never: str) -> None:
    text = told(log)
    assert must in text
    assert not never or never not in text


REPORTED = [
    "The exact error is `Processor was not found, please check and update your model file.`",
    "* Failed (Cannot use chat template functions because tokenizer.chat_template is not set and",
    '{"error": "Chat template error: Cannot use chat template functions because tokenizer."}',
    "I get the error Attempting to unscale FP16 gradients. with gemma-2b",
]


@pytest.mark.parametrize("line", REPORTED)
def test_a_message_is_answered_without_its_class(line: str) -> None:
    found = explained(f"training gemma-3-1b-it\n{line}\n")
    assert found.leading is not None


@pytest.mark.parametrize("line", REPORTED[1:])
def test_a_run_that_trained_has_outlived_what_it_quotes(line: str) -> None:
    steps = "{'loss': 1.9, 'grad_norm': 0.4, 'learning_rate': 2e-4, 'epoch': 0.1}\n"
    found = explained(f"{line}\n{steps}{steps}")
    assert not found.generally


def test_a_message_that_nothing_reports_is_no_failure() -> None:
    assert not explained("docs: Attempting to unscale FP16 gradients. is raised by torch").generally


OTHERS = [
    "ValueError: `x` is incompatible with `y`.",
    "AttributeError: 'Thing' object has no attribute 'train'",
    "KeyError: 'truncated'",
    "RuntimeError: the weather is bad",
    "|lambada_openai|      1|none  |None  |perplexity|5909545606.3929|",
    'TypeError: can only concatenate str (not "list") to str',
]


@pytest.mark.parametrize("line", OTHERS)
def test_a_near_miss_claims_no_gemma(line: str) -> None:
    found = explained(line)
    assert not found.causes
    assert not any(item.answer.of_gemma for item in found.generally)


def test_a_meaning_also_tells_the_release_that_changed_the_code() -> None:
    code = 'n = len(re.search(r"\\n([ ]{1,})return compiled_fn", source).group(1))'
    error = "AttributeError: 'NoneType' object has no attribute 'group'"
    place = "unsloth_zoo/patching_utils.py"
    log = traceback(error, place, "patch_compiled_autograd", code).replace("31,", "390,")
    text = told(f"unsloth_zoo==2025.3.17\n{log}")
    assert "None: unsloth_zoo reads group" in text
    assert "patch_compiled_autograd" in text


def test_what_was_read_in_part_has_no_absent_names() -> None:
    for line in (
        "ImportError: cannot import name 'LLM' from 'vllm' (/x/vllm/__init__.py)",
        "AttributeError: module 'torch' has no attribute 'xpu'",
    ):
        assert "up to" not in headline(explained(line))


def test_what_python_words_is_raised_by_no_package() -> None:
    frame = '  File "/v/lib/python3.12/site-packages/sillm/dpo.py", line 97, in <module>\n    f()\n'
    error = "TypeError: Template.__init__() got an unexpected keyword argument 'template'"
    assert "Raised by" not in told(f"{frame}{error}\n")


def test_a_release_that_is_older_than_all_that_were_read_is_not_judged() -> None:
    """The index of accelerate begins at 0.28.0, and 0.25 has no such argument."""
    error = (
        "TypeError: Accelerator.__init__() got an unexpected keyword argument "
        "'use_seedable_sampler'"
    )
    assert "the oldest read" not in told(f"accelerate==0.21.0\n{error}")
    assert "in its signature" in told(f"accelerate==1.5.2\n{error}")


def test_a_warning_above_an_error_is_no_caller() -> None:
    log = (
        "# TypeError: __init__() got an unexpected keyword argument 'dispatch_batches'\n"
        "/v/lib64/python3.9/site-packages/huggingface_hub/file_download.py:797: FutureWarning: "
        "`resume_download` is deprecated\n"
    )
    assert "huggingface_hub" not in told(log)
