"""What scikit-learn refuses of labels: beside predictions, and beside rows."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case

_EVALUATES = r"compute_metrics|EvalPrediction|evaluation_loop|nested_|_score\("


def labels_and_predictions(case: Case) -> Answer:
    """Answer by what is computed: a metric, or a split and a fit."""
    known = "the message is scikit-learn's check"
    if "Only one class" in case.match[0]:
        return Answer(
            "all labels are of one class, and that score compares two",
            ("print(set(labels))   : a larger evaluation set, or one with rows of each class",),
            known=known,
            settles=False,
        )
    if case.says(r"train_test_split|\.fit\(|cross_val|KFold") and not case.says(_EVALUATES):
        return Answer(
            "scikit-learn is given rows and labels that do not go together",
            (
                "print(len(X), len(y))   before that line: each row needs one label",
                "df.dropna(subset=[...])   on the whole table, not on one column of it",
            ),
            why="a filter, a dropna or a split was done to one of the two alone",
            known=known,
            settles=False,
        )
    return Answer(
        "scikit-learn is given labels and predictions that do not go together, or more than "
        "two classes where two are expected",
        (
            "predictions.argmax(-1).flatten(), labels.flatten()   with labels != -100 alone",
            "average='macro'   (or 'weighted') for more than two classes",
        ),
        why="logits of a causal model have a row for each token, and labels hold -100 where "
        "nothing counts",
        known=known,
        settles=False,
    )
