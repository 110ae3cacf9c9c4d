"""Reports in which a person tells of a failure and quotes no error: never a cause, what decides."""

from __future__ import annotations

import io

import pytest

from gemma_compat._cli import main
from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.unquoted import SYMPTOMS, told_in
from gemma_compat.report.explanation import headline, render_text

TOLD = """\
differs-after-export
    Different results after merging the adapter into gemma-2
    My fine-tune outputs gibberish in Ollama, in the notebook it is fine
    合并模型之后输出全是乱码
never-stops
    The fine-tuned model never stops, it goes on until max_new_tokens
    gemma-3 keeps generating after the answer
    微调后模型停不下来
useless-output
    After fine-tuning gemma-7b the model outputs the same token forever
    it just prints gibberish now
    模型一直重复
no-effect
    the model answers exactly as before, as if the adapter was not there
    LoRA training has no effect on gemma-3-1b
becomes-nan
    grad norm becomes inf after some steps
    encode returns NaN for some texts
does-not-learn
    Loss does not decrease with my data set
    gemma-2 训练 loss 不下降
too-little-memory
    fine-tuning gemma-3-12b with QLoRA runs out of memory on my 3090
    显存不足，24G 不够吗
machine-restarts
    My PC reboots when I train gemma 3 12b
killed
    loading gemma-3-27b ... Killed
    the process was killed
hangs
    Fine-tuning on 4 GPUs hangs at the first step
    I start train.py and nothing happens
    训练卡住不动，显卡占用100%
ends-without-a-word
    accelerate launch exits immediately, I see nothing
    程序直接退出
slow
    Training with LoRA is extremely slow, 90 seconds per iteration
    gemma2 微调速度非常慢
worse-than-before
    after training the answers are worse than the base model's
no-access
    I can not download gemma
    access denied, though I have accepted the licence
fails
    Gemma 3 finetuning does not work
    训练失败，求助
"""


def sentences() -> list[tuple[str, str]]:
    found, name = [], ""
    for line in TOLD.splitlines():
        if line.startswith(" "):
            found.append((name, line.strip()))
        else:
            name = line
    return found


@pytest.mark.parametrize(("name", "line"), sentences())
def test_a_sentence_is_understood(name: str, line: str) -> None:
    told = told_in(line.encode(), 1)
    assert told is not None and (told.symptom.name, told.line) == (name, 1)


@pytest.mark.parametrize(("name", "line"), sentences())
def test_no_cause_is_named(name: str, line: str) -> None:
    """A general kind that knows the sentence says more, and goes first."""
    found = explain_log(io.BytesIO(f"{line}\n".encode()))
    assert not found.causes
    if found.told is None:
        assert found.generally and not found.generally[0].answer.settles
        return
    assert "its cause is not known from that" in headline(found)
    text = render_text(found)
    assert len(text.splitlines()) <= 16 and found.told.symptom.do.split()[0] in text


def test_each_symptom_has_a_sentence() -> None:
    assert {name for name, _ in sentences()} == {item.name for item in SYMPTOMS}


@pytest.mark.parametrize(
    "text",
    [
        "Loading checkpoint shards: 100%|##########| 4/4 [00:10<00:00, 2.5s/it]\n",
        "Using bos token; no error correction; it is not slower than before\n",
        "x.py:12: FutureWarning: this will raise an error in v5: it does not work then\n",
        "loss: 1.2 | lr 1e-4 | no effect of clipping\n",
        "INFO frozen layers: 12, slow tokenizer in use, no error\n",
        "from frob import merge, export\nmerge(wrong=True)\n",
        "```python\nprint('it hangs here, does not work')\n```\n",
        "transformers==4.57.3\ngoogle/gemma-3-4b-it\nSaving model checkpoint to out\n",
        "it hangs\n{'train_runtime': 100.0, 'train_loss': 1.95}\n",  # a run that ended well
        "the grade of the road rose very slowly\n",  # no run that is slow
        "the weather is nice\n" * 100 + "it hangs\n",  # no report
    ],
)
def test_what_a_healthy_run_prints_tells_nothing(text: str) -> None:
    assert explain_log(io.BytesIO(text.encode())).told is None


def test_the_exit_status_says_that_a_failure_is_told(
    tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "report.txt"  # type: ignore[operator]
    log.write_text("gemma-3 training hangs\n")
    assert main(["explain", str(log)]) == 3
    assert "py-spy dump --pid PID" in capsys.readouterr().out
