"""Accidents with TRL's trainers: pairs, rewards, desirable rows, prompts for generation."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from .. import tiny
from ..preflight import runs
from . import small
from .faults_adapter import lora
from .planted import Fault, trial

_NO = "It is not ."
Row = dict[str, Any]


def _model(seed: int = 0) -> Any:
    return tiny.build("gemma3_text", vocab_size=small.VOCAB, num_hidden_layers=3, seed=seed)


def _trainer(name: str, rows: list[Row], folder: Any, settings: Any, keywords: Any) -> Any:
    import trl
    from datasets import Dataset

    runs.reset_precision()
    given = {
        "output_dir": str(folder),
        "per_device_train_batch_size": 4,
        "max_steps": 6,
        "report_to": [],
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "save_strategy": "no",
        "disable_tqdm": True,
        **settings,
    }
    made = {"model": _model(), "processing_class": small.tokenizer(), **keywords}
    return getattr(trl, f"{name}Trainer")(
        args=getattr(trl, f"{name}Config")(**given), train_dataset=Dataset.from_list(rows), **made
    )


def _run(name: str, rows: Callable[[], list[Row]], make: Any = None, **settings: Any) -> Any:
    """Return what makes a trial; ``make`` returns keywords of the Trainer."""

    def made(folder: Any) -> Any:
        keywords = make() if make else {}
        return trial(_trainer(name, rows(), folder, settings, keywords))

    return made


def _messages(pairs: Any = small.QA) -> list[Row]:
    return [{"messages": chat} for chat in small.messages(pairs)]


def _texts(texts: list[str]) -> list[Row]:
    return [{"text": text} for text in texts]


def _pairs(chosen: Any = None, rejected: Any = None, prompt: str = "") -> list[Row]:
    """Return preferences: the right answer over ``It is not``, unless given by the row."""
    made = []
    for asked, said in small.QA:
        turns = {
            "prompt": [{"role": "user", "content": prompt + asked}],
            "chosen": [{"role": "assistant", "content": chosen or said}],
            "rejected": [{"role": "assistant", "content": rejected or _NO}],
        }
        made.append(turns)
    return made


def _whole_pairs() -> list[Row]:
    """Return pairs as text, of which both answers begin with their prompt."""
    made = []
    for asked, said in small.QA:
        prompt = f"<start_of_turn>user\n{asked}<end_of_turn>\n<start_of_turn>model\n"
        made.append({"prompt": prompt, "chosen": prompt + said, "rejected": prompt + _NO})
    return made


def _plain_pairs() -> list[Row]:
    """Return pairs as text without any mark, although the tokenizer has a chat template."""
    return [{"prompt": asked, "chosen": said, "rejected": _NO} for asked, said in small.QA]


def _equal_pairs() -> list[Row]:
    return [{**row, "rejected": row["chosen"]} for row in _pairs()]


def _judged(label: Callable[[int], bool]) -> list[Row]:
    return [
        {"prompt": chat[:1], "completion": chat[1:], "label": label(at)}
        for at, chat in enumerate(small.messages())
    ]


def _scored(chosen: float, rejected: float) -> list[Row]:
    return [{**row, "score_chosen": chosen, "score_rejected": rejected} for row in _pairs()]


def _of_other_rows() -> list[Row]:
    """Return pairs without a column of prompts, the rejected answers one row on."""
    said = [f"{asked} {told}" for asked, told in small.QA]
    other = [f"{asked} {_NO}" for asked, _ in small.QA]
    return [
        {"chosen": one, "rejected": two}
        for one, two in zip(said, other[1:] + other[:1], strict=True)
    ]


def _with_solutions() -> list[Row]:
    return [{**row, "solution": "4"} for row in _prompts()]


def _asks_for_answers(completions: Any, answer: Any, **columns: Any) -> list[float]:
    return [float(a in str(c)) for c, a in zip(completions, answer, strict=True)]


def _takes_nothing_else(completions: Any) -> list[float]:
    return _length(completions)


def _prompts(text: str | None = None) -> list[Row]:
    return [{"prompt": [{"role": "user", "content": text or asked}]} for asked, _ in small.QA]


def _reference(seed: int) -> Callable[[], Row]:
    return lambda: {"model": _model(), "ref_model": _model(seed)}


def _frozen() -> Row:
    return {"model": _model().requires_grad_(False), "ref_model": _model()}


def _scorer(adapt: Any = None) -> Callable[[], Row]:
    def make() -> Row:
        import transformers

        config = _model().config
        config.num_labels, config.pad_token_id = 1, 0
        model = transformers.Gemma3TextForSequenceClassification(config)
        return {"model": adapt(model) if adapt else model}

    return make


def _frozen_head(model: Any) -> Any:
    return lora(model, task_type=None)  # with SEQ_CLS, PEFT would train the head


def _rewarded() -> Row:
    return {"reward_funcs": _length}


def _always(completions: Any, **columns: Any) -> list[float]:
    return [1.0] * len(completions)


def _of_two(prompts: Any, completions: Any) -> list[float]:
    return _length(completions)


def _length(completions: Any, **columns: Any) -> list[float]:
    return [float(len(str(completion))) for completion in completions]


def _chatml() -> Row:
    return {"processing_class": small.tokenizer(small.CHATML)}


_LONG = [(q, f"{a} {small.LONG}") for q, a in small.QA]
_ROWS = (
    ("SFT: ChatML's template", _run("SFT", _messages, _chatml), "another model's mark", True),
    (
        "SFT: <bos> twice",
        _run("SFT", lambda: _texts(small.written())),
        "<bos> stands twice",
        True,
    ),
    ("SFT: answers cut", _run("SFT", lambda: _messages(_LONG), max_length=30), "row is cut", True),
    ("SFT: max_length of 4", _run("SFT", _messages, max_length=4), "cut", False),
    ("SFT: one row", _run("SFT", lambda: _messages([small.QA[0]] * 16)), "the same", False),
    ("SFT: rate 0", _run("SFT", _messages, learning_rate=0.0), "learning_rate is 0", False),
    (
        "DPO: chosen is rejected",
        _run("DPO", _equal_pairs, _reference(0)),
        "chosen and rejected are the same",
        False,
    ),
    (
        "DPO: cut before they differ",
        _run("DPO", lambda: _pairs(prompt=small.LONG), _reference(0), max_length=20),
        "leaves nothing of its answers|completions are cut",
        False,
    ),
    ("DPO: another reference", _run("DPO", _pairs, _reference(5)), "reference model", False),
    ("DPO: beta 0", _run("DPO", _pairs, _reference(0), beta=0.0), "beta", False),
    ("DPO: rate 0.01", _run("DPO", _pairs, _reference(0), learning_rate=1e-2), "stay below", False),
    (
        "DPO: everything frozen",
        _run("DPO", _pairs, _frozen),
        "no parameter",
        False,
    ),
    ("reward: chosen is rejected", _run("Reward", _equal_pairs, _scorer()), "are the same", False),
    ("reward: head frozen", _run("Reward", _pairs, _scorer(_frozen_head)), "head", False),
    (
        "KTO: all desirable",
        _run("KTO", lambda: _judged(lambda at: True), _reference(0)),
        "every label is True",
        False,
    ),
    (
        "KTO: none desirable",
        _run("KTO", lambda: _judged(lambda at: False), _reference(0)),
        "every label is False",
        False,
    ),
    (
        "KTO: another reference",
        _run("KTO", lambda: _judged(lambda at: at % 2 == 0), _reference(5)),
        "reference model",
        False,
    ),
    (
        "DPO: prompts in the answers too",
        _run("DPO", _whole_pairs, lambda: {"model": _model(), "ref_model": _model()}),
        "the prompt stands twice",
        False,
    ),
    ("DPO: plain text", _run("DPO", _plain_pairs, _reference(0)), "are plain text", False),
    (
        "GRPO: constant reward",
        _run("GRPO", _prompts, lambda: {"reward_funcs": _always}, num_generations=2),
        "_always returns 1 for each of",
        False,
    ),
    (
        "GRPO: reward without kwargs",
        _run("GRPO", _prompts, lambda: {"reward_funcs": _of_two}, num_generations=2),
        "_of_two cannot be called as the Trainer does",
        False,
    ),
    (
        "GRPO: rate 0",
        _run("GRPO", _prompts, _rewarded, num_generations=2, learning_rate=0.0),
        "learning_rate is 0",
        False,
    ),
    (
        "GRPO: one prompt",
        _run("GRPO", lambda: _prompts("Who ?"), _rewarded, num_generations=2),
        "the same prompt",
        False,
    ),
    (
        "DPO: scores turned",
        _run("DPO", lambda: _scored(2.0, 8.0), _reference(0)),
        "the rejected answer has the higher score",
        False,
    ),
    (
        "DPO: pairs of two prompts",
        _run("DPO", _of_other_rows, lambda: {"model": _model(), "ref_model": _model()}),
        "pairs have no prompt",
        False,
    ),
    (
        "GRPO: reward asks for another column",
        _run(
            "GRPO", _with_solutions, lambda: {"reward_funcs": _asks_for_answers}, num_generations=2
        ),
        r"rename_column\('solution', 'answer'\)",
        False,
    ),
    (
        "GRPO: reward takes no columns",
        _run(
            "GRPO",
            _with_solutions,
            lambda: {"reward_funcs": _takes_nothing_else},
            num_generations=2,
        ),
        "cannot be called as the Trainer does",
        False,
    ),
    (
        "GRPO: ChatML's template",
        _run("GRPO", _prompts, lambda: {**_rewarded(), **_chatml()}, num_generations=2),
        "another model's mark",
        False,
    ),
)


FAULTS = tuple(
    Fault(name, make, cause, audited)
    for name, make, cause, audited in _ROWS
    if find_spec("trl") and find_spec("datasets")
)
