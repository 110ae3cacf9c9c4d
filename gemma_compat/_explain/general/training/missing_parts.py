"""Parts that are missing or empty: a backend, a compiler, rows, an output, a weight."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from ..memory.phases import EVALUATING

_INSTALLED_BY = {
    "PyTorch": "torch",
    "Torchvision": "torchvision",
    "TensorFlow": "tensorflow",
    "FLAX": "flax",
    "PIL": "Pillow",
    "SentencePiece": "sentencepiece protobuf",
    "protobuf": "protobuf",
    "Tokenizers": "tokenizers",
    "tokenizers": "tokenizers",
    "Accelerate": "accelerate",
    "sklearn": "scikit-learn",
    "OpenCV": "opencv-python",
    "PyAv": "av",
}
_IMPORTED_AS = {
    "Pillow": "PIL",
    "protobuf": "google.protobuf",
    "scikit-learn": "sklearn",
    "opencv-python": "cv2",
    "yt-dlp": "yt_dlp",
}


def _backend(case: Case) -> Answer:
    library = case.match["library"]
    package = _INSTALLED_BY.get(library, library.lower())
    return Answer(
        f"{case.match['who']} needs {library}, which this Python does not find",
        (
            f"python -m pip install {package}   and restart the kernel",
            f"python -c 'import {_IMPORTED_AS.get(package, package.split()[0])}'   where it is "
            "installed: what does that say?",
        ),
        why="another environment is active than the one it was installed in, or its import fails "
        "(a build for another CUDA or Python) and counts as missing",
        known="the message names it",
    )


def _large_array(case: Case) -> Answer:
    asked = f"{case.match['size']} {case.match['unit']}"
    if case.says(r"evaluation_loop|nested_concat|compute_metrics|in evaluate\b|EvalPrediction"):
        return EVALUATING.replace(
            happened=f"the predictions of an evaluation are gathered into one array of {asked}",
            do=(
                "preprocess_logits_for_metrics=lambda logits, _: logits.argmax(-1)   for the "
                "Trainer (a tuple of logits: logits[0])",
                "or prediction_loss_only=True, where the loss is enough",
                "or fewer rows to evaluate: eval_dataset.select(range(200))",
            ),
            known="the message has the size; the frames are those of evaluation",
        )
    return Answer(
        f"one array of {asked} is asked for, more than this machine has free",
        (
            "look at the shape in the message: which of its sizes is larger than meant?",
            "work in parts: batched=True with a smaller batch_size, or a streaming data set",
        ),
        why="NumPy asks for one block of memory of the machine, and not of the GPU",
        known="the message has the size",
        settles=False,
    )


def _loaded_late(case: Case) -> Answer | None:
    if case.quotes_a_cause:
        return None
    package = case.match["name"].partition(".")[0]
    return Answer(
        f"{package} could not load one of its modules; the error that it quotes is the cause",
        (
            f'python -c "import {case.match["name"]}"   shows it whole',
            "read what it quotes: a name that another package no longer has, or a package that "
            "is missing",
            f"pip install -U {package} transformers   brings them to one time",
        ),
        why="these packages load a module when it is first asked for, and report the first "
        "error in it",
        known="the message says so",
        settles=False,
    )


def _kept_logits(case: Case) -> Answer | None:
    if not re.search(r"(?i)memory|oom\b|evaluat|eval_|trainer", case.hit.text):
        return None  # predictions are gathered in many a run
    return EVALUATING.replace(
        happened="an evaluation keeps the logits of all rows until its end",
        do=(
            "preprocess_logits_for_metrics=lambda logits, _: logits.argmax(-1)   for the Trainer",
            "or prediction_loss_only=True, or eval_accumulation_steps=1   (moves them to the CPU)",
        ),
        known="a sentence says so; the Trainer does it wherever compute_metrics is given",
        certain=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "backend-not-found",
        r"(?P<who>\b\w{2,60}) requires the (?P<library>(?!FlashAttention)[A-Z][\w.-]{2,30}|"
        r"tokenizers|protobuf|scikit-learn|scipy|librosa|timm|sklearn) library but it was not "
        r"found(?: in your environment|\.\.\.)",
        _backend,
        {
            "ImportError: Gemma3nProcessor requires the PyTorch library but it was not found in "
            "your environment. Checkout the instructions": "pip install torch",
            "ImportError: SiglipImageProcessor requires the PIL library but it was not found in "
            "your environment.": "pip install Pillow",
            "ImportError: compute_metrics requires the sklearn library but it was not found in "
            "your environment.": "pip install scikit-learn",
            "ImportError: NougatImageProcessor requires the OpenCV library but it was not found in "
            "your environment.": "import cv2",
            "ImportError: AutoModelForCausalLM requires the PyTorch library but it was not found "
            "in your environment.": "another environment",
        },
    ),
    General(
        "accelerate-not-found",
        r"(?:device_map|low_cpu_mem_usage|tp_plan|Trainer)[`'=\w \"]{0,60} requires? "
        r"`?[Aa]ccelerate`?(?![\w>=]|`?>|:? ?`pip)",
        always(
            "loading in this way needs accelerate, which this Python does not find",
            "pip install -U accelerate   and restart the kernel",
            "python -c 'import accelerate'   where it is installed: what does that say?",
            why="device_map and low_cpu_mem_usage are done by accelerate; a kernel that ran before "
            "the installation does not see it",
            known="the message",
        ),
        {
            "ImportError: Using `low_cpu_mem_usage=True` or a `device_map` requires Accelerate": (
                "pip install -U accelerate"
            ),
            "ValueError: Using `device_map='auto'` requires accelerate": "restart the kernel",
        },
    ),
    General(
        "module-loaded-late-fails",
        r"Failed to import (?P<name>(?:trl|peft|sentence_transformers|accelerate|datasets|"
        r"swift|diffusers|modelscope|optimum)[\w.]{0,80}) because of the following error",
        _loaded_late,
        {
            "RuntimeError: Failed to import trl.trainer.sft_trainer because of the following error "
            "(look up to see its traceback):\nodd words": "the error that it quotes",
            "RuntimeError: Failed to import trl.trainer.sft_trainer because of the following error "
            "(look up to see its traceback):\nNo module named 'x'": "",
        },
    ),
    General(
        "name-that-numpy-dropped",
        r"module 'numpy' has no attribute '(?P<old>float|int|bool|object|str|complex|long|bool8|"
        r"unicode|typeDict)'|`?np\.(?P<new>\w{2,12})`? was (?:removed in the NumPy 2|a deprecated "
        r"alias)",
        lambda case: Answer(
            f"the code uses np.{case.match['old'] or case.match['new']}, which this NumPy no "
            "longer has",
            (
                "pip install -U   the package of the last frame",
                "pip install 'numpy<1.24'   for code that cannot be renewed"
                if case.match["old"]
                else "pip install 'numpy<2'   for code that cannot be renewed",
                "float, int, bool, object of Python in place of np.float and so on, in code of "
                "yours",
            ),
            why="NumPy 1.24 dropped the names of Python's own types, NumPy 2.0 more of them",
            known="the message names it",
            settles=False,
        ),
        {
            "AttributeError: module 'numpy' has no attribute 'object'.": "numpy<1.24",
            "AttributeError: `np.float_` was removed in the NumPy 2.0 release. Use `np.float64` "
            "instead.": "numpy<2",
        },
    ),
    General(
        "compiler-too-old",
        r"current installed version of (?P<name>\S{1,40}) \((?P<here>[\d.]{1,12})\) is (?P<side>"
        r"less than the minimum|greater than the maximum) required version",
        lambda case: Answer(
            f"an extension is to be compiled, and {case.match['name']} {case.match['here']} is "
            + ("too old" if case.match["side"].startswith("less") else "too new")
            + " for this CUDA or torch",
            (
                "a wheel that is compiled already, in place of a build on this machine",
                "conda install -c conda-forge gxx_linux-64=11   then CC and CXX set to it",
            ),
            known="torch's check says so, with both releases",
            settles=False,
        ),
        {
            "RuntimeError: The current installed version of g++ (4.8.5) is less than the minimum "
            "required version by CUDA 11.8 (6.0.0).": "too old"
        },
    ),
    General(
        "array-larger-than-the-machine",
        r"Unable to allocate (?P<size>\d[\d.]{0,9}) ?(?P<unit>[KMGTP]i?B) for an array with shape",
        _large_array,
        {
            "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 2.77 TiB for an array "
            "with shape (200000, 77, 50000) and data type float32": "2.77 TiB",
            '  File "/x/transformers/trainer.py", line 3100, in evaluation_loop\n    a\n'
            "numpy.core._exceptions.MemoryError: Unable to allocate 77.0 GiB for an array with "
            "shape (100, 800, 262144) and data type float32": "preprocess_logits_for_metrics",
        },
    ),
    General(
        "logits-are-kept-in-evaluation",
        r"(?i:logits|predictions) (?:[a-z]{1,12} ){0,9}(?:are|is|get|were|being) "
        r"(?:all )?"
        r"(?:accumulated|gathered|concatenated|kept in|collected|cached)|"
        r"(?i:trainer|evaluation) (?:accumulates|gathers|keeps|concatenates|caches|stores) "
        r"(?:all )?(?:the |model )?(?:logits|predictions)",
        _kept_logits,
        {
            "I can see the logits obtained on the evaluation step are accumulated": (
                "preprocess_logits_for_metrics"
            ),
            "# Trainer accumulates logits": "prediction_loss_only",
            "the logits are computed in float32": "",
            "INFO All predictions were gathered from 4 workers and written to out.jsonl": "",
        },
        alone=True,
    ),
    General(
        "nothing-in-the-batch",
        r"The batch received was empty, your model won't be able to train on it",
        always(
            "the rows of a batch are empty: no column that the model's forward takes was left",
            "print(next(iter(trainer.get_train_dataloader())))   shows what arrives",
            "tokenize the data set before, or remove_unused_columns=False   with a collator that "
            "makes the batch",
            why="the Trainer drops each column whose name forward does not have; around a PEFT "
            "model or a wrapper it sees args and kwargs alone, and drops all",
            known="the message says so, and lists the names that are expected",
            settles=False,
        ),
        {
            "ValueError: The batch received was empty, your model won't be able to train on it. "
            "Double-check that your training dataset contains keys expected by the model: "
            "args,kwargs,label,labels.": "remove_unused_columns=False"
        },
    ),
    General(
        "split-without-rows",
        r"Instruction [\"']?[\w\[\]:%.-]{1,60}[\"']? corresponds to no data",
        always(
            "the split that is asked for holds no rows",
            "print(load_dataset(NAME))   lists splits and their rows: a slice (train[500:]) may "
            "lie behind the last",
            "delete its folder below ~/.cache/huggingface/datasets, and load it again",
            why="an interrupted loading leaves an empty table in the cache; an empty file does the "
            "same",
            known="the message; why it is empty, it does not say",
            settles=False,
        ),
        {'ValueError: Instruction "train" corresponds to no data!': "no rows"},
    ),
)
