"""Symptoms told of an engine that serves what was trained: it loads it not, or answers "
"otherwise."""

from __future__ import annotations

import re

from .base import FINE as _FINE
from .base import Symptom, told

_ENGINE = r"(?:\b(?:v-?llm|sglang|ollama|llama\.?cpp|lm ?studio|TGI|lmdeploy)(?![a-z]))"
_LIBRARY = r"(?:\btransform(?:er|ers)?\b|\bhugging ?face\b|\bHF\b|\bpeft\b|\bunsloth\b|原模型|脚本)"
_BAD = (
    r"(?:gibberish|garbage|garbled|nonsense|random|wrong|incorrect|\bbad(?:ly)?\b|repeat\w*|worse|"
    r"empty|!!!!|乱码|乱答|胡|不对|不正确|不符合|重复|很差|变差|错误|不正常|异常)"
)

_engine = told(
    "the same weights are said to answer well in transformers and badly in an engine",
    "pip install -U vllm   (or the engine that it is), and one prompt at temperature 0 in both",
    "the ids of that prompt in both: one <bos>, the same template?",
    "python -m json.tool FOLDER/config.json | grep -E 'architectures|tie_word|dtype'   : as in the "
    "base checkpoint?",
    why="transformers shows that the weights are right. What is left is the engine's prompt, its "
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
)
