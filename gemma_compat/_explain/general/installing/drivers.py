"""Drivers of NVIDIA cards, cuDNN, and the backends by which processes talk."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .gpu_builds import is_on_macos, no_gpu_build

_OTHER_CUDNN = Answer(
    "two releases of cuDNN are mixed: one of its libraries is not that which torch brought",
    (
        "unset LD_LIBRARY_PATH before the command, where it names a CUDA or cuDNN of the system",
        "pip install --force-reinstall torch   which brings the cuDNN of its release",
        "pip list | grep -i cudnn   : nvidia-cudnn-cu12 in the release that torch pins; tensorflow "
        "and others bring another",
    ),
    why="cuDNN 9 is several libraries, and checks that they are of one release",
    known="cuDNN says so; which one is found first, the path says",
    settles=False,
)


# What the driver says, what that means, and what to do.
_DRIVER = (
    (
        r"Error 802|system not yet initialized",
        "the driver waits for the links between the cards (NVSwitch): NVIDIA's Fabric Manager does "
        "not run",
        (
            "sudo systemctl start nvidia-fabricmanager   on the host, where it is installed in the "
            "very release of the driver",
            "in a cloud: another machine; its owner has to start it",
        ),
        "machines with NVSwitch (HGX and DGX with A100, H100, H200, B200) need that service; "
        "nvidia-smi works without it",
    ),
    (
        r"Driver/library version mismatch",
        "the NVIDIA driver was updated while its former release is still loaded",
        ("sudo reboot   (or: unload and load the nvidia modules)",),
        "the library on the disk and the module in the kernel are of two releases",
    ),
    (
        r"NVML: Unknown Error",
        "the process has no access to the cards, or lost it",
        (
            "restart the container; nvidia-smi on the host shows whether the cards are there",
            "if it comes back after some time: --device=/dev/nvidia0 --device=/dev/nvidiactl "
            "--device=/dev/nvidia-uvm beside --gpus all",
        ),
        "a reload of systemd takes the devices away from containers that run; a container that "
        "was never given them says the same",
    ),
    (
        r"CUDA driver error: (?!unknown|initialization|system|no CUDA)",
        "CUDA's driver refused a call",
        (
            "CUDA_LAUNCH_BLOCKING=1 before the command: the traceback then ends at the call",
            "without PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True, where it is set: does it go "
            "on?",
            "a newer driver, or a torch for the CUDA that nvidia-smi names",
        ),
        "",
    ),
)


def _driver(case: Case) -> Answer:
    """Answer a driver that does not answer, by what it says."""
    for text, happened, do, why in _DRIVER:
        if re.search(text, f"{case.hit.text}\n{case.hit.after[:200]}"):
            return Answer(
                happened, do, why=why, known="the message is the driver's own", settles=bool(why)
            )
    return Answer(
        "NVML, which counts the cards, could not be started"
        if "NVML" in case.hit.text
        else "the CUDA driver does not answer: torch cannot count the cards",
        (
            "nvidia-smi   : if it fails too, restart the machine (or the container)",
            "or a torch for this driver: nvidia-smi prints the newest CUDA that it takes",
            "CUDA_VISIBLE_DEVICES set after the first use of CUDA gives the same: set it before "
            "the command",
        ),
        known="the message; why the driver does not answer, it does not say",
        settles=False,
    )


def _cudnn(case: Case) -> Answer:
    if "VERSION_MISMATCH" in case.hit.text:
        return _OTHER_CUDNN
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
    memory = "nvidia-smi   : little free memory looks the same"
    no_room = re.search(r"ALLOC_FAILED|NOT_INITIALIZED", case.hit.text) is not None
    return Answer(
        "cuDNN could not run a convolution on this card"
        if convolves
        else "cuDNN could not run an operation on this card",
        (
            *((f"{memory}: a smaller batch, or end what else holds the card",) if no_room else ()),
            *((engine,) if of_te else (off,) if convolves else (sdp,) if attends else (sdp, off)),
            *(() if no_room else (memory,)),
            "pip install -U torch   (it brings the cuDNN of its release); LD_LIBRARY_PATH must not "
            "name another one",
        ),
        why="a build of cuDNN without this operation for the card, one of another CUDA that is "
        "loaded first, no room for its workspace, or an error of a kernel before it",
        known="the message is that of cuDNN; which of these it is, it does not say",
        settles=False,
    )


def _no_cuda_told(case: Case) -> Answer:
    """Answer the sentence that torch sees no GPU, by the system that is named."""
    if is_on_macos(case):
        return Answer(
            "macOS has no CUDA, so torch.cuda.is_available() is False on every Mac",
            (
                "torch.backends.mps.is_available()   and device='mps' in place of 'cuda'",
                "or mlx-lm, which is made for Apple's GPU: mlx_lm.lora",
            ),
            known="a sentence says so; that it is macOS, the words around it say",
            certain=False,
        )
    return Answer(
        "torch sees no GPU in that environment",
        (
            'python -c "import torch; print(torch.__version__, torch.version.cuda, '
            'torch.version.hip)"   : None and None are a build for the CPU',
            f"{no_gpu_build(case)[0]}   for such a build",
            "nvidia-smi (AMD: rocminfo)   : no table means no driver, or a container without "
            "--gpus all (AMD: --device=/dev/kfd --device=/dev/dri)",
            "echo $CUDA_VISIBLE_DEVICES   : empty text or -1 hides all cards",
        ),
        known="a sentence says so; which of the three it is, these commands say",
        certain=False,
        settles=False,
    )


# A script's own test of it, which tells of no machine.
_TESTED = re.compile(
    r"^\W{0,12}(?:\d{1,5}\W{1,3})?(?:if|elif|while|assert|return)\b[^\n]*is_available"
)


KINDS: tuple[General, ...] = (
    General(
        "cudnn-has-no-plan",
        r"CUDNN_STATUS_\w{3,40}|cuDNN Frontend error|unable to find an engine to execute|"
        r"No execution plans support the graph",
        _cudnn,
        {
            "RuntimeError: cuDNN error: CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH": "are mixed",
            "RuntimeError: cuDNN error: CUDNN_STATUS_NOT_INITIALIZED": "a smaller batch",
            "RuntimeError: cuDNN Frontend error: [cudnn_frontend] Error: No execution plans "
            "support the graph.": "enable_cudnn_sdp",
            'Traceback (most recent call last):\n  File "/x/torch/nn/modules/conv.py", line 712, '
            "in _conv_forward\n    return F.conv3d(\nRuntimeError: cuDNN error: "
            "CUDNN_STATUS_INTERNAL_ERROR": "cudnn.enabled = False",
        },
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
        _driver,
        {
            "RuntimeError: Unexpected error from cudaGetDeviceCount(). Did you run some cuda "
            "functions before calling NumCudaDevices()": "nvidia-smi",
            "RuntimeError: Unexpected error from cudaGetDeviceCount(). Error 802: system not yet "
            "initialized": "fabricmanager",
            "Failed to initialize NVML: Driver/library version mismatch": "reboot",
            "Failed to initialize NVML: Unknown Error": "restart the container",
            "RuntimeError: CUDA driver error: invalid argument": "refused a call",
        },
        alone=True,
    ),
    General(
        "cuda-not-available-is-told",
        r"(?<!but torch\.)cuda\.is_available\(\)[`'\"]{0,2} ?(?:returns?|returned|is|gives|->|=|:|"
        r"prints|>>>|always|still|shows| ){0,4} ?[`'\"]?False",
        lambda case: None if _TESTED.search(case.hit.text) else _no_cuda_told(case),
        {
            "# torch.cuda.is_available() returns False on my RTX 4090": "build for the CPU",
            "`torch.cuda.is_available()` is still False": "CUDA_VISIBLE_DEVICES",
            "torch.cuda.is_available() returns False on my MacBook M2": "mps",
            "torch.cuda.is_available() returns False on my RX 7900 XTX": "whl/rocm",
            "if torch.cuda.is_available(): x = True": "",
            "    if torch.cuda.is_available() == False:\n        device = 'cpu'": "",
            "assert torch.cuda.is_available() is False": "",
        },
        alone=True,
    ),
)
