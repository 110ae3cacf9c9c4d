"""Shared libraries that the loader does not find: CUDA's, the system's, a program's own."""

from __future__ import annotations

import re

from ....tables import torch_wheels
from ...answer import Answer
from ..base import Case, General

_LIBRARIES = (
    r"lib(?:cudart|cublas|cublasLt|cudnn|nccl|cusparse|cusparseLt|curand|cufft|nvJitLink|nvrtc|"
    r"torch|c10|mpi)\w{0,20}[\w.+-]{0,30}"
)
# Libraries of the system, of the driver and of other programs: whose each is, and how to get it.
_OF_OTHERS = (
    (
        r"libcuda\.so",
        "the NVIDIA driver's own library: no driver is there in this place, or its folder is not "
        "looked through",
        (
            "nvidia-smi   in the very place (container, WSL) where this ran; docker run --gpus all",
            "sudo ldconfig /usr/lib64-nvidia   (Colab), /usr/lib/wsl/lib in LD_LIBRARY_PATH (WSL)",
            "a machine without a GPU: leave out what needs CUDA",
        ),
    ),
    (
        r"lib(?:GL|gthread|SM|Xext|Xrender|xcb|EGL)[\w.-]*\.so",
        "a library for windows and pictures, which OpenCV asks for",
        (
            "pip uninstall -y opencv-python; pip install opencv-python-headless",
            "or sudo apt-get install -y libgl1 libglib2.0-0",
        ),
    ),
    (
        r"libmpi[\w.-]*\.so",
        "Open MPI's library",
        (
            "sudo apt-get install -y libopenmpi-dev   (or conda install -c conda-forge openmpi)",
            "or pip uninstall -y mpi4py, where nothing of the run starts by mpirun",
        ),
    ),
    (
        r"libtorch_cuda_(?:cu|cpp)\.so",
        "a part of torch before 2.0: what asks for it was built for such a torch",
        ("the package of the last frame, built anew or in a release for the torch that is here",),
    ),
    (
        r"lib(?:torch|c10)_?cuda\w*\.so",
        "torch's CUDA part, which a torch for the CPU (or for ROCm) does not have",
        (
            torch_wheels.install(),
            "or the extension of the last frame in a build for the CPU",
        ),
    ),
    (
        r"lib(?:torch|c10)\w*\.so",
        "torch's own library, which is loaded by import torch",
        (
            "import torch   before the package of the last frame",
            "or that package built anew for the torch that is installed",
        ),
    ),
    (
        r"libpython3[\w.]*\.so",
        "Python's own library, which this Python was built without, or keeps elsewhere",
        (
            "LD_LIBRARY_PATH=$CONDA_PREFIX/lib before the command   (conda)",
            "or sudo apt-get install libpython3.10   (of that very Python)",
        ),
    ),
    (
        r"lib(?:avutil|avcodec|avformat|avdevice|swscale)[\w.-]*\.so",
        "FFmpeg's library, which torchcodec and others read audio and video with",
        (
            "sudo apt-get install -y ffmpeg   (or conda install -c conda-forge 'ffmpeg<8')",
            "or pip install -U torchcodec   for one that takes the FFmpeg that is there",
        ),
    ),
    (
        r"libsndfile[\w.-]*\.so",
        "the library that soundfile reads audio with",
        ("sudo apt-get install -y libsndfile1", "or pip install -U soundfile"),
    ),
    (
        r"lib(?:aio|ibverbs|numa|gomp|tinfo|nvinfer\w*|tcmalloc)[\w.-]*\.so",
        "a library of the system",
        ("apt-file search THE_FILE   or: sudo apt-get install -y libaio1 libnuma1 libgomp1",),
    ),
)


def _of_the_system(case: Case) -> Answer | None:
    """Answer a library that is not CUDA's, by whose it is."""
    name = case.match["name"]
    if case.says(r"\blib\w*(?:llama|ggml|mtmd)") or re.search(r"Ascend|torch_npu", case.near):
        return None
    for text, whose, do in _OF_OTHERS:
        if re.match(text, name):
            return Answer(
                f"{name} is not found: {whose}",
                tuple(line.replace("THE_FILE", name) for line in do),
                known="the loader names the library",
            )
    return Answer(
        f"a library of the system is not found: {name}",
        (
            f"apt-file search {name.partition('.so')[0]}.so   names the package that has it",
            f"find / -name '{name.partition('.so')[0]}*' 2>/dev/null   : there? Then its folder in "
            "LD_LIBRARY_PATH",
        ),
        known="the loader names the library",
        settles=False,
    )


