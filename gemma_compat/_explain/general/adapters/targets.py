"""PEFT: targets that match too much, nothing, or names that have moved."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_LINEAR_ONLY = r"target_modules=r'^(?:.*\.)?language_model\..*\.(?:q|k|v|o|gate|up|down)_proj$'"


def _unsupported(case: Case) -> Answer:
    name = case.match["name"]
    return Answer(
        f"target_modules hits {name}, a whole block that PEFT cannot adapt",
        (_LINEAR_ONLY, "or target_modules='all-linear'"),
        why="a name in the list, or the pattern, matches the path of a block and not only of the "
        "linear layers in it: PEFT compares the end of each path with a name, and the whole path "
        "with a pattern",
        known="the message names the module that was hit",
        of_gemma="Gemma" in name,
    )


_ON_ANOTHER_ADAPTER = Answer(
    "target_modules names the inside of an adapter's own layers (base_layer, lora_A), "
    "which a plain model does not have",
    (
        "target_modules of the layers themselves (q_proj, v_proj, ..., or all-linear), "
        "and train again",
        "for this adapter: the first one on the base again, not merged, and this one on "
        "that: PeftModel.from_pretrained(PeftModel.from_pretrained(base, FIRST), THIS)",
    ),
    why="the names were collected from a model that had an adapter already, so that the "
    "second one lay upon the first; without the first, its layers have no place",
    known="PEFT says so; base_layer and lora_A are names of PEFT's layers",
)


def _of_layers(message: str) -> Answer | None:
    layers = re.search(r"You specified 'layers_to_transform': (\[?[\d, ]{1,60}\]?)", message)
    if layers is None:
        return None
    return Answer(
        "no module has both a name of target_modules and a layer of layers_to_transform: "
        f"{layers[1]}",
        (
            "print(model.config.get_text_config().num_hidden_layers)   : layers count from 0",
            "or leave layers_to_transform out; layers_pattern, where the layers' list has "
            "another name than layers",
        ),
        known="PEFT adds the layers to its message; which of the two fits nothing, it does not say",
    )


def _of_moved_paths(names: str) -> Answer | None:
    """Answer paths of the multimodal Gemma 3, which transformers 4.52 moved."""
    if re.search(r"(?<!model\.)language_model\.model\.layers", names):
        return Answer(
            "the pattern in target_modules is of the old module path, and matches nothing",
            (
                "write it for model.language_model.layers in place of language_model.model.layers",
                "or target_modules='all-linear'",
            ),
            why="transformers 4.52 moved the decoder of the multimodal Gemma 3 (and PaliGemma) "
            "from language_model.model.layers to model.language_model.layers",
            known="the pattern is in the message; the paths are those of transformers 4.51.3 and "
            "4.52.4",
            of_gemma=True,
        )
    if re.search(r"model\.language_model\.", names):
        return Answer(
            "the pattern in target_modules matches nothing in this model",
            (
                "before transformers 4.52 the path was language_model.model.layers; a text-only "
                "checkpoint has model.layers",
                "print([n for n, _ in model.named_modules()][:40]) shows the names that are there",
            ),
            why="module paths of the multimodal Gemma 3 moved in transformers 4.52",
            known="the pattern is in the message; which release ran decides",
            certain=False,
            of_gemma=True,
        )
    return None


def _not_found(case: Case) -> Answer:
    names = case.match["names"]
    if re.search(r"\bbase_layer\b|\blora_[AB]\b|\blora_dropout\b", names):
        return _ON_ANOTHER_ADAPTER
    special = _of_layers(case.message) or _of_moved_paths(names)
    if special is not None:
        return special
    return Answer(
        "no module of this model has a name that target_modules asks for",
        (
            "target_modules='all-linear'",
            "print({n.split('.')[-1] for n, _ in model.named_modules()}) shows the names",
        ),
        why="the names are another family's, or the pattern is not written for this model's paths",
        known="PEFT says so; it lists what was asked for",
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
            "PEFT does not find the sizes of the text model in the config of this multimodal model",
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
        {"ValueError: Target module Gemma3nTextModel(": "language_model"},
    ),
    General(
        "target-not-found",
        r"Target modules (?P<names>.{1,300}?) not found in the base model",
        _not_found,
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
        lambda case: Answer(
            "target_modules hits a "
            f"{next(filter(None, case.match.groups()), 'module')}, which PEFT cannot adapt",
            (_LINEAR_ONLY, "or target_modules='all-linear'"),
            why="LoRA takes linear layers, embeddings and convolutions; a short name in the list "
            "also ends the path of other modules. A layer of a quantization that this PEFT does "
            "not know counts as another kind too",
            known="the message names the module that was hit",
            settles=False,
        ),
        {
            "ValueError: Target module GemmaRMSNorm((2048,), eps=1e-06) is not supported. "
            "Currently, only the following modules are supported": "GemmaRMSNorm",
            "ValueError: Target module Gemma3nRMSNorm is not supported": "a Gemma3nRMSNorm",
            "> ) is not supported. Currently, only the following modules are supported: "
            "`torch.nn.Linear`, `torch.nn.Embedding`": "hits a module",
            "This format is not supported. Currently, only the following are supported: csv": "",
            "ValueError: Target module WQLinear_GEMM is not supported. Currently, only": (
                "quantization"
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
            "the names to leave out (exclude_modules) leave no module that target_modules asks for",
            "print([n for n, m in model.named_modules() if 'proj' in n][:20])   and narrow "
            "exclude_modules",
            known="PEFT says so",
        ),
        {"ValueError: All modules were excluded. This is likely unintended.": "exclude_modules"},
    ),
)
