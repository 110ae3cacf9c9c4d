"""JAX, and what Google's gemma reads and writes by it."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

_AXES = re.compile(r"spec=P(?:artitionSpec)?\((?P<axes>(?:\([^)\n]{1,60}\)|[^()\n]){1,120})\)")
_AXIS = re.compile(r"\([^)]{1,60}\)|'[^']{1,40}'|None")
_OF_ROWS = re.compile(r"data|batch|\bdp\b", re.IGNORECASE)


def _spread(size: str, by: str, of_rows: bool) -> Answer:
    """Answer rows that do not divide; or a dimension of which no axis tells what it is."""
    return Answer(
        f"JAX is to spread {size} rows over {by} devices, which does not divide"
        if of_rows
        else f"JAX is to spread a dimension of {size} over {by} devices, which does not divide",
        (
            f"a batch size that is a multiple of {by}"
            if of_rows
            else f"a batch size that is a multiple of {by}, where these are the rows of a batch",
            "or another layout: fewer devices on that axis of the mesh",
        ),
        known="the message has both numbers"
        if of_rows
        else "the message has both numbers; of which array, its full shape says",
        settles=of_rows,
    )


def _not_divisible(case: Case) -> Answer:
    size, by = case.match["size"], case.match["by"]
    axes = _AXES.search(case.message) or _AXES.search(case.hit.text)
    names = [name.strip("'") for name in _AXIS.findall(axes["axes"])] if axes else []
    dimension = int(case.match["dimension"])
    axis = names[dimension] if dimension < len(names) else ""
    others = [name for name in names if name not in {axis, "None"}]
    if not axis or not dimension and not others and _OF_ROWS.search(axis):
        return _spread(size, by, bool(axis))
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
        "270M and 1B: one), so these two weights divide over fewer devices than the others"
        if int(size) <= 16
        else "",
        known="the message has both numbers and the axis; which weight it is, its full shape says",
        settles=False,
    )


def _no_device(case: Case) -> Answer:
    held = re.search(r"already in use(?: by process with pid (?P<pid>\d+))?", case.hit.text)
    if held is not None:
        return Answer(
            "another process holds the TPU",
            (
                f"kill {held['pid'] or 'PID'}   where that process is yours: a notebook's kernel, "
                "an earlier run",
                "or restart the session; PID: sudo lsof -w /dev/accel0",
            ),
            why="a TPU belongs to one process",
            known="JAX says so",
        )
    return Answer(
        "JAX could not start the accelerator",
        (
            'python -c "import jax; print(jax.__version__, jax.devices())"',
            "pip install -U 'jax[cuda12]'   or 'jax[tpu]'",
        ),
        why="jaxlib is built for one kind of device and one CUDA",
        settles=False,
    )


def _orbax(case: Case) -> Answer:
    if "NOT_FOUND" in case.hit.text:
        return Answer(
            "the folder of the checkpoint lacks a file that is to be read",
            (
                "ls -R FOLDER | head   : the folder of the step (with _METADATA), or one above "
                "or below it?",
                "where it is a download: rm -r it, and download it again",
            ),
            known="the reader of the file names the path",
            settles=False,
        )
    return Answer(
        "a checkpoint of JAX (Orbax) is damaged or not whole",
        (
            "rm -r its folder below ~/.cache/kagglehub, and download it again",
            "df -h ~/.cache   : was there room for all of it?",
        )
        if "kaggle" in case.message
        else (
            "an earlier step's folder, where a run of yours wrote it; a download: rm -r it, and "
            "again",
            "df -h FOLDER   : was there room for all of it?",
        ),
        why="a download, an unpacking or a save that was cut leaves files of 0 bytes",
        known="the reader of the file says so",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "jax-finds-no-device",
        r"Unable to initialize backend '(?P<name>\w{2,10})'|Failed to get global TPU topology|"
        r"No visible (?:GPU|TPU) devices|The TPU is already in use by process|"
        r"libtpu\.so already in use|Check failed: client_ : No",
        _no_device,
        {
            "RuntimeError: Unable to initialize backend 'tpu': INTERNAL: Failed to get global TPU "
            "topology.": "jax.devices()",
            "RuntimeError: Unable to initialize backend 'tpu': ABORTED: The TPU is already in use "
            "by process with pid 1234.": "kill 1234",
        },
    ),
    General(
        "jax-shape-of-an-array",
        r"Shapes must be 1D sequences of concrete values of integer type",
        lambda case: Answer(
            "under JAX a shape was computed as an array, and a shape must be plain integers",
            (
                "sizes from x.shape, or jax.jit(..., static_argnums=...) for an argument that is a "
                "size: a traced value is none yet"
                if "Traced<" in case.message
                else "int(...) around each size (and no division with /), or numpy in place of "
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
            "Array(768., dtype=float32), 3).": "plain integers",
            "TypeError: Shapes must be 1D sequences of concrete values of integer type, got "
            "(Traced<int32[]>with<DynamicJaxprTrace>,).": "static_argnums",
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
            "ValueError: One of device_put args was given the sharding of NamedSharding(mesh=Mesh("
            "'model': 2, 'data': 3), spec=PartitionSpec('model', 'data')), which implies that the "
            "global size of its dimension 1 should be divisible by 3, but it is equal to 2048": (
                "of the axis 'data'"
            ),
            "ValueError: One of pjit outputs was given the sharding of NamedSharding(mesh=Mesh("
            "'fsdp': 8), spec=PartitionSpec('fsdp',)), which implies that the global size of its "
            "dimension 0 should be divisible by 8, but it is equal to 257153": "the axis 'fsdp',",
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
        r"Error reading \S{1,200} in OCDBT|tensorstore[^\n]{0,120}(?:Truncated|NOT_FOUND)|"
        r"NOT_FOUND: Error opening [^\n]{0,300}does not exist",
        _orbax,
        {
            'ValueError: FAILED_PRECONDITION: Error reading "blocks.0.b/0.0" in OCDBT database at '
            'local file "/kaggle/models/x/": Truncated Zstd-compressed stream; at '
            "byte 0": "download it again",
            'ValueError: FAILED_PRECONDITION: Error reading "w/0" in OCDBT database at local file '
            '"/home/me/ckpts/100/default/": Truncated Zstd-compressed stream': "earlier step",
            'ValueError: NOT_FOUND: Error opening "zarr" driver: Metadata at local file "/x/ckpt/'
            'params/.zarray" does not exist': "ls",
        },
    ),
)
