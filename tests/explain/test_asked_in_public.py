"""Kinds of log that public reports taught: each held a false answer, or none."""

from __future__ import annotations

import io

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import Explanation
from gemma_compat.report.explanation import headline, render_text

TWO_DTYPES = (
    "RuntimeError: expected mat1 and mat2 to have the same dtype, but got: float != c10::Half"
)
LINEAR = 'File "/x/site-packages/torch/nn/modules/linear.py", line 125, in forward\n    return F()'


def explained(text: str) -> Explanation:
    return explain_log(io.BytesIO(text.encode()))


@pytest.mark.parametrize(
    "beside",
    [
        "Requires: accelerate, peft, torch, torchvision, trl",
        '{"event": "Vision check for gemma: is_vision=True, pixel_values"}',
        "model.vision_tower.requires_grad_(False)",
    ],
)
@pytest.mark.parametrize("frames", ["", f"Traceback (most recent call last):\n  {LINEAR}\n"])
def test_a_word_beside_a_traceback_is_no_frame(beside: str, frames: str) -> None:
    found = explained(f"{beside}\n{frames}{TWO_DTYPES}\n{beside}\n")
    assert "vision" not in headline(found)
    assert "one operation meets float32 and float16" in headline(found)


def test_the_frame_of_a_tower_is_one() -> None:
    frame = 'File "/x/transformers/models/siglip/modeling_siglip.py", line 9, in forward\n    x()'
    found = explained(f"Traceback (most recent call last):\n  {frame}\n{TWO_DTYPES}\n")
    assert "vision tower" in headline(found)


QUOTED = "TypeError: AuxiliaryTrainingWrapper.forward() missing 1 required positional argument: 'x'"


@pytest.mark.parametrize(
    "text",
    [
        f"# [Bug] {QUOTED}",
        f"1784 return forward_call(*args) 1786 result = None {QUOTED}",
        f"the notebook no longer works (due to a `{QUOTED}`).",
        '"name": "TypeError",\n  "message": "' + QUOTED.partition(": ")[2] + '",',
    ],
)
def test_an_error_that_is_only_quoted_is_answered(text: str) -> None:
    assert "modules_to_save" in headline(explained(text))


@pytest.mark.parametrize(
    "text",
    [
        "WARNING could not load the kernel (ImportError: libcudart.so.12: no such file)",
        "retrying after ValueError: the server is busy",
    ],
)
def test_a_quoted_error_that_nothing_knows_is_no_failure(text: str) -> None:
    found = explained(text)
    assert not found.unrecognised and found.error is None


def test_a_release_that_is_only_talked_of_is_not_installed() -> None:
    for line in ("it looks fixed from transformers v5.5.2.", "unsloth-zoo <=5.5.0 transformers"):
        assert "transformers" not in explained(line).facts.packages


LOST = """\
Traceback (most recent call last):
  File "/x/lib/python3.11/site-packages/transformers/trainer.py", line 2171, in train
    return inner_training_loop(
  File "/x/lib/python3.11/site-packages/transformers/trainer.py", line 2531, in _inner_training_loop
    tr_loss_step = self.training_step(model, inputs, num_items_in_batch)
AttributeError: 'HybridCache' object has no attribute 'float'
"""


def test_a_release_that_the_traceback_excludes_rules_out() -> None:
    """The frames fit 4.48 only, GC101 is of 4.50: no release is stated, and it is ruled out."""
    found = explained(LOST.replace("'HybridCache'", "'HybridCache'"))
    assert "GC101" in {item.rule.code for item in found.ruled_out}


def test_what_the_facts_show_is_said_and_typed() -> None:
    text = "transformers 4.51.3\nGPU type: Tesla V100-SXM2-32GB\nfp16: true\ntemplate: gemma3\n"
    found = explained(text)
    assert "GC401" in headline(found)
    assert "dtype=torch.float32" in render_text(found).split("Also wrong")[0]


CHANGED = """\
NameError                                 Traceback (most recent call last)
[/usr/lib/python3.11/dist-packages/unsloth_zoo/temporary_patches.py](https://localhost:8080/#) \
in patch_Gemma3ForConditionalGeneration_causal_mask()
    466     pass
    467     old_keys = inspect.signature(transformers.models.gemma3.modeling_gemma3.\
Gemma3ForConditionalGeneration.forward).parameters
--> 468     new_keys = inspect.signature(forward).parameters

NameError: name 'forward' is not defined
"""


def test_an_unknown_error_names_the_release_that_changed_its_code() -> None:
    """torch has this very text in another place, and none of its frames is in the traceback."""
    text = render_text(explained(CHANGED.replace("name 'forward' is not defined", "odd signature")))
    assert "unsloth-zoo 2025.3.14, which may or may not cure it" in " ".join(text.split())
    assert '"unsloth-zoo>=2025.3.14"' in text and "torch/_dynamo" not in text


def test_pythons_own_errors_are_no_other_packages() -> None:
    """torch raises "name ... is not defined" too; nothing here points to it."""
    found = explained("NameError: name 'Unpack' is not defined\n")
    assert not [item for item in found.read_off if "torch" in item.text]


AUTO = r"C:\v\Lib\site-packages\transformers\models\auto\configuration_auto.py"
TOO_OLD = f"""\
Traceback (most recent call last):
  File "{AUTO}", line 945, in from_pretrained
    config_class = CONFIG_MAPPING[config_dict["model_type"]]
  File "{AUTO}", line 647, in __getitem__
    raise KeyError(key)
KeyError: 'gemma2'
"""


def test_a_release_that_only_the_traceback_tells_confirms() -> None:
    """4.40.0 to 4.40.2 fit these frames, and none of them knows gemma2."""
    text = f"model type `gemma2` but Transformers does not recognize this architecture\n{TOO_OLD}"
    found = explained(text)
    assert found.codes[:1] == ("GC604",) and found.causes[0].is_certain
    assert "transformers>=4.42.0" in render_text(found)


@pytest.mark.parametrize(
    ("module", "typed"),
    [("gemma2", "transformers>=4.42.0"), ("gemma3_text", "unsloth unsloth_zoo")],
)
def test_a_folder_of_a_model_that_is_missing(module: str, typed: str) -> None:
    found = explained(f"ModuleNotFoundError: No module named 'transformers.models.{module}'\n")
    assert typed in render_text(found)
