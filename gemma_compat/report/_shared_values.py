"""Which values of the machine may leave it: a pattern for each kind, and nothing that fits none.

An environment variable is a place for anything: a licence, a host, a proxy with its password. So
each name has the values that its documentation knows; any other is not shown. The same goes for the
local part of a version, for the names that a config or an adapter holds, and for what an import or
a driver said when it failed.
"""

from __future__ import annotations

import builtins
import errno
import os
import re
from collections.abc import Callable

from ._shared_words import WORDS

HIDDEN = "<not shown>"

_SWITCH = r"(?i:true|false|yes|no|on|off|none|default|auto|-?\d{1,12})"
_INTERFACE = (
    r"(?:eth|en[opsx]|ib|ibs|bond|lo|docker|br|veth|wlan|team|vlan|hsn|efa|rdmap|mlx\d_|bnxt_re)"
    r"[0-9a-f]{0,12}(?:[spfnd]+\d+)*(?:[.:]\d{1,4})?"
)
_INTERFACES = rf"[\^=]{{0,2}}{_INTERFACE}(?:,{_INTERFACE})*"
_ALLOCATOR = (
    r"(?:expandable_segments|max_split_size_mb|garbage_collection_threshold|backend|"
    r"roundup_power2_divisions|roundup_bypass_threshold_mb|max_non_split_rounding_mb|"
    r"pinned_use_cuda_host_register|pinned_num_register_threads|pinned_use_background_threads|"
    r"release_lock_on_cudamalloc|per_process_memory_fraction)"
    r":(?:True|False|native|cudaMallocAsync|[\d.]{1,9}|\[[\d:,>]{1,60}\])"
)
_WORDS = {
    "ACCELERATE_MIXED_PRECISION": r"no|fp16|bf16|fp8",
    "CUBLAS_WORKSPACE_CONFIG": r"(?::\d{1,6}:\d{1,4})+",
    "CUDA_DEVICE_ORDER": r"FASTEST_FIRST|PCI_BUS_ID",
    "CUDA_VISIBLE_DEVICES": r"(?:(?:-?\d{1,3}|(?:GPU|MIG)-[0-9A-Fa-f/-]{4,60}|"
    r"NoDevFiles|void|all|none)(?:,|$))*",
    "FSDP_AUTO_WRAP_POLICY": r"TRANSFORMER_BASED_WRAP|SIZE_BASED_WRAP|NO_WRAP",
    "FSDP_BACKWARD_PREFETCH": r"BACKWARD_PRE|BACKWARD_POST|NO_PREFETCH",
    "FSDP_SHARDING_STRATEGY": r"FULL_SHARD|SHARD_GRAD_OP|NO_SHARD|HYBRID_SHARD(?:_ZERO2)?|[1-5]",
    "FSDP_STATE_DICT_TYPE": r"(?:FULL|LOCAL|SHARDED)_STATE_DICT",
    "FSDP_TRANSFORMER_CLS_TO_WRAP": r"(?:(?:Gemma|PaliGemma|Siglip)\w{0,40}Layer(?:,|$))+",
    "NCCL_ALGO": r"[\^]?(?:(?:Ring|Tree|CollNet\w{0,6}|NVLS(?:Tree)?|PAT)(?:[,;]|$))+",
    "NCCL_DEBUG": r"VERSION|WARN|INFO|TRACE|ABORT",
    "NCCL_DEBUG_SUBSYS": r"(?:\^?[A-Z]{2,9}(?:,|$))+",
    "NCCL_IB_HCA": _INTERFACES,
    "NCCL_NET": r"IB|Socket",
    "NCCL_NET_GDR_LEVEL": r"LOC|NVL|PIX|PXB|PHB|SYS|\d",
    "NCCL_P2P_LEVEL": r"LOC|NVL|PIX|PXB|PHB|SYS|\d",
    "NCCL_PROTO": r"[\^]?(?:(?:LL|LL128|Simple)(?:,|$))+",
    "NCCL_SOCKET_FAMILY": r"AF_INET6?",
    "NCCL_SOCKET_IFNAME": _INTERFACES,
    "PYTORCH_ALLOC_CONF": rf"(?:{_ALLOCATOR}(?:,|$))+",
    "PYTORCH_CUDA_ALLOC_CONF": rf"(?:{_ALLOCATOR}(?:,|$))+",
}
_ANY = re.compile(_SWITCH)
_NAME = r"[A-Z][A-Z0-9_]{1,60}"
_SECRET_NAME = r"TOKEN|KEY|SECRET|PASS|LICENSE|LICENCE"
_DEVICE_ID = r"\b(GPU|MIG)-[0-9A-Fa-f-]{4,}(?:/[0-9A-Fa-f]+)*"


def environment(variables: dict[str, str]) -> dict[str, str]:
    """Return the variables that detection reads, with values that their pattern knows, and no GPU's
    id.
    """
    return {
        name: _value(name, value)
        for name, value in variables.items()
        if re.fullmatch(_NAME, name) and not re.search(_SECRET_NAME, name)
    }


def _value(name: str, value: str) -> str:
    if value and not re.fullmatch(_WORDS.get(name, _SWITCH), value) and not _ANY.fullmatch(value):
        return HIDDEN
    return re.sub(_DEVICE_ID, r"\1-<id>", value)


_BUILD = r"cu\d{2,4}|cpu|xpu|rocm[\d.]{1,8}|git[0-9a-f]{4,40}|[0-9a-f]{7,40}|nv[\d.]{1,8}|unsloth"
_PUBLIC = (
    r"\d{1,8}(?:\.\d{1,8}){0,5}(?:(?:a|b|rc)\d{1,8})?(?:\.?post\d{1,8})?(?:\.?dev\d{1,8})?"
    rf"(?:\+(?P<local>(?:{_BUILD})(?:[.-](?:{_BUILD}|post\d{{1,3}}|cxx11|abi|d\d{{8}}|\d{{1,8}}))*))?"
)


