"""Read models of other families: a log about one of them is not about Gemma."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .base import LISTED, STATED, Reader, Reading
from .saying import is_beside

# Families whose name may be repeated; any other is "another family".
_NAMES = """
aya baichuan bart bert bloom chatglm codellama cohere command-r deepseek distilbert ernie exaone
falcon flan-t5 glm gpt-neo gpt-neox gpt-oss gpt2 granite hunyuan idefics internlm internvl kimi
llama llama4 llava mamba minicpm ministral mistral mixtral mllama moonlight mpt nemotron olmo opt
orpheus phi pixtral qwen roberta smollm smolvlm solar stablelm starcoder t5 tinyllama vicuna whisper
xlm-roberta yi zephyr
"""
FAMILIES = tuple(_NAMES.split())
_FAMILY = "|".join(
    sorted((re.escape(n).replace(r"\-", "[-_]?") for n in FAMILIES if len(n) > 3), key=len)[::-1]
)
_OWNERS = (
    "01-ai|allenai|baichuan-inc|bigscience|CohereForAI|deepseek-ai|EleutherAI|facebook|"
    "FacebookAI|HuggingFaceTB|HuggingFaceM4|ibm-granite|internlm|LGAI-EXAONE|lmsys|llava-hf|"
    "meta-llama|microsoft|MiniMaxAI|mistralai|moonshotai|nvidia|openai|openai-community|OpenGVLab|"
    "openbmb|Qwen|state-spaces|stabilityai|THUDM|tiiuae|TinyLlama|upstage|zai-org"
)
# Programs and frameworks whose name begins so are not models.
_NO_MODEL = re.compile(
    r"llama[-_. ]?(?:factory|cpp|index|board|hub|server|cli|quant|runner|swap|file|bench)",
    re.IGNORECASE,
)


def family_named(name: str, strength: int) -> Iterator[Reading]:
    """Yield the reading for a model of that name, if it is not a Gemma."""
    plain = name.lower().replace("_", "-")
    if not plain or "gemma" in plain or "siglip" in plain or plain.startswith(("auto", "peft")):
        return
    known = next((item for item in sorted(FAMILIES, key=len)[::-1] if plain.startswith(item)), None)
    digit = re.match(r"\d(?=\D|$)", plain[len(known) :]) if known else None
    full = f"{known}{digit[0]}" if digit else known
    yield Reading("other_model", full or "another family", strength)


def _class(match: re.Match[str]) -> Iterator[Reading]:
    yield from family_named(match["name"], STATED)


def _module(match: re.Match[str]) -> Iterator[Reading]:
    yield from family_named(match["name"], STATED)


# A key that is commented out in a YAML file.
_COMMENT = re.compile(r"\s*#\s?[\w-]{1,40}\s?[:=]")


def _repository(match: re.Match[str]) -> Iterator[Reading]:
    if _COMMENT.match(match.string) or is_beside(match):
        return
    if not _NO_MODEL.search(match[0]) and "gemma" not in match[0].lower():
        yield from family_named(match["name"], STATED)


def _asked_for(match: re.Match[str]) -> Iterator[Reading]:
    """Read the model that the run is about, from its arguments."""
    name = match["value"].rstrip("/").rpartition("/")[2]
    is_call = match.string.startswith("(", match.end())  # model = Llama(...), of llama-cpp-python
    if is_call or _COMMENT.match(match.string):
        return
    if "gemma" in match["value"].lower() or _NO_MODEL.search(name):
        return
    family = re.search(rf"(?:^|[^a-z])((?:{_FAMILY})[\w.-]*)", name.lower())
    if family:
        yield from family_named(family[1], LISTED)


def _stated_type(match: re.Match[str]) -> Iterator[Reading]:
    yield from family_named(match["name"], STATED)


OTHER_MODELS: tuple[Reader, ...] = (
    Reader(
        rf"(?<![\w./-])(?:unsloth|{_OWNERS})/(?P<name>(?i:{_FAMILY})[\w.-]{{0,60}})",
        _repository,
        {
            "Qwen/Qwen2.5-7B-Instruct": {"other_model": "qwen2"},
            "unsloth/mistral-7b-bnb-4bit": {"other_model": "mistral"},
            "meta-llama/Llama-3.1-8B": {"other_model": "llama"},
            "unsloth/gemma-3-4b-it": {"other_model": ...},
            "github.com/hiyouga/LLaMA-Factory": {"other_model": ...},
            "unslothai/llama.cpp": {"other_model": ...},
            "#base_model: meta-llama/Llama-3.1-8B": {"other_model": ...},
            "with meta-llama/Llama-3.1-8B it works": {"other_model": ...},
            "with Qwen/Qwen2.5-7B it does not work": {"other_model": "qwen2"},
        },
        limit=100,
    ),
    Reader(
        r"(?:model_name_or_path|base_model|model_name|model_id|llm_path|from_pretrained\(|--model"
        r"|\bmodel)[\"']?\s?[:= (]\s?[\"']?(?P<value>[\w./-]{2,120})",
        _asked_for,
        {
            "model_name_or_path: /data/Qwen3-8B": {"other_model": "qwen3"},
            'model = "mistral-7b-instruct"': {"other_model": "mistral"},
            "model_name_or_path: google/gemma-3-4b-it": {"other_model": ...},
            "model = build_model()": {"other_model": ...},
            "result.model = Llama(**params)": {"other_model": ...},
            "Failed to load model: llama-server failed to start": {"other_model": ...},
        },
        limit=100,
    ),
    Reader(
        r"models[/\\.](?P<name>(?!\w{0,20}gemma)\w{2,30})[/\\.]modeling_",
        _module,
        {"/transformers/models/llama/modeling_llama.py": {"other_model": "llama"}},
        limit=100,
    ),
    Reader(
        r"\b(?P<name>(?!\w{0,20}Gemma)[A-Z]\w{1,30}?)For(?:CausalLM|ConditionalGeneration)\b",
        _class,
        {
            "LovelaceForCausalLM": {"other_model": "another family"},
            "AutoModelForCausalLM": {"other_model": ...},
            "PeftModelForCausalLM": {"other_model": ...},
        },
        limit=100,
    ),
    Reader(
        r"model_type[\"'`]?\s?[:=]\s?[\"'`](?P<name>(?!\w{0,20}gemma)[a-z]\w{1,30})",
        _stated_type,
        {'"model_type": "qwen2"': {"other_model": "qwen2"}},
        limit=100,
    ),
)
