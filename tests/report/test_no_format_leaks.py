"""A machine full of private names, through every format that may leave it: none gets out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gemma_compat
from gemma_compat._preflight.result import CheckResult, Outcome, Preflight
from gemma_compat.report.preflight import shareable

MARK = "zqx"  # in every private name, in no word of ours
ROOT = Path(gemma_compat.__file__).parent.parent
FORMATS = ("json", "markdown", "github", "sarif", "junit")
ENVIRONMENT = {
    "HF_TOKEN": "hf_zqxtokenabcdef",
    "HTTPS_PROXY": "http://zqxuser:zqx/pw@proxy.zqx.example",
    "NCCL_SOCKET_IFNAME": "zqxif",
    "NCCL_IB_HCA": "zqxhca",
    "UNSLOTH_COMPILE_LOCATION": "/home/zqxuser/c",
    "PYTORCH_CUDA_ALLOC_CONF": "zqx:1",
    "CUDA_VISIBLE_DEVICES": "GPU-zqx12-ab",
    "FSDP_TRANSFORMER_CLS_TO_WRAP": "ZqxLayer",
    "ACCELERATE_MIXED_PRECISION": "zqxmp",
    "LD_LIBRARY_PATH": "/home/zqxuser/lib",
}
MODEL = {
    "model_type": "gemma3_text",
    "_name_or_path": "/home/zqxuser/zqxmodel",
    "architectures": ["ZqxForCausalLM"],
    "quantization_config": {"quant_method": "zqxquant"},
    "transformers_version": "4.50.0+zqx",
    "use_bidirectional_attention": "zqxbidir",
    "attn_implementation": "zqx_attention",
    "torch_dtype": "float16",
}
RUN = {
    "output_dir": "/home/zqxuser/out",
    "hub_token": "hf_zqxtokenabcdef",
    "fsdp_config": {"transformer_layer_cls_to_wrap": ["ZqxLayer"]},
    "optim": "zqxoptim",
    "gradient_checkpointing": True,
    "fp16": True,
}
ADAPTER = {
    "peft_type": "LORA",
    "base_model_name_or_path": "/home/zqxuser/zqxmodel",
    "target_modules": ["zqx_proj", "q_proj"],
    "modules_to_save": ["zqxhead"],
    "peft_version": "0.15.0+zqx",
}
TOKENIZER = {"bos_token": "<zqxbos>", "chat_template": "{{zqx}}", "padding_side": "zqxside"}
PIN = "--index-url https://zqxuser:zqxpw@pypi.zqx.example/simple\nzqx-private==1.2\ntrl==0.16.0\n"


def write(path: Path, content: Any) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def package(site: Path, name: str, version: str, source: str, url: Any = None) -> None:
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    write(info / "METADATA", f"Name: {name}\nVersion: {version}\n\n")
    write(site / name.replace("-", "_") / "__init__.py", source)
    if url is not None:
        write(info / "direct_url.json", url)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home") / "zqxuser"
    site, said = home / "site", "refused zqxuser at zqxhost.example (/home/zqxuser/lib)"
    remote = {"url": "ssh://zqxuser:zqxpw@git.zqx.example/r.git", "vcs_info": {"vcs": "git"}}
    remote["vcs_info"]["commit_id"] = "a" * 40  # type: ignore[index]
    package(site, "torch", "2.6.0+zqx7.corp", f"raise RuntimeError('{said}')", remote)
    write(site / "torch" / "version.py", "__version__ = '2.6.0+zqx7'\ncuda = '12.4-zqx'\n")
    package(site, "transformers", "4.50.3", "", {"url": "file:///home/zqxuser/src", "dir_info": {}})
    package(site, "peft", "0.15.0.zqx", "")
    package(site, "accelerate", "1.6.0", f"raise ImportError('{said}')")
    package(site, "acme-rules", "1.0", f"raise RuntimeError('{said}')")
    entries = "[gemma_compat.rules]\na = acme_rules\n"
    write(site / "acme_rules-1.0.dist-info" / "entry_points.txt", entries)
    write(home / "zqxmodel" / "config.json", MODEL)
    write(home / "zqxmodel" / "tokenizer_config.json", TOKENIZER)
    header = json.dumps({"zqx.weight": {"dtype": "ZQXD"}}).encode()
    weights = len(header).to_bytes(8, "little") + header
    (home / "zqxmodel" / "model.safetensors").write_bytes(weights)
    write(home / "zqxadapter" / "adapter_config.json", ADAPTER)
    write(home / "args.json", RUN)
    write(home / "requirements.txt", PIN)
    return home


def said(machine: Path, *arguments: str) -> str:
    """What the command prints; the packages of the machine come before those of this one."""
    path = os.pathsep.join([str(ROOT), str(machine / "site"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": path, "HOME": str(machine)}
    done = subprocess.run(
        [sys.executable, "-m", "gemma_compat", *arguments],
        cwd=machine, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert "Traceback" not in done.stderr and done.returncode in {0, 1, 3}, done.stderr
    return done.stdout


def leaks(text: str) -> list[str]:
    return [line.strip()[:200] for line in text.splitlines() if MARK in line.lower()]


def options(machine: Path) -> list[str]:
    model = str(machine / "zqxmodel")
    run = ["--args", str(machine / "args.json"), "--adapter", str(machine / "zqxadapter")]
    return ["--model", model, "--tokenizer", model, *run]


@pytest.mark.parametrize("form", FORMATS)
def test_a_report(form: str, machine: Path) -> None:
    text = said(machine, "report", "--probe", *options(machine), "--format", form)
    assert not leaks(text)
    assert "gemma_compat" in text or "GC" in text


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_of_a_log(form: str, machine: Path) -> None:
    log = write(machine / "run.log", "zqx\nValueError: Attempting to unscale FP16 gradients. zqx\n")
    asked = ["--model", str(machine / "zqxmodel"), "--format", form]
    assert not leaks(said(machine, "explain", log, *asked))


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_of_advice(form: str, machine: Path) -> None:
    pytest.importorskip("resolvelib")
    asked = ["--model", str(machine / "zqxmodel"), "--format", form]
    stack = ["--gpu", "L4", "--requirements", str(machine / "requirements.txt")]
    assert not leaks(said(machine, "advise", *asked, *stack))


def test_the_machine_is_full_of_them(machine: Path) -> None:
    """On its own terminal a user sees them: the tests above test something."""
    assert len(leaks(said(machine, "report", "--probe", *options(machine)))) > 5


def test_what_preflight_leaves_beside_the_checkpoints_has_no_text_of_the_data() -> None:
    found = CheckResult(
        "turns-end", Outcome.FAIL, "a turn is marked 'zqxrole'", where="row 1, token 5: zqx [zqx]"
    )
    shared = shareable(Preflight("gemma3_text", (found,)))
    assert not leaks(json.dumps(shared))
    assert shared["checks"][0]["where"] == "row 1, token 5"
