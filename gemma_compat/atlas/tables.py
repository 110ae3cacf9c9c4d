"""Name the tables of packages that decide whether a model is supported."""

from __future__ import annotations

import re

from ..values import Value

# The order in which packages are shown.
ORDER = (
    "transformers",
    "peft",
    "trl",
    "liger_kernel",
    "unsloth",
    "unsloth_zoo",
    "vllm",
    "accelerate",
    "bitsandbytes",
)
# Of these the texts and the tables alone are indexed.
FRAMEWORKS = (
    "llamafactory",
    "swift",
    "axolotl",
    "torchtune",
    "litgpt",
    "nemo_automodel",
    "mlx_lm",
    "mlx_vlm",
    "keras_hub",
    "sglang",
    "gptqmodel",
    "awq",
    "llmcompressor",
    "gguf",
)
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


class Meaning(Value):
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
    (
        r"llamafactory\..*:register_template$",
        "LLaMA-Factory's templates",
        "LLaMA-Factory has the template {key}",
    ),
    (
        r"llamafactory\..*:register_model_group$",
        "LLaMA-Factory's checkpoints",
        "LLaMA-Factory lists {key}",
    ),
    (
        r"llamafactory\..*:register_composite_model$",
        "LLaMA-Factory: multimodal",
        "LLaMA-Factory knows the parts of {key} for images",
    ),
    (
        r"swift\..*:(?:LLM|MLLM)?ModelType$",
        "ms-swift's model types",
        "ms-swift has the model type {key}",
    ),
    (r"swift\..*:register_model$", "ms-swift's registry", "ms-swift registers {key}"),
    (
        r"axolotl\..*:SUPPORTED_MULTIPACK_MODEL_TYPES$",
        "axolotl: sample packing",
        "axolotl packs samples for {key}",
    ),
    (
        r"axolotl\..*:ChatTemplate$",
        "axolotl's chat templates",
        "axolotl has the chat template {key}",
    ),
    (
        r"torchtune\..*:ModelType$",
        "torchtune's model types",
        "torchtune converts checkpoints of {key}",
    ),
    (r"litgpt\.config:\w+$", "LitGPT's configs", "LitGPT has a config of {key}"),
    (
        r"nemo_automodel\..*:MODEL_ARCH_MAPPING$",
        "NeMo AutoModel's classes",
        "NeMo AutoModel has a class for {key}",
    ),
    (
        r"mlx_lm\.utils:MODEL_REMAPPING$",
        "mlx-lm's models",
        "mlx-lm loads {key} as another model type",
    ),
    (
        r"mlx_vlm\..*:not_supported_for_training$",
        "mlx-vlm: not trained",
        "mlx-vlm refuses to train {key}",
    ),
    (r"sglang\..*:EntryClass$", "SGLang's registry", "SGLang runs {key}"),
    (r"gptqmodel\..*:MODEL_MAP$", "GPTQModel's models", "GPTQModel quantizes {key}"),
    (r"awq\..*:AWQ_CAUSAL_LM_MODEL_MAP$", "AutoAWQ's models", "AutoAWQ quantizes {key}"),
    (
        r"llmcompressor\..*:AWQ_MAPPING_REGISTRY$",
        "llm-compressor: AWQ",
        "llm-compressor knows AWQ's layers of {key}",
    ),
    (
        r"gguf\.constants:MODEL_ARCH_NAMES$",
        "architectures of GGUF",
        "gguf has the architecture {key}",
    ),
)
# The same for files that are named after a model type, ...
_FILES = (
    (r"mlx_lm/models/(?P<key>\w+)\.py", "mlx-lm's models", "mlx-lm loads {key}"),
    (r"mlx_vlm/models/(?P<key>\w+)/(?P=key)\.py", "mlx-vlm's models", "mlx-vlm loads {key}"),
    (
        r"keras_hub/src/models/\w+/(?P<key>\w+)_backbone\.py",
        "KerasHub's backbones",
        "KerasHub has a backbone of {key}",
    ),
)
# ... and for functions that compare with a model type.
_CODE = (
    (
        r"keras_hub\..*:TransformersPresetLoader\.__init__$",
        "KerasHub's converters",
        "KerasHub converts checkpoints of {key} from transformers",
    ),
    (
        r"llamafactory\..*:(?:configure|apply)_liger_kernel$",
        "LLaMA-Factory: Liger",
        "LLaMA-Factory turns on Liger's kernels for {key}",
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


def meaning_of_file(path: str) -> tuple[Meaning | None, str]:
    """Return what a framework's file of a model means, and which model type it is of."""
    for pattern, what, says in _FILES:
        if match := re.fullmatch(pattern, path):
            return Meaning(what, says), match["key"]
    return None, ""


def meaning_of_code(site: str) -> Meaning | None:
    """Return what it means that the function ``module:name`` compares with a model type."""
    for pattern, what, says in _CODE:
        if re.match(pattern, site):
            return Meaning(what, says)
    return None


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
