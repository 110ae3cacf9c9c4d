"""What Colab, Kaggle and pip in a notebook print: secrets, restarts, conflicts."""

from __future__ import annotations

import re

from ....tables import torch_wheels
from ...answer import Answer
from ..base import Case, General, always


def _mixed(case: Case) -> Answer:
    """Answer a symbol that one of torch's libraries misses in another."""
    if "iJIT_" in case.hit.text:
        return Answer(
            "torch and the MKL beside it are of two times: torch misses a symbol that a newer MKL "
            "no longer has",
            (
                "conda install 'mkl<2024.1'   and restart the kernel",
                "or torch by pip, which brings its own: pip install --force-reinstall torch",
            ),
            why="a torch of conda takes the MKL of the environment, and MKL 2024.1 dropped the "
            "symbol",
            known="the message names the symbol; the release is that of the reports of it",
            certain=False,
        )
    nccl = "nccl" in case.hit.text
    return Answer(
        ("libraries of NCCL" if nccl else "CUDA libraries")
        + " of two releases are mixed: one is found before the one that torch brought",
        (
            "unset LD_LIBRARY_PATH before the command, where it names a CUDA of the system",
            "pip install --force-reinstall torch   and restart the kernel: it brings the libraries "
            "of its release",
            *(
                ["pip list | grep -i nccl   : one package of it, in the release that torch pins"]
                if nccl
                else []
            ),
        ),
        why="torch's wheels bring their CUDA libraries as separate packages; another package, "
        "conda or LD_LIBRARY_PATH puts one of another release before them",
        known="the message names the library and the symbol that it lacks",
        settles=False,
    )


def _secret(case: Case) -> Answer:
    """Answer a secret that is not there, by its name and by who asks for it."""
    named = re.search(
        r"\b[Ss]ecret (?P<told>(?!does|with)\w{2,40})|"
        r"\b(?P<name>[A-Z][A-Z0-9]{1,20}(?:_[A-Z0-9]{2,20})+)\b",
        case.hit.text,
    )
    name = (named["told"] or named["name"]) if named else "HF_TOKEN"
    if "timed out" in case.hit.text:
        return Answer(
            f"Colab did not hand the secret {name} out in time",
            (
                "run the cell again, in an open tab of Colab: the browser grants it",
                f"from VS Code, or without a browser: os.environ['{name}'] in place of "
                "userdata.get",
            ),
            why="userdata.get asks the page in the browser, and no page answers where the notebook "
            "runs from elsewhere",
            known="Colab says so",
        )
    of_wandb = name.startswith("WANDB")
    return Answer(
        f"the code asks for {name}, which is not set in its environment"
        if "KeyError" in case.hit.text
        else "the notebook has no secret (token) of that name, or may not read it",
        (
            *(["report_to='none'   where nothing is to be logged there"] if of_wandb else []),
            f"Colab: the key at the left, add {name}, and allow this notebook to read it",
            "Kaggle: Add-ons > Secrets, attach it to this notebook",
            f"elsewhere: export {name}=..., or wandb login"
            if of_wandb
            else "elsewhere: export HF_TOKEN=hf_...   or hf auth login"
            if name.startswith(("HF_", "HUGGING"))
            else f"elsewhere: export {name}=...",
        ),
        known="the message",
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
        r"BackendError: Unexpected response from the service|No user secrets exist for kernel id|"
        r"Requesting secret \w{1,60} timed out",
        _secret,
        {
            "google.colab.userdata.SecretNotFoundError: Secret HF_TOKEN does not exist.": "Colab",
            "KeyError: 'HF_TOKEN'": "hf auth login",
            "google.colab.userdata.SecretNotFoundError: Secret myKey does not exist.": "add myKey",
            "KeyError: 'WANDB_API_KEY'": "not set in its environment",
            "TimeoutException: Requesting secret HF_TOKEN timed out. Secrets can only be fetched "
            "when running from the Colab UI.": "os.environ",
            "KeyError: 'input_ids'": "",
        },
    ),
    General(
        "cuda-libraries-of-two-releases",
        r"undefined symbol: (?:__nvJitLink|nccl[A-Z]|cublasLt[A-Z]|cudnn[A-Z]|iJIT_)\w{4,60}|"
        r"version (?:libnvJitLink|libcu\w{3,20})\.so\.\d+ not",
        _mixed,
        {
            "ImportError: /x/libcusparse.so.12: undefined symbol: __nvJitLinkComplete_12_4, "
            "version libnvJitLink.so.12": "LD_LIBRARY_PATH",
            "ImportError: /x/torch/lib/libtorch_cuda.so: undefined symbol: ncclCommResume": "mixed",
            "OSError: /x/libcublas.so.12: undefined symbol: cublasLtGetEnvironmentMode": "mixed",
            "ImportError: /x/torch/lib/libtorch_cpu.so: undefined symbol: iJIT_NotifyEvent": "mkl",
        },
        alone=True,
    ),
    General(
        "xformers-has-no-kernel",
        r"No operator found for `memory_efficient_attention",
        always(
            "xformers has no kernel for this card, dtype or head size",
            "pip uninstall -y xformers   (torch's own attention is used then)",
            f"or {torch_wheels.XFORMERS}",
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
