"""Files at random that a user or a package brings: requirements, YAML, policies, weights, metadata.

Each is a real text with pieces changed, repeated or cut, written to a folder and read by the reader
that a command uses for it.
"""

from __future__ import annotations

import atexit
import gzip
import io
import json
import random
import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from gemma_compat._explain.explain import explain_log
from gemma_compat.detect.adapter import read_adapter
from gemma_compat.detect.checkpoint import read_checkpoint
from gemma_compat.detect.foreign_yaml import read_run
from gemma_compat.detect.packages import take_inventory
from gemma_compat.detect.pins import find_pins
from gemma_compat.detect.policy_file import read_policy
from gemma_compat.detect.tokenizer import read_tokenizer
from gemma_compat.detect.training import read_training
from gemma_compat.plugins.find import entry_points
from gemma_compat.policy import policy_of

from ..detect.test_requirements import STACKS

YAML = """\
base_model: google/gemma-3-4b-it
adapter: qlora
load_in_4bit: true
lora_r: 16
lora_target_modules: [q_proj, "v_proj"]
lora_modules_to_save:
  - embed_tokens
micro_batch_size: 2
sequence_len: 2048
bf16: auto
gradient_checkpointing_kwargs:
  use_reentrant: false
learning_rate: 2e-4
"""
POLICY = """\
fail-on = "warning"
select = ["GC101"]
model = "google/gemma-3-4b-it"
[severity]
GC906 = "error"
[[ignore]]
rule = "GC102"
reason = "decided by the team"
expires = 2027-01-01
"""
HEADER = {
    "__metadata__": {"format": "pt"},
    "model.layers.0.self_attn.q_proj.weight": {
        "dtype": "BF16", "shape": [64, 64], "data_offsets": [0, 8192],
    },
}  # fmt: skip
TOKENIZER = {
    "padding_side": "left", "bos_token": {"content": "<bos>"}, "eos_token": "<eos>",
    "add_bos_token": True, "model_max_length": 10**30,
    "chat_template": "{{ bos_token }}{% generation %}<end_of_turn>{% endgeneration %}",
    "post_processor": {"single": [{"SpecialToken": {"id": "<bos>"}}, {"Sequence": {"id": "A"}}]},
}  # fmt: skip
ADAPTER = {
    "peft_type": "LORA", "r": 16, "target_modules": ["q_proj", "v_proj"], "peft_version": "0.18.0",
    "modules_to_save": ["lm_head"], "trainable_token_indices": None,
}  # fmt: skip
METADATA = "Metadata-Version: 2.1\nName: torch\nVersion: 2.6.0\nRequires-Dist: numpy<3\n\nText\n"
ORIGIN = {"url": "https://github.com/o/r", "vcs_info": {"vcs": "git", "commit_id": "a" * 40}}
ENTRIES = "[console_scripts]\na = b:c\n[gemma_compat.rules]\nacme = acme.rules\n"
# What readers look for, and what has blown up a reader somewhere.
PIECES = (
    "[", "]", "{", "}", "'", '"', "'a[", "/a@", "git+", "-r ", "a==1 ", " --hash=sha256:0", "\\\n",
    "\n", " ", "#", ":", "- ", "=", "[[package]]\n", "name = ", "\0", "\ud800", "٤", "\ufeff",
    "1e999", "9" * 50, "nan", "-r requirements.txt\n", "\x1b[2J", "../", "*", "\t", "%", "$(id)",
)  # fmt: skip


@lru_cache(maxsize=1)
def folder() -> Path:
    """A folder of this process, removed at its end."""
    made = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def bent_text(text: str, source: random.Random) -> str:
    """The text with pieces put in, repeated (now and then many thousand times), or cut out."""
    for _ in range(source.randrange(1, 5)):
        place = source.randrange(len(text) + 1)
        end = min(len(text), place + source.randrange(12))
        count = source.choice((0, 1, 1, 2, 30, source.choice((30, 3000, 30_000))))
        text = text[:place] + source.choice(PIECES) * count + text[end:]
    return text[: source.randrange(len(text) + 1)] if source.random() < 0.1 else text


def written(name: str, content: str | bytes) -> str:
    path = folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    path.write_bytes(data)
    return str(path)


def bent_json(value: Any, source: random.Random) -> str:
    from .cases import bent_several

    text = json.dumps(bent_several(value, source))
    return bent_text(text, source) if source.random() < 0.3 else text


def a_stack(source: random.Random) -> None:
    name = source.choice(list(STACKS))
    path = written(f"stack/{Path(name).name}", bent_text(STACKS[name], source))
    find_pins(path)


def a_yaml(source: random.Random) -> None:
    run = read_run(written("run.yaml", bent_text(YAML, source)))
    read_training(run.arguments, None)
    if run.adapter:
        read_adapter(run.adapter)


def a_policy(source: random.Random) -> None:
    file = read_policy(written("gemma-compat.toml", bent_text(POLICY, source)))
    policy_of(file.path, file.table, file.text)


def some_weights(source: random.Random) -> None:
    header = bent_json(HEADER, source).encode("utf-8", "surrogatepass")
    length = source.choice((len(header), len(header), len(header) + 1, 0, 2**63, 2**24))
    written("model/model.safetensors", length.to_bytes(8, "little") + header)
    read_checkpoint(folder() / "model")
    written("adapter/adapter_model.safetensors", length.to_bytes(8, "little") + header)
    written("adapter/adapter_config.json", bent_json(ADAPTER, source))
    read_adapter(folder() / "adapter")


def a_tokenizer(source: random.Random) -> None:
    written("tokenizer/tokenizer_config.json", bent_json(TOKENIZER, source))
    written("tokenizer/tokenizer.json", bent_json(TOKENIZER, source))
    read_tokenizer(folder() / "tokenizer")


def some_metadata(source: random.Random) -> None:
    info = "site/torch-2.6.0.dist-info/"
    written(info + "METADATA", bent_text(METADATA, source))
    written(info + "direct_url.json", bent_json(ORIGIN, source))
    written(info + "entry_points.txt", bent_text(ENTRIES, source))
    take_inventory([str(folder() / "site")])
    entry_points([str(folder() / "site")])


def a_strange_log(source: random.Random) -> None:
    """A notebook, a compressed log, or a log with long runs of one piece."""
    from .cases import logs

    text = bent_text(source.choice(logs())[:20_000], source)
    forms: tuple[Callable[[], bytes], ...] = (
        lambda: json.dumps({"cells": [{"outputs": [{"text": text.splitlines(True)}]}]}).encode(),
        lambda: gzip.compress(text.encode("utf-8", "replace")),
        lambda: text.encode("utf-16", "replace"),
        lambda: text.encode("utf-8", "replace"),
    )
    str(explain_log(io.BytesIO(source.choice(forms)())))


# As in cases.MIX.
MIX: tuple[tuple[int, Callable[[random.Random], Any]], ...] = (
    (25, a_stack),
    (20, a_yaml),
    (10, a_policy),
    (10, some_weights),
    (10, a_tokenizer),
    (10, some_metadata),
    (2, a_strange_log),
)