def version(text: str) -> str:
    """Return a version as the packages publish them; the local part of any other is not shown.

    What is returned for it is a version too: a report that is read back is judged by it.
    """
    if re.fullmatch(_PUBLIC, text):
        return text
    public = text.partition("+")[0]
    return f"{public}+local" if "+" in text and re.fullmatch(_PUBLIC, public) else HIDDEN


# A name, a pattern for names, or a special token; no host, path, address or sentence is one.
_NAME_CHARACTERS = r"[\w.*+?|()\[\]{}^$\\:=!,<>-]{1,2000}"
_OTHER_NAMES = r"kernels-community/[\w-]{1,40}(?::\w{1,40})?|\s*"
_LETTERS = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+"


def name(text: str) -> str:
    """Return the name of a class, dtype, method, module or parameter, or a version; nothing else
    is shown, and no name that holds another word.
    """
    if re.fullmatch(_PUBLIC, text) or re.fullmatch(_OTHER_NAMES, text):
        return text
    words = re.findall(_LETTERS, text)
    known = all(len(word) == 1 or word.lower() in WORDS for word in words)
    return text if known and re.fullmatch(_NAME_CHARACTERS, text, re.ASCII) else HIDDEN


_SAID = (
    r"lib[\w.+-]{1,40}\.so[\d.]{0,12}: (?:cannot open shared object file|undefined symbol)\b.{0,60}"
    r"|No module named '(?:torch|transformers|accelerate|peft|numpy|packaging|tokenizers|triton|"
    r"safetensors|huggingface_hub|regex|yaml|filelock|requests|tqdm|sympy|networkx|jinja2|fsspec)"
    r"(?:\.[a-z_]{1,20})?'"
    r"|DLL load failed while importing _?[a-z]{1,12}\b.{0,60}"
    r"|operator torchvision::nms does not exist"
    # NVML's own texts, and ours for a child process.
    r"|Driver/library version mismatch|Driver Not Loaded|Insufficient Permissions|Uninitialized"
    r"|Not Supported|Unknown Error|GPU is lost|Timeout|NVML Shared Library Not Found"
    r"|RM has detected an NVML/RM version mismatch\."
    r"|the child printed no answer"
    r"|(?:crashed with signal|ended with|did not|no answer)[\w ().]{1,60}"
)
_KINDS = {name for name in dir(builtins) if name.endswith(("Error", "Exception", "Exit"))}
_SYSTEM = {os.strerror(number) for number in errno.errorcode}
# What torch says of its devices, phrase by phrase.
_TORCH = (
    r"The NVIDIA driver on your system is too old(?: \(found version \d{1,6}\))?"
    r"|Found no NVIDIA driver on your system|Can't initialize NVML|No CUDA GPUs are available"
    r"|CUDA driver initialization failed|CUDA unknown error|Torch not compiled with CUDA enabled"
    r"|Unexpected error from (?:cuda|hip)GetDeviceCount\(\)|\bError \d{1,4}: [a-z ]{1,60}"
    r"|(?:CUDA|HIP) error: [a-z ]{1,80}|with CUDA capability sm_\d{2,3}\w? is not compatible"
    r"|Found GPU\d+ [\w -]{1,60} which is of cuda capability \d{1,2}\.\d"
)


# Our own words up to a colon, then what a library, a driver or the system said.
_QUOTES = (
    r"(?P<ours>.*?\b(?:failed|tried|asked|usable|loaded|NVML|cannot read [^:]{1,400}): )"
    r"(?P<said>.+)"
)
_QUOTED = r"'[^']*'"


def reason(text: str) -> str:
    """Return why something is unknown or failed, in our words; of what others said, what is known
    to be public.
    """
    found = re.match(_QUOTES, text, re.DOTALL)
    if not found:
        return re.sub(_QUOTED, lambda part: part[0] if _is_plain(part[0][1:-1]) else HIDDEN, text)
    kind, colon, said = found["said"].partition(": ")
    if not colon:
        return found["ours"] + _public(kind)
    return f"{found['ours']}{kind if kind in _KINDS else 'an exception'}: {_public(said)}"


def libraries(found: str) -> str:
    """Return versions of a library (``12.4, 12.6``), each as it is published."""
    return ", ".join(map(version, found.split(", ")))


_SPECIFIERS = r"(?:[<>=!~]{1,3}\s?\d[\d.]{0,20}(?:(?:a|b|rc|\.dev|\.post|\.\*)\d{0,4})?[, ]*)*"


def of_unsloth(field: str) -> Callable[[str], str]:
    """Return what shows the texts of this field of what Unsloth did: names unless said here."""
    if field == "requires":
        return lambda text: text if re.fullmatch(_SPECIFIERS, text) else HIDDEN
    return _compiled if field == "compiled_caches" else name


def _compiled(header: str) -> str:
    """Return the header of a compiled file, ``unsloth 2026.10.9, transformers 4.57.6``."""
    parts = re.split(r"([, ]+)", header)
    return "".join(part if not part.strip(", ") else name(part) for part in parts)


def _is_plain(text: str) -> bool:
    return bool(re.fullmatch(_PUBLIC, text)) or name(text) == text


def _public(said: str) -> str:
    return said if re.fullmatch(_SAID, said) or said in _SYSTEM else HIDDEN


def device_problem(text: str) -> str:
    """Return what is known to be torch's own text of what it said of its devices."""
    if text.startswith(("asking torch for", "what torch said")):
        return text  # our own words
    return "; ".join(re.findall(_TORCH, text)) or HIDDEN
