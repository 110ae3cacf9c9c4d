"""Checkpoints and adapters that vLLM does not load."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_AS_4_BITS = "vllm serve FOLDER --quantization bitsandbytes --load-format bitsandbytes"
_MERGED = "or serve a merged model: model.merge_and_unload(), save_pretrained, no adapter"
_IN_VLLM = r"[/\\.]vllm[/\\. ]|\bvLLM\b|\bvllm\b|EngineCore"


# Names that Mistral's and Meta's own code gives to weights.
_MAKERS = re.compile(r"layers\.\d+\.(?:attention\.w[qkvo]|feed_forward\.w\d|attention_norm)\b")


def _in_the_makers_names(name: str) -> Answer:
    return Answer(
        f"the folder holds weights in Mistral's or Meta's own names ({name})",
        (
            "move consolidated*.safetensors (or .pth) out of the folder, where the "
            "model-*.safetensors lie beside it",
            "or a folder with only those: convert it first, or, for a Mistral, vllm serve "
            "FOLDER --tokenizer-mode mistral --config-format mistral --load-format mistral",
            "pip install -U vllm   : newer ones leave that file out themselves",
        ),
        why="some repositories hold each weight twice, once for the maker's own code; an older "
        "vLLM reads every file",
        known="the key of the error",
        certain=False,
        settles=False,
    )


def _by_its_last_part(name: str) -> Answer | None:
    """Answer by the name alone: one of bitsandbytes, or of a part that vLLM's class has not."""
    if re.search(r"\.(?:absmax|quant_map|nested_\w+|quant_state\S*)$", name):
        return Answer(
            f"the files are in 4 bits of bitsandbytes ({name}), and vLLM read them as plain ones",
            (
                _AS_4_BITS,
                "or merge again in 16 bits (Unsloth: save_method='merged_16bit'), and serve that "
                "folder",
            ),
            why="quantization_config in config.json and these options tell vLLM that weights are "
            "in 4 bits; a class of an older vLLM may not know such files",
            known="the key of the error is one that bitsandbytes writes",
        )
    if not re.search(r"(?:_proj|fc\d|dense)\.(?:weight|bias)$", name):
        return Answer(
            f"vLLM's class of this model has no parameter {name}, which the files hold",
            (
                "pip install -U vllm   where the base checkpoint has that name too: the model is "
                "newer than vLLM",
                "else merge or save again, with the base checkpoint's config.json",
            ),
            why="a class of vLLM knows the parts of its model by name",
            known="the key of the error; which of the two it is, it does not say",
            settles=False,
        )
    return None


def _no_such_name(case: Case) -> Answer | None:
    """Answer a KeyError of a weight's name from a class's load_weights."""
    name = case.match["name"]
    where = case.around if case.frames else case.above + case.around + case.hit.before
    if not re.search(_IN_VLLM, where):
        return None
    if re.search(r"lora_|base_layer|modules_to_save", name):
        if re.search(r"vllm[/\\]lora[/\\]|--?enable[-_]lora", case.above + case.around):
            return _adapter_elsewhere(case)
        return Answer(
            f"the files hold {name}, which is a tensor of an adapter: nothing was merged",
            (
                "model.merge_and_unload() and save_pretrained, and serve that folder",
                "or vllm serve BASE --enable-lora --lora-modules NAME=FOLDER",
            ),
            known="the key of the error",
        )
    if _MAKERS.search(name):
        return _in_the_makers_names(name)
    known = _by_its_last_part(name)
    if known is not None:
        return known
    return Answer(
        f"vLLM's class of this model has no parameter {name}, which the files hold",
        (
            f"{_AS_4_BITS}   if the weights are in 4 bits",
            "or delete quantization_config from FOLDER/config.json, if they are in 16 bits",
            "or merge again in 16 bits, with the base checkpoint's config.json",
        ),
        why="vLLM names a layer's parameters by the quantization that config.json states: after "
        "training in 4 bits, a merge may leave that entry beside 16-bit weights, or 4-bit weights "
        "without it",
        known="the key of the error; which of these it is, config.json says, not the log",
        settles=False,
    )


