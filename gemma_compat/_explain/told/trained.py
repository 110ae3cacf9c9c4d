"""Symptoms told of which weights are trained: none, all, or others than meant."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, told

# An adapter on a tower for images or sound, in a sentence that shows that it was not meant.
_ON_THE_TOWER = (
    r"^(?=[^\n]*\b(?:also (?:got|gets?|lands?|hits?|ends? up)|why|never|text[- ]only|"
    r"only text|unexpected\w*|"
    r"accidental\w*|although|though|unintended|by mistake|wrongly|silently)\b)"
    r"[^\n]{0,200}\b(?:(?:lora|adapters?|all-linear)\b[^\n]{0,50}\b(?:attach\w*|add\w*|appl\w+|"
    r"puts?|inject\w*|insert\w*|land\w*|match\w*|hits?|reach\w*|wraps?|weights|layers|modules) "
    r"[^\n]{0,30}?|(?:lora|adapters?) (?:on|in|to|into) (?:all )?(?:the |\d+ )?)"
    r"\b(?:vision|audio)[-_ ]?(?:tower|encoder|layers)"
)


_trained = told(
    "what is trained is said to be other than meant",
    "model.print_trainable_parameters(); print([n for n, p in model.named_parameters() if "
    "p.requires_grad][:40])",
    "target_modules as a regular expression that names the language model: "
    r"r'.*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)'",
    "modules_to_save and exclude_modules: which names of them does the model have?",
    "model.train(), and prepare_model_for_kbit_training before get_peft_model",
    why="names of target_modules are ends or patterns of module names, and those of the "
    "multimodal Gemmas moved in transformers 4.52; 'all-linear' takes the vision tower too; the "
    "experts of a Gemma 4 MoE are not linear layers; an adapter loaded without is_trainable=True "
    "is frozen",
    of_gemma=True,
)
# How a run is set up on purpose: all weights are trained, or all but some are frozen.
_ON_PURPOSE = re.compile(
    r"(?i)\bfull\b[^\n.]{0,12}(?:fine-?tun|param|train)|\bexcept\b|\b(?:I|we|to) (?:freeze|"
    r"froze)\b|"
    r"全(?:参|量)"
)
_AMISS = re.compile(
    r"(?i)\b(?:although|though|but|instead|unexpected\w*|even|why|still|should|expected|wrong\w*|"
    r"however|only)\b|[?？]"
)


_SEEN = (
    "model.print_trainable_parameters(); print([n for n, p in model.named_parameters() if "
    "p.requires_grad][:40])"
)
_all_trained = told(
    "all weights are said to be trained where an adapter was meant",
    _SEEN + "   : names with lora_ in them?",
    "which setting makes the adapter: finetuning_type: lora (LLaMA-Factory), --train_type lora or "
    "--tuner_type lora (ms-swift), adapter: lora (axolotl), peft_config=LoraConfig(...) (TRL): is "
    "it read? The first lines of the log print the arguments",
    "without the backend for speed (--tuner_backend peft in ms-swift, use_unsloth: false), or with "
    "4 bits: an adapter then? Then that backend, or the framework's call of it, asks for full "
    "fine-tuning: update both",
    "model = get_peft_model(model, config)   and that model for the trainer, not the one before",
    why="the share is counted on the model that the trainer has; 100% means that nothing froze the "
    "base, which making an adapter does",
)
_whole_tables = told(
    "far more is said to be trained than an adapter has",
    _SEEN + "   : embeddings, lm_head, a tower?",
    "modules_to_save (and target_modules) without embed_tokens, wte and lm_head: these are trained "
    "whole, and a script may add them for a base model or for new tokens",
    "delete what was set before get_peft_model: requires_grad_(True) on a part, a tower or "
    "projector that is left free",
    why="rank and targets change some tenths of a percent; embeddings and head of a large "
    "vocabulary are several percent to a third of a small model, whatever the rank",
)
_frozen = told(
    "a loaded adapter is said to have nothing that is trained",
    "PeftModel.from_pretrained(model, ADAPTER, is_trainable=True)   : without it the adapter is "
    "loaded for inference, frozen",
    "prepare_model_for_kbit_training(model)   before the adapter is loaded, and not after it: it "
    "freezes everything",
    _SEEN,
    why="PEFT freezes what it loads unless it is told that training goes on",
)
_no_target = told(
    "nothing, or nearly nothing, is said to be trained",
    "print({n.split('.')[-1] for n, m in model.named_modules() if 'Linear' in type(m).__name__})   "
    "and target_modules (keys, in mlx-lm) by these names: Phi, CodeGen, GLM, Qwen and others have "
    "qkv_proj, query_key_value, c_attn, gate_up_proj",
    'target_modules="all-linear"   finds them itself',
    "PeftModel.from_pretrained(model, ADAPTER, is_trainable=True)   where an adapter is loaded; in "
    "inference nothing is trainable, and rightly",
    _SEEN,
    why="names that a model has not match nothing, in some programs without an error; a loaded "
    "adapter is frozen unless told otherwise",
)
_ALL = re.compile(
    r"(?i)\b100(?:\.0*)? ?%|\ball (?:the )?(?:model )?(?:parameters|params|weights|layers) "
    r"(?:are |is )?(?:being )?"
    r"(?:trainable|trained)|全部参数|所有参数"
)
_OF_ADAPTERS = re.compile(r"(?i)\blora\b|\bq?lora|adapter|\bpeft\b")
_MUCH = re.compile(r"(?<![\d.])(?:[5-9]|[1-9]\d)(?:\.\d+)? ?%")
_HOW = re.compile(r"(?i)\W*how (?:do|can|to|should|could)\b")
_ASKS = re.compile(r"(?i)\bwhy\b|\bexpected\b|[?？]|原因|为什么|还是|问题")
_NONE = re.compile(
    r"(?i)(?:trainable|trained|training)[^\n]{0,30}?(?<![\d.,])0(?:\.0*)?(?![\d.,]*\d)|"
    r"(?<![\d.,])0(?:\.0+)? ?%|"
    r"\b(?:no|zero|none|0) (?:of the )?(?:trainable|parameters|weights|layers)|"
    r"可训练参数[^\n]{0,8}(?:为|是) ?[0零]"
)
_LOADS = re.compile(
    r"(?i)\b(?:re)?load\w*|resum\w*|continu\w*|checkpoint|from_pretrained|second (?:stage|round)|"
    r"加载|继续|恢复"
)


def _trained_otherwise(case: Case) -> Answer | None:
    """Answer where it is not meant so."""
    is_meant = _ON_PURPOSE.search(case.hit.text) or re.match(r"(?i)(?:all|most)\b", case.match[0])
    if is_meant and (not _AMISS.search(case.hit.text) or _HOW.match(case.hit.text)):
        return None
    if _ALL.search(case.hit.text) and _OF_ADAPTERS.search(case.hit.before):
        return _all_trained(case)
    if _MUCH.search(case.hit.text):
        is_asked = _AMISS.search(case.hit.text) or _ASKS.search(case.hit.before)
        return _whole_tables(case) if is_asked else None
    if _NONE.search(case.hit.text):
        return (_frozen if _LOADS.search(case.hit.text) else _no_target)(case)
    return _trained(case)


TRAINED: tuple[Symptom, ...] = (
    Symptom(
        "too-few-or-many-trained",
        r"\btrainable (?:params?|parameters)?:? ?(?:is|are|=|:|show\w*|being|says?)? ?(?:always )?"
        r"(?:0\b(?!\.[0-9]*[1-9])|"
        r"none|zero|100 ?%)|\b(?:0|zero|no) trainable (?:params?|parameters|weights|layers)|"
        r"\b(?:no|none of the|not all|all|most|fewer|more|too many|too few|wrong number of|"
        r"unexpected) (?:the )?(?:model |lora )?(?:parameters|params|layers|weights) (?:(?:is|are|"
        r"were|"
        r"being|get) )?(?:trainable|trained|frozen)|"
        r"\btrainable (?:params?|parameters)[^\n.]{0,50}(?:too many|too few|more than|less than|"
        r"larger than|higher than|lower than|unexpected|different|doubles?|wrong|than expected)|"
        r"\b(?:differen\w*|mismatch|discrepancy)[^\n.]{0,40}\b(?:trainable (?:params?|parameters)|"
        r"number of (?:trained|trainable))|"
        r"\b(?:vision|audio|embed\w*|lm_head|expert\w*|projector)(?:(?!after)[^\n.]){0,30}(?:is|"
        r"are|was|were|"
        r"being|still)(?: still| not|n't)? (?:trained|frozen|updated|trainable|adapted)\b|"
        r"可训练参数.{0,8}(?:为 ?0|是 ?0|太多|过多|不对|异常)|"
        r"(?<![\d.])(?:0(?:\.0+)?|(?:[5-9]|[1-9]\d|100)(?:\.\d+)?) ?%[^\n.]{0,20}\btrain(?:able|ed|"
        r"ing) (?:params?|"
        r"parameters|weights)|(?:\btrainable (?:params?|parameters)|可训练参数|"
        r"trainable参数)[^\n]{0,40}?"
        r"(?<![\d.])(?:0(?:\.0+)?|(?:[5-9]|[1-9]\d|100)(?:\.\d+)?) ?%|" + _ON_THE_TOWER,
        _trained_otherwise,
        {
            "trainable params: 0 after loading my adapter for gemma-3": "is_trainable",
            "trainable parameters are more than expected with r=8": "requires_grad",
            "the vision tower is still trained though I froze it": "exclude_modules",
            'target_modules="all-linear" puts LoRA on the vision tower of Gemma 3, I train on text '
            "only": "all-linear",
            "the target_modules attach LoRA to 81 vision-tower modules that never see a gradient": (
                "all-linear"
            ),
            "my adapter has LoRA weights in vision_tower.encoder.layers, why?": "all-linear",
            "We also add LoRA adapters to the vision encoder and train both": "",
            "How do I add LoRA to the vision tower of Gemma 3?": "",
            "In full fine-tuning all parameters are trained, and I run out of memory": "",
            "All layers are frozen except the last two": "",
            "Why are all parameters trainable although I use LoRA?": "requires_grad",
            "I set train_type lora with unsloth, the trainable parameters are still at 100%": (
                "tuner_backend"
            ),
            "我把 lora rank 从64降为8，trainable parameters的占比还是28%左右": "modules_to_save",
            "lora-weight is loaded with peft without an error but has trainable params: 0": (
                "is_trainable=True"
            ),
            "I get 0% training parameters when I train Phi-4": "qkv_proj",
            "How do I make all layers trainable with LoRA?": "",
            "可训练参数占比0.5%，正常吗？": "",
            "We have 12% trainable parameters for LoRA r=256, as the paper does": "",
            "trainable params: 1,000 || all params: 2,000,000 || trainable%: 0.05": "",
        },
        words=(
            "trainable",
            "training param",
            "trained",
            "frozen",
            "updated",
            "adapted",
            "可训练",
            "vision",
            "audio",
        ),
        effects=("nothing-learned", "adapter-refused"),
    ),
)
