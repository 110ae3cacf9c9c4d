"""Name the tables of packages that decide whether a model is supported."""

from __future__ import annotations

import re
from typing import NamedTuple

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


class Meaning(NamedTuple):
    """What an entry of a table means.

    Attributes:
        what: its short name: ``AutoModelForCausalLM``, ``default targets of LoRA``.
        says: a sentence with ``{what}``, ``{key}`` (the entry's key) and ``{methods}``.
        method: the PEFT method that the table is about; empty for any other table.
    """

    what: str
    says: str
    method: str = ""


_AUTO = "{what} has an entry for {key}"
# A pattern of a table's name, then what an entry in it means and says. The first match counts.
_MEANINGS = (
    (r"transformers\..*:CONFIG_MAPPING_NAMES$", "AutoConfig", _AUTO),
    (r"transformers\..*:TOKENIZER_MAPPING_NAMES$", "AutoTokenizer", _AUTO),
    (r"transformers\..*:PROCESSOR_MAPPING_NAMES$", "AutoProcessor", _AUTO),
    (r"transformers\..*:IMAGE_PROCESSOR_MAPPING_NAMES$", "AutoImageProcessor", _AUTO),
    (r"transformers\..*:VIDEO_PROCESSOR_MAPPING_NAMES$", "AutoVideoProcessor", _AUTO),
    (r"transformers\..*:FEATURE_EXTRACTOR_MAPPING_NAMES$", "AutoFeatureExtractor", _AUTO),
    (r"transformers\..*:MODEL_MAPPING_NAMES$", "AutoModel", _AUTO),
    (r"transformers\..*:MODEL_FOR_(?P<head>\w+)_MAPPING_NAMES$", "AutoModelFor", _AUTO),
    (
        r"peft\..*:TRANSFORMERS_MODELS_TO_(?P<method>\w+?)_TARGET_MODULES_MAPPING$",
        "default targets of ",
        "for {key}, target_modules may be left out with {methods}",
    ),
    (
        r"peft\..*:TRANSFORMERS_MODELS_TO_(?P<method>\w+?)_MODULES_MAPPING$",
        "default modules of ",
        "for {key}, the modules may be left out with {methods}",
    ),
    (
        r"liger_kernel\..*:MODEL_TYPE_TO_APPLY_LIGER_FN$",
        "Liger's kernels by model type",
        "Liger has kernels for {key}",
    ),
    (
        r"vllm\..*:_(?:TEXT_)?(?:GENERATION_)?MODELS$",
        "vLLM: text generation",
        "vLLM generates text with {key}",
    ),
    (r"vllm\..*:_MULTIMODAL_MODELS$", "vLLM: multimodal", "vLLM runs {key} as multimodal"),
    (r"vllm\..*:_EMBEDDING_MODELS$", "vLLM: embedding", "vLLM embeds text with {key}"),
    (
        r"unsloth\..*:OLLAMA_TEMPLATE_TO_MODEL_MAPPER$",
        "Unsloth's Ollama templates",
        "Unsloth has the Ollama template {key}",
    ),
    (r"unsloth\..*:\w*MAPPER\w*$", "Unsloth's checkpoints", "Unsloth maps the checkpoint {key}"),
    (
        r"unsloth\..*:\w*TEMPLATE\w*$",
        "Unsloth's chat templates",
        "Unsloth has the chat template {key}",
    ),
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
    "GRALORA": "GraLoRA",
    "MISS": "MiSS",
    "ROAD": "RoAd",
    "SHIRA": "SHiRA",
    "TINYLORA": "TinyLoRA",
    "UNILORA": "UniLoRA",
    "WAVEFT": "WaveFT",
    "IA3_FEEDFORWARD": "IA3 (feed-forward)",
}
_HEADS = {table: head for head, table in _NAMED_OTHERWISE.items()}


def meaning_of(table: str) -> Meaning | None:
    """Return what an entry in the table ``module:NAME`` means; ``None`` if it decides nothing."""
    for pattern, what, says in _MEANINGS:
        match = re.match(pattern, table)
        if match is None:
            continue
        parts = match.groupdict()
        if "head" in parts:
            head = _HEADS.get(table.rpartition(":")[2])
            return Meaning(head or what + parts["head"].title().replace("_", ""), says)
        if "method" in parts:
            method = _METHODS.get(parts["method"], parts["method"])
            return Meaning(what + method, says, method)
        return Meaning(what, says)
    return None
