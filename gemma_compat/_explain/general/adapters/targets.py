"""PEFT: targets that match too much, nothing, or names that have moved."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .not_found import not_found

_LINEAR_ONLY = r"target_modules=r'^(?:.*\.)?language_model\..*\.(?:q|k|v|o|gate|up|down)_proj$'"


_NAMES = (
    "target_modules=['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', "
    "'down_proj']   in place of shorter names (their names in this model: print(model))"
)
# Models with towers beside a language model, and the parts of such.
_OF_SEVERAL = re.compile(
    r"(?i)gemma(?:3|3n|4)(?!_?text)|paligemma|vision|siglip|clip|audio|vl|llava|multimodal|projector"
)


def _only_linear(case: Case, name: str) -> tuple[str, str]:
    """Return what hits linear layers alone: a pattern for the language model of several parts, or
    names.
    """
    several = _OF_SEVERAL.search(f"{name} {case.log.model_name or ''}") or re.search(
        r"vision_tower|\blanguage_model\b|multi_modal", case.near
    )
    return (_LINEAR_ONLY if several else _NAMES, "or target_modules='all-linear'")


def _unsupported(case: Case) -> Answer:
    name = case.match["name"]
    return Answer(
        f"target_modules hits {name}, a whole block that PEFT cannot adapt",
        _only_linear(case, name),
        why="a name in the list, or the pattern, matches the path of a block and not only of the "
        "linear layers in it: PEFT compares the end of each path with a name, and the whole path "
        "with a pattern",
        known="the message names the module that was hit",
        of_gemma="Gemma" in name,
    )


# Layers of a quantizer: GPTQ's, AWQ's and others.
_QUANTIZED = re.compile(
    r"(?i)quant|^wq|awq|gptq|marlin|exllama|hqq|aqlm|eetq|fp8|qlinear|linear[48]bit"
)
_QUANTIZERS = (
    (re.compile(r"(?i)^wq|awq"), "autoawq", ""),
    (re.compile(r"(?i)hqq"), "hqq", ""),
    (re.compile(r"(?i)linear[48]bit"), "bitsandbytes", ""),
    (
        re.compile(r"(?i)(?:triton|torch|marlin|exllama|cuda|ipex|bitblas)\w{0,12}quantlinear"),
        "gptqmodel",
        ">=0.15.0",
    ),
)


def _of_another_kind(case: Case) -> Answer:
    name = next(filter(None, case.match.groups()), "module")
    if not _QUANTIZED.search(name):
        return Answer(
            f"target_modules hits a {name}, which PEFT cannot adapt",
            _only_linear(case, name),
            why="LoRA takes linear layers, embeddings and convolutions; a short name in the list "
            "also ends the path of other modules. A layer of a quantization that this PEFT does "
            "not know counts as another kind too",
            known="the message names the module that was hit",
            settles=False,
        )
    packages = next((row[1:] for row in _QUANTIZERS if row[0].search(name)), ("", ""))
    quantizer, bound = packages
    return Answer(
        f"target_modules hits a {name}, a quantized layer that this PEFT cannot adapt",
        (
            f"pip install -U 'peft{bound}' {quantizer}".rstrip() + "   and restart the kernel",
            "or the checkpoint in 16 bits with load_in_4bit=True (QLoRA)",
        ),
        why="PEFT has its own adapter layer for each kind of quantized one, and tells a kind by "
        "the package that made it: a PEFT that is older than the kind, or without that package, "
        "takes it for a plain module",
        known="the message names the module"
        + ("; PEFT knows gptqmodel's layers since 0.15.0, read in its wheels" if bound else ""),
        settles=False,
    )


def _prefix_and_mask(case: Case) -> Answer | None:
    """Answer where a prefix is tuned: its tokens are in one of the two tensors only."""
    if case.facts.model.get("peft") != "PREFIX_TUNING":
        return None
    return Answer(
        "the tokens of the trained prefix are in the keys and not in the mask",
        ("pip install -U 'peft>=0.20.0' 'transformers>=4.56'", "or train LoRA"),
        why="prefix tuning hands a filled cache to a Gemma 2 or 3, whose cache and mask of earlier "
        "releases do not take one",
        known="run on tiny models: peft 0.15.2 with transformers 4.50.3 fails so, peft 0.21.2 with "
        "5.23.0 works",
        certain=False,
    )


def _unplaced(case: Case) -> Answer:
    return Answer(
        "the adapter's file lacks tensors that this model's adapter asks for: those layers are "
        "not the trained ones",
        (
            "load it with the transformers and peft that trained it, or rename the keys in "
            "adapter_model.safetensors",
            "load the class that was trained (AutoModelForCausalLM or the multimodal one)",
        ),
        why="names in the file and in the model differ. transformers 4.52 moved the decoder of "
        "multimodal models, and another class has other paths",
        known="PEFT's warning lists the names; which side moved is not in it",
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "no-default-targets",
        r"Please specify `target_modules`",
        always(
            "PEFT has no default target_modules for this model type, and none are named",
            "target_modules='all-linear'   (a multimodal model: a regular expression that begins "
            "with its language model)",
            "IA3: target_modules and feedforward_modules",
            why="PEFT keeps a table of defaults by model type, for LoRA and for IA3 apart",
            known="PEFT says so",
        ),
        {"ValueError: Please specify `target_modules` in `peft_config`": "all-linear"},
    ),
    General(
        "sizes-not-found-for-a-prompt",
        r"Please specify `(?:num_layers|num_attention_heads|token_dim)` in `peft_config`",
        always(
            "PEFT does not find the model's sizes in its config: most often a multimodal one's",
            "pip install -U 'peft>=0.20.0'",
            "or num_layers, token_dim and num_attention_heads in the config of the adapter",
            why="prefix and prompt tuning need them; up to 0.15 PEFT reads the outer config only, "
            "from 0.16 on its text_config",
            known="run with peft 0.15.2 (fails) and 0.21.2 (works) on a tiny Gemma 3; 0.16.0 was "
            "read",
        ),
        {"ValueError: Please specify `num_layers` in `peft_config`": "peft>=0.20.0"},
    ),
    General(
        "prefix-not-in-the-mask",
        r"The size of tensor a \(\d+\) must match the size of tensor b \(\d+\) at non-singleton",
        _prefix_and_mask,
        {
            "PrefixTuningConfig(num_virtual_tokens=4)\npeft==0.15.2\nRuntimeError: The size of "
            "tensor a (12) must match the size of tensor b (8) at non-singleton dimension 3": (
                "peft>=0.20.0"
            ),
            "RuntimeError: The size of tensor a (12) must match the size of tensor b (8) at "
            "non-singleton dimension 3": "",
        },
    ),
    General(
        "adapter-tensors-missing",
        r"Found missing adapter keys while loading the checkpoint",
        _unplaced,
        {
            "UserWarning: Found missing adapter keys while loading the checkpoint: "
            "['base_model.model.model.a.lora_A.default.weight',": "names in the file"
        },
        alone=True,
    ),
    General(
        "target-is-a-block",
        r"Target module (?P<name>(?!Gemma4ClippableLinear)\w*(?:Model|Layer|Attention|MLP|Tower|"
        r"Encoder|Decoder|Experts?|Block|Embedder|ModuleList|Sequential))\(",
        _unsupported,
        {
            "ValueError: Target module Gemma3nTextModel(": "language_model",
            "run_language_modeling.py\nValueError: Target module LlamaMLP(\n  (gate_proj)": (
                "['q_proj', 'k_proj'"
            ),
        },
    ),
    General(
        "target-not-found",
        r"Target modules (?P<names>.{1,300}?) not found in the base model",
        not_found,
        {
            "ValueError: Target modules {'q_proj'} not found in the base model. Please check the "
            "target modules and try again. Note: You specified 'layers_to_transform': [90, 91].": (
                "num_hidden_layers"
            ),
            "ValueError: Target modules language_model.model.layers.[\\d]+.q_proj not found in the "
            "base model. Please check": "4.52",
            "ValueError: Target modules {'base_layer'} not found in the base model.": "train again",
            "ValueError: Target modules {'query_key_value'} not found in the base model.": (
                "all-linear"
            ),
            "ValueError: Target modules [] not found in the base model. Please": "is empty",
            "ValueError: Target modules q_proj,v_proj not found in the base model. Please check": (
                "['q_proj', 'v_proj']"
            ),
            "model = PeftModel.from_pretrained(model, path)\n"
            "ValueError: Target modules {'in_proj_qkv'} not found in the base model. Please": (
                "class that was trained"
            ),
        },
    ),
    General(
        "target-of-another-kind",
        r"Target module (?P<name>\w{1,60})\([^\n]{0,300} is not supported|"
        r"Target module (?P<other>\w{1,60})\([^\n]{0,120}is not a|"
        r"Target module (?P<bare>(?:WQ|Quant|Q|Exllama)\w{0,20}Linear\w{0,20}|QuantLinear|"
        r"\w{0,30}Norm) is not "
        r"supported|"
        r"\) is not supported\. Currently, only the following modules are supported: ",
        _of_another_kind,
        {
            "ValueError: Target module GemmaRMSNorm((2048,), eps=1e-06) is not supported. "
            "Currently, only the following modules are supported": "['q_proj', 'k_proj'",
            "ValueError: Target module Gemma3nRMSNorm is not supported": "a Gemma3nRMSNorm",
            "> ) is not supported. Currently, only the following modules are supported: "
            "`torch.nn.Linear`, `torch.nn.Embedding`": "hits a module",
            "This format is not supported. Currently, only the following are supported: csv": "",
            "ValueError: Target module WQLinear_GEMM is not supported. Currently, only": (
                "autoawq"
            ),
            "ValueError: Target module TritonV2QuantLinear() is not supported. Currently, only": (
                "peft>=0.15.0"
            ),
        },
    ),
    General(
        "task-type-unknown",
        r"Invalid task type: '(?P<name>[^'\n]{1,40})'",
        always(
            "PEFT knows no task of that name",
            'task_type="CAUSAL_LM"   (SEQ_CLS, SEQ_2_SEQ_LM, TOKEN_CLS, FEATURE_EXTRACTION)',
        ),
        {"ValueError: Invalid task type: 'CAUSAL_LLM'. Must be one of the following": "CAUSAL_LM"},
    ),
    General(
        "everything-excluded",
        r"All modules were excluded|No modules were targeted for adaptation",
        always(
            "exclude_modules and modules_to_save leave no module that target_modules asks for",
            "print([n for n, m in model.named_modules() if 'proj' in n][:20])   and narrow "
            "exclude_modules, or take the names of modules_to_save out of target_modules",
            known="PEFT says so",
        ),
        {"ValueError: All modules were excluded. This is likely unintended.": "modules_to_save"},
    ),
)
