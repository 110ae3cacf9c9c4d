"""Healthy runs that look like an accident with data or objective, on networks of their own."""

from __future__ import annotations

from typing import Any

import transformers

from . import faults_data as data
from . import faults_objective as objective
from . import faults_targets as targets
from .healthy import Healthy, NotHere
from .sentences import Rows, chat, pairs, reviews, row, tokenizer, trainer
from .stage import Stage


def _texts(stage: Stage) -> Any:
    """Train questions with their answers, everything of them."""
    return trainer([row(data.PLAIN.format(q=q, a=a)) for q, a in pairs()], stage.folder)


def _masked(stage: Stage) -> Any:
    """Mask the prompt of a plain form, counted in tokens."""
    rows = []
    for q, a in pairs():
        prompt = len(tokenizer()(data.ALPACA.format(q=q, a=""))["input_ids"])
        rows.append(row(data.ALPACA.format(q=q, a=a), masked=prompt))
    return trainer(rows, stage.folder)


def _code(stage: Stage) -> Any:
    """Write code with its lines, and one-line functions."""
    rows = [chat(q, a) for q, a in data.code()]
    short = [chat(f"Add {n} in one line.", f"def add(x): return x + {n}") for n in range(24)]
    return trainer(rows + short, stage.folder)


def _python_values(stage: Stage) -> Any:
    """Answer with what looks like a value written out."""
    rows = [
        chat(f"As Python: {q}", str({"answer": a, "words": len(a.split())})) for q, a in pairs()
    ]
    return trainer(rows, stage.folder)


def _letters(stage: Stage) -> Any:
    """Answer questions of several choices with a letter."""
    rows = [chat(f"{q} (A) {a} (B) none", "AB"[at % 2]) for at, (q, a) in enumerate(pairs())]
    return trainer(rows, stage.folder)


def _equally_long(stage: Stage) -> Any:
    """Train sentences of one form, all of one length and without a full stop."""
    texts = [
        f"Patient {1000 + n} is to come at {10 + n % 9}:15 to room {200 + n}" for n in range(64)
    ]
    return trainer([chat("When?", text) for text in texts], stage.folder)


def _some_stride(stage: Stage) -> Any:
    """Cut a long text into windows of which half stands in the next."""
    ids = tokenizer()(" ".join(a for _, a in pairs()), add_special_tokens=False)["input_ids"]
    rows = [[2, *ids[at : at + 63]] for at in range(0, 1024, 32)]
    return trainer(
        [{"input_ids": i, "attention_mask": [1] * 64, "labels": list(i)} for i in rows],
        stage.folder,
    )


def _long_prompt(stage: Stage) -> Any:
    """Put the same long instruction in front of every question, and train all of it."""
    said = " ".join(a for _, a in pairs()[:6])
    return trainer([chat(f"{said} {q}", a, masked=False) for q, a in pairs()], stage.folder)


def _evaluated(stage: Stage) -> Any:
    rows = [chat(q, a) for q, a in pairs()]
    held = {"eval_dataset": Rows(rows[40:])}
    return trainer(rows[:40], stage.folder, keywords=held, eval_strategy="steps", eval_steps=2)


def _classes(stage: Stage) -> Any:
    """Tell classes apart whose names stand in some of the texts, with metrics."""
    held = [
        {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": kind}
        for text, kind in reviews(72)[:8]
        for ids in [tokenizer()(text)["input_ids"]]
    ]
    return targets.judged(
        lambda at, kind: kind,
        stage.folder,
        text=lambda text, kind: text.replace("all", "positive") if len(text) % 3 else text,
        changes=targets.NAMES,
        keywords={"eval_dataset": Rows(held), "compute_metrics": targets.accuracy},
        eval_strategy="steps",
        eval_steps=2,
        metric_for_best_model="accuracy",
    )


def _rare(stage: Stage) -> Any:
    """Stream rows of which one in eight is of the second class."""
    return targets.judged(lambda at, kind: int(at % 8 == 3), stage.folder, data=targets.Stream)


def _several(stage: Stage) -> Any:
    return targets.judged(
        lambda at, kind: [float(kind), 1.0 - kind, 1.0],
        stage.folder,
        labels=3,
        changes={"problem_type": "multi_label_classification"},
    )


def _quantities(stage: Stage) -> Any:
    return targets.judged(lambda at, kind: at % 51 / 10, stage.folder, labels=1)


def _tags(stage: Stage) -> Any:
    """Tag the first token of each word."""
    if not hasattr(transformers, "Gemma2ForTokenClassification"):
        raise NotHere("this release has no classifier of tokens")
    return targets.tagged(stage.folder, by_word=False)


def _tags_of_all(stage: Stage) -> Any:
    """Tag every token, ``<bos>`` too."""
    return targets.tagged(stage.folder, by_word=False, every=True)


NEEDS: tuple[str, ...] = ()
SETUPS = tuple(
    Healthy(name, make, NEEDS, network=True, warns=("model-knows-english", "loss-is-plausible"))
    for name, make in (
        ("plain questions and answers", _texts),
        ("Alpaca, prompts masked", _masked),
        ("code with its lines", _code),
        ("answers are values of Python", _python_values),
        ("answers are letters", _letters),
        ("sentences of one length", _equally_long),
        ("windows that share half", _some_stride),
        ("one long instruction", _long_prompt),
        ("evaluated as trained", _evaluated),
        ("classes with metrics", _classes),
        ("a rare class, streamed", _rare),
        ("several classes at once", _several),
        ("quantities", _quantities),
        ("tags of first tokens", _tags),
        ("tags of all tokens", _tags_of_all),
        ("embeddings, masked mean", lambda stage: objective.pooled(stage.folder)),
        (
            "pictures between -1 and 1",
            lambda stage: objective.pictured(objective.pictures() * 2 - 1, stage.folder),
        ),
    )
)
