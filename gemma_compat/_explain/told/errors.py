"""Errors that a title or a sentence names by their kind alone: sizes, devices, figures."""

from __future__ import annotations

from .base import Symptom, told

ERRORS: tuple[Symptom, ...] = (
    Symptom(
        "sizes-are-told-not-to-fit",
        r"(?i:\b(?:dimensions?|shapes?|sizes?) mismatch(?:es)?\b(?! for )|\bmismatch(?:ed|ing) "
        r"(?:dimensions?|shapes?|tensor sizes)\b|wrong (?:tensor )?shapes?\b)",
        told(
            "sizes of tensors are said not to fit; which ones, the log does not show",
            "python train.py 2>&1 | tee train.log   : the error's own line has both sizes, and the "
            "last frame the layer",
            "per_device_train_batch_size=1   shows whether rows of different lengths are at fault",
            "print(model.config.vocab_size, len(tokenizer))   where it is at loading or merging",
            "pip install -U unsloth unsloth_zoo   where the last frame lies in unsloth_compiled_"
            "cache",
            why="at loading: a checkpoint, an adapter or a vocabulary of another size. In a step: "
            "rows cut or padded apart from their masks, images or positions",
        ),
        {
            "# `apply_rotary_pos_emb` dimension mismatch in compiled module during GRPO": "size=1",
            "size mismatch for lm_head.weight: copying": "",
        },
    ),
    Symptom(
        "figures-are-told-to-be-wrong",
        r"(?i:\b(?:eval(?:uation)?|validation|training|train) (?:loss(?:es)?|metrics?|scores?|"
        r"accuracy) (?:are|is|were|was|look|seem|being|which are)[a-z ]{0,12} (?:wrong|off|"
        r"incorrect|inconsistent|different|not correct|much higher)\b)",
        told(
            "figures of an evaluation or a training are said to be wrong",
            "python -m gemma_compat run --preflight train.py   tries one batch: labels, masks, "
            "gradients and the loss against a reference",
            "the loss of one row by hand, with dtype=torch.float32 and no trainer, is what to "
            "compare with",
            "pip install -U unsloth unsloth_zoo trl transformers   and the same rows again",
            why="a loss that is summed or averaged another way (num_items_in_batch, gradient "
            "accumulation), logits that are cut or left out for metrics, and labels that were "
            "shifted twice all give other figures without an error",
        ),
        {
            "# Evaluation losses are wrong [FIXED]": "--preflight",
            "the training loss is 2.1": "",
        },
    ),
    Symptom(
        "worse-in-evaluation-mode",
        r"(?i:(?:output|quality|generation|result|accuracy|performance)s? (?:deteriorat|degrad|"
        r"gets? worse|becomes? worse|drops?)\w{0,5}[^\n.]{0,30}(?:model\.eval|for_inference|eval "
        r"mode|inference mode|fast_generate))",
        told(
            "answers are said to become worse once the model is switched to inference",
            "model.generate(..., use_cache=True, do_sample=False) with and without "
            "FastLanguageModel.for_inference(model), in bfloat16: do the tokens differ?",
            "pip install -U unsloth unsloth_zoo",
            "PeftModel and transformers without Unsloth on the saved adapter: what comes there?",
            why="for_inference puts other kernels and another cache in place, which show "
            "padding on the wrong side, float16 and old releases; dropout alone is switched off by "
            "eval() and makes answers better, not worse",
        ),
        {"# Output deterioration with model.eval() (unsloth/gemma-2-9b)": "for_inference"},
    ),
)
