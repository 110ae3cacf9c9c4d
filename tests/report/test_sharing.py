"""What is made for sharing holds no path, name, login, token or GPU id."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemma_compat.engine.plan import make_plan
from gemma_compat.engine.rule import Problem
from gemma_compat.facts import Package
from gemma_compat.report import json as json_report
from gemma_compat.report import markdown
from gemma_compat.report.sharing import clean, shareable_facts

from . import made


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (
            "cannot read /home/ada/venv/torch/version.py: denied",
            "cannot read <path>/version.py: denied",
        ),
        ("cannot read /home/Ada Byron/v/x.py: denied", "cannot read <path>/x.py: denied"),
        ("/home/ada is full", "<path> is full"),
        ("/root is full", "<path> is full"),
        ("~/models/secret/config.json", "<path>/config.json"),
        ("~ada/models/config.json", "<path>/config.json"),
        (r"C:\Users\ada\model\config.json: gone", "<path>/config.json: gone"),
        (r"\\server\share\config.json", "<path>/config.json"),
        ("file:///home/ada/src/transformers", "<path>/transformers"),
        ("'/home/ada/x' and '/srv/y/z'", "'<path>/x' and '<path>/z'"),
        ("/a/b/c and /d/e/f", "<path>/f"),
        ("git+https://ada:pw@github.com/o/r", "git+https://github.com/o/r"),
        ("token hf_abcdefghijklmnop was refused", "token <token> was refused"),
        ("see https://github.com/o/r/issues/1", "see https://github.com/o/r/issues/1"),
        ("huggingface/transformers#36938", "huggingface/transformers#36938"),
        ("bf16 and/or fp16, 1/2", "bf16 and/or fp16, 1/2"),
        ("pip install 'x>=1,<2'", "pip install 'x>=1,<2'"),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.text(alphabet="/\\ab.: '~<>p", max_size=30))
def test_clean_twice_is_clean_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


_SECRETS = ("lovelace", "GPU-6f0a", "s3cret", "/home", "hf_abcdefgh")


def _leaky() -> tuple[str, str]:
    torch = Package(
        name="torch",
        version="2.6.0",
        location="/home/lovelace/v",
        vcs="git+https://lovelace:s3cret@git.example.org/lovelace/torch@abc",
        problem="/home/lovelace/v holds a copy that no metadata records",
    )
    known = made.with_model(
        packages={**made.facts().packages, "torch": torch},
        reasons={"other_gpus": "cannot read /home/lovelace/.nv/x: hf_abcdefghijk"},
    )
    rule = made.rule(
        problem=Problem("it reads /home/lovelace/model/config.json", "rm /home/lovelace/x/y")
    )
    found = made.diagnosis(known, rule)
    plan = make_plan(found)
    return json_report.render_diagnosis(found, plan), markdown.render_diagnosis(found, plan)


@pytest.mark.parametrize("form", [0, 1])
def test_nothing_private_in_json_and_markdown(form: int) -> None:
    for secret in _SECRETS:
        assert secret not in _leaky()[form]


def test_address_of_a_public_repository_is_kept() -> None:
    address = "git+https://ada:pw@github.com/huggingface/transformers@abc123"
    package = Package(name="transformers", version="5.0.0.dev0", vcs=address)
    shared = shareable_facts(made.facts(packages={"transformers": package}))
    expected = "git+https://github.com/huggingface/transformers@abc123"
    assert shared["packages"]["transformers"]["vcs"] == expected


def test_shared_facts_are_clean_by_themselves() -> None:
    shared = shareable_facts(made.facts(reasons={"torch": "cannot read /home/ada/x/version.py"}))
    assert shared["reasons"] == {"torch": "cannot read <path>/version.py"}


def test_only_allowed_fields_of_packages_and_gpus_are_shared() -> None:
    shared = shareable_facts(made.facts())
    assert set(shared["packages"]["torch"]) == {"name", "version", "editable", "vcs", "problem"}
    assert "uuid" not in shared["gpus"][0]
    assert json.loads(json.dumps(shared)) == shared


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("CUDA_VISIBLE_DEVICES", "0,1", "0,1"),
        ("CUDA_VISIBLE_DEVICES", "GPU-6f0a12bc-1234", "GPU-<id>"),
        ("NCCL_DEBUG", "INFO", "INFO"),
        ("NCCL_P2P_DISABLE", "1", "1"),
        ("NCCL_SOCKET_IFNAME", "eth0,ib0", "eth0,ib0"),
        ("NCCL_SOCKET_IFNAME", "alice.corp.example", "<not shown>"),
        ("NCCL_RAS_ADDR", "10.20.30.40:28028", "<not shown>"),
        ("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True", "expandable_segments:True"),
        ("PYTORCH_CUDA_ALLOC_CONF", "alice:True", "<not shown>"),
        ("UNSLOTH_COMPILE_DISABLE", "1", "1"),
        ("UNSLOTH_COMPILE_LOCATION", "/home/ada/cache", "<not shown>"),
        ("UNSLOTH_LICENSE", "abc", None),
        ("NCCL_API_TOKEN", "1", None),
        ("FSDP_ALICE@corp", "1", None),
    ],
)
def test_a_variable_has_the_values_that_its_name_knows(
    name: str, value: str, shown: str | None
) -> None:
    shared = shareable_facts(made.facts(environment={name: value}))["environment"]
    assert shared == ({} if shown is None else {name: shown})


@pytest.mark.parametrize(
    ("outcome", "shown"),
    [
        ("ok", "ok"),
        ("crashed with signal 11 (SIGSEGV)", "crashed with signal 11 (SIGSEGV)"),
        (
            "failed: OSError: libcudart.so.12: cannot open shared object file: No such file",
            "failed: OSError: libcudart.so.12: cannot open shared object file: No such file",
        ),
        ("failed: RuntimeError: licence lic7.corp.example", "failed: RuntimeError: <not shown>"),
        ("failed: AcmeError: alice", "failed: an exception: <not shown>"),
    ],
)
def test_of_what_an_import_said_only_public_words_are_shared(outcome: str, shown: str) -> None:
    assert shareable_facts(made.facts(imports={"torch": outcome}))["imports"]["torch"] == shown


@pytest.mark.parametrize(
    ("version", "shown"),
    [
        ("2.6.0+cu124", "2.6.0+cu124"),
        ("2.6.0+alice.corp", "2.6.0+local"),
        ("alice", "<not shown>"),
    ],
)
def test_a_version_is_shared_as_it_is_published(version: str, shown: str) -> None:
    package = Package(name="torch", version=version)
    shared = shareable_facts(made.facts(packages={"torch": package}))
    assert shared["packages"]["torch"]["version"] == shown


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("http://ada:pa/ss@proxy.corp.example:3128", "http://proxy.corp.example:3128"),
        ("ask alice@corp.example", "ask <address>"),
        ("git+https://github.com/o/r@v1.0", "git+https://github.com/o/r@v1.0"),
        ("glpat-ABCDEFGHIJKL", "<token>"),
        ("AKIAIOSFODNN7EXAMPLE", "<token>"),
    ],
)
def test_logins_addresses_and_tokens(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
