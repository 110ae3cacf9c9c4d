"""What Colab, Kaggle and pip in a notebook print: secrets, restarts, conflicts."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_CONFLICT = re.compile(
    r"(?m)^\s{0,8}(?P<who>[A-Za-z][\w.-]{1,60}) [\w.+!-]{1,40} (?:requires|depends on|has "
    r"requirement) (?P<what>[A-Za-z][\w.-]{1,60})(?P<bound>[^\n;]{0,60}?), but you (?:have|"
    r"'ll have)"
    r" (?P<have>[A-Za-z][\w.-]{1,60} \S{1,30})"
)


def _conflict(case: Case) -> Answer | None:
    """Answer pip's list of conflicts by its first line about a package of a training stack."""
    lines = _CONFLICT.finditer(case.hit.text + "\n" + case.hit.after[:3000])
    stack = {"unsloth", "unsloth-zoo", "vllm", "transformers", "trl", "peft", "torch", "xformers"}
    for line in lines:
        who, what = line["who"].lower().replace("_", "-"), line["what"].lower()
        if who in stack or what in stack or what in {"torchvision", "torchaudio", "triton"}:
            return Answer(
                f"pip installed {line['have'].rstrip('.')}, which {line['who']} does not allow",
                (
                    f"pip install '{line['what']}{line['bound'].strip()}'   and restart the kernel",
                    f"or leave it, where {line['who']} is not used in this run",
                ),
                why="pip reports conflicts with what was installed before, and goes on",
                known="pip's own line",
            )
    return Answer(
        "pip's warning that what it installed does not fit packages that were there before: the "
        "installation itself went on",
        (
            "nothing, where the packages that it lists are not used in this run",
            "or a new environment: uv venv, uv pip install unsloth",
        ),
        why="Colab and Kaggle bring hundreds of packages with their own bounds",
        known="pip's own text; whether one of them matters to this run is not in it",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "kernel-to-be-restarted",
        r"You must restart the runtime in order to use newly installed versions|"
        r"following packages were previously imported in this runtime",
        always(
            "packages were replaced that this session had imported: it still runs the old ones",
            "restart the kernel (Runtime > Restart session), and run the cells below the "
            "installation",
            why="Python imports a module once; a mix of old and new files fails in odd ways",
            known="Colab says so",
        ),
        {
            "WARNING: The following packages were previously imported in this runtime:\n  [numpy]\n"
            "You must restart the runtime in order to use newly installed versions.": "restart"
        },
        alone=True,
    ),
    General(
        "notebook-secret-missing",
        r"SecretNotFoundError|NotebookAccessError|KeyError: '(?:HF_TOKEN|HUGGINGFACE_TOKEN|"
        r"HUGGING_FACE_HUB_TOKEN|WANDB_API_KEY)'|kaggle_secrets\.\w{4,30}Error|"
        r"BackendError: Unexpected response from the service|No user secrets exist for kernel id",
        always(
            "the notebook has no secret (token) of that name, or may not read it",
            "Colab: the key at the left, add HF_TOKEN, and allow this notebook to read it",
            "Kaggle: Add-ons > Secrets, attach it to this notebook",
            "elsewhere: export HF_TOKEN=hf_...   or hf auth login",
            known="the message",
        ),
        {
            "google.colab.userdata.SecretNotFoundError: Secret HF_TOKEN does not exist.": "Colab",
            "KeyError: 'HF_TOKEN'": "hf auth login",
            "KeyError: 'input_ids'": "",
        },
    ),
    General(
        "pip-lists-conflicts",
        r"pip's dependency resolver does not currently take into account all the packages",
        _conflict,
        {
            "ERROR: pip's dependency resolver does not currently take into account all the "
            "packages that are installed. This behaviour is the source of the following dependency "
            "conflicts.\nunsloth-zoo 2025.9.9 requires trl<=0.23.0, but you have trl 0.24.0 which "
            "is incompatible.": "trl<=0.23.0",
            "ERROR: pip's dependency resolver does not currently take into account all the "
            "packages that are installed. This behaviour is the source of the following dependency "
            "conflicts.\ngcsfs 2025.3.2 requires fsspec==2025.3.2, but you have fsspec 2024.12.0 "
            "which is incompatible.": "went on",
        },
        alone=True,
    ),
    General(
        "cuda-libraries-of-two-releases",
        r"undefined symbol: __nvJitLink\w{4,60}|version (?:libnvJitLink|"
        r"libcu\w{3,20})\.so\.\d+ not",
        always(
            "CUDA libraries of two releases are mixed: one is found before the one that torch "
            "brought",
            "pip install -U nvidia-nvjitlink-cu12 nvidia-cusparse-cu12   and restart the kernel",
            "or unset LD_LIBRARY_PATH before the command, where it names a CUDA of the system",
            "or pip install --force-reinstall torch   which brings the libraries of its release",
            why="torch's wheels bring their CUDA libraries as separate packages; another "
            "package, conda or LD_LIBRARY_PATH puts an older libnvJitLink before them",
            known="the message names the library and the symbol that it lacks",
            settles=False,
        ),
        {
            "ImportError: /x/libcusparse.so.12: undefined symbol: __nvJitLinkComplete_12_4, "
            "version libnvJitLink.so.12": "nvjitlink"
        },
        alone=True,
    ),
    General(
        "xformers-has-no-kernel",
        r"No operator found for `memory_efficient_attention",
        always(
            "xformers has no kernel for this card, dtype or head size",
            "pip uninstall -y xformers   (torch's own attention is used then)",
            "or pip install -U xformers --index-url https://download.pytorch.org/whl/cu128   (the "
            "index of torch's CUDA)",
            why="xformers lists each kernel and why it is refused: a card that is too old or too "
            "new for the wheel, float32, a head beyond 256, or xformers built for another torch",
            known="the message; the lines below it have the reason for each kernel",
            settles=False,
        ),
        {
            "NotImplementedError: No operator found for `memory_efficient_attention_forward` with "
            "inputs:": "uninstall -y xformers"
        },
    ),
    General(
        "google-package-by-another-name",
        r"[Nn]o module named 'google\.(?P<name>generativeai|genai)'",
        lambda case: Answer(
            f"google.{case.match['name']} is a separate package, and it is not installed",
            (f"pip install -U google-{case.match['name']}   and restart the kernel",),
            why="many packages share the name google",
            known="the message names the module",
        ),
        {
            "ModuleNotFoundError: No module named 'google.generativeai'": (
                "pip install -U google-generativeai"
            )
        },
    ),
)
