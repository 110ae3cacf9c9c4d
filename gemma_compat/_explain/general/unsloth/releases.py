"""What Unsloth refuses because of the releases that are installed beside it."""

from __future__ import annotations

import re

from ....tables import torch_wheels
from ...answer import Answer
from ..base import Case, always
from ..installing.no_kernel import capability_in
from .saving import SAYS, UPGRADE, Refusal


def _least_release(case: Case) -> Answer:
    least = re.search(
        r"only works on transformers >= ?(\d[\d.]*\d)|minimum required version is (\d[\d.]*\d)|"
        r"transformers>=(\d[\d.]*\d)",
        case.around,
    )
    release = next((part for part in least.groups() if part), "") if least else ""
    if not release:
        return Answer(
            "this transformers is older than the model",
            ("pip install -U transformers   and restart the kernel",),
            known=SAYS,
        )
    return Answer(
        f"this transformers is older than the model: Unsloth asks for {release} or newer",
        (f'pip install -U "transformers>={release}"   and restart the kernel',),
        known=SAYS,
    )


def not_linked(case: Case) -> Answer:
    """Answer Unsloth's check of CUDA's libraries, by whether torch has CUDA at all."""
    without = re.search(
        r"pytorch\.cuda: +not available|torch.{0,40}\+cpu|torch\.cuda\.is_available\(\)[^\n]{0,9}"
        r"False",
        case.hit.before[-4000:] + case.around + case.hit.after[:4000],
    )
    if without is not None:
        return Answer(
            "Unsloth finds no library of CUDA, and torch is not available with CUDA here either",
            (
                f"{torch_wheels.install(which=torch_wheels.label(capability_in(case)))}, then "
                "xformers and bitsandbytes for it",
                "python -c 'import torch; print(torch.__version__, torch.version.cuda, "
                "torch.cuda.is_available())'",
            ),
            why="a torch for the CPU (conda's and pip's on some systems) brings no CUDA, which "
            "bitsandbytes and Triton look for",
            known="Unsloth's check, and the lines on torch",
            settles=False,
        )
    return Answer(
        "bitsandbytes' library for CUDA was not loaded, or Triton found no libcuda.so: Unsloth "
        "checks both",
        (
            "python -m bitsandbytes   prints what it looks for; python -c 'import torch; "
            "print(torch.version.cuda, torch.cuda.is_available())'",
            "sudo ldconfig /usr/lib64-nvidia   (Colab), or the folder that has libcuda.so: "
            "ldconfig -p | grep libcuda; in conda, CUDA and PyTorch installed by conda",
            "pip install -U bitsandbytes triton unsloth unsloth_zoo   and restart the kernel",
        ),
        why="a torch for the CPU, a bitsandbytes older than torch's CUDA, or a container without "
        "the driver's libraries",
        known="read in unsloth 2025.2.15; which of these it is, the warning does not say",
        settles=False,
    )


def _no_zoo(case: Case) -> Answer:
    """Answer Unsloth's request for unsloth_zoo, which it also makes where an import of it "
    "failed."""
    failed = re.search(r"(?m)^\W*import unsloth_zoo\b|unsloth_zoo[/\\]", case.above)
    if failed is None or "During handling of the above exception" not in case.above:
        return Answer("unsloth and unsloth_zoo are not of the same time", (UPGRADE,), known=SAYS)
    return Answer(
        "unsloth_zoo is there and its import failed: the error above this one is the cause",
        (
            "python -c 'import unsloth_zoo'   shows it whole",
            "where it finds no GPU: python -c 'import torch; print(torch.version.cuda, "
            "torch.cuda.is_available())', and a torch with CUDA",
            UPGRADE,
        ),
        why="Unsloth takes any error of that import for a package that is missing",
        known="the frames of unsloth_zoo stand above",
        settles=False,
    )


def _imported_too_late(case: Case) -> Answer:
    """Answer an older Unsloth, which stops where another package was imported before it."""
    module = re.search(r"import Unsloth before (\w+)", case.hit.text)
    before = module[1] if module else "the other package"
    own = f"import unsloth   as the first line of the script, above {before}"
    newer = "pip install -U unsloth unsloth_zoo   : newer ones warn, and go on"
    frameworks = [item for item in case.packages if item in {"llamafactory", "swift", "axolotl"}]
    who = frameworks[0] if frameworks else "the script"
    return Answer(
        f"{who} imports {before} before Unsloth, and this Unsloth stops there",
        (newer, "or use_unsloth: false (ms-swift: another tuner_backend)")
        if frameworks
        else (own, f"or {newer}"),
        why="Unsloth rewrites those packages as they are imported, and may miss what was imported "
        "before",
        known="the message is Unsloth's"
        + ("; who imports first, by the frames" if frameworks else ""),
        settles=False,
    )


