"""Equal nodes are one group, a group is judged once, and what differs is told by how bad it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.engine.diagnosis import judge_all, judge_node
from gemma_compat.engine.recall import Recall
from gemma_compat.engine.rule import Severity
from gemma_compat.facts import Facts
from gemma_compat.facts.checked import checked_facts
from gemma_compat.nodes import Grouping, Job, Member, Node, judge_job, judging
from gemma_compat.nodes.names import compact_names
from gemma_compat.nodes.ranks import RankReport, crowded_hosts, nodes_of_ranks
from gemma_compat.report.nodes import json as as_json
from gemma_compat.report.nodes import markdown, text
from gemma_compat.report.sharing import clean_values, shareable_facts
from gemma_compat.rules import all_rules
from tests.conftest import H100, T4, facts_for


def job_of(*facts: Facts, prefix: str = "node") -> Job:
    nodes = [Node(Member(f"{prefix}{n:03d}"), item, tool="0.1.0") for n, item in enumerate(facts)]
    return judge_job(Grouping().add_all(nodes), all_rules())


def differing(job: Job) -> dict[str, Severity]:
    return {item.topic: item.severity for item in job.differences}


def test_what_moves_or_is_private_does_not_part_nodes() -> None:
    busy = H100.replace(memory_free=1, uuid="GPU-another", index=3)
    job = job_of(facts_for(gpus=[H100]), facts_for(gpus=[busy]))
    assert [len(group.members) for group in job.groups] == [2]
    assert not job.differences


@pytest.mark.parametrize(
    ("other", "topic", "severity"),
    [
        ({"transformers": "4.57.6"}, "packages.transformers", Severity.ERROR),
        ({"packages": {"peft": "0.15.2"}}, "packages.peft", Severity.ERROR),
        ({"gpus": [T4]}, "gpus", Severity.WARNING),
        ({"environment": {"NCCL_P2P_DISABLE": "1"}}, "environment.NCCL_P2P_DISABLE", "warning"),
        (
            {"environment": {"CUDA_VISIBLE_DEVICES": "0"}},
            "environment.CUDA_VISIBLE_DEVICES",
            "warning",
        ),
    ],
)
def test_what_differs_is_told(other: dict[str, Any], topic: str, severity: Severity) -> None:
    usual: dict[str, Any] = {"transformers": "5.23.0", "packages": {"peft": "0.21.2"}}
    usual["gpus"] = [H100]
    same = facts_for("gemma4", **usual)
    job = job_of(same, same, facts_for("gemma4", **{**usual, **other}))
    assert differing(job)[topic] == Severity(severity)
    assert [len(group.members) for group in job.groups] == [2, 1]


def test_an_unknown_on_one_node_is_no_error() -> None:
    known, unknown = facts_for(), facts_for()
    del unknown.packages["transformers"]
    assert differing(job_of(known, unknown))["packages.transformers"] is Severity.NOTICE


def test_a_group_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that time grows with the groups, and reading alone with the nodes."""
    asked: list[Facts] = []

    def counted(facts: Facts, recall: Recall) -> Any:
        asked.append(facts)
        return judge_node(facts, recall)

    monkeypatch.setattr(judging, "judge_node", counted)
    job_of(*[facts_for()] * 200, *[facts_for(transformers="4.57.6")] * 3)
    assert len(asked) == 2


def test_findings_name_their_groups() -> None:
    training = {"evaluates": True, "gathers_outputs": True}
    usual, old = (facts_for(transformers=v, training=training) for v in ("5.23.0", "4.50.3"))
    job = job_of(usual, usual, usual, old)
    found = {item.finding.rule.code: item.groups for item in job.findings}
    assert found["GC101"] == (2,)
    shown = text.render_job(job)
    assert "node003" in shown
    assert "4.50.3 *" in shown


