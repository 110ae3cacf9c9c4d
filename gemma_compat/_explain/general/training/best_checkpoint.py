"""The best checkpoint of a run: by which figure it is chosen, and when one is looked for."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_LISTED = re.compile(r"available evaluation metrics are: \[(?P<names>[^\]]{1,2000})")
_NO_LOSS = "an evaluation gives eval_loss where its rows have labels and the model returns a loss"
_NAMED = "compute_metrics' names get eval_ before them; without it there is eval_loss alone"
_LABELS = "label_names=['labels'] in the training arguments   (PEFT hides the model's own list)"
_SEVERAL = (
    "metric_for_best_model='eval_NAME_loss'   where the data set has a name, or there are more"
)


# A figure's name, and code that reads figures: others keep settings under such names.
_FIGURES = re.compile(
    r"eval_(?:\w{1,60}_)?(?:loss|accuracy|acc|f1|precision|recall|bleu|rouge\w{0,4}|wer|cer|auc|mcc|"
    r"perplexity|score|runtime|matthews_correlation|exact_match|em)"
)
_READS = re.compile(r"metric|result|evaluat|\blogs?\b|history|score|_determine_best|best_model")


def _is_a_figure(case: Case, name: str) -> bool:
    """Return whether the missing key is a figure of an evaluation."""
    place = case.places[-1] if case.places else None
    if place is None or not place.code:
        return True
    by_trainer = place.module in {"transformers", "trl"}
    return bool(by_trainer or _FIGURES.fullmatch(name) or _READS.search(place.code))


def _no_metric(case: Case) -> Answer | None:
    """Answer a figure that an evaluation lacks: the Trainer's choice of the best, or the script."""
    name = case.match["name"] or case.match["key"]
    if case.match["key"] and not _is_a_figure(case, name):
        return None
    look = "print(trainer.evaluate())   before the training: which figures there are"
    if case.match["key"] and case.is_of_the_script:
        return Answer(
            f"the script reads {name} of an evaluation that did not return it",
            (look, _LABELS, _SEVERAL)
            if name == "eval_loss"
            else (look, f"a compute_metrics that returns {name.removeprefix('eval_')}"),
            why=_NO_LOSS if name == "eval_loss" else _NAMED,
            known="the line that reads it is the script's own",
            settles=False,
        )
    if case.match["key"] and not case.places:
        do, why = _instead(name, [], look)
        return Answer(
            f"an evaluation did not return {name}, which is read of it",
            do,
            why=why,
            known="the message names the figure; who reads it (the choice of the best model, a "
            "callback, a scheduler, the script), it does not say",
            settles=False,
        )
    listed = _LISTED.search(case.message)
    names = re.findall(r"'(\w{1,80})'", listed["names"]) if listed else []
    do, why = _instead(name, names, look)
    return Answer(
        "the figure by which the best model is chosen is not among those of the evaluation: "
        f"{name}",
        do,
        why=why,
        known="the message lists the figures that there are" if names else "the message names it",
        settles=False,
    )


def _instead(name: str, names: list[str], look: str) -> tuple[tuple[str, ...], str]:
    """Return what to set in place of a figure that is not there, and why it is not."""
    losses = [item for item in names if item.endswith("_loss")]
    if losses:
        return (
            (
                f"metric_for_best_model='{losses[0]}'",
                "or load_best_model_at_end=False   to train without a choice",
            ),
            "the data sets have names, and each figure has that of its set in it"
            if name == "eval_loss"
            else "the Trainer chooses by what evaluate returns, compute_metrics' figures among it",
        )
    if name in {"eval_loss", "loss"}:
        return (look, _LABELS, _SEVERAL, "or load_best_model_at_end=False"), _NO_LOSS
    return (
        (
            f"a compute_metrics that returns {name.removeprefix('eval_')}, or "
            "metric_for_best_model with a figure that is there (eval_loss)",
            look,
        ),
        _NAMED,
    )


KINDS: tuple[General, ...] = (
    General(
        "best-model-and-its-steps",
        r"load_best_model_at_end requires the sav(?:e|ing)",
        always(
            "load_best_model_at_end compares checkpoints, and the run does not evaluate where it "
            "saves",
            'eval_strategy="steps", eval_steps=200, save_strategy="steps", save_steps=200',
            "or load_best_model_at_end=False",
            why="each checkpoint needs a figure: both strategies must be the same, and save_steps "
            "a multiple of eval_steps",
        ),
        {
            "ValueError: --load_best_model_at_end requires the save and eval strategy to match, "
            "but found\n- Evaluation strategy: no": "eval_steps",
            "ValueError: --load_best_model_at_end requires the saving steps to be a round multiple "
            "of the evaluation steps, but found 100, which is not a round multiple of 30.": (
                "save_steps"
            ),
        },
    ),
    General(
        "metric-that-is-not-there",
        r"`metric_for_best_model` training argument is set to '(?P<name>[^']{1,60})'|"
        r"KeyError: '(?P<key>eval_(?!data|set|steps?'|batch|strat|file|path|iter|inter|freq|every|"
        r"split|accum|delay|on_|config|args|func|fn|kwargs)\w{1,60})'",
        _no_metric,
        {
            "KeyError: \"The `metric_for_best_model` training argument is set to 'eval_f1', which "
            "is not found in the evaluation metrics.": "compute_metrics",
            "KeyError: 'eval_loss'": "who reads it",
            'Traceback (most recent call last):\n  File "/w/train.py", line 9, in <module>\n    '
            "n = cfg['eval_size']\nKeyError: 'eval_size'": "",
            "KeyError: \"The `metric_for_best_model` training argument is set to 'eval_loss', "
            "which is not found in the evaluation metrics. The available evaluation metrics are: "
            "['eval_a_loss', 'eval_a_runtime', 'epoch'].": "metric_for_best_model='eval_a_loss'",
            'Traceback (most recent call last):\n  File "/w/train.py", line 9, in <module>\n    '
            "print(math.exp(result['eval_loss']))\nKeyError: 'eval_loss'": "the script reads",
        },
    ),
    General(
        "best-without-its-states",
        r"(?:DeepSpeed|FSDP) can't be used with `save_only_model` along with `load_best_model_at_"
        r"end`",
        always(
            "load_best_model_at_end needs checkpoints with all states here, and save_only_model "
            "leaves them out",
            "save_only_model=False, save_total_limit=2   where the disk is small",
            "or load_best_model_at_end=False, and the best checkpoint loaded after the run",
            why="DeepSpeed and FSDP load the best weights from their own shards, which "
            "save_only_model does not write",
        ),
        {
            "ValueError: DeepSpeed can't be used with `save_only_model` along with "
            "`load_best_model_at_end`.": "save_only_model=False"
        },
    ),
)
