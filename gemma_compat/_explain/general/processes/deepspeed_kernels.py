"""Kernels that DeepSpeed compiles: where it is imported, installed, or first used."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

_TOOLKIT = (
    "the CUDA toolkit of torch's release, with CUDA_HOME set: conda install -c nvidia cuda-nvcc, "
    "or /usr/local/cuda-X.Y"
)
_NOT_COMPILED = (
    "no offload, and the Trainer's own optimizer (optim='adamw_torch'): nothing is compiled then"
)
_SKIPS = "DS_SKIP_CUDA_CHECK=1   before the command skips a mere difference of minor releases"
# Operations whose kernels want something other than a CUDA toolkit.
_WANTS = {
    "async_io": (
        "sudo apt-get install libaio-dev   (conda install -c conda-forge libaio): offload to "
        "NVMe reads and writes by it",
        '"device": "cpu" in place of "nvme"   in offload_optimizer and offload_param',
    ),
    "gds": ("libcufile of the CUDA toolkit, or no GPUDirect storage in the config",),
    "fp_quantizer": ("a Triton that this DeepSpeed knows, or no FP quantization in the config",),
    "sparse_attn": ("no sparse_attention in the config: it wants an old torch and Triton",),
}


def _where(case: Case) -> str:
    """Return what ran: a build by pip, an import of DeepSpeed, or its use; empty if not shown."""
    text = f"{case.frames}\n{case.near}"
    if re.search(r"subprocess-exited-with-error|pip-(?:install|req)-|setup\.py|egg_info", text):
        return "build"
    if re.search(r"\bin (?:jit_)?load\b", case.frames):
        return "use"  # the script imports it too, some rows above
    if re.search(r"git_version_info|^\s*(?:import deepspeed|from deepspeed)", text, re.MULTILINE):
        return "import"
    return "use" if re.search(r"op_builder|\bin (?:jit_)?load\b|ops[/\\]adam", text) else ""


def _uses_it(case: Case) -> bool:
    """Return whether the log has a run with DeepSpeed, and not only its import."""
    return case.facts.training.get("distributed") == "deepspeed" or bool(
        re.search(
            r"--deepspeed\b|\bdeepspeed ?[=:] ?[\"'\w/]|ds_config|zero_stage|bin/deepspeed\b|"
            r"\bdeepspeed --|from deepspeed",
            f"{case.above}{case.near}",
        )
    )


def _of_one_kernel(name: str) -> Answer:
    others = ("ds_report   lists its kernels, and what each lacks", _NOT_COMPILED, _TOOLKIT)
    return Answer(
        f"DeepSpeed cannot use its kernel {name} on this machine",
        _WANTS.get(name) or others,
        why="it compiles its kernels here, at their first use, with what the machine has",
        known="DeepSpeed says so; what is lacking, the words behind it and ds_report say",
        settles=False,
    )


def _cannot_compile(case: Case) -> Answer:
    named = re.search(r"Unable to (?:JIT )?load the (?P<name>\w+) op", case.match.string)
    if named:
        return _of_one_kernel(named["name"])
    missing = re.search(r"MissingCUDA|CUDA_HOME does not exist", case.match.string)
    what = "no CUDA toolkit (CUDA_HOME)" if missing else "a CUDA toolkit that is not torch's"
    where = _where(case)
    unused = "leave it out of the installation, where the run does not use it"
    if where in {"build", "import"}:
        if where == "import":
            unused = (
                "pip uninstall deepspeed   where the run does not use it: transformers, accelerate "
                "and TRL import it if it is there"
            )
        return Answer(
            f"DeepSpeed finds {what} as it is {'installed' if where == 'build' else 'imported'}",
            (unused, _TOOLKIT) if where == "import" and not _uses_it(case) else (_TOOLKIT, unused),
            why="it looks for nvcc in order to tell which kernels could be compiled; torch's "
            "wheels bring CUDA's libraries and no nvcc",
            known="DeepSpeed says so, and the lines beside it show where",
            settles=False,
        )
    return Answer(
        f"DeepSpeed finds {what}, which it needs to compile a kernel",
        (_NOT_COMPILED, _TOOLKIT, _SKIPS),
        why="kernels such as cpu_adam are compiled on the machine; torch's wheels bring CUDA's "
        "libraries and no nvcc",
        known="DeepSpeed says so",
        settles=False,
    )


_SAID_BY_A_COMPILER = re.compile(
    r"(?m)\berror: |fatal error|nvcc fatal|FAILED: |unsupported GNU version|ninja: |"
    r"No such file or directory: 'ninja'|Ninja is required"
)


def _extension(case: Case) -> Answer:
    name = case.match["name"] or case.match["file"]
    again = (
        "rm -r ~/.cache/torch_extensions   and start again, to see the first error of the compiler"
    )
    tools = (
        "nvcc --version; gcc --version; ninja --version   all three are used; nvcc of torch's "
        "CUDA release, a gcc that nvcc takes"
    )
    said = _SAID_BY_A_COMPILER.search(case.hit.before[-8000:])
    if case.match["file"]:
        return Answer(
            f"the compiled extension {name} is not in its folder: an earlier build of it failed or "
            "was broken off",
            (again, tools, f"DeepSpeed: {_NOT_COMPILED}"),
            why="it is built at first use; a build that failed once, or that another process is "
            "still at, leaves a folder without the library",
            known="the message names the file",
            settles=False,
        )
    return Answer(
        f"the extension {name} could not be compiled"
        + ("; the compiler's own words are above" if said else ""),
        (tools, again, f"DeepSpeed: {_NOT_COMPILED}")
        if said
        else (again, tools, f"DeepSpeed: {_NOT_COMPILED}"),
        why="it is built at first use; a build that failed once leaves a folder without the "
        "library",
        known="the message; which tool is missing, "
        + ("the lines above it say" if said else "it does not say"),
        settles=False,
    )


def _never_built(case: Case) -> Answer:
    other = re.search(
        r"(?m)^(?!.*ds_opt_)(?:\[rank\d+\]: ?)?[A-Za-z_][\w.]{0,80}(?:Error|Exception): \S",
        case.hit.before,
    )
    return Answer(
        "this is only the clean-up of DeepSpeed's CPU optimizer, which was never built"
        + (": its own error is above" if other else ""),
        (
            'python -c "import deepspeed; deepspeed.ops.op_builder.CPUAdamBuilder().load()"   '
            "shows the error alone",
            "or no offload of the optimizer: nothing is compiled then",
        ),
        why="the kernel cpu_adam is compiled at first use, with nvcc, gcc and ninja",
        known="the attribute is set once the kernel is loaded",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "deepspeed-cannot-compile",
        r"CUDAMismatchException|MissingCUDAException|CUDA_HOME does not exist|"
        r"Unable to (?:load|JIT load) the \w+ op|not match the version torch was compiled with",
        _cannot_compile,
        {
            "deepspeed.ops.op_builder.builder.CUDAMismatchException: >- DeepSpeed Op Builder: "
            "Installed CUDA version 11.8 does not match the version torch was compiled with 12.1": (
                "DS_SKIP_CUDA_CHECK"
            ),
            'Traceback (most recent call last):\n  File "/x/site-packages/deepspeed/'
            'git_version_info.py", line 29, in <module>\n    x()'
            "\ndeepspeed.ops.op_builder.builder.MissingCUDAException: CUDA_HOME does not exist, "
            "unable to compile CUDA op(s)": "as it is imported",
            'import deepspeed\nTraceback (most recent call last):\n  File "/x/site-packages/'
            'deepspeed/ops/op_builder/builder.py", line 520, in jit_load\n    x()'
            "\ndeepspeed.ops.op_builder.builder.MissingCUDAException: CUDA_HOME does not exist, "
            "unable to compile CUDA op(s)": "which it needs to compile a kernel",
            "RuntimeError: Unable to JIT load the async_io op due to it not being compatible due "
            "to hardware/software issue. None": "libaio",
        },
    ),
    General(
        "extension-not-compiled",
        r"Error building extension '(?P<name>\w{2,60})'|"
        r"torch_extensions/\S{1,120}/(?P<file>\w{2,60})\.so: cannot open shared object",
        _extension,
        {
            "RuntimeError: Error building extension 'cpu_adam'": "torch_extensions",
            "nvcc fatal   : Unsupported gpu architecture 'compute_120'\nRuntimeError: Error "
            "building extension 'cpu_adam'": "own words are above",
            "ImportError: /home/me/.cache/torch_extensions/py310_cu121/fused_adam/fused_adam.so: "
            "cannot open shared object file: No such file or directory": "an earlier build",
        },
    ),
    General(
        "optimizer-never-built",
        r"has no attribute 'ds_opt_(?:adam|adagrad|lion)'",
        _never_built,
        {
            "AttributeError: 'DeepSpeedCPUAdam' object has no attribute 'ds_opt_adam'": (
                "CPUAdamBuilder"
            )
        },
        alone=True,
    ),
)