def _adapter_elsewhere(case: Case) -> Answer:
    tower = case.says(r"received \[[^\]\n]{0,400}(?:vision|audio|visual|projector|embed_vision)")
    return Answer(
        "the adapter has layers in the vision or audio part, which this vLLM does not adapt"
        if tower
        else "the adapter has layers that this vLLM does not adapt in this model",
        (
            "model.merge_and_unload(), save_pretrained, and serve the merged model",
            "or train the language part alone: finetune_vision_layers=False with Unsloth; "
            "target_modules as an expression on language_model",
        )
        if tower
        else (
            "model.merge_and_unload(), save_pretrained, and serve the merged model",
            "or train again on the attention and MLP projections alone: no lm_head, embed_tokens "
            "or modules_to_save",
        ),
        known="vLLM names what it was given",
    )


KINDS: tuple[General, ...] = (
    General(
        "attention-backend-left",
        r"Cannot use (?P<name>[\w-]{1,40})(?: backend)? for head size (?P<size>\d{1,4})",
        lambda case: Answer(
            f"vLLM has no {case.match['name']} for heads of size {case.match['size']}, and takes "
            "another backend",
            (
                "nothing, where loading goes on: the next line names what is used instead",
                "what failed, if something did, stands further down in the log",
                "pip install -U vllm   for a newer choice of backends",
            ),
            why="72 is the head size of the vision tower (SigLIP) of Gemma 3"
            if case.match["size"] == "72"
            else "each backend has its own list of head sizes",
            known="the line is a notice of vLLM and no error",
            certain=False,
            settles=False,
            of_gemma=case.match["size"] == "72",
        ),
        {"Cannot use FlashAttention-2 backend for head size 72.": "vision tower"},
        alone=True,
    ),
    General(
        "name-not-in-vllms-class",
        r"KeyError: '(?P<name>(?:[a-z_]\w{0,30}\.){0,4}layers\.\d{1,3}\.[\w.]{3,100})'",
        _no_such_name,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/vllm/model_executor/'
            'models/gemma2.py", line 339, in load_weights\n    p = d[name]\n'
            "KeyError: 'layers.0.mlp.down_proj.weight'": "bitsandbytes",
            'Traceback (most recent call last):\n  File "/x/site-packages/vllm/worker.py", line '
            "3, in f\n    p = d[name]\nKeyError: 'model.layers.0.self_attn.q_proj.lora_A.weight'": (
                "adapter"
            ),
            'Traceback (most recent call last):\n  File "/x/site-packages/vllm/model_executor/'
            'models/llama.py", line 412, in load_weights\n    param = params_dict[name]\n'
            "KeyError: 'layers.0.attention.wk.weight'": "consolidated",
            "KeyError: 'layers.0.mlp.down_proj.weight'": "",
            'to be served by vLLM\nTraceback (most recent call last):\n  File "/w/convert.py", '
            "line 4, in f\n    x = s[n]\nKeyError: 'model.layers.0.self_attn.q_proj.weight'": "",
            'Traceback (most recent call last):\n  File "/x/site-packages/vllm/model_executor/'
            'models/llama.py", line 430, in load_weights\n    param = params_dict[name]\n'
            "KeyError: 'layers.0.mlp.down_proj.weight.absmax'": "as plain ones",
            'Traceback (most recent call last):\n  File "/x/site-packages/vllm/model_executor/'
            'models/qwen2.py", line 430, in load_weights\n    param = params_dict[name]\n'
            "KeyError: 'layers.0.self_attn.q_norm.weight'": "newer than vLLM",
        },
    ),
    General(
        "old-four-bit-config",
        r"Cannot find any of \[[^\]\n]{0,200}\] in the model's quantization config",
        always(
            "the quantization config beside the weights is not in a form that this vLLM reads",
            "pip install -U vllm",
            f"or {_MERGED.removeprefix('or ')}",
            why="older releases of vLLM look for their own keys in an adapter's or a 4-bit "
            "checkpoint's config",
            known="the message; which release reads it is not in the log",
            settles=False,
        ),
        {
            "ValueError: Cannot find any of ['adapter_name_or_path'] in the model's quantization "
            "config.": "pip install -U vllm"
        },
        alone=True,
    ),
    General(
        "compressed-scheme-not-found",
        r"Unable to find matching target for \S{1,120} in the compressed-tensors config",
        always(
            "the checkpoint's quantization config names layers otherwise than this vLLM does",
            "pip install -U vllm",
            "or quantize again with an llm-compressor of the same time as the vLLM that serves it",
            why="names of modules moved between releases of transformers and vLLM; the config "
            "keeps those of the release that wrote it",
            known="the message; which of the two is older, it does not say",
            settles=False,
        ),
        {
            "ValueError: Unable to find matching target for language_model.x in the "
            "compressed-tensors config.": "llm-compressor"
        },
        alone=True,
    ),
)
