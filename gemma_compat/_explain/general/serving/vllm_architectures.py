"""What vLLM and SGLang say of a model's class: unknown to them, not imported, without adapters."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from ..released import in_which
from .vllm_tensors import drafter_unknown

_BASE_CLASS = re.compile(r"(?!For)[A-Z]\w{2,40}Model")


def _not_imported(name: str, who: str, case: Case) -> Answer:
    """Answer for an architecture that the engine lists as known."""
    above = case.hit.before[-6000:]
    inspected = above.rpartition("Error in inspecting model architecture")[2]
    causes = re.findall(r"\b([A-Z]\w{2,30}Error|ImportError): [^\n]{5,160}", inspected)
    causes = [c for c in causes if c not in {"CalledProcessError", "RuntimeError"}]
    symbol = re.search(
        r"-packages[/\\]([A-Za-z]\w*?)(?:_2_cuda|_cuda)?[./\\][^\s:]{0,160}: undefined symbol",
        inspected,
    )
    windows = re.search(r"[A-Z]:\\+[\w.-]+\\", above + case.around) is not None
    do = ["the first traceback above, below 'Error in inspecting model architecture'"]
    if symbol:
        do.insert(
            0,
            f"pip uninstall {symbol[1]}   or reinstall it for the torch that is installed: its "
            "compiled code is of another one",
        )
    elif windows:
        do.insert(0, "WSL2 or Linux: vLLM has no release for Windows itself")
    else:
        do.append("pip check   : packages that do not fit one another")
    return Answer(
        f"{who} knows {name} (it is in the list) and could not import its class",
        tuple(do),
        why=(f"the import ended with {causes[-1]}, above; " if causes else "")
        + "a package that the class needs is broken or of another release",
        known="the name stands among those that are supported",
        settles=False,
    )


def _left_out(name: str) -> Answer:
    return Answer(
        f"SGLang could not import the file of a model, and so {name} may be missing in its list",
        (
            "the lines above, 'Ignore import error when loading': the one of this model says why",
            "pip install -U 'sglang[all]'   in a fresh environment: it brings the vllm and "
            "transformers that it was made for",
        ),
        known="SGLang leaves out what it cannot import, and says so above",
        certain=False,
        settles=False,
    )


def _without_head(name: str, who: str) -> Answer:
    return Answer(
        f"config.json names {name}, the class without a head for text",
        (
            "to generate: load with AutoModelForCausalLM, save_pretrained, and serve that folder",
            "an embedding model: pip install -U vllm, and vllm serve FOLDER --runner pooling "
            "(older: --task embed)",
        ),
        why="AutoModel and sentence-transformers save the inner class, whose weights have other "
        "names and no lm_head",
        known=f"{who} names the class that it read in config.json; how it was saved, it does not "
        "say",
        certain=False,
        settles=False,
    )


def _of_verl(name: str) -> Answer:
    return Answer(
        f"verl's own loader, which hands weights to an old vLLM, does not know {name}",
        ("pip install -U verl 'vllm>=0.8'   : newer ones hand weights over by name",),
        why="with vLLM up to 0.6.3 verl lists each architecture in a table of its loaders",
        known="verl lists what it knows; its tables were read in 0.4.0",
    )


# SGLang's frames, modules and commands; its bare name stands in lists of packages, too.
_OF_SGLANG = (
    r"[/\\]sglang[/\\]|\bsglang\.|\bsglang serve|\bSGLang\b|\b(?:in|with|using|of) sglang\b"
)


def _architecture(case: Case) -> Answer:
    name = case.match["name"] or case.match["told"]
    if re.search(r"(?i)eagle|dspark|draft|assistant|mtp|dflash", name):
        return drafter_unknown(name)
    known = in_which(case) if case.match["name"] else None
    package = "sglang" if re.search(_OF_SGLANG, case.around + case.near) else "vllm"
    if case.says(r"dtensor_weight_loader|megatron_weight_loader|verl[/\\]") or (
        package == "vllm" and case.says(r"dict_keys\(\['GPT2LMHeadModel'")
    ):
        return _of_verl(name)
    ignored = re.search(r"Ignore import error when loading \S{1,120}", case.hit.before[-12000:])
    if package == "sglang" and ignored:
        return _left_out(name)
    who = {"sglang": "SGLang", "vllm": "vLLM"}[package]
    installed = case.facts.packages.get(package)
    version = f" {installed.get('version', '')}" if installed is not None else ""
    listed = case.hit.text[case.match.end() :] + case.hit.after[:6000]
    if re.search(rf"'{name}'", listed.partition("Supported architectures")[2]):
        return _not_imported(name, who, case)
    if _BASE_CLASS.fullmatch(name):
        return _without_head(name, who)
    happened = f"this {who}{version.rstrip()} does not know {name}"
    advised = ("python -m gemma_compat advise --with vllm   finds a set",)
    beside = advised if package == "vllm" else ()
    if known is not None and known.command:
        return Answer(
            happened,
            (known.command, *beside),
            why=known.happened,
            known=f"{who} says so; the releases were read in the wheels of {package}",
            settles=False,
        )
    return Answer(
        happened,
        (f"pip install -U {package}", *beside),
        why=f"an architecture comes with a release of {who}, and it is named in config.json; a "
        "merge that wrote another name there has the same message",
        known=f"{who} lists what it knows",
        settles=False,
    )


def _quantization(case: Case) -> Answer:
    engine = "SGLang" if re.search(r"(?i)sglang", case.near + case.around) else "vLLM"
    method = case.match["method"]
    if method:
        return Answer(
            f"this {engine} has no quantization {method}, which config.json or --quantization "
            "names",
            (
                f"pip install -U {engine.lower()}",
                "or serve a merged model in 16 bits: merge_and_unload() on the 16-bit base "
                "(Unsloth: save_method='merged_16bit')",
            ),
            why="each way to quantize comes with a release of the server",
            known=f"{engine} lists those that it has",
        )
    here, given = case.match["here"], case.match["given"]
    return Answer(
        f"config.json says that the weights are quantized by {here}, and {engine} was told {given}",
        (
            "take quantization_config out of the config.json that is read (--hf-config-path): it "
            "belongs to other weights than the GGUF's"
            if given == "gguf"
            else f"without --quantization (quantization=...): {engine} takes it from config.json, "
            "and picks the kernel itself",
            f"or weights that are not quantized, where {given} is to be done at loading",
        ),
        known=f"{engine} names both",
    )


KINDS: tuple[General, ...] = (
    General(
        "quantization-that-vllm-lacks",
        r"Unknown quantization method: (?P<method>[\w-]{2,30})|"
        r"Quantization method specified in the model config \((?P<here>[\w-]{2,30})\) does not "
        r"match the quantization method specified in the `quantization` argument "
        r"\((?P<given>[\w-]{2,30})\)",
        _quantization,
        {
            "ValueError: Unknown quantization method: bitsandbytes. Must be one of ['awq', 'gptq', "
            "'squeezellm', 'marlin'].": "merged",
            "ValueError: Quantization method specified in the model config (gptq) does not match "
            "the quantization method specified in the `quantization` argument (gptq_marlin).": (
                "without --quantization"
            ),
            "ValueError: Quantization method specified in the model config (fp8) does not match "
            "the quantization method specified in the `quantization` argument (gguf).": (
                "quantization_config"
            ),
        },
        alone=True,
    ),
    General(
        "architecture-unknown-to-vllm",
        r"Model architectures \['(?P<name>\w{1,80})'\] are not\s+supported|"
        r"(?P<told>Gemma\w{0,12}For(?:CausalLM|ConditionalGeneration)) is not supported (?:by|in) "
        r"(?:this )?vLLM",
        _architecture,
        {
            "ValueError: Model architectures ['Gemma3ForConditionalGeneration'] are not supported "
            "for now.": "pip install -U vllm",
            'Traceback (most recent call last):\n  File "/x/site-packages/sglang/srt/models/'
            'registry.py", line 5, in _raise_for_unsupported\n    raise ValueError(\nValueError: '
            "Model architectures ['Gemma3ForConditionalGeneration'] are not supported for now.": (
                "sglang>=0.4.4.post2"
            ),
            "Ignore import error when loading sglang.srt.models.qwen2. cannot import name "
            "'x' from 'vllm.y'\nValueError: Model architectures ['Qwen2ForCausalLM'] are not "
            "supported for now. Supported architectures: dict_keys(['CohereForCausalLM'])": (
                "Ignore import error"
            ),
            "vllm 0.12 sglang 0.5\nValueError: Model architectures "
            "['Gemma4ForConditionalGeneration'] "
            "are not supported for now.": "pip install -U vllm",
            "python3 -m sglang.launch_server\nValueError: Model architectures "
            "['Glm4ForCausalLM'] are not supported for now. Supported architectures: "
            "dict_keys(['BaichuanForCausalLM'])": "pip install -U sglang",
            "ValueError: Model architectures ['Gemma3ForConditionalGeneration'] are not supported "
            "for now. Supported architectures: dict_keys(['GPT2LMHeadModel'": "-U verl",
            "ValueError: Model architectures ['MistralModel'] are not supported for now. Supported "
            "architectures: ['MistralForCausalLM']": "AutoModelForCausalLM",
            "ERROR 10-16 registry.py:264] Error in inspecting model architecture 'XForCausalLM'\n"
            "ERROR 10-16 registry.py:264] ImportError: /x/dist-packages/flash_attn_2_cuda.cpython-"
            "310-x86_64-linux-gnu.so: undefined symbol: _ZN3c105Error\nTraceback (most recent call "
            'last):\n  File "/x/dist-packages/vllm/model_executor/models/registry.py", line 315, '
            "in _raise_for_unsupported\n    raise ValueError(\nValueError: Model architectures "
            "['XForCausalLM'] are not supported for now. Supported architectures: "
            "['XForCausalLM']": "uninstall flash_attn",
            "ValueError: Model architectures ['LlamaForCausalLM'] are not supported for now. "
            "Supported architectures: ['AquilaModel', 'LlamaForCausalLM']": "could not import",
        },
        alone=True,
    ),
    General(
        "no-adapters-in-vllm",
        r"(?P<name>[A-Z]\w{1,60}(?:For[A-Z]\w{2,40}|Model)|"
        r"MiniCPM\w{1,20}) does not support LoRA(?: yet|, but LoRA is enabled)",
        lambda case: Answer(
            f"this vLLM does not serve adapters on {case.match['name']}",
            (
                "pip install -U vllm",
                "or serve the merged model: model.merge_and_unload(), save_pretrained, no adapter",
            ),
            why="the class has to be made for adapters, and newer releases of vLLM make more so",
            known="vLLM says so; which release does, it does not say",
            settles=False,
        ),
        {
            "ValueError: Gemma4ForConditionalGeneration does not support LoRA yet.": "merged",
            "ERROR: TensorRT does not support LoRA yet": "",
        },
        alone=True,
    ),
    General(
        "head-size-without-a-kernel",
        r"Head size (?P<size>\d+) is not supported by \w{3,40}|"
        r"Please use Flashinfer backend for models with logits_soft_cap",
        always(
            "this vLLM's attention backend has no kernel for this model's heads or soft cap",
            "pip install -U vllm",
            "or another backend (pip install flashinfer-python): --attention-backend FLASHINFER, "
            "before 0.13 VLLM_ATTENTION_BACKEND=FLASHINFER",
            known="vLLM says so",
            settles=False,
        ),
        {
            "ValueError: Head size 256 is not supported by PagedAttention. Supported head sizes "
            "are: [64, 80, 96, 112, 128]": "backend"
        },
        alone=True,
    ),
)
