"""PEFT's methods other than plain LoRA: AdaLoRA, IA3, DoRA, prompts."""

from __future__ import annotations

from ...answer import Answer
from ..base import General, always

KINDS: tuple[General, ...] = (
    General(
        "adalora-without-its-schedule",
        r"AdaLoRA does not work when `total_step` is None|"
        r"schedule values don't allow for a budgeting phase",
        always(
            "AdaLoRA moves its ranks along the run, and total_step does not say how long that is",
            "AdaLoraConfig(total_step=STEPS, tinit=STEPS // 10, tfinal=STEPS // 5, ...)",
            "STEPS: rows x epochs / (batch x GPUs x accumulation)",
            why="tinit + tfinal must be less than total_step",
        ),
        {
            "ValueError: AdaLoRA does not work when `total_step` is None, supply a value > 0.": (
                "tinit"
            )
        },
    ),
    General(
        "feedforward-modules-of-ia3",
        r"specify `feedforward_modules` in `peft_config`|`feedforward_modules` should be a subset",
        always(
            "IA3 treats feed-forward layers in another way, and is not told which they are",
            'IA3Config(target_modules=["k_proj", "v_proj", "down_proj"], '
            'feedforward_modules=["down_proj"], task_type="CAUSAL_LM")',
        ),
        {"ValueError: Please specify `feedforward_modules` in `peft_config`": "down_proj"},
    ),
    General(
        "start-values-without-their-config",
        r"`loftq_config` must be specified when|Please initialize (?:PiSSA|CorDA|MiCA|OLoRA) under|"
        r"Unknown initialization init_lora_weights=|run `preprocess_corda` first|"
        r"`?lora_ga_config`? must be provided|init_lora_weights should be 'pissa'",
        lambda case: Answer(
            "init_lora_weights asks for a start that these weights, this config or this release "
            "do not allow",
            (
                "init_lora_weights=True   is the ordinary start",
                "pip install -U peft   for a name that a newer one knows"
                if "Unknown" in case.match[0]
                else "PiSSA, CorDA, OLoRA: load the base in bfloat16 or float32, and quantize "
                "what remains afterwards"
                if "initialize" in case.match[0]
                else "or what the message asks for first",
            ),
            why="they split the weights themselves, which 4-bit weights do not allow"
            if "initialize" in case.match[0]
            else "each of these starts wants its own preparation",
        ),
        {
            "TypeError: Please initialize PiSSA under float32, float16, or bfloat16. Subsequently, "
            "re-quantize the residual model to help minimize quantization errors.": (
                "init_lora_weights=True"
            ),
            "ValueError: Unknown initialization init_lora_weights='eva'": "-U peft",
        },
    ),
    General(
        "dora-or-another-variant-refused",
        r"does not support (?P<name>DoRA|lora_bias|LOFTQ|aLoRA|KaSA|VeLoRA|QALoRA)\b[^\n]{0,60}|"
        r"lora\.\w{3,40} does not work with (?P<other>[\w=.!]{3,40}(?: !?=? ?\S{1,12})?)",
        lambda case: Answer(
            f"a layer that the adapter goes onto does not take "
            f"{case.match['name'] or case.match['other'].rstrip('.')}",
            (
                f"without {case.match['name'] or case.match['other'].rstrip('.')} in LoraConfig "
                "(use_dora=False, lora_bias=False, lora_dropout=0)",
                "or leave that layer out of target_modules or target_parameters",
                "or pip install -U peft   where a newer one takes it",
            ),
            why="embeddings, quantized layers, experts and convolutions take fewer options than "
            "plain linear layers",
            known="PEFT says so",
        ),
        {
            "ValueError: EmbeddingLayer does not support DoRA (yet), please set use_dora to False"
            "": "does not take DoRA",
            "ValueError: lora.ParamWrapper does not work with lora_dropout != 0.": "lora_dropout",
        },
    ),
    General(
        "text-to-start-a-prompt-from",
        r"When prompt_tuning_init='TEXT', \w{3,40} can't be",
        always(
            "prompt tuning is to start from a text, and text or tokenizer is not given",
            'PromptTuningConfig(prompt_tuning_init="TEXT", prompt_tuning_init_text="...", '
            "tokenizer_name_or_path=MODEL, num_virtual_tokens=20)",
        ),
        {
            "ValueError: When prompt_tuning_init='TEXT', tokenizer_name_or_path can't be None.": (
                "num_virtual_tokens"
            )
        },
    ),
)
