"""The names of packages by those of their modules, and the statements that import names."""

from __future__ import annotations

_NAMES = """
accelerate ai_edge_torch av axolotl bitsandbytes comet_ml compressed_tensors cut_cross_entropy
datasets decord deepspeed diffusers einops evaluate fire flax gguf gptqmodel gradio hf_transfer
hf_xet hqq huggingface_hub ipywidgets jax jinja2 jsonlines kagglehub keras keras_hub keras_nlp
kernels librosa liger_kernel llamafactory llmcompressor llvmlite lm_eval loguru matplotlib
mediapipe mergekit mistral_common mlflow mlx mlx_lm mlx_vlm modelscope msgspec ninja nltk numba
numpy omegaconf openai optimum optuna outlines packaging pandas peft protobuf psutil pyarrow
pydantic ray requests rich rouge sacrebleu safetensors scipy sentence_transformers sentencepiece
seqeval sglang soundfile tensorboard tensorboardX tensorflow tf_keras tiktoken timm tokenizers
torch torchao torchaudio torchdata torchtune torchvision tqdm trackio transformers triton trl
tyro unsloth unsloth_zoo verl vllm wandb xformers xgrammar
"""
SAME_NAME = frozenset(_NAMES.split())
# Modules whose package has another name.
DISTRIBUTIONS = {
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "causal_conv1d": "causal-conv1d --no-build-isolation",
    "cv2": "opencv-python-headless",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "flash_attn": "flash-attn --no-build-isolation",
    "flash_attn_2_cuda": "flash-attn --no-build-isolation",
    "google": "protobuf",
    "llama_cpp": "llama-cpp-python",
    "lightning_fabric": "lightning",
    "mamba_ssm": "mamba-ssm --no-build-isolation",
    "megatron": "megatron-core",
    "nemo": "nemo_toolkit",
    "pkg_resources": "'setuptools<81'",
    "pytorch_lightning": "pytorch-lightning",
    "rouge_score": "rouge-score",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "swift": "ms-swift",
    "yaml": "pyyaml",
}
_OF_THE_PROJECT = (
    "a folder of the project itself is not on Python's path",
    (
        "run it from the project's root: python -m PACKAGE.MODULE, or PYTHONPATH=. before the "
        "command",
        "or pip install -e .",
    ),
    "the module is a folder of the repository and no package of an index",
)
_BUILT_WITHOUT = (
    "this Python was built without a part of its standard library",
    (
        "a Python of conda, uv or the system: conda create -n tune python=3.11",
        "or the -dev packages of the system (liblzma-dev, libffi-dev, libsqlite3-dev) and pyenv "
        "again",
    ),
    "a Python that was compiled by hand leaves out what it found no headers for",
)
# Modules that no pip install brings: what happened, what to do, why.
NOT_A_PACKAGE = {
    **dict.fromkeys(
        ("src", "utils", "scripts", "config", "models", "train", "tools"), _OF_THE_PROJECT
    ),
    **dict.fromkeys(("_lzma", "_ctypes", "_bz2", "_sqlite3", "_ssl"), _BUILT_WITHOUT),
    "google.colab": (
        "the script is one of Colab, and runs elsewhere: google.colab is not to be had there",
        (
            "leave out the lines with google.colab (userdata, drive, files)",
            "HF_TOKEN in the environment, in place of userdata.get",
        ),
        "Colab alone brings that module",
    ),
    "torch._six": (
        "a package that is older than this torch asks for torch._six, which torch no longer has",
        (
            "pip install -U   the package of the frame that imports it (DeepSpeed and apex of 2022 "
            "and older did, and code of that time)",
            "or torch 1.13 or older, for code that cannot be renewed",
        ),
        "torch 2 no longer has that module, which was its own",
    ),
    "google.protobuf": (
        "Python finds no google.protobuf: protobuf is not installed, or is half removed",
        ("pip install --force-reinstall protobuf   and restart the kernel",),
        "several packages share the folder google, and removing one can take files along",
    ),
    "tkinter": (
        "this Python has no tkinter, which many systems and images install apart from it",
        (
            "MPLBACKEND=Agg before the command, where it is a plot that is only saved",
            "or sudo apt-get install python3-tk, for the system's Python",
        ),
        "it is a part of the standard library that draws windows; no package of an index has it",
    ),
    "llmtuner": (
        "llmtuner is the old name of LLaMA-Factory's package",
        ("pip install -U llamafactory   and llamafactory-cli train CONFIG.yaml",),
        "scripts of 2023 and early 2024 import it; it is called llamafactory since",
    ),
}
# What to write for names that scripts use, where it is not "from OWNER import NAME".
STATEMENTS = {
    "bnb": "import bitsandbytes as bnb",
    "np": "import numpy as np",
    "pd": "import pandas as pd",
    "plt": "import matplotlib.pyplot as plt",
    "F": "import torch.nn.functional as F",
    "nn": "from torch import nn",
    "dist": "import torch.distributed as dist",
    "is_torch_xla_available": "from transformers.utils import is_torch_xla_available",
    "VLLMClient": "from trl.generation.vllm_client import VLLMClient   (older TRL: "
    "trl.extras.vllm_client)",
    "Image": "from PIL import Image",
    "FastLanguageModel": "from unsloth import FastLanguageModel",
    "FastModel": "from unsloth import FastModel",
    "FastVisionModel": "from unsloth import FastVisionModel",
    "is_bfloat16_supported": "from unsloth import is_bfloat16_supported",
    "load_dataset": "from datasets import load_dataset",
    "Dataset": "from datasets import Dataset   (torch's: from torch.utils.data import Dataset)",
    "tqdm": "from tqdm import tqdm",
    "train_on_responses_only": "from unsloth.chat_templates import train_on_responses_only",
    "get_chat_template": "from unsloth.chat_templates import get_chat_template",
    **{
        name: f"import {name}"
        for name in (
            "torch",
            "os",
            "re",
            "sys",
            "json",
            "math",
            "random",
            "gc",
            "wandb",
            "deepspeed",
            "triton",
            "torchvision",
            "ray",
            "transformers",
            "trl",
            "peft",
            "datasets",
            "time",
        )
    },
}
