"""What Colab, Kaggle and pip in a notebook print: secrets, restarts, conflicts."""

from __future__ import annotations

import re

from .... import versions
from ....tables import families
from ...answer import Answer
from ..base import Case, General, always

_CONFLICT = re.compile(
    r"requires [\w.-]+\S*.{0,200}, but you have [\w.-]+ \S+ which is incompatible"
)


def _conflict(case: Case) -> Answer | None:
    """Answer pip's heading above a list of conflicts, where the list itself is cut off."""
    if _CONFLICT.search(case.hit.text + "\n" + case.hit.after[:3000]):
        return None  # its lines tell which
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


# LLaMA-Factory caps transformers in its metadata: its release to the newest that it allows.
_LLAMA_FACTORY = {"0.9.1": "4.46.1", "0.9.2": "4.49.0", "0.9.3": "4.52.4"}


def _pins(case: Case) -> Answer | None:
    """Read pip's list of conflicts; the pair that matters for a Gemma comes first."""
    lines = re.findall(
        r"^[\s`>*-]*(?:ERROR: )?([A-Za-z][\w.-]*) (\S+) requires ([\w.-]+)(?:\[[\w,]*\])?"
        r"([^\n]*?), but you have\s+"
        r"([\w.-]+)\s+(\S+)\s+which\s+is\s+incompatible",
        f"{case.hit.before}{case.hit.text}\n{case.hit.after}",
        re.MULTILINE,
    )
    if not lines:
        return None
    lines.sort(key=lambda found: (not _is_trained_with(found[0]), _weight(found[2])))
    who, own, needs, spec, _, have = lines[0]
    spec = spec.split(";")[0].strip()
    more = f"; {len(lines) - 1} more such pairs" if len(lines) > 1 else ""
    if not _is_trained_with(who):
        return _of_the_image(who, own, f"{needs}{spec}", f"{needs} {have}", more)
    return Answer(
        f"{who} {own} does not allow {needs} {have}: it asks for {needs}{spec}{more}",
        _cure(case, who, needs, spec, have),
        why=_why(case, who, needs, spec),
        known="pip printed both sides",
    )


# What a fine-tune is made of: a conflict of these matters to the run.
_STACK = (
    "accelerate auto-gptq autoawq axolotl bitsandbytes compressed-tensors datasets deepspeed "
    "flash-attn gptqmodel huggingface-hub kernels keras keras-hub liger-kernel lightning lm-eval "
    "mergekit ms-swift nemo-toolkit openrlhf optimum peft pytorch-lightning safetensors "
    "sentence-transformers sglang tokenizers torch torchao torchaudio torchtune torchvision "
    "transformers triton trl unsloth unsloth-zoo verl vllm xformers "
)


def _is_trained_with(who: str) -> bool:
    """Return whether a package is of a training stack, so far as names tell."""
    name = who.lower().replace("_", "-")
    return name in _STACK.split() or name.startswith(("llama", "vllm", "mlx", "torch-xla", "gemma"))


def _of_the_image(who: str, own: str, wanted: str, have: str, more: str) -> Answer:
    """Answer a list of conflicts with packages that came with an image or a notebook."""
    return Answer(
        f"pip installed what was asked for, and warns: {who} {own} wants {wanted}, and {have} is "
        f"there now{more}",
        (
            f"nothing, where the run imports neither {who} nor the others of that list",
            "or a fresh environment: python -m venv tune, then the installation there",
        ),
        why="an image, Colab or Kaggle brings hundreds of packages that each bound others; pip "
        "names those that it breaks after it is done",
        known="pip printed the list; none of it is a package of a training stack known here",
        settles=False,
    )


def _weight(name: str) -> int:
    order = ("transformers", "torch", "trl", "peft", "accelerate", "tokenizers", "numpy")
    return order.index(name) if name in order else len(order)


