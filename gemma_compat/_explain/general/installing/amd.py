"""AMD's cards and ROCm, its libraries."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_GFX = re.compile(r"\bgfx(?P<number>\d{2,4}[a-f]?)\b")
_NAMED = re.compile(r"(?i)\barch\w* ?[:=] ?gfx(?P<number>\d{2,4}[a-f]?)\b")
# Which near number stands in for a card's own, by its family; none for those that wheels name.
_OVERRIDES = (("103", "10.3.0"), ("110", "11.0.0"), ("90c", "9.0.0"))
_IN_WHEELS = {"1030", "1100"}


def _override(case: Case) -> str:
    """Return the setting that has a near kernel run in place of the card's own."""
    text = f"{case.near}\n{case.around}"
    found = _NAMED.search(text) or _GFX.search(text)
    several = len(set(_GFX.findall(text))) > 1 and not _NAMED.search(text)
    if found is None or several:  # of a list, nothing says which is the card
        return (
            "HSA_OVERRIDE_GFX_VERSION=10.3.0 (RDNA 2), 11.0.0 (RDNA 3) before the command, on Linux"
        )
    number = found["number"]
    near = next((to for family, to in _OVERRIDES if number.startswith(family)), "")
    near = "" if number in _IN_WHEELS else near
    if near:
        return f"HSA_OVERRIDE_GFX_VERSION={near} before the command, on Linux   (for gfx{number})"
    return (
        f"a torch with gfx{number} in torch.cuda.get_arch_list(): pip install -U torch --index-url "
        "https://download.pytorch.org/whl/rocm6.4, or a newer one of that place"
    )


def _hip(case: Case) -> Answer:
    if "no ROCm-capable device" in case.hit.text:
        return Answer(
            "ROCm sees no AMD card in this process",
            (
                "rocminfo | grep gfx   : does it list the card?",
                "a container: --device=/dev/kfd --device=/dev/dri; a user in the groups render and "
                "video",
                "echo $HIP_VISIBLE_DEVICES $ROCR_VISIBLE_DEVICES $CUDA_VISIBLE_DEVICES   : -1 or "
                "an unknown number hides the cards",
            ),
            known="ROCm says so; why, it does not say",
            settles=False,
        )
    return Answer(
        "this build for ROCm has no kernels for the AMD card",
        (
            _override(case),
            "or the wheels that AMD publishes for this card's gfx number; rocminfo | grep gfx "
            "prints it",
        ),
        why="wheels hold code for some gfx numbers; a near one may run in place of the card's, "
        "which AMD does not support",
        known="the message"
        if len(set(_GFX.findall(case.near))) == 1 or _NAMED.search(case.near)
        else "the message; which gfx number the card has, the log does not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "rocm-library-failed",
        r"(?:HIPBLAS_STATUS_\w{3,40}|rocBLAS error(?!: Cannot read)|rocblas_status_\w{3,40}|"
        r"MIOpen Error)"
        r"(?![^\n]{0,300}Will attempt to recover)",
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
            "calling hipblasLtMatmul": "HIPBLASLT",
            "UserWarning: bgemm_internal_cublaslt error: HIPBLAS_STATUS_INTERNAL_ERROR when "
            "calling hipblasLtMatmul. Will attempt to recover by calling cublas instead.": "",
        },
        alone=True,
    ),
    General(
        "no-kernel-for-the-amd-card",
        r"(?:HIP|ROCm) error: (?:invalid device function|shared object initialization failed|"
        r"no kernel|device kernel image is invalid)|"
        r"hipErrorNoBinaryForGpu|Cannot read \S{1,80}TensileLibrary|no ROCm-capable device",
        _hip,
        {
            "RuntimeError: HIP error: invalid device function": "HSA_OVERRIDE_GFX_VERSION",
            "rocBLAS error: Cannot read /x/TensileLibrary.dat: No such file for GPU arch : "
            "gfx1103\n/x/TensileLibrary_lazy_gfx900.dat": "on Linux (for gfx1103)",
            "built for gfx900;gfx1030\nRuntimeError: HIP error: invalid device function": "RDNA 3",
            "on a gfx90a\nRuntimeError: HIP error: invalid device function": "a torch with gfx90a",
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
        r"ROCk module is NOT loaded",
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
)