def test_a_thousand_nodes_are_a_page() -> None:
    odd = facts_for(transformers="4.57.6")
    job = job_of(*[facts_for(transformers="5.23.0")] * 998, odd, odd)
    shown = text.render_job(job)
    assert "node000-node997 (998 nodes)" in shown
    assert len(shown.splitlines()) < 80
    assert max(map(len, shown.splitlines())) <= 100


def test_many_different_groups_are_still_a_page() -> None:
    job = job_of(*(facts_for(transformers=f"5.{n}.0") for n in range(200)))
    shown = text.render_job(job)
    assert len(shown.splitlines()) < 250
    assert max(map(len, shown.splitlines())) <= 120


def test_nothing_of_a_file_reaches_the_terminal_as_a_command() -> None:
    evil = facts_for(environment={"NCCL_DEBUG": "\x1b[2J\x07x\u202e"})
    job = job_of(facts_for(), evil, prefix="\x1b]0;owned\x07")
    for render in (text.render_job, markdown.render_job, as_json.render_job):
        assert not any(ord(char) < 32 and char != "\n" for char in render(job))
        assert "\u202e" not in render(job)


def facts_with_everything() -> Iterator[Facts]:
    for name in ("gemma2", "gemma3", "gemma3n", "gemma4", "paligemma"):
        for release in ("4.50.3", "4.57.6", "5.5.0", "5.23.0"):
            yield facts_for(name, release, gpus=[T4], environment={"UNSLOTH_FORCE_FLOAT32": "1"})


@pytest.mark.parametrize("facts", list(facts_with_everything()))
def test_rules_judge_the_json_as_they_judge_the_facts(facts: Facts) -> None:
    written = json.loads(json.dumps(clean_values(shareable_facts(facts))))
    read = checked_facts(written)
    there, here = judge_all(read, all_rules()), judge_all(facts, all_rules())
    assert {f.rule.code for f in there.findings} == {f.rule.code for f in here.findings}
    assert {u.rule.code for u in there.undetermined} == {u.rule.code for u in here.undetermined}


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["node1", "node2", "node3"], ["node1-node3"]),
        (["node001", "node002", "node004"], ["node001", "node002", "node004"]),
        (["node9", "node10", "node11"], ["node9-node11"]),
        (["a.example.org", "b.example.org"], ["a.example.org", "b.example.org"]),
        (["ip-10-0-0-7.ec2", "ip-10-0-0-8.ec2", "ip-10-0-0-9.ec2"],
         ["ip-10-0-0-7.ec2-ip-10-0-0-9.ec2"]),
        (["x", "x1y", "x2y", "x3y"], ["x", "x1y-x3y"]),
    ],
)  # fmt: skip
def test_names_are_compact(names: list[str], shown: list[str]) -> None:
    assert compact_names(names) == shown


def rank(number: int, facts: Facts | None, host: str = "a", error: str = "") -> RankReport:
    return RankReport(number, host, "", Node(Member(host, (number,)), facts, error))


def test_equal_ranks_of_a_host_are_one_node() -> None:
    odd = facts_for(environment={"NCCL_DEBUG": "INFO"})
    nodes = nodes_of_ranks([rank(0, facts_for()), rank(1, odd), rank(2, facts_for())])
    assert [node.member.ranks for node in nodes] == [(0, 2), (1,)]


def test_a_rank_without_facts_is_a_failed_node() -> None:
    nodes = nodes_of_ranks([rank(0, facts_for()), rank(1, None, error="detection failed: x")])
    job = judge_job(Grouping().add_all(nodes), all_rules())
    assert [node.error for node in job.failed] == ["detection failed: x"]
    assert "detection failed: x" in text.render_job(job)


def test_more_ranks_than_gpus_is_told() -> None:
    reports = [rank(n, facts_for(gpus=[H100])) for n in range(2)]
    assert [(item.ranks, item.gpus) for item in crowded_hosts(reports)] == [(2, 1)]
    assert crowded_hosts(reports[:1]) == []
