"""Name the tables of packages that decide whether a model is supported."""

from __future__ import annotations

import re

# Task heads whose table is not named after them.
_NAMED_OTHERWISE = {
    "AutoModel": "MODEL_MAPPING_NAMES",
    "AutoConfig": "CONFIG_MAPPING_NAMES",
    "AutoTokenizer": "TOKENIZER_MAPPING_NAMES",
    "AutoProcessor": "PROCESSOR_MAPPING_NAMES",
    "AutoImageProcessor": "IMAGE_PROCESSOR_MAPPING_NAMES",
    "AutoFeatureExtractor": "FEATURE_EXTRACTOR_MAPPING_NAMES",
    "AutoModelForCausalLM": "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES",
    "AutoModelForPreTraining": "MODEL_FOR_PRETRAINING_MAPPING_NAMES",
    "AutoModelForMaskedLM": "MODEL_FOR_MASKED_LM_MAPPING_NAMES",
    "AutoModelForSeq2SeqLM": "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES",
    "AutoModelForVision2Seq": "MODEL_FOR_VISION_2_SEQ_MAPPING_NAMES",
    "AutoModelForMultimodalLM": "MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES",
}


def head_table(head: str) -> str:
    """Return the table of a task head (``AutoModelForSequenceClassification``); empty for
    others.
    """
    if head in _NAMED_OTHERWISE:
        return _NAMED_OTHERWISE[head]
    if not head.startswith("AutoModelFor"):
        return ""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", head.removeprefix("AutoModelFor"))
    return f"MODEL_FOR_{words.upper()}_MAPPING_NAMES"


# A pattern of a table's name to what an entry in it means. The first match counts.
_MEANINGS = (
    (r"transformers\..*:CONFIG_MAPPING_NAMES$", "AutoConfig"),
    (r"transformers\..*:TOKENIZER_MAPPING_NAMES$", "AutoTokenizer"),
    (r"transformers\..*:PROCESSOR_MAPPING_NAMES$", "AutoProcessor"),
    (r"transformers\..*:IMAGE_PROCESSOR_MAPPING_NAMES$", "AutoImageProcessor"),
    (r"transformers\..*:VIDEO_PROCESSOR_MAPPING_NAMES$", "AutoVideoProcessor"),
    (r"transformers\..*:FEATURE_EXTRACTOR_MAPPING_NAMES$", "AutoFeatureExtractor"),
    (r"transformers\..*:MODEL_MAPPING_NAMES$", "AutoModel"),
    (r"transformers\..*:MODEL_FOR_(\w+)_MAPPING_NAMES$", "AutoModelFor"),
    (r"peft\..*:TRANSFORMERS_MODELS_TO_(\w+?)_TARGET_MODULES_MAPPING$", "default targets of "),
    (r"peft\..*:TRANSFORMERS_MODELS_TO_(\w+?)_MODULES_MAPPING$", "default modules of "),
    (r"liger_kernel\..*:MODEL_TYPE_TO_APPLY_LIGER_FN$", "Liger's kernels by model type"),
    (r"vllm\..*:_(?:TEXT_)?(?:GENERATION_)?MODELS$", "vLLM: text generation"),
    (r"vllm\..*:_MULTIMODAL_MODELS$", "vLLM: multimodal"),
    (r"vllm\..*:_EMBEDDING_MODELS$", "vLLM: embedding"),
    (r"unsloth\..*:\w*MAPPER\w*$", "Unsloth's checkpoints"),
    (r"unsloth\..*:\w*TEMPLATE\w*$", "Unsloth's chat templates"),
)
# PEFT's methods whose names PEFT does not write in capitals.
_METHODS = {
    "LORA": "LoRA",
    "ADALORA": "AdaLoRA",
    "VERA": "VeRA",
    "LOKR": "LoKr",
    "LOHA": "LoHa",
    "RANDLORA": "RandLoRA",
    "VBLORA": "VBLoRA",
    "FOURIERFT": "FourierFT",
    "LNTUNING": "LN tuning",
    "DELORA": "DeLoRA",
    "WAVEFT": "WaveFT",
    "IA3_FEEDFORWARD": "IA3 (feed-forward)",
}
_HEADS = {table: head for head, table in _NAMED_OTHERWISE.items()}


def meaning_of(table: str) -> str:
    """Return what an entry in the table ``module:NAME`` means; empty if it decides nothing."""
    for pattern, text in _MEANINGS:
        match = re.match(pattern, table)
        if match is None:
            continue
        if text == "AutoModelFor":
            head = _HEADS.get(table.rpartition(":")[2])
            return head or text + match[1].title().replace("_", "")
        return text + _METHODS.get(match[1], match[1]) if text.endswith(" ") else text
    return ""
