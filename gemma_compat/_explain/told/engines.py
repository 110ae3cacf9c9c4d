"""Symptoms told of an engine that serves what was trained: it loads it not, or answers "
"otherwise."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import FINE as _FINE
from .base import Symptom, near, told

_ENGINES = r"(?i)\bv-?llm\b|sglang|ollama|llama\.?cpp|\bTGI\b|lm ?studio|lmdeploy|tensorrt"
_ENGINE = r"(?:\b(?:v-?llm|sglang|ollama|llama\.?cpp|lm ?studio|TGI|lmdeploy)(?![a-z]))"
_LIBRARY = r"(?:\btransform(?:er|ers)?\b|\bhugging ?face\b|\bHF\b|\bpeft\b|\bunsloth\b|原模型|脚本)"
_BAD = (
    r"(?:gibberish|garbage|garbled|nonsense|random|wrong|incorrect|\bbad(?:ly)?\b|repeat\w*|worse|"
    r"empty|!!!!|乱码|乱答|胡|不对|不正确|不符合|重复|很差|变差|错误|不正常|异常)"
)

_engine = told(
    "the same weights are said to answer well in one library and badly in an engine",
    "pip install -U vllm   (or the engine that it is), and one prompt at temperature 0 in both",
    "the ids of that prompt in both: one <bos>, the same template?",
    "python -m json.tool FOLDER/config.json | grep -E 'architectures|tie_word|dtype'   : as in the "
    "base checkpoint?",
    why="the library shows that the weights are right. What is left is the engine's prompt, its "
    "sampling (generation_config.json), its dtype, and how its own class of the model reads the "
    "folder: tied heads and renamed modules are where older releases went wrong",
)

_load = told(
    "what was trained or merged is said not to load, or not to work, in the engine that serves it",
    "the engine's log from its start to the last line of `Traceback`",
    "AutoModelForCausalLM.from_pretrained(FOLDER)   in transformers: which warnings of missing or "
    "unexpected weights?",
    "the names in FOLDER's model.safetensors.index.json, and architectures in its config.json, "
    "beside those of the base checkpoint",
    why="an engine reads class and names as the base checkpoint has them. A save may write the "
    "text part alone under a class for images too, other names (transformers 4.52 and 5 renamed "
    "modules), or no tokenizer and processor",
)

_TRAINED = re.compile(
    r"(?i)fine-?tun|sav(?:ed|e_pretrained)|\btrain(?!er_state)|\bmerg\w*|adapter|\blora\b|"
    r"\bSFT\b|微调|训练|合并|导出"
)

_ignored = told(
    "an adapter is said to be loaded and to change nothing in the engine that serves it",
    "one prompt at temperature 0 in transformers: base, and PeftModel.from_pretrained(base, "
    "ADAPTER)",
    "they differ there: merge_and_unload(), save_pretrained, and serve the merged model",
    "they do not: the adapter is untrained, or its names do not fit the model",
    why="an engine puts an adapter where its names fit the engine's own class; those of a "
    "multimodal Gemma differ between transformers, Unsloth and vLLM, and what does not fit may be "
    "passed over. A request that does not name the adapter is answered by the base",
)
_fast_generate = told(
    "fast_generate is said to answer as the base model does",
    'model.fast_generate(texts, sampling_params, lora_request=model.load_lora("ADAPTER"))',
    "merged instead, where it still does: save_pretrained_merged, and that folder in vLLM",
    why="vLLM generates from its own copy of the base weights: an adapter counts only in a request "
    "that names it",
)


def _adapter_ignored(case: Case) -> Answer | None:
    text = case.near
    if "fast_generate" in text:
        return _fast_generate(case)
    if not re.search(r"(?i)lora|adapter|peft", text) or not re.search(_ENGINES, text):
        return None  # what decides without an engine, `adapter-without-an-effect` says
    return _ignored(case)


VLLM_TAKES = re.compile(
    r"(?i)\bv-?llm\b[^\n.]{0,40}\b(?:us(?:es?|ing)|tak(?:es?|ing)|occup\w+|consum\w+|allocat\w+|"
    r"reserv\w+|holds?|占用?)"
)
takes_its_share = told(
    "vLLM is said to take more memory than its model needs",
    "--gpu-memory-utilization 0.5   (LLM(gpu_memory_utilization=0.5), "
    "vllm_gpu_memory_utilization in TRL): the share of the card that it takes",
    "--max-model-len 8192 --max-num-seqs 8   where that share does not suffice",
    why="it takes nine tenths of the card at its start, whatever the model needs: what the weights "
    "leave becomes the cache of keys and values",
)


ENGINES: tuple[Symptom, ...] = (
    Symptom(
        "right-in-one-program",
        rf"^(?=[^\n]*(?:{_ENGINE}[^\n]{{0,60}}{_BAD}|{_BAD}[^\n]{{0,40}}{_ENGINE}))"
        rf"(?=[^\n]*(?:{_LIBRARY}[^\n]{{0,60}}{_FINE}|"
        rf"{_FINE}[^\n]{{0,40}}{_LIBRARY}))[^\n]{{1,200}}",
        _engine,
        {
            "使用VLLM加载模型后推理输出乱码，但使用transformer导入模型后输出就是正确": "template",
            "vLLM gives garbage after tuning, but it works in transformers": "temperature",
            "With HF transformers everything is fine, in sglang I get gibberish": "one <bos>",
            "vLLM works and so does transformers": "",
            "vLLM gives garbage": "",
        },
        words=("vllm", "v-llm", "sglang", "ollama", "llama", "studio", "tgi", "lmdeploy"),
        effects=("wrong-generation", "wrong-weights-saved"),
    ),
    Symptom(
        "saved-model-that-an-engine-refuses",
        rf"(?:{_ENGINE}[^\n.]{{0,60}}(?:can(?:no|')t|can not|could not|unable to|fail(?:s|ed)? to|"
        r"(?:does|do)(?: not|n't)) (?:\w+ )?(?:load|start|open|read|serve|deploy|work)\w*|"
        rf"(?:can(?:no|')t (?:be )?)?(?:load|start|serv|"
        rf"deploy)\w*[^\n.]{{0,60}}{_ENGINE}[^\n.]{{0,30}}(?:fail\w*|errors?\b)|"
        rf"(?:fail(?:s|ed)? to|can(?:no|')t|unable to) (?:load|start|serve|deploy)[^\n.]{{0,60}}"
        rf"{_ENGINE}|{_ENGINE}[^\n。]{{0,50}}(?:无法|不能|没法)(?:正常)?(?:加载|载入|启动|读取|"
        rf"部署|"
        rf"运行|推理)|"
        rf"{_ENGINE}[^\n。]{{0,20}}(?:加载|启动|部署)(?:失败|报错|不了))",
        lambda case: _load(case) if _TRAINED.search(case.hit.before) else None,
        {
            "训练后，merge后，用vllm0.9.2 - transformers 4.53.1无法启动": "architectures",
            "my fine-tuned model cannot be served: vLLM fails to load it": "index.json",
            "微调之后index.json不一样，vllm无法加载": "index.json",
            "vLLM cannot load the plugin of the editor": "",
            "vllm loads my merged model": "",
        },
        words=("vllm", "v-llm", "sglang", "ollama", "llama", "studio", "tgi", "lmdeploy"),
        yields=True,
        effects=("wrong-weights-saved", "load-fails"),
    ),
    Symptom(
        "adapter-that-an-engine-ignores",
        r"(?i:(?:LoRA|adapters?|fine-?tun\w{1,5})[^\n.]{0,80} (?:is|are|was|were|being|gets?|"
        r"effectively|silently|completely|simply) (?:effectively |silently |completely |simply |"
        r"being )?(?:ignored|NOT applied|dropped)|ignores? (?:the |my |our )?(?:LoRA|adapters?)|"
        r"(?:adapters?|LoRA)[^\n.]{0,60} (?:has|have|had) no (?:impact|influence)|"
        r"(?:looks?|answers?|behaves?|responds?) (?:exactly )?like (?:the )?base(?: model)?\b)",
        _adapter_ignored,
        {
            "vLLM, Gemma 4: LoRA adapters are ignored during inference despite loading": "merge",
            "fast_generate() (vLLM) behaves as if LoRA is NOT applied": "load_lora",
            "vllm serve: output looks like base model, LoRA ignored": "merge",
            "the LoRA adapter is ignored": "",
            "it looks like the base model of the house": "",
        },
    ),
    Symptom(
        "tokens-differ-in-gguf",
        near(
            r"\btokeni[sz](?:er|ation|es?|ed|ing)\b[^\n.]{0,60}(?:mismatch\w*|does not match|"
            r"(?:do|does)n't match|differ\w*|not the same|wrong(?:ly)?|incorrect(?:ly)?)|"
            r"(?:mismatch|differ|wrong|incorrect)\w*[^\n.]{0,20} tokeni[sz](?:er|ation|ing)\b",
            r"\bGGUF\b|llama\.cpp|llama-tokenize|\bollama\b|lm ?studio",
            80,
        ),
        told(
            "a GGUF is said to cut text into other tokens than transformers does",
            "llama-tokenize -m FILE.gguf -p TEXT   beside the ids that "
            "AutoTokenizer.from_pretrained(BASE)(TEXT) gives for the untouched repository",
            "these agree: the folder's tokenizer was changed (fix_mistral_regex, added tokens, "
            "a save by another release), and not the GGUF",
            "they differ: git pull in llama.cpp, and convert that folder anew",
            why="the model knows the tokens that it was trained with. A converter writes the "
            "vocabulary, and llama.cpp has the rules for cutting text in its own code, chosen by "
            "the kind of tokenizer; fix_mistral_regex rewrites such rules for Mistral's files",
        ),
        {
            "Gemma4 GGUF tokenizer mismatch with fixed Transformers tokenizer": "fix_mistral_regex",
            "llama.cpp tokenizes the same text differently than transformers": "llama-tokenize",
            "the tokenizer of the GGUF has 262144 entries": "",
        },
        words=("gguf", "llama", "studio"),
    ),
)
