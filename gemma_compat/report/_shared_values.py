"""Which values of the machine may leave it: a pattern for each kind, and nothing that fits none.

An environment variable is a place for anything: a licence, a host, a proxy with its password. So
each name has the values that its documentation knows; any other is not shown. The same goes for the
local part of a version and for what an import said when it failed.
"""

from __future__ import annotations

import builtins
import re

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
    "CUDA_VISIBLE_DEVICES": r"(?:(?:-?\d{1,3}|(?:GPU|MIG)-[\w/-]{1,60}|NoDevFiles|void|all|none)"
    r"(?:,|$))*",
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
_VALUES = {name: re.compile(pattern) for name, pattern in _WORDS.items()}
_ANY = re.compile(_SWITCH)
_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,60}")
_SECRET_NAME = re.compile(r"TOKEN|KEY|SECRET|PASS|LICENSE|LICENCE")
_DEVICE_ID = re.compile(r"\b(GPU|MIG)-[0-9A-Fa-f-]{4,}(?:/\d+)*")


def environment(variables: dict[str, str]) -> dict[str, str]:
    """Return the variables that detection reads, with values that their pattern knows, and no GPU's
    id.
    """
    return {
        name: _value(name, value)
        for name, value in variables.items()
        if _NAME.fullmatch(name) and not _SECRET_NAME.search(name)
    }


def _value(name: str, value: str) -> str:
    if value and not _VALUES.get(name, _ANY).fullmatch(value) and not _ANY.fullmatch(value):
        return HIDDEN
    return _DEVICE_ID.sub(r"\1-<id>", value)


_PUBLIC = re.compile(
    r"\d[\w.]{0,40}(?:\+(?P<local>(?:cu\d{2,4}|cpu|xpu|rocm[\d.]{1,8}|git[0-9a-f]{4,40}|"
    r"[0-9a-f]{7,40}|nv[\d.]{1,8}|unsloth)(?:[.-]\w{1,20})?))?"
)


def version(text: str) -> str:
    """Return a version as the packages publish them; the local part of any other is not shown."""
    if _PUBLIC.fullmatch(text):
        return text
    public = text.partition("+")[0]
    return f"{public}+<local>" if "+" in text and _PUBLIC.fullmatch(public) else HIDDEN


_SAID = re.compile(
    r"lib[\w.+-]{1,40}\.so[\d.]{0,12}: (?:cannot open shared object file|undefined symbol)\b.{0,60}"
    r"|No module named '(?:torch|transformers|accelerate|peft|numpy|packaging|tokenizers|triton|"
    r"safetensors|huggingface_hub|regex|yaml|filelock|requests|tqdm|sympy|networkx|jinja2|fsspec)"
    r"(?:\.[a-z_]{1,20})?'"
    r"|DLL load failed while importing _?[a-z]{1,12}\b.{0,60}"
    r"|operator torchvision::nms does not exist"
)
_KINDS = {name for name in dir(builtins) if name.endswith(("Error", "Exception", "Exit"))}


def import_outcome(text: str) -> str:
    """Return how an import ended; of what an exception says, what is known to be public."""
    failed, _, rest = text.partition("failed: ")
    if failed or not text.startswith("failed: "):
        return text  # our own words
    kind, _, said = rest.partition(": ")
    kind = kind if kind in _KINDS else "an exception"
    return f"failed: {kind}: {said if _SAID.fullmatch(said) else HIDDEN}"
