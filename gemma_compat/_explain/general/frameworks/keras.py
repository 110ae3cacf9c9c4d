"""Gemma in Keras and JAX: presets, Kaggle's licence, devices and saved weights."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from ..released import in_which


def _no_converter(case: Case) -> Answer:
    known = in_which(case)
    command = known.command if known is not None else ""
    return Answer(
        f"this KerasHub has no converter for checkpoints of the model type {case.match['name']}",
        (
            command or "pip install -U keras-hub keras",
            "or a preset of Kaggle's in place of hf://...: GemmaCausalLM.presets lists them",
        ),
        why=known.happened
        if known is not None
        else "converters from transformers' checkpoints come with releases of KerasHub",
        known="KerasHub says so; the releases were read in its wheels"
        if known is not None
        else "KerasHub says so",
    )


_AXES = re.compile(r"spec=P(?:artitionSpec)?\((?P<axes>[^)\n]{1,120})\)")
_OF_ROWS = re.compile(r"data|batch|\bdp\b", re.IGNORECASE)


def _not_divisible(case: Case) -> Answer:
    size, by = case.match["size"], case.match["by"]
    axes = _AXES.search(case.message) or _AXES.search(case.hit.text)
    names = axes["axes"].split(", ") if axes else []
    dimension = int(case.match["dimension"])
    axis = names[dimension].strip("'\" ") if dimension < len(names) else ""
    if not axis or _OF_ROWS.search(axis):
        return Answer(
            f"JAX is to spread {size} rows (or columns) over {by} devices, which does not divide",
            (
                f"a batch size that is a multiple of {by}",
                "or another layout: fewer devices on that axis of the mesh",
            ),
            known="the message has both numbers",
        )
    return Answer(
        f"the layout cuts a dimension of {size} over the {by} devices of the axis '{axis}', which "
        "does not divide",
        (
            f"None in place of '{axis}' for this dimension in the layout map, so that each device "
            "has it whole (one rule of keras-hub's get_layout_map covers query, key and value: "
            "delete it, and set the query's apart)",
            f"or fewer devices on the axis '{axis}' of the mesh: a divisor of {size}",
        ),
        why="a Gemma has far fewer heads for keys and values than for queries (Gemma 2B, Gemma 3 "
        "270M and 1B: one), so these two weights divide over fewer devices than the others",
        known="the message has both numbers and the axis; which weight it is, its full shape says",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "kaggle-refuses-the-model",
        r"KaggleApiHTTPError|don't have permission to access resource at URL|"
        r"(?:40[13]) Client Error[^\n]{0,80}kaggle\.com|kaggle\.com[^\n]{0,120}accept its (?:terms|"
        r"license)|UnauthenticatedError: User is not authenticated",
        always(
            "Kaggle does not hand out the model to this account",
            "accept the licence on the model's page at kaggle.com, with the account of the key",
            "import kagglehub; kagglehub.login()   or KAGGLE_USERNAME and KAGGLE_KEY in the "
            "environment",
            why="Gemma's presets are gated on Kaggle: the licence is accepted there, apart from "
            "the one at Hugging Face",
        ),
        {
            "kagglehub.exceptions.KaggleApiHTTPError: 403 Client Error. You don't have permission "
            "to access resource at URL: https://www.kaggle.com/models/keras/gemma/keras/x": (
                "licence"
            )
        },
        alone=True,
    ),
    General(
        "preset-unknown",
        r"Unknown preset identifier|there is no class registered with Keras|"
        r"Unable to find a subclass of \w{1,60} that is compatible|"
        r"preset '[^'\n]{1,80}' (?:is not|has no)|Unexpected Kaggle preset",
        always(
            "this keras-hub does not know that preset, or the class in it",
            "pip install -U keras-hub keras   and restart the kernel",
            "or a name from GemmaCausalLM.presets.keys() (Gemma3CausalLM, PaliGemmaCausalLM)",
            why="presets come with releases of keras-hub; keras-nlp, its old name, stays behind",
            settles=False,
        ),
        {"ValueError: Unknown preset identifier. A preset must be a one of:": "keras-hub"},
    ),
    General(
        "keras-weights-of-another-model",
        r"Layer '?[\w./ -]{1,80}'? expected \d+ variables?, but received \d+ variables? during "
        r"loading|A total of \d+ objects could not be loaded|"
        r"was never built and thus it doesn't have any variables",
        always(
            "the file of weights has other variables than the model that takes them",
            "make the model as it was when it was saved (the same preset, enable_lora(rank) before "
            "loading), with the keras and keras-hub of then",
            "or save_lora_weights and load_lora_weights, or save_to_preset and from_preset",
            why="weights are matched layer by layer: LoRA, quantization and newer releases add "
            "variables",
            known="Keras counts both",
            settles=False,
        ),
        {
            "ValueError: Layer 'query' expected 1 variables, but received 3 variables during "
            "loading. Expected: ['kernel']": "enable_lora"
        },
    ),
    General(
        "jax-finds-no-device",
        r"Unable to initialize backend '(?P<name>\w{2,10})'|Failed to get global TPU topology|"
        r"No visible (?:GPU|TPU) devices|The TPU is already in use by process|"
        r"libtpu\.so already in use|Check failed: client_ : No",
        always(
            "JAX could not start the accelerator",
            'python -c "import jax; print(jax.__version__, jax.devices())"',
            "pip install -U 'jax[cuda12]'   or 'jax[tpu]'; and end the process that holds the TPU",
            why="jaxlib is built for one kind of device and one CUDA; a TPU belongs to one process",
            settles=False,
        ),
        {
            "RuntimeError: Unable to initialize backend 'tpu': INTERNAL: Failed to get global TPU "
            "topology.": "jax.devices()"
        },
    ),
    General(
        "jax-shape-of-an-array",
        r"Shapes must be 1D sequences of concrete values of integer type",
        lambda case: Answer(
            "under JAX a shape was computed as an array, and a shape must be plain integers",
            (
                "int(...) around each size (and no division with /), or numpy in place of "
                "keras.ops for sizes",
                'or pip install -U keras-hub keras; KERAS_BACKEND="torch" shows whether it is JAX',
            ),
            why="JAX compiles for fixed shapes; TensorFlow and PyTorch take such values, and so "
            "code that was tried there fails here",
            known="the message shows the values",
            settles=False,
        ),
        {
            "TypeError: Shapes must be 1D sequences of concrete values of integer type, got (2, "
            "Array(768., dtype=float32), 3).": "plain integers"
        },
    ),
    General(
        "jax-not-divisible",
        r"global size of its dimension (?P<dimension>\d+) should be divisible by (?P<by>\d+), but "
        r"it is equal to (?P<size>\d+)",
        _not_divisible,
        {
            "ValueError: One of device_put args was given the sharding of NamedSharding(mesh=Mesh("
            "'data': 1, 'model': 2), spec=PartitionSpec('model', 'data', None)), which implies "
            "that the global size of its dimension 0 should be divisible by 2, but it is equal to 1"
            " (full shape: (1, 2048, 256))": "layout map",
            "ValueError: One of device_put args was given the sharding of NamedSharding(mesh=Mesh("
            "'batch': 8, 'model': 1), spec=PartitionSpec('batch', None)), which implies that the "
            "global size of its dimension 0 should be divisible by 8, but it is equal to 4 (full "
            "shape: (4, 256))": "multiple of 8",
            "ValueError: One of pjit arguments was given the sharding of NamedSharding(mesh), "
            "which implies that the global size of its dimension 0 should be divisible by 8, but "
            "it is equal to 1": "multiple of 8",
        },
    ),
    General(
        "keras-metric-not-built",
        r"Cannot get result\(\) since the metric has not yet been built",
        always(
            "Keras asks a metric for its value that never saw a batch: most often one of a "
            "compiled "
            "model within the model",
            "GemmaCausalLM.from_preset(PRESET, compile=False)   or its .backbone alone, as a layer",
            why="a preset comes compiled with its own metrics, which the outer model lists and "
            "never "
            "updates",
            settles=False,
        ),
        {
            "ValueError: Cannot get result() since the metric has not yet been built.": (
                "compile=False"
            )
        },
    ),
    General(
        "keras-hub-has-no-converter",
        r"KerasHub has no converter for huggingface/transformers models with model type "
        r"`'(?P<name>\w{2,60})'`",
        _no_converter,
        {
            "ValueError: KerasHub has no converter for huggingface/transformers models with model "
            "type `'gemma4'`.": "keras-hub>=0.27.1",
            "ValueError: KerasHub has no converter for huggingface/transformers models with model "
            "type `'qwen9'`.": "pip install -U keras-hub keras",
        },
    ),
    General(
        "orbax-newer-than-gemma",
        r"'StepMetadata' object is not (?:iterable|subscriptable)|"
        r"has no attribute 'AbstractPartialLoader'|"
        r"check_argument_types\(\) got an unexpected keyword argument 'memo'",
        lambda case: Answer(
            "Google's gemma library meets a newer release of a package that it is built on: "
            + (
                "orbax-checkpoint"
                if "StepMetadata" in case.match[0]
                else "kauldron"
                if "Partial" in case.match[0]
                else "typeguard"
            ),
            (
                "pip install -U gemma   and restart the kernel",
                "or pip install 'orbax-checkpoint<=0.11.21'"
                if "StepMetadata" in case.match[0]
                else "or pip install 'kauldron<1.4'"
                if "Partial" in case.match[0]
                else "or pip install 'typeguard==4.4.1'",
            ),
            why="orbax 0.11.22 returns its metadata as another object, kauldron 1.4 renamed the "
            "loader, and typeguard's check takes other arguments; gemma follows with its next "
            "release",
            known="the message; the releases are those of the reports of it, and were not run",
            certain=False,
            settles=False,
        ),
        {
            "TypeError: 'StepMetadata' object is not iterable": "orbax-checkpoint<=0.11.21",
            "AttributeError: module 'kauldron.kd.ckpts' has no attribute 'AbstractPartialLoader'": (
                "kauldron<1.4"
            ),
            "fails with check_argument_types() got an unexpected keyword argument 'memo'.": (
                "typeguard"
            ),
        },
    ),
    General(
        "jax-checkpoint-not-whole",
        r"Truncated Zstd-compressed stream|in OCDBT database at local file|"
        r"Error reading \S{1,200} in OCDBT|tensorstore[^\n]{0,120}(?:Truncated|NOT_FOUND)",
        always(
            "a checkpoint of JAX (Orbax) is damaged or not whole",
            "rm -r its folder below ~/.cache/kagglehub, and download it again",
            "df -h ~/.cache   : was there room for all of it?",
            why="a download or an unpacking that was cut leaves files of 0 bytes",
            known="the reader of the file says so",
            settles=False,
        ),
        {
            'ValueError: FAILED_PRECONDITION: Error reading "blocks.0.b/0.0" in OCDBT database at '
            'local file "/kaggle/models/x/": Truncated Zstd-compressed stream; at '
            "byte 0": "download it again"
        },
    ),
)
