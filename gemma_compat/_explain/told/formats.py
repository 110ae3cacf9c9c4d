"""Symptoms told of a folder that holds other files than what reads it asks for."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import FINE, Symptom, told

_LONGEST = 12_000  # characters of a report that are looked at
_BIN = r"(?:\b(?:adapter_model|pytorch_model|adapter|model)\.bin\b|(?<!\w)\.bin\b)"
_BOTH = re.compile(r"(?i)safe_?tensors?")

_other_format = told(
    "a program is said to look for weights in one format, where they were saved in the other",
    "ls -la FOLDER   : adapter_model.safetensors or model.safetensors there? Then nothing is lost",
    "a newer release of the program that asks for .bin: those of 2024 on read both",
    "from safetensors.torch import load_file; torch.save(load_file('adapter_model.safetensors'), "
    "'adapter_model.bin')   makes the other file",
    "the next run: model.save_pretrained(FOLDER, safe_serialization=False), save_safetensors=False "
    "in TrainingArguments, accelerator.save_state(FOLDER, safe_serialization=False)   (before "
    "transformers 5)",
    why="safetensors became what is written in transformers 4.35, peft 0.7 and accelerate 0.25; "
    "the weights are the same",
)
_one_safetensors = told(
    "safetensors are said not to be found or read",
    "ls -la FOLDER   : config.json, and model.safetensors or model.safetensors.index.json with its "
    "parts? Other names are not looked for: rename the one file to model.safetensors",
    "pip install -U safetensors transformers peft   in the environment of what reads it",
    "from safetensors.torch import load_file; torch.save(load_file('model.safetensors'), "
    "'pytorch_model.bin')   for a program that knows .bin alone",
    why="libraries open files by fixed names; quantized exports and web programs use names of "
    "their own",
)


def _format_of(case: Case) -> Answer | None:
    """Answer where both formats are spoken of, or the report is about reading safetensors."""
    text = case.hit.before[:_LONGEST]
    if _ASKED_OF_LORA.search(text):  # what LLaMA-Factory of 2023 says of such a folder
        return _other_format(case)
    if not _BOTH.search(text) or re.search(r"(?i)gguf|onnx|\bmlx\b", case.hit.text):
        return None
    return _other_format(case) if re.search(_BIN, case.hit.text) else _one_safetensors(case)


_ASKED_OF_LORA = re.compile(r"does not contain a LoRA weight")
adapter_there = told(
    "a whole model is looked for where an adapter was saved or pushed: it has adapter_config.json "
    "in place of config.json",
    "AutoPeftModelForCausalLM.from_pretrained(FOLDER), or PeftModel.from_pretrained(BASE, "
    "FOLDER)   "
    ": nothing is lost",
    "model.merge_and_unload().push_to_hub(REPO), tokenizer.push_to_hub(REPO)   where a whole model "
    "is wanted (Ollama, GGUF, an endpoint)",
    "Unsloth: model.push_to_hub_merged(REPO, tokenizer, save_method='merged_16bit'), or "
    "save_pretrained_merged into a folder",
    why="a PEFT model saves its adapter alone: some MB beside a base that stays where it is",
)
_BUT = re.compile(r"(?i)\b(?:but|however|not|cannot|why)\b|n't\b|[?？]|但|不")
# A row that is only the name of a file, as a listing has it.
_FILE = re.compile(
    r"(?m)^[\s|├└─│*`>-]{0,12}(?:[\w:, -]{10,60} )?(?P<name>[\w.-]{1,60}\.(?:json|bin|"
    r"safetensors|model|"
    r"gguf|md|pt|jinja|txt))\W{0,3}$"
)
_SAYS_ADAPTER = re.compile(
    r"(?i)\bonly[^\n.]{0,30}\badapters?\b|\badapter_(?:config|model)\b|save_lora|"
    r"lora[^\n。]{0,12}(?:推理|微调|训练|加载)|(?:微调|训练)[^\n。]{0,8}lora|"
    r"\b(?:q?lora|peft)\b[^\n]{0,80}(?:push|sav|upload|train|tun)|unsloth[^\n]{0,120}push_to_hub"
)
_WHOLE = re.compile(r"^(?:model|pytorch_model)[\w.-]*\.(?:safetensors|bin)(?:\.index\.json)?$")


def listed(text: str) -> set[str]:
    """Return the names of files that stand in a listing."""
    return {found["name"] for found in _FILE.finditer(text[:_LONGEST])}


def _no_whole_model(case: Case) -> Answer | None:
    """Answer where the listing, or a sentence, shows that an adapter lies there."""
    text = case.hit.before[:_LONGEST]
    if re.search(rf"{FINE}|\b(?:fine|good|well)\b", case.hit.text, re.I) and not _BUT.search(
        case.hit.text
    ):
        return None
    names = listed(text)
    if names & {"config.json"} or any(_WHOLE.match(name) for name in names):
        return None
    shown = any(name.startswith("adapter_") for name in names)
    return adapter_there(case) if shown or _SAYS_ADAPTER.search(text) else None


_bounds = told(
    "two releases are said to exclude one another: a framework allows one, a model needs another",
    "pip install -U FRAMEWORK   (llamafactory, ms-swift, axolotl, trl, unsloth), or its main "
    "branch "
    "from git: which release first allows what the model needs?",
    "python -m gemma_compat advise --model MODEL   : releases that fit one another",
    "a check that is switched off (DISABLE_VERSION_CHECK=1) leaves both as they are: what "
    "follows comes of that",
    why="a new architecture comes with a release of transformers, and a framework that pins older "
    "ones learns of it with its own next release",
)
_VERSION = r"v?\d+\.\d+(?:\.\w+)*"
_BOUND = rf"(?:<=?|>=?|==|≤|≥|～|~=?)\s?{_VERSION}"


FORMATS: tuple[Symptom, ...] = (
    Symptom(
        "weights-in-another-format",
        rf"(?:look(?:s|ed|ing)?|search\w*|check\w*|ask(?:s|ed|ing)?|expect\w*|want\w*|need\w*|"
        rf"requir\w*|"
        rf"find|load\w*)\b[^\n.]{{0,30}}?\W{_BIN}|"
        rf"(?:\bno\b|\bnot\b|n't|\bwithout\b|\bmissing\b|\blacks?\b|没有|缺少|找不到|"
        rf"无)[^\n.]{{0,40}}?{_BIN}|"
        rf"{_BIN}[^\n.]{{0,40}}(?:\bnot\b|n't\b|\bmissing\b|\babsent\b|没有|不存在|找不到)|"
        r"(?:\bnot\b|n't|\bcannot\b|\bunable to\b|\bhow (?:to|can I)\b|如何|怎么|无法|"
        r"不能)[^\n.]{0,40}"
        r"(?:load|support|find|read|recogni[sz]e|open|merge|use|convert|加载|合并|读取|"
        r"转换)\w*[^\n.]{0,40}"
        r"\.?safe_?tensors?\b|safe_?tensors?[^\n]{0,12}(?:如何|怎么|怎样|无法|"
        r"不能)[^\n]{0,6}(?:合并|加载|读取|转换|使用)|"
        r"(?:没有|缺少|找不到)[^\n]{0,8}adapter_model|does not contain a LoRA weight",
        _format_of,
        {
            "It looks for an `adapter_model.bin` file, but peft wrote adapter_model.safetensors": (
                "load_file"
            ),
            "there is no pytorch_model.bin in my checkpoint, only model.safetensors": (
                "safe_serialization=False"
            ),
            "训练后没有pytorch_model.bin，只有model.safetensors": "load_file",
            "the script does not load .safetensors files of my fine-tuned model": "index.json",
            "The path (lora) does not contain a LoRA weight.\n\n没有adapter_model文件": (
                "load_file"
            ),
            "lora训练出的adapter_config.safetensor文件如何合并到源模型？": "index.json",
            "I saved the model as safetensors and it loads well": "",
            "请问safetensors怎么转换成gguf？": "",
            "There is no pytorch_model.bin in the folder": "",
            "the recycle bin is not empty, and safetensors are quick": "",
        },
        words=("bin", "safetensor", "safe_tensor", "adapter_model", "lora weight"),
        effects=("wrong-weights-saved",),
    ),
    Symptom(
        "adapter-where-a-model-is-looked-for",
        r"(?<![\w_])config\.json\b['\"`]?(?: file)?[^\n.]{0,20}(?:(?:\bnot\b|n't) (?:be "
        r")?(?:found|there|in\b|"
        r"includ\w*|exist\w*|creat\w*|sav\w*|upload\w*|present|generat\w*|push\w*)|missing|没有|"
        r"缺失|不存在)|"
        r"(?:\bno\b|\bnot (?:have|find|see|contain|include)|n't (?:have|find|see|contain|"
        r"include)|\bwithout\b|\bmissing\b|"
        r"\blacks?\b|\bwhere is\b|没有|缺少|找不到)[^\n.]{0,30}(?<![\w_])config\.json\b|"
        r"\bonly (?:\w+ ){0,3}(?:the )?(?:lora )?adapters?\b[^\n.]{0,40}(?:upload|push|sav|there|"
        r"hub|repo|in the)"
        r"\w*|(?:upload|push|sav)\w*[^\n.]{0,20} only (?:\w+ ){0,2}(?:lora )?adapters?\b|"
        r"(?:only|just) (?:the )?adapter_(?:model|config)",
        _no_whole_model,
        {
            "config.json not found after push_to_hub of my LoRA model\n\nadapter_config.json\n"
            "adapter_model.safetensors\ntokenizer.json\n": "merge_and_unload",
            "After training there is no config.json in the folder of my LoRA, unsloth saved "
            "adapter_config.json": "PeftModel",
            "only the adapters were uploaded to the hub after my QLoRA run": "push_to_hub_merged",
            "there is no config.json\n\nmodel.safetensors\ntokenizer.json\n": "",
            "The repo has only adapter_model.safetensors, and PeftModel loads it fine": "",
            "采用 lora 推理模型，报 config.json不存在，请问这个是什么原因？": "PeftModel",
            "The config.json is not changed by the LoRA training": "",
        },
        words=("config.json", "adapter"),
    ),
    Symptom(
        "releases-that-exclude-one-another",
        rf"transformers[^\n.]{{0,24}}?(?:<=?|==|≤)\s?{_VERSION}[^\n]{{0,80}}?(?:gemma|qwen|llama|"
        rf"mistral|phi|"
        rf"model|模型)[^\n]{{0,60}}?(?:{_BOUND}|{_VERSION})|"
        rf"(?:gemma|qwen|llama|mistral|phi|model|模型)[^\n]{{0,40}}?(?:needs?|requires?|want\w*|"
        rf"要求|需要|start\w*|始于|"
        rf"since|from)[^\n]{{0,40}}?transformers[^\n]{{0,24}}?(?:{_BOUND}|"
        rf"{_VERSION})[^\n]{{0,60}}?(?:but|while|however|"
        rf"但|而|and)[^\n]{{0,60}}?(?:<=?|==|≤|pins?|caps?|requires?|needs?|要求|"
        rf"only)\s?[^\n]{{0,30}}?{_VERSION}",
        _bounds,
        {
            "llamafactory要求transformers<=4.49.0，但是gemma3要求的版本是始于4.50.0": (
                "advise --model"
            ),
            "My framework pins transformers<=4.49.0, but gemma-3 needs 4.50.0, what can I do?": (
                "main branch"
            ),
            "gemma-3 needs transformers>=4.50, but llamafactory 0.9.2 requires <=4.49": (
                "DISABLE_VERSION_CHECK"
            ),
            "We tested transformers<=4.49.0 with gemma-2 on 2 cards": "",
            "transformers==4.51.3 works with gemma-3": "",
        },
        words=("transformers",),
    ),
)
