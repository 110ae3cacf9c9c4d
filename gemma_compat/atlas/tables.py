"""The tables of packages that decide whether a model is supported."""

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
    "AutoModelForMaskedLM": "MODEL_FOR_MASKED_LM_MAPPING_NAMES",
    "AutoModelForSeq2SeqLM": "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES",
    "AutoModelForVision2Seq": "MODEL_FOR_VISION_2_SEQ_MAPPING_NAMES",
    "AutoModelForMultimodalLM": "MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES",
}


def head_table(head: str) -> str:
    """The table of a task head (``AutoModelForSequenceClassification``); empty for another name."""
    if head in _NAMED_OTHERWISE:
        return _NAMED_OTHERWISE[head]
    if not head.startswith("AutoModelFor"):
        return ""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", head.removeprefix("AutoModelFor"))
    return f"MODEL_FOR_{words.upper()}_MAPPING_NAMES"
