"""Metrics that are computed at an evaluation: arrays that do not fit, tuples, kinds of labels."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .scikit import labels_and_predictions

_METRICS = (
    r"compute_metrics|EvalPrediction|evaluation_loop|in evaluate\b|sklearn[/\\]metrics|nested_"
)
_FIRST = "logits = eval_pred.predictions; logits = logits[0] if isinstance(logits, tuple) else "
_REDUCE = (
    "preprocess_logits_for_metrics=lambda logits, _: (logits[0] if isinstance(logits, tuple) "
    "else logits).argmax(-1)"
)


def _broadcast(case: Case) -> Answer:
    if case.says(_METRICS):
        return Answer(
            "predictions and labels of an evaluation have other shapes",
            (
                "predictions[:, :-1] against labels[:, 1:]   where each place predicts the next",
                "mask = labels != -100   and both indexed by it",
                "print(predictions.shape, labels.shape)   as the first line of compute_metrics",
            ),
            why="rows are padded to the longest of a batch, and gathered over batches of other "
            "lengths; a prompt that was cut off, or virtual tokens, shift one against the other",
            known="the message has both shapes; the frames are those of an evaluation",
            certain=False,
            settles=False,
        )
    return Answer(
        "two arrays of NumPy have shapes that do not fit",
        ("print(a.shape, b.shape)   before the line of the last frame",),
        why="rows of other lengths, or one array that lacks a dimension",
        known="the message has both shapes",
        settles=False,
    )


def _ragged(case: Case) -> Answer:
    is_metric = case.says(_METRICS)
    return Answer(
        "an array is to be made of rows that have different lengths",
        (
            _REDUCE
            if is_metric
            else "pad the rows first: tokenizer.pad(...), or max_length with padding='max_length'",
            f"{_FIRST}logits" if is_metric else "print([len(row) for row in rows])",
        ),
        why="predictions may be a tuple (logits and more), or batches of other widths; NumPy 1.24 "
        "and newer refuse what older ones made an array of lists"
        if is_metric
        else "NumPy 1.24 and newer refuse what older ones made an array of lists",
        known="the message; what the rows are, the frames say",
        settles=False,
    )


def _of_a_tuple(case: Case) -> Answer:
    name = case.match["name"] or case.match["function"]
    if not case.says(_METRICS) and (case.places or not re.search("max|sigm", name)):
        return Answer(
            f"{name} is called on a tuple: what comes before it returned several values",
            (
                f"x[0].{name}(...)   in that line, or a, b = ... where it is made: print(type(x), "
                "len(x)) shows what is in it",
                "return_dict=True   where it is the output of a model; return loss alone where "
                "return_outputs is not asked for",
            ),
            why="a model with return_dict=False, a layer of another release of transformers, and a "
            "compute_loss with return_outputs=True return tuples",
            known="the message; what the tuple is of, the last frame's line says",
            settles=False,
        )
    return Answer(
        f"{name} is called on a tuple: the predictions hold more than the logits",
        (
            f"{_FIRST}logits",
            _REDUCE,
        ),
        why="a model that returns hidden states, a cache or image states beside the logits makes "
        "the Trainer gather them all",
        known="the message; that it is the predictions, the last frame says",
        certain=re.search(_METRICS, case.frames) is not None,
        settles=False,
    )


_HARNESS = r"lm[_-]eval|local-(?:chat-)?completions|evaluation[- ]harness"

KINDS: tuple[General, ...] = (
    General(
        "harness-and-the-whole-address",
        r"(?:404 Client Error|Not Found) ?[^\n]{0,20}for url: (?P<url>https?://[^\s`'\"]{1,120}/v1/?)"
        r"(?=[\s`'\"]|$)",
        lambda case: (
            Answer(
                "the harness posts to exactly the address that it is given, and the server has "
                "nothing at /v1",
                (
                    f"base_url={case.match['url'].rstrip('/')}/completions   (--model "
                    "local-completions; local-chat-completions: /chat/completions)",
                ),
                known="the message has the address; read in lm_eval 0.4.9.1, whose default ends "
                "in /v1/completions",
            )
            if re.search(_HARNESS, f"{case.near}{case.around}")
            else None
        ),
        {
            "lm_eval --model local-completions --model_args base_url=http://127.0.0.1:8080/v1\n"
            "404 Client Error: Not Found for url: http://127.0.0.1:8080/v1": "/v1/completions",
            "404 Client Error: Not Found for url: http://127.0.0.1:8080/v1": "",
        },
        alone=True,
    ),
    General(
        "harness-and-logprobs-of-llama-cpp",
        r"Invalid logprobs data\. Expected .logprobs. to contain .token_logprobs. list",
        always(
            "the harness asks llama.cpp for log-probabilities in an older form than the server "
            "gives, and every score is lost",
            "--model local-completions --model_args model=NAME,base_url=http://HOST:8080/v1/"
            "completions,tokenizer_backend=huggingface,tokenizer=google/GEMMA",
            "or --model hf with the 16-bit checkpoint, or vLLM",
            why="its type gguf wants one list token_logprobs in each answer; what comes otherwise "
            "is reported and tried again",
            known="lm_eval says so; read in 0.4.9.1",
            settles=False,
        ),
        {
            "Invalid logprobs data. Expected 'logprobs' to contain 'token_logprobs' list.": (
                "local-completions"
            ),
        },
        alone=True,
    ),
    General(
        "arrays-of-other-shapes",
        r"operands could not be broadcast together with (?:remapped )?shapes|"
        r"could not broadcast input array from shape",
        _broadcast,
        {
            "ValueError: operands could not be broadcast together with shapes (4,512) (4,511) ": (
                "shapes that do not fit"
            ),
            '  File "/x/train.py", line 9, in compute_metrics\n    a\nValueError: could not '
            "broadcast input array from shape (8,512) into shape (8,498)": "of an evaluation",
        },
    ),
    General(
        "rows-of-unequal-length-in-an-array",
        r"setting an array element with a sequence|inhomogeneous shape after \d|"
        r"all the input array dimensions except for the concatenation axis must match",
        _ragged,
        {
            "ValueError: setting an array element with a sequence. The requested array has an "
            "inhomogeneous shape after 2 dimensions.": "different lengths",
            '  File "/x/train.py", line 9, in compute_metrics\n    a\nValueError: setting an array '
            "element with a sequence.": "preprocess_logits_for_metrics",
        },
    ),
    General(
        "predictions-that-are-a-tuple",
        r"'tuple' object has no attribute '(?P<name>argmax|softmax|reshape|mean|astype|numpy|cpu)'|"
        r"(?P<function>argmax|softmax|log_softmax|sigmoid)\(\): argument 'input' \(position 1\) "
        r"must be Tensor, not tuple",
        _of_a_tuple,
        {
            "AttributeError: 'tuple' object has no attribute 'argmax'": "logits[0]",
            "TypeError: argmax(): argument 'input' (position 1) must be Tensor, not tuple": (
                "preprocess_logits_for_metrics"
            ),
            'Traceback (most recent call last):\n  File "/w/t.py", line 9, in compute_loss\n    '
            "return loss.mean()\nAttributeError: 'tuple' object has no attribute 'mean'": (
                "several values"
            ),
        },
    ),
    General(
        "metric-and-its-inputs",
        r"Predictions and/or references don't match the expected format|"
        r"Mismatch in the number of predictions \(\d+\) and references \(\d+\)",
        always(
            "a metric of evaluate is given predictions or references in another form than it takes",
            "print(metric.features)   beside what is passed",
            "tokenizer.batch_decode(ids, skip_special_tokens=True)   for metrics of texts; BLEU "
            "takes a list of references for each text",
            "predictions.argmax(-1)   for metrics of classes",
            known="evaluate says so, and lists both forms below",
            settles=False,
        ),
        {
            "ValueError: Predictions and/or references don't match the expected format.\nExpected "
            "format: {'predictions': Value": "metric.features"
        },
    ),
    General(
        "labels-of-another-kind-for-the-metric",
        r"Target is (?:multiclass|multilabel-indicator) but average='binary'|"
        r"Classification metrics can't handle a mix of|"
        r"Found input variables with inconsistent numbers of samples|"
        r"(?:multiclass|multiclass-multioutput|continuous-multioutput) (?:format )?is not "
        r"supported|ValueError: unknown (?:format )?is not supported|"
        r"Only one class present in y_true|"
        r"y_true and y_pred contain different number of classes",
        labels_and_predictions,
        {
            "ValueError: Target is multiclass but average='binary'. Please choose another average "
            "setting, one of [None, 'micro', 'macro', 'weighted'].": "average='macro'",
            "ValueError: Classification metrics can't handle a mix of multilabel-indicator and "
            "binary targets": "argmax",
            "ValueError: Found input variables with inconsistent numbers of samples: [3, 4]": (
                "flatten"
            ),
            'Traceback (most recent call last):\n  File "/w/t.py", line 9, in <module>\n    a, b = '
            "train_test_split(texts, labels)\nValueError: Found input variables with inconsistent "
            "numbers of samples: [3, 4]": "len(X), len(y)",
        },
    ),
    General(
        "fields-of-an-evaluation",
        r"'EvalPrediction' object has no attribute '(?P<name>\w{1,40})'|"
        r"'EvalPrediction' object is not (?:subscriptable|iterable)",
        always(
            "an EvalPrediction holds predictions and label_ids (and inputs, where asked for)",
            "predictions, labels = eval_pred.predictions, eval_pred.label_ids",
            known="the message; read in transformers 4.57.6 and 5.23.0",
        ),
        {"AttributeError: 'EvalPrediction' object has no attribute 'preds'": "label_ids"},
    ),
    General(
        "no-such-evaluation",
        r"Tasks? (?:were )?not found: [^\n]{0,300}lm[-_]eval|"
        r"Try `lm-eval (?:--tasks list|ls tasks)",
        always(
            "lm-eval has no task of that name here",
            "lm-eval ls tasks   (lm_eval --tasks list), or pip install -U lm-eval",
            "a task of your own: --include_path FOLDER",
            known="the message has the name",
        ),
        {
            "ValueError: Tasks not found: mmlu_x. Try `lm-eval ls tasks` for list": "ls tasks",
            "ValueError: Could not find task x in the registry": "",
        },
    ),
    General(
        "ids-below-zero-decoded",
        r"can't convert negative int to unsigned",
        lambda case: (
            Answer(
                "what is decoded holds negative numbers, which token ids never are: -100, where "
                "the Trainer pads predictions and labels",
                (
                    "ids = np.where(ids != -100, ids, tokenizer.pad_token_id) before batch_decode, "
                    "for predictions and labels alike",
                ),
                why="rows of several batches are brought to one length with -100",
                known="the message is a fast tokenizer's, and a frame decodes",
                settles=False,
            )
            if re.search(r"batch_decode|tokenizer|tokenization|processor\.", case.around)
            else None
        ),
        {
            "    preds = tokenizer.batch_decode(preds)\nOverflowError: "
            "can't convert negative int to unsigned": "np.where",
            'File "/w/codec.py", line 3, in decode\n    pack(n)\nOverflowError: can\'t convert '
            "negative int to unsigned": "",
            "    file.write(struct.pack('I', n))\nOverflowError: can't convert negative int to "
            "unsigned": "",
        },
    ),
    General(
        "nan-in-scikit-learn",
        r"ValueError: Input (?:[Xy] )?contains (?:NaN|infinity)",
        always(
            "scikit-learn is given values that are not numbers, which were made before it",
            "print(np.isnan(x).sum(), x.shape)   of embeddings, logits and labels: which of them?",
            "embeddings or logits of a model that was trained: load it in float32 or bfloat16, and "
            "look at the training's own loss for nan",
            why="a head or a metric only shows it: float16 that overflows, a run whose loss became "
            "NaN, or empty cells of a table",
            known="the message; which of these it is, it does not say",
            settles=False,
        ),
        {"ValueError: Input X contains NaN.": "np.isnan"},
    ),
)