def _first_release(case: Case) -> str | None:
    types = (
        {str(case.facts.model.model_type)}
        if case.facts.model.known("model_type")
        else set(case.log.model_types)
    )
    first = [families.FIRST_RELEASES[name] for name in types if name in families.FIRST_RELEASES]
    return min(first, key=versions.parse) if first else None


def _cure(case: Case, who: str, needs: str, spec: str, have: str) -> tuple[str, ...]:
    first = _first_release(case) if needs == "transformers" else None
    if first and _caps_below(spec, first):
        newer = ""
        if who == "llamafactory":
            allowed = [
                v
                for v, cap in _LLAMA_FACTORY.items()
                if versions.parse(cap) >= versions.parse(first)
            ]
            newer = f'pip install -U "llamafactory>={allowed[0]}"' if allowed else ""
        return (
            newer or f"pip install -U {who}",
            f"or its main branch, if no release allows transformers {first} yet",
        )
    if who in {"torchvision", "torchaudio"} and needs == "torch":
        return (
            f"pip install -U {who}   from the index that torch {have} came from: each release goes "
            "with one torch",
            f"pip uninstall -y {who}   where the run needs it not",
            f'or torch back: pip install "torch{spec}"',
        )
    return (
        f'pip install "{needs}{spec}"',
        f"or a newer {who}, if one allows {needs} {have}: pip install -U {who}",
    )


def _caps_below(spec: str, release: str) -> bool:
    caps = re.findall(r"<=?\s*([\w.]+)", spec)
    return any(
        versions.parse(cap) < versions.parse(release) for cap in caps if versions.is_valid(cap)
    )


def _why(case: Case, who: str, needs: str, spec: str) -> str:
    first = _first_release(case) if needs == "transformers" else None
    if first and _caps_below(spec, first):
        return (
            f"this Gemma came with transformers {first}, which {who} of this release does not "
            "allow: going back to what it asks for would not load the model"
        )
    return "pip installs what is asked for last, and only then tells which others it breaks"


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
        "pins-conflict",
        r"requires [\w.-]+\S*.{0,200}, but you have [\w.-]+ \S+ which is incompatible",
        _pins,
        {
            "llamafactory 0.9.2 requires transformers<=4.49.0,>=4.41.2, but you have transformers "
            "4.50.0.dev0 which is incompatible.": "llamafactory",
            "`unsloth 2026.6.8 requires torch<2.11.0,>=2.4.0, but you have torch 2.11.0+cu130 "
            "which is incompatible.`": "torch<2.11.0",
            "trl 1.0 requires peft<=0.9.6,>=0.8.6, but you have peft 0.15.2 which is "
            "incompatible.": "peft<=0.9.6",
            "dask-cudf 23.12.0 requires pandas<1.6.0dev0,>=1.3, but you have pandas 2.2.3 which is "
            "incompatible.\ntorch-tensorrt 2.3.0a0 requires torch<2.4.0,>=2.1.0.dev, but you have "
            "torch 2.4.0 which is incompatible.": "nothing, where",
            "torch-tensorrt 2.3.0a0 requires torch<2.4.0,>=2.1.0.dev, but you have torch 2.4.0 "
            "which is incompatible.\ntorchvision 0.18.0 requires torch==2.3.0, but you have torch "
            "2.4.0 which is incompatible.": "pip install -U torchvision",
        },
        alone=True,
    ),
    General(
        "pip-lists-conflicts",
        r"pip's dependency resolver does not currently take into account all the packages",
        _conflict,
        {
            "ERROR: pip's dependency resolver does not currently take into account all the "
            "packages that are installed. This behaviour is the source of the following dependency "
            "conflicts.\nunsloth-zoo 2025.9.9 requires trl<=0.23.0, but you have trl 0.24.0 which "
            "is incompatible.": "",
            "ERROR: pip's dependency resolver does not currently take into account all the "
            "packages that are installed. This behaviour is the source of the following dependency "
            "conflicts.": "went on",
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
