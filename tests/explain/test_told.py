"""Symptoms that a person tells of in a sentence, and sentences that tell of none."""

from __future__ import annotations

import io

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import Explanation
from gemma_compat.report.explanation import render_text


def explained(text: str) -> Explanation:
    return explain_log(io.BytesIO(text.encode()))


def told(text: str) -> str:
    return " ".join(render_text(explained(text)).split())


SAID = [
    ("However, the merged model gives the same results as the original model.", "lora_B"),
    ("the fine-tuned adapter doesn't seem to have any effect on gemma-2-9b", "lora_B"),
    ("LoRA weights are not applied when I load gemma-3-4b", "lora_B"),
    ("gibberish after I merge the LoRA into gemma-3-1b", "apply_chat_template"),
    ("My gemma2 GGUF answers with random characters", "converter"),
    ("training loss doesn't go down on gemma-3-270m", "print_trainable_parameters"),
    ("loss is not decreasing for PaliGemma", "print_trainable_parameters"),
    ("I always get a loss of 0.0 with Gemma 3 on a T4", "logging_nan_inf_filter"),
    ("the training loss becomes 0 after a few steps", "logging_nan_inf_filter"),
    ("Gemma does not stop generating after the answer", "PARAMETER stop"),
    ("the model keeps repeating the last sentence", "end_of_turn"),
    ("memory usage keeps increasing with each step", "expandable_segments"),
    ("MedGemma returns an empty string after fine-tuning", "add_generation_prompt"),
    ("the tuned model generates only <pad>", "float16"),
    ("it predicts the same class; always predicts the same label", "learning rate"),
    ("After merging, quality is worse after merging than with the adapter", "16 bits"),
    ("When resuming, the loss jumps from 1.2 to 7 after resuming", "resume_from_checkpoint"),
    ("Training gets stuck at the first step with 4 GPUs", "py-spy"),
    ("duplicated <bos> token in the prompt", "add_special_tokens=False"),
    ("rewards are always zero in my GRPO run", "log_completions"),
    ("the logits become NaN in fp16", "bf16=True"),
    ("NaN Gradient Issue with Gemma2 Model Training", "2.6.2"),
    ("Loss is nan when fine-tuning Gemma-2-9b", "not a number"),
    ("I get OOM with gemma-3-27b on 80GB", "memory --model"),
]


@pytest.mark.parametrize(("text", "word"), SAID)
def test_a_symptom_in_a_sentence_is_answered_and_not_settled(text: str, word: str) -> None:
    answer = told(text)
    assert word in answer
    assert "likely, not certain" in answer
    assert "no cause is known" in answer


HEALTHY = [
    "{'loss': 0.8, 'grad_norm': 1.2, 'learning_rate': 0.0002, 'epoch': 0.1}\n{'train_runtime': 9}",
    "trainable params: 1,000 || all params: 2,000,000 || trainable%: 0.05",
    "Loading checkpoint shards: 100%|##########| 2/2 [00:01<00:00]",
    "The server stops generating when the client closes the connection.",
    "torch.cuda.empty_cache() frees an empty list of blocks",
    "INFO: the loss is 0.42 after 100 steps, and the loss decreases as it should",
    "max memory allocated grows no more: 11.2 GiB",
    "save_strategy: no, stop strings: []",
]


@pytest.mark.parametrize("text", HEALTHY)
def test_a_healthy_line_tells_of_nothing(text: str) -> None:
    assert explained(text).generally == ()


MESSAGES = [
    # Another wording, another release, a line of its own in a report.
    (
        "I get this error when the evaluation ends:\n```\nThe `metric_for_best_model` training "
        "argument is set to 'eval_loss', which is not found in the evaluation metrics.\n```\n",
        "label_names",
    ),
    (
        "ValueError: The model did not return a loss from the inputs, only the following keys: "
        "logits. For reference, the inputs it received are input_ids,attention_mask,labels.",
        "in place of AutoModel",
    ),
    ("ValueError: cosine_min is not a valid SchedulerType, please select one of ['cosine']", "lr_"),
    ("ValueError: `temperature` (=-1.0) has to be a strictly positive float", "do_sample=False"),
    ("ValueError: not enough values to unpack (expected at least 2, got 1)", "into 2 parts"),
    ("ValueError: Received 3 images for 1 prompts. Each prompt should be associated", "3 for 1"),
    ("TypeError: lora.ParamWrapper does not work with use_dora=True.", "does not take use_dora"),
    ("RuntimeError: Found dtype Double but expected Float", "meets Double"),
    ("Hi!<end_of_turn>\n", ""),
]


@pytest.mark.parametrize(("text", "word"), MESSAGES)
def test_a_message_has_its_answer(text: str, word: str) -> None:
    if not word:
        assert explained(text).generally == ()
    else:
        assert word in told(text)
        assert not explained(text).causes


def test_a_name_in_backticks_is_no_error() -> None:
    text = (
        "Fix the mapping\nThe tokenizer was not in it, leading to errors when trying to load "
        "text-only models such as `google/gemma-3-1b-it`\n"
    )
    assert "google/gemma-3-1b-it, and no rule" not in told(text)
