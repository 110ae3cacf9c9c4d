"""Names of weights that vLLM's loader does not know: of quantizers, experts and rollouts."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_IN_VLLM = r"[/\\.]vllm[/\\. ]|\bvLLM\b|\bvllm\b|EngineCore|load_weights|gemma4\.py"
_TENSOR = (
    r"(?:[\w-]{1,40}\.){1,10}(?:experts\.\d{1,4}\.\w{2,30}(?:\.\w{2,40})?|"
    r"\w{2,40}(?:_packed|_scale(?:_\d)?|_scales?|qweight|qzeros|g_idx))"
)


def _quantized(case: Case) -> Answer | None:
    if not re.search(_IN_VLLM, f"{case.above}{case.around}{case.near}"):
        return None
    name = case.match["name"]
    return Answer(
        f"this vLLM's class has no place for {name}, a tensor of a quantized checkpoint",
        (
            "a newer vLLM (or its nightly image): pip install -U vllm",
            "or a checkpoint of the same model from another quantizer, or the 16-bit one",
        ),
        why="each quantizer names its packed weights and scales in its way, experts most of all, "
        "and a class of vLLM learns these names release by release",
        known="the key of the error; whether a newer release has the name, it does not say",
        certain=False,
        settles=False,
    )


def _synchronized(case: Case) -> Answer | None:
    said = f"{case.above}{case.around}{case.near}"
    if not re.search(r"weight[ _]sync|update_weights|adapter mode|rollout", said):
        return None
    return Answer(
        "weights are sent to a vLLM that serves adapters, under the names of a model without them",
        (
            "send the adapter (a LoRARequest) alone, or the merged weights to a vLLM without "
            "enable_lora",
            "or the base weights of wrapped layers as ...q_proj.base_layer.weight",
        ),
        why="with enable_lora vLLM wraps each layer that may take an adapter, and its weight lies "
        "in base_layer; the trainer has to name it so",
        known="the key of the error, and that the text speaks of sending weights",
        certain=False,
        settles=False,
    )


def drafter_unknown(name: str) -> Answer:
    """Answer for a drafter whose class is not one of vLLM's."""
    return Answer(
        f"this vLLM has no class {name}, which the drafter's config.json names",
        (
            "serve the model without a drafter (no --speculative-config): the answers are the same",
            "or a drafter in a form that vLLM takes: Google's ...-assistant (MTP), or one saved by "
            "speculators (Eagle3DraftModel)",
            "or pip install -U vllm",
        ),
        why="drafters are published in several forms, and each engine knows some of them",
        known="vLLM says so; that it is a drafter, its name says",
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "architecture-that-vllm-cannot-import",
        r"Model architectures \['(?P<name>\w{1,80})'\] failed to be inspected",
        lambda case: Answer(
            f"vLLM has {case.match['name']} in its list, and could not import the class: the error "
            "above says why",
            (
                "vllm serve ... 2>&1 | grep -m1 -B2 -A30 'Error in inspecting model'   its own "
                "traceback",
                "a fresh environment: pip install vllm   alone, with the torch and transformers "
                "that it brings",
            ),
            why="vLLM imports the class in a separate process: a transformers without this "
            "config, a torch for which vLLM was not built, or a kernel that is not there",
            known="vLLM says so; which of these it is, only its own traceback says",
            certain=False,
            settles=False,
        ),
        {
            "pydantic_core.ValidationError: 1 validation error for ModelConfig\n  Value error, "
            "Model architectures ['Gemma4ForConditionalGeneration'] failed to be inspected. "
            "Please check the logs": "Error in inspecting",
        },
        alone=True,
    ),
    General(
        "no-kernel-for-this-quantization",
        r"Failed to find a kernel that can implement the (?P<name>\w{2,20}) linear layer",
        lambda case: Answer(
            f"vLLM has no kernel on this card for the quantized layers of this checkpoint "
            f"({case.match['name']})",
            (
                "pip install -U vllm   : newer releases have more kernels",
                "or a checkpoint in another scheme (4 bits by weight alone: W4A16; GPTQ, AWQ, "
                "bitsandbytes), or in 16 bits",
                "or a card of the capability that the lines below the message ask for",
            ),
            why="each kernel wants a capability, a group size and sizes of the layer; the lines "
            "below the message say which of them failed for each kernel",
            known="vLLM lists its kernels and why each refused",
            settles=False,
        ),
        {
            "ValueError: Failed to find a kernel that can implement the WNA16 linear layer. "
            "Reasons: \nCutlassW4A8LinearKernel requires capability 90, current compute  "
            "capability is 89": "another scheme",
        },
        alone=True,
    ),
    General(
        "card-that-the-kernels-misread",
        r"SM 1\d\.x requires CUDA >= (?P<cuda>1\d\.\d)|FlashInfer requires GPUs with sm75",
        lambda case: Answer(
            "FlashInfer does not run on this card with the CUDA that is installed",
            (
                "VLLM_ATTENTION_BACKEND=TRITON_ATTN   before the command (newer vLLM: "
                "--attention-backend TRITON_ATTN)",
                "or pip uninstall flashinfer-python   : vLLM then uses its other kernels",
                f"or a torch and vLLM for CUDA {case.match['cuda'] or '12.9'} or newer",
            ),
            why="cards of compute capability 12 (RTX 50, RTX PRO 6000, GB10) need kernels that "
            "CUDA 12.9 and newer compile; the second message is what follows from the first",
            known="the message",
            certain=False,
            settles=False,
        ),
        {
            "`Failed to get device capability: SM 12.x requires CUDA >= 12.9` then `EngineCore "
            "failed to start`": "TRITON_ATTN",
            "RuntimeError: FlashInfer requires GPUs with sm75 or higher": "TRITON_ATTN",
        },
        alone=True,
    ),
    General(
        "cudnn-that-sglang-refuses",
        r"PyTorch 2\.9\.1 & CuDNN Compatibility Issue|"
        r"(?:or|by) set(?:ting)? (?:env var )?SGLANG_DISABLE_CUDNN_CHECK",
        always(
            "SGLang refuses the cuDNN that this torch brings",
            "pip install nvidia-cudnn-cu12==9.16.0.29   after SGLang and torch (-cu13 for a torch "
            "of CUDA 13)",
            "or SGLANG_DISABLE_CUDNN_CHECK=1, for a model of text alone",
            why="three-dimensional convolutions of torch 2.9.1 are slow and take much memory with "
            "an older cuDNN; vision towers may use them",
            known="SGLang's own message, which names both",
            certain=False,
            settles=False,
        ),
        {
            "pip install nvidia-cudnn-cu12==9.16.0.29 or set SGLANG_DISABLE_CUDNN_CHECK=1": "cudnn",
            "export SGLANG_DISABLE_CUDNN_CHECK=1": "",
        },
        alone=True,
    ),
    General(
        "weights-sent-under-another-name",
        r"KeyError: '(?P<name>(?:[\w-]{1,40}\.){2,10}\w{1,30}_proj\.weight)'",
        _synchronized,
        {
            "weight sync: adapter mode, base_sync_done=True, shipping 278 tensors\n"
            "KeyError: 'layers.0.self_attn.q_proj.weight'": "base_layer",
            "KeyError: 'layers.0.self_attn.q_proj.weight'": "",
        },
    ),
    General(
        "quantized-tensor-without-a-place",
        rf"KeyError: '(?P<name>{_TENSOR})'",
        _quantized,
        {
            'File "/x/vllm/model_executor/models/gemma4.py", line 1359, in load_weights\n'
            "KeyError: 'layers.0.experts.0.down_proj.input_global_scale'": "nightly",
            "vLLM's `gemma4.py` weight loader hits `KeyError: "
            "'layers.0.moe.experts.0.down_proj_packed'`": "quantizer",
            "vLLM Gemma4 loader (`KeyError: 'layers.0.moe.experts.0.down_proj'`)": "nightly",
            "KeyError: 'model.layers.0.mlp.experts.0.down_proj.weight'": "",
        },
    ),
    General(
        "variable-that-vllm-does-not-know",
        r"Unknown vLLM environment variable detected: (?P<name>VLLM_\w{2,60})",
        lambda case: Answer(
            f"vLLM knows no variable {case.match['name']}, and goes on without it",
            (
                f"unset {case.match['name']}",
                "the option of the same purpose: vllm serve --help=all   (a chat template: "
                "--chat-template FILE)",
            ),
            why="names that begin with VLLM_ are compared with those of the release",
            known="vLLM says so; it is a warning, and ends nothing by itself",
        ),
        {
            "**Failed**: `Unknown vLLM environment variable detected: VLLM_CHAT_TEMPLATE`": "unset",
        },
    ),
    General(
        "layers-looked-for-on-another-path",
        r"(?:Could not|Couldn't|Cannot|Can't|Unable to|Failed to) (?:find|locate|get) (?:the )?"
        r"(?:transformer|decoder|model|text)? ?(?:layers|blocks)\b[^\n]{0,160}",
        always(
            "a script looks for the decoder's layers where this class does not have them",
            "model.get_decoder().layers   works on every release, and never gives the layers of a "
            "tower",
            "model.model.language_model.layers   on a multimodal Gemma, from transformers 4.52 on",
            "model.model.layers   on a text-only one (Gemma 1, 2, Gemma 3 270M and 1B)",
            why="multimodal classes hold the text model inside, beside towers that have layers "
            "too: a looser search may find those of the vision tower",
            known="the message is the script's; the paths were read in transformers 4.57.6 and "
            "5.23.0",
            settles=False,
            certain=False,
        ),
        {
            "`Could not find transformer layers for model google/gemma-4-31B-it (class: "
            "Gemma4ForConditionalGeneration)`": "language_model.layers",
        },
    ),
)
