"""Drivers of cards, ROCm, and the backends by which processes talk."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _hip(case: Case) -> Answer:
    return Answer(
        "this build for ROCm has no kernels for the AMD card",
        (
            "HSA_OVERRIDE_GFX_VERSION=10.3.0 (RDNA 2), 11.0.0 (RDNA 3) before the command, on "
            "Linux",
            "or the wheels that AMD publishes for this card's gfx number; rocminfo | grep gfx "
            "prints it",
        ),
        why="wheels hold code for some gfx numbers; a near one may run in place of the card's, "
        "which AMD does not support",
        known="the message; the card's gfx number is not always in the log",
        settles=False,
    )


def _cudnn(case: Case) -> Answer:
    last = "\n".join(case.frames.splitlines()[-4:])
    convolves = re.search(r"conv\dd\(|_conv_forward|modules[/\\]conv\.py", last) is not None
    attends = re.search(r"scaled_dot_product|_attention|sdpa", last) is not None
    off = "torch.backends.cudnn.enabled = False   before the model is made: does it go on?"
    sdp = (
        "torch.backends.cuda.enable_cudnn_sdp(False) before the model is made, or "
        "attn_implementation='eager'"
    )
    of_te = "transformer_engine" in last or "TransformerEngine" in case.message
    engine = (
        "NVTE_FUSED_ATTN=0 before the command   (TransformerEngine then takes flash-attn): does it "
        "go on?"
    )
    return Answer(
        "cuDNN could not run a convolution on this card"
        if convolves
        else "cuDNN could not run an operation on this card",
        (
            *((engine,) if of_te else (off,) if convolves else (sdp,) if attends else (sdp, off)),
            "nvidia-smi   : little free memory looks the same",
            "pip install -U torch   (it brings the cuDNN of its release); LD_LIBRARY_PATH must not "
            "name another one",
        ),
        why="a build of cuDNN without this operation for the card, one of another CUDA that is "
        "loaded first, no room for its workspace, or an error of a kernel before it",
        known="the message is that of cuDNN; which of these it is, it does not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "cudnn-has-no-plan",
        r"CUDNN_STATUS_\w{3,40}|cuDNN Frontend error|unable to find an engine to execute|"
        r"No execution plans support the graph",
        _cudnn,
        {
            "RuntimeError: cuDNN Frontend error: [cudnn_frontend] Error: No execution plans "
            "support the graph.": "enable_cudnn_sdp",
            'Traceback (most recent call last):\n  File "/x/torch/nn/modules/conv.py", line 712, '
            "in _conv_forward\n    return F.conv3d(\nRuntimeError: cuDNN error: "
            "CUDNN_STATUS_INTERNAL_ERROR": "cudnn.enabled = False",
        },
    ),
    General(
        "rocm-library-failed",
        r"HIPBLAS_STATUS_\w{3,40}|rocBLAS error|rocblas_status_\w{3,40}|MIOpen Error",
        always(
            "a library of ROCm (BLAS, MIOpen) failed on the card",
            "TORCH_BLAS_PREFER_HIPBLASLT=0 before the command   (it then takes rocBLAS)",
            "a torch for the ROCm that is installed: python -c 'import torch; "
            "print(torch.version.hip)', and cat /opt/rocm/.info/version",
            why="torch brings its own ROCm libraries; others of LD_LIBRARY_PATH or of another "
            "release beside them, or a card without kernels in them, fail so",
            known="the message; which of these it is, it does not say",
            settles=False,
        ),
        {
            "UserWarning: bgemm_internal_cublaslt error: HIPBLAS_STATUS_INTERNAL_ERROR when "
            "calling hipblasLtMatmul": "HIPBLASLT"
        },
        alone=True,
    ),
    General(
        "no-backend-for-the-device",
        r"No backend type associated with device type (?P<device>\w{2,12})",
        lambda case: Answer(
            f"the processes were connected by a backend that cannot send tensors of "
            f"{case.match['device']}",
            (
                "init_process_group(backend='cpu:gloo,cuda:nccl')   (xpu: xccl, hpu: hccl)",
                "or keep what is gathered on the device of the backend: nccl takes CUDA tensors "
                "alone, gloo the CPU's",
                "one process needs none of it: python train.py",
            ),
            known="torch names the device",
            settles=False,
        ),
        {"RuntimeError: No backend type associated with device type cpu": "gloo"},
    ),
    General(
        "two-halves-of-a-driver",
        r"unsupported display driver / cuda driver|forward compatibility was attempted on non "
        r"supported HW",
        always(
            "the CUDA library (libcuda) that the process found does not go with the driver of the "
            "machine",
            "echo $LD_LIBRARY_PATH; ldconfig -p | grep libcuda.so   : the first libcuda is taken",
            "one in a folder compat: take that folder out of LD_LIBRARY_PATH (and of "
            "/etc/ld.so.conf.d), so that the driver's own answers",
            "none there, or a driver that was just updated: restart the machine, and the container",
            "a torch for this driver: nvidia-smi prints the newest CUDA that it takes",
            why="an image with a newer CUDA brings another libcuda (in the folder compat), which "
            "serves older drivers on data-centre cards only; an update without a restart leaves "
            "the old half in the kernel",
            known="that the two do not go together, the driver says; which of them it is, the path "
            "says",
            settles=False,
        ),
        {
            "CUDA initialization: Error 803: system has unsupported display driver / cuda driver "
            "combination": "compat",
            "RuntimeError: Unexpected error from cudaGetDeviceCount(). Error 804: forward "
            "compatibility was attempted on non supported HW": "LD_LIBRARY_PATH",
        },
    ),
    General(
        "driver-in-a-bad-state",
        r"Unexpected error from cudaGetDeviceCount|CUDA driver initialization failed|"
        r"CUDA driver error: |"
        r"Failed to initialize NVML|CUDA unknown error",
        always(
            "the CUDA driver does not answer: torch cannot count the cards",
            "nvidia-smi   : if it fails too, restart the machine (or the container)",
            "or a torch for this driver: nvidia-smi prints the newest CUDA that it takes",
            "CUDA_VISIBLE_DEVICES set after the first use of CUDA gives the same: set it before "
            "the command",
            known="torch says so; why the driver does not answer, it does not say",
            settles=False,
        ),
        {
            "RuntimeError: Unexpected error from cudaGetDeviceCount(). Did you run some cuda "
            "functions before calling NumCudaDevices()": "nvidia-smi"
        },
    ),
    General(
        "no-kernel-for-the-amd-card",
        r"(?:HIP|ROCm) error: (?:invalid device function|shared object initialization failed|"
        r"no kernel|device kernel image is invalid)|"
        r"hipErrorNoBinaryForGpu|Cannot read \S{1,80}TensileLibrary|no ROCm-capable device",
        _hip,
        {
            "RuntimeError: HIP error: invalid device function": "HSA_OVERRIDE_GFX_VERSION",
            "0.02.202.100 E ROCm error: device kernel image is invalid": "rocminfo",
        },
        alone=True,
    ),
    General(
        "amd-kernels-not-loaded",
        r"hip_global\.cpp(?::\d+)?\s{0,3}:?[^\n]{0,60}Module not initialized|"
        r"Error invalid device function at line \d+ in file \S{0,80}\.hip\b",
        always(
            "a library holds no kernels for this AMD card, or could not load them",
            "python -c 'import torch; print(torch.version.hip, "
            "torch.cuda.get_device_properties(0).gcnArchName, torch.cuda.get_arch_list())'   : "
            "is the card's gfx in the list?",
            "an error of `.hip` in bitsandbytes' path: pip install -U bitsandbytes (its newest "
            "wheels have ROCm too), or built with -DCOMPUTE_BACKEND=hip "
            "-DBNB_ROCM_ARCH=gfx1100 for that card",
            "one torch only, of ROCm, without nvidia-* and CUDA's triton beside it: pip list | "
            "grep -i -E 'nvidia|triton|torch|rocm'",
            "restart the machine after a crash on the card: its error can stay in the driver",
            known="the message; which library, its path or the last frame says",
            settles=False,
        ),
        {
            "Error invalid device function at line 679 in file /bitsandbytes/csrc/ops.hip": (
                "BNB_ROCM_ARCH"
            ),
            ":0:/src/clr/hipamd/src/hip_global.cpp:158 : 157426 us:  Module not initialized": (
                "gcnArchName"
            ),
        },
        alone=True,
    ),
    General(
        "no-amd-driver",
        r"Driver not initialized \(amdgpu not found in modules\)|Can't initialize amdsmi|"
        r"ROCk module is NOT loaded|rocminfo: command not found",
        always(
            "the AMD driver (amdgpu) does not answer in this system",
            "rocminfo   : it lists the card where ROCm sees it; python -c 'import torch; "
            "print(torch.version.hip, torch.cuda.is_available())'",
            "a container: --device=/dev/kfd --device=/dev/dri; a user in the groups render and "
            "video",
            "WSL: AMD's own driver for WSL on Windows, and a torch of its wheels; amdsmi and "
            "rocm-smi do not work there",
            why="WSL has no amdgpu module: tools that look for it fail there though torch may work",
            known="the message; whether torch sees the card, the second command says",
            settles=False,
        ),
        {"ERROR:root:Driver not initialized (amdgpu not found in modules)": "rocminfo"},
        alone=True,
    ),
    General(
        "cuda-not-available-is-told",
        r"(?<!but torch\.)cuda\.is_available\(\)[`'\"]{0,2} ?(?:returns?|returned|is|gives|->|=|:|"
        r"prints|>>>|always|still|shows| ){0,4} ?[`'\"]?False",
        always(
            "torch sees no GPU in that environment",
            'python -c "import torch; print(torch.__version__, torch.version.cuda)"   : None is a '
            "build for the CPU",
            "pip install --force-reinstall torch --index-url "
            "https://download.pytorch.org/whl/cu128   for such a build",
            "nvidia-smi   : no table means no driver, or a container without --gpus all",
            "echo $CUDA_VISIBLE_DEVICES   : empty text or -1 hides all cards",
            known="a sentence says so; which of the three it is, these commands say",
            certain=False,
            settles=False,
        ),
        {
            "# torch.cuda.is_available() returns False on my RTX 4090": "build for the CPU",
            "`torch.cuda.is_available()` is still False": "CUDA_VISIBLE_DEVICES",
            "if torch.cuda.is_available(): x = True": "",
        },
        alone=True,
    ),
)
