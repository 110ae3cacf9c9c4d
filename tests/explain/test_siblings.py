"""Kinds of reports, each in several words, sizes and releases, and what must be said of each."""

from __future__ import annotations

import io
import re

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import Explanation
from gemma_compat.report.explanation import headline, render_text


def explain(text: str) -> Explanation:
    return explain_log(io.BytesIO(text.encode()))


def says(found: Explanation, pattern: str) -> bool:
    return re.search(pattern, " ".join(render_text(found).split()), re.IGNORECASE) is not None


OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 222.00 MiB. "


@pytest.mark.parametrize(
    ("model", "card", "total", "fits"),
    [
        ("google/gemma-3-27b-it", "NVIDIA A100-PCIE-40GB", "39.38", False),
        ("google/gemma-2-27b-it", "NVIDIA RTX A6000", "47.54", False),
        ("google/gemma-3-12b-it", "Tesla T4", "14.74", False),
        ("google/gemma-2-9b-it", "Tesla T4", "14.74", False),
        ("google/gemma-3-4b-it", "NVIDIA A100-SXM4-80GB", "79.15", True),
        ("google/gemma-2-2b-it", "NVIDIA GeForce RTX 3090", "23.69", True),
    ],
)
def test_weights_that_do_not_fit_the_card(model: str, card: str, total: str, fits: bool) -> None:
    text = (
        f"- GPU type: {card}\nmodel_name_or_path: {model}\nbf16: true\n"
        "Loading checkpoint shards:  67%|###   | 8/12 [00:31<00:15,  3.94s/it]\n"
        f"{OOM}GPU 1 has a total capacity of {total} GiB of which 74.38 MiB is free.\n"
    )
    found = explain(text)
    assert ("weights alone do not fit" in headline(found)) is not fits
    assert not found.codes


def test_what_is_sharded_is_not_a_whole_copy() -> None:
    text = (
        "- GPU type: NVIDIA A100-PCIE-40GB\n- GPU number: 8\ngoogle/gemma-3-27b-it\n"
        f"deepspeed: ds_z3_config.json\n{OOM}GPU 1 has a total capacity of 39.38 GiB\n"
    )
    assert "weights alone" not in headline(explain(text))


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("srcIndex < srcSelectDimSize` failed.", "embedding"),
        ("Assertion `t >= 0 && t < n_classes` failed.", "label"),
        ("RuntimeError: probability tensor contains either `inf`, `nan`", "NaN"),
        ("nothing else", "CUDA_LAUNCH_BLOCKING"),
    ],
)
def test_a_device_side_assert_is_read_with_what_stands_around(line: str, word: str) -> None:
    text = (
        f"google/gemma-2-9b-it\n{line}\nTraceback (most recent call last):\n"
        '  File "t.py", line 3, in <module>\nRuntimeError: CUDA error: device-side assert '
        "triggered\n"
    )
    assert says(explain(text), word)


@pytest.mark.parametrize(
    ("model", "release", "needed"),
    [
        ("google/gemma-3-4b-it", "4.49.0", "4.50.0"),
        ("google/gemma-3n-E2B-it", "4.52.4", "4.53.0"),
        ("google/gemma-4-E4B-it", "4.57.6", "5.5.0"),
        ("unsloth/gemma-4-31B-it", "5.4.0", "5.5.0"),
    ],
)
def test_a_model_newer_than_transformers_explains_any_error_at_loading(
    model: str, release: str, needed: str
) -> None:
    text = f"transformers=={release}\n{model}\nAttributeError: 'list' object has no attribute "
    "'keys'\n"
    found = explain(text)
    assert found.codes[0] == "GC604" and says(found, re.escape(needed))


@pytest.mark.parametrize(
    ("steps", "loss", "named"), [(16, 70.3, True), (8, 31.0, True), (1, 2.1, False)]
)
def test_a_loss_times_the_accumulation_steps(steps: int, loss: float, named: bool) -> None:
    text = (
        "transformers==4.51.3\ngoogle/gemma-3-12b-it\nbf16: true\n"
        f"gradient_accumulation_steps: "
        f"{steps}\n{{'loss': {loss}, 'grad_norm': 9.0, 'epoch': 0.01}}\n"
    )
    assert ("GC501" in explain(text).codes) is named


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("size mismatch for x.lora_A.weight: copying a param with shape torch.Size([0]) from "
         "checkpoint, the shape in current model is torch.Size([16, 3840]).", "ZeRO-3"),
        ("ValueError: There is no module or parameter named 'lm_head' in "
         "Gemma3ForConditionalGeneration", "tie"),
        ("ValueError: Target module Gemma3DecoderLayer(", "language_model"),
        ("ValueError: Target modules language_model.model.layers.[0-9]+.q_proj not found in the "
         "base model. Please check", "4.52"),
        ("KeyError: 18\n  key_states = shared_kv_states[self.kv_shared_layer_index]", "shared"),
    ],
)  # fmt: skip
def test_known_texts_of_other_sizes(text: str, word: str) -> None:
    assert says(explain(f"google/gemma-3-12b-it\n{text}\n"), re.escape(word))


def test_an_unknown_error_is_shown_whole_on_the_terminal_and_nowhere_else() -> None:
    from gemma_compat.report.explanation import render_json, render_markdown

    found = explain("OddError: my own words and /home/lovelace/run7/data.bin\n")
    assert "my own words and /home/lovelace/run7/data.bin" in render_text(found)
    for shared in (render_json(found), render_markdown(found)):
        assert "lovelace" not in shared


def test_two_environments_in_one_paste_are_told() -> None:
    text = "transformers==4.50.3\nno luck, then\ntransformers==4.57.6\ngoogle/gemma-3-4b-it\n"
    assert says(explain(text), r"several releases of transformers: 4\.50\.3 \(line 1\), 4\.57\.6")


def test_an_answer_is_a_screen() -> None:
    text = "transformers==4.50.3\ngoogle/gemma-3-4b-it\n'HybridCache' object has no attribute "
    "'float'\n"
    assert len(render_text(explain(text)).splitlines()) <= 40