def _library(case: Case) -> Answer:
    name = case.match["name"] or case.match["bare"]
    own = "cusparseLt" in name
    return Answer(
        f"a compiled package looks for {name}, which is not found on this machine",
        (
            *(["pip install --force-reinstall torch   which brings it (nvidia-cusparselt)"] * own),
            'python -c "import torch; print(torch.__version__, torch.version.cuda)"   and '
            "reinstall the package of the last frame for that CUDA",
        ),
        why="it was built for another CUDA than the one that torch brings, or for one that has to "
        "be installed on the system",
        known="the message names the library",
        settles=False,
    )


_OF_OTHER_FIGURES = re.compile(r"(?i)fan|power|temperature|clock|utili[sz]ation")
_NO_MEMORY_TOLD = Answer(
    "the driver does not tell how much memory the card has, and the program asks for it",
    (
        "pip install -U vllm   (or the image for this machine): newer ones ask torch instead",
        "or nvidia-smi   : does it show a size in place of [N/A]?",
    ),
    why="DGX Spark, Jetson and other machines where the processor's memory is the card's "
    "have none that NVML counts",
    known="the class of the error; that it is such a machine, the text beside it says",
    certain=False,
    settles=False,
)

KINDS: tuple[General, ...] = (
    General(
        "library-of-the-system-missing",
        r"(?<![\w/-])(?<!shared libraries: )(?P<name>lib(?:torch\w{0,20}|c10\w{0,10}|mpi\w{0,12}|"
        r"(?!cudart|cublas|cudnn|nccl|cusparse|curand|cufft|nvJitLink|nvrtc|hccl|ascendcl|ge_runner|"
        r"opapi|llama|ggml|mtmd|bitsandbytes|amdhip|hip|roc)[A-Za-z_]\w{1,30})(?:-\w{1,20})?"
        r"[\d.]{0,8}\.so[\w.]{0,14}): cannot open shared object file",
        _of_the_system,
        {
            "ImportError: libGL.so.1: cannot open shared object file: No such file or directory": (
                "opencv-python-headless"
            ),
            "ImportError: libcuda.so.1: cannot open shared object file: No such file or "
            "directory": "--gpus all",
            "ImportError: libtorch_cuda.so: cannot open shared object file: No such file or "
            "directory": "a torch for the CPU",
            "ImportError: libtorch_cuda_cu.so: cannot open shared object file": "before 2.0",
            "ImportError: libmpi.so.40: cannot open shared object file: No such file": "openmpi",
            "OSError: libavutil.so.57: cannot open shared object file: No such file": "ffmpeg",
            "ImportError: libpython3.10.so.1.0: cannot open shared object file": "CONDA_PREFIX",
            "ImportError: libodd.so.2: cannot open shared object file: No such file": "apt-file",
            "ImportError: libcudart.so.11.0: cannot open shared object file: No such file": "",
        },
    ),
    General(
        "shared-library-missing",
        rf"(?P<name>{_LIBRARIES}): cannot open shared object file|"
        rf"(?:Import|OS)Error: (?P<bare>{_LIBRARIES})[`'\"]?[ \t\r]*$",
        _library,
        {
            "ImportError: libcudart.so.11.0: cannot open shared object file: No such file or "
            "directory": "for that CUDA",
            "升到 vLLM 0.20.0 後:\nImportError: libcudart.so.13\n": "for that CUDA",
        },
    ),
    General(
        "program-without-its-libraries",
        r"error while loading shared libraries: (?P<name>[\w.+-]{3,80}\.so[\w.]{0,12})",
        lambda case: Answer(
            f"the program was built beside {case.match['name']}, and does not find it now",
            (
                "LD_LIBRARY_PATH=FOLDER_OF_THE_PROGRAM ./PROGRAM ...   (llama.cpp: build/bin)",
                "or run it where it was built; a copy needs its .so files too",
                "or build it with -DBUILD_SHARED_LIBS=OFF",
            )
            if re.search(r"lib(?:llama|ggml|mtmd)", case.match["name"])
            else (
                f"ldconfig -p | grep {case.match['name'].partition('.so')[0]}",
                "the package that has it, or LD_LIBRARY_PATH to its folder",
            ),
            known="the system's loader says so",
            settles=False,
        ),
        {
            "`error while loading shared libraries: libllama-server-impl.so`: the binary": (
                "LD_LIBRARY_PATH"
            ),
            "./x: error while loading shared libraries: libfoo.so.12: cannot open shared object "
            "file: No such file or directory": "ldconfig",
        },
        alone=True,
    ),
    General(
        "memory-that-nvml-does-not-tell",
        r"NVMLError_NotSupported",
        lambda case: (
            None if _OF_OTHER_FIGURES.search(f"{case.hit.text}\n{case.code}") else _NO_MEMORY_TOLD
        ),
        {
            "vllm.third_party.pynvml.NVMLError_NotSupported: Not Supported": "DGX Spark",
            "gpustat: NVMLError_NotSupported (fan speed)": "",
        },
        alone=True,
    ),
)
