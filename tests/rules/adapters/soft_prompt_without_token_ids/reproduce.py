"""Run a Gemma 4 forward once, with a soft prompt, a prefix and LoRA."""

from __future__ import annotations

import gemma_compat
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma4_text", "gemma4")
PROMPT, ENCODER, PREFIX, LORA = "prompt tuning", "P-tuning", "prefix tuning", "LoRA"
VARIANTS = (PROMPT, ENCODER, PREFIX, LORA)


def observe(case: Case) -> Observation:
    import peft

    configs = {
        ENCODER: peft.PromptEncoderConfig(num_virtual_tokens=4, encoder_hidden_size=8),
        PREFIX: peft.PrefixTuningConfig(num_virtual_tokens=4),
        LORA: peft.LoraConfig(
            r=4, target_modules=r".*language_model.*q_proj|model\.layers.*q_proj"
        ),
    }
    config = configs.get(case.variant, peft.PromptTuningConfig(num_virtual_tokens=4))
    config.task_type = "CAUSAL_LM"
    model = peft.get_peft_model(tiny.build(case.model_type), config)
    facts = gemma_compat.detect_facts(model=model)
    try:
        seen = f"loss {float(model.train()(**tiny.batch(case.model_type)).loss):.4f}"
    except RuntimeError as error:
        seen = str(error)
    return Observation(facts, "without providing `input_ids`" in seen, seen)
