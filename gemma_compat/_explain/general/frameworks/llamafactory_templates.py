"""The names of LLaMA-Factory's templates, and which of them a refused name comes close to."""

from __future__ import annotations

import re
from difflib import get_close_matches

# Read in data/template.py of 0.9.5, with a blank between two.
_NAMES = (
    "aeva alpaca bailing bailing_v2 breeze chatglm3 chatml chatml_de cohere cpm4 custom dbrx "
    "deepseek deepseek3 deepseekcoder deepseekr1 default dots_ocr empty ernie ernie_nothink "
    "ernie_vl exaone falcon falcon_h1 fewshot gemma gemma2 gemma3 gemma3n gemma4 gemma4n glm4 "
    "glm4_5v glm4_7 glm4_moe glm4v glm_ocr glmz1 gpt_oss granite3 granite3_vision granite4 "
    "hunyuan hunyuan_small hy3 index intern2 intern_s1 intern_vl keye_vl kimi_vl lfm2 lfm2_vl "
    "llama2 llama2_zh llama3 llama4 llava llava_next llava_next_llama3 llava_next_mistral "
    "llava_next_qwen llava_next_video llava_next_video_mistral llava_next_video_yi "
    "llava_next_yi mimo mimo_v2 mimo_vl minicpm_o minicpm_v minicpm_v_4_6 minimax1 minimax2 "
    "ministral ministral3 mistral mistral_small mllama moonlight olmo openchat openchat-3.6 "
    "opencoder paligemma paligemma_chat phi phi4 phi4_mini phi_small pixtral qwen qwen2_audio "
    "qwen2_omni qwen2_vl qwen3 qwen3_5 qwen3_5_nothink qwen3_6 qwen3_nothink qwen3_omni "
    "qwen3_omni_nothink qwen3_vl qwen3_vl_nothink sailor seed_coder seed_oss smollm smollm2 "
    "solar starchat telechat2 vicuna video_llava xuanyuan yi yi_vl youtu youtu_vl yuan zephyr "
)
# Names of 0.9.3 that 0.9.5 no longer has.
_GONE = (
    "aquila atom baichuan baichuan2 belle bluelm chatglm2 codegeex2 codegeex4 cpm cpm3 intern "
    "marco orion skywork_o1 telechat xverse yayi ziya "
)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def is_gone(name: str) -> bool:
    """Return whether an older release has the name and a newer one has not."""
    return name in _GONE.split()


def meant_by(name: str) -> str:
    """Return the template of 0.9.5 that is written almost so; empty where none is.

    >>> meant_by("gemma-3"), meant_by("qwen2.5-vl"), meant_by("llama-2"), meant_by("foo")
    ('gemma3', '', 'llama2', '')
    """
    same = [item for item in _NAMES.split() if _plain(item) == _plain(name)]
    if same:
        return "" if same[0] == name else same[0]
    figures = re.findall(r"\d+", name)
    near = get_close_matches(name.lower(), _NAMES.split(), n=3, cutoff=0.8)
    return next((item for item in near if re.findall(r"\d+", item) == figures), "")
