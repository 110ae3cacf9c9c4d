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


def _architecture(case: Case) -> Answer:
    name = case.match["name"] or case.match["told"]
    if re.search(r"(?i)eagle|dspark|draft|assistant|mtp|dflash", name):
        return drafter_unknown(name)
    known = in_which(case) if case.match["name"] else None
    if case.says(r"dtensor_weight_loader|megatron_weight_loader|verl[/\\]|dict_keys\("):
        return Answer(
            f"verl's own loader, which hands weights to an old vLLM, does not know {name}",
            ("pip install -U verl 'vllm>=0.8'   : newer ones hand weights over by name",),
            why="with vLLM up to 0.6.3 verl lists each architecture in a table of its loaders",
            known="verl lists what it knows; its tables were read in 0.4.0",
        )
    package = "sglang" if case.packages[-1:] == ["sglang"] else "vllm"
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


KINDS: tuple[General, ...] = (
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
        r"(?P<name>[A-Z]\w{1,80}) does not support LoRA(?: yet|, but LoRA is enabled)",
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
        {"ValueError: Gemma4ForConditionalGeneration does not support LoRA yet.": "merged"},
        alone=True,
    ),
    General(
        "head-size-without-a-kernel",
        r"Head size (?P<size>\d+) is not supported by \w{3,40}|"
        r"Please use Flashinfer backend for models with logits_soft_cap",
        always(
            "this vLLM's attention backend has no kernel for this model's heads or soft cap",
            "pip install -U vllm",
            "or another backend: VLLM_ATTENTION_BACKEND=FLASHINFER (pip install flashinfer-python)",
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