RELEASES: tuple[Refusal, ...] = (
    Refusal(
        r"Please import Unsloth before \w+",
        _imported_too_late,
        ("ImportError: Unsloth: Please import Unsloth before peft.", "as the first line"),
    ),
    Refusal(
        r"(?:[^\n:]{2,60} only works on transformers ?>=|Your transformers version of)",
        _least_release,
        (
            "RuntimeError: Unsloth: Gemma 3 only works on transformers >= 4.50.0.Try `pip install "
            '--upgrade "transformers>=4.50.0"`',
            "transformers>=4.50.0",
        ),
    ),
    Refusal(
        r"(?:You have torch = [^\n]{1,40} but xformers|"
        r"Xformers (?:was not installed|does not work))",
        always(
            "the installed xformers does not fit this torch or this card",
            "pip uninstall -y xformers   (torch's own attention is used then)",
            "or pip install -U xformers, from the index of torch's CUDA build",
            known=SAYS,
        ),
        (
            "ImportError: Unsloth: You have torch = 2.1.1 but xformers = 0.0.24.",
            "pip uninstall -y xformers",
        ),
    ),
    Refusal(
        r"nvidia-smi sees [^\n]{1,80} but torch",
        always(
            "the machine has a GPU, and the installed torch is a build without CUDA for it",
            torch_wheels.install("torch torchvision"),
            "python -c 'import torch; print(torch.__version__, torch.version.cuda)'",
            known=SAYS,
        ),
        (
            "NotImplementedError: Unsloth: nvidia-smi sees Tesla T4 but torch.cuda.is_available() "
            "is False (torch 2.10.0+cpu).",
            "index-url",
        ),
    ),
    Refusal(
        r"(?:[^\n]{0,80}(?:needs a newer unsloth_zoo|[Pp]lease (?:update|upgrade|install) "
        r"unsloth[_-]zoo))",
        _no_zoo,
        (
            "ImportError: Unsloth: Please update unsloth_zoo via `pip install --upgrade "
            "--no-cache-dir --no-deps unsloth_zoo`",
            "unsloth_zoo",
        ),
    ),
    Refusal(
        r"vLLM with version \S{1,40} does not yet support transformers",
        always(
            "the installed vLLM does not go with this transformers",
            "pip install -U vllm",
            'or the transformers that the message names: pip install "transformers==4.57.3", which '
            "knows Gemma 3 but not Gemma 4",
            known=SAYS,
        ),
        (
            "RuntimeError: Unsloth: vLLM with version 0.11.2 does not yet support "
            "transformers>=5.0.0. Please downgrade to transformers==4.57.3",
            "4.57.3",
        ),
    ),
    Refusal(
        r"Using `datasets = [^\n]{1,20}` will cause recursion",
        always(
            "this release of datasets recurses without end under Unsloth",
            'pip install "datasets==4.3.0"',
            known=SAYS,
        ),
        (
            "NotImplementedError: #### Unsloth: Using `datasets = 4.4.1` will cause recursion "
            "errors.\nPlease downgrade datasets to `datasets==4.3.0",
            "datasets==4.3.0",
        ),
    ),
    Refusal(
        r"(?:Could not get version for|Pytorch is not installed|torch not found)",
        always(
            "a package that Unsloth asks the release of is not installed in this environment",
            "python -m pip install -U unsloth unsloth_zoo   in the environment that runs: it "
            "brings torch",
            "restart the kernel, in a notebook",
            known=SAYS,
        ),
        ("ImportError: Unsloth: Pytorch is not installed. Go to https://pytorch.org/.", "brings"),
    ),
    Refusal(
        r"Incompatible configuration detected",
        always(
            "this vLLM crashes on this card with this torch, and Unsloth refuses before it does",
            "pip install -U vllm   and restart the kernel",
            "or fast_inference=False, which does without vLLM",
            known="Unsloth lists card, torch and vLLM under this line",
        ),
        ("RuntimeError: Unsloth: Incompatible configuration detected.", "fast_inference=False"),
    ),
    Refusal(
        r"CUDA is not linked properly",
        not_linked,
        ("ImportError: Unsloth: CUDA is not linked properly.", "python -m bitsandbytes"),
    ),
)
