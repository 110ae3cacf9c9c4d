"""Batches and rows of preference trainers that another loop, collator or release reads."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _own_loop(case: Case) -> Answer | None:
    if not re.search(r"\bunsloth_train\b", case.frames + case.around):
        return None
    return Answer(
        "unsloth_train, Unsloth's loop for supervised training, reads labels that the batches of "
        "a preference trainer (DPO, ORPO, KTO) do not have",
        (
            "trainer.train()   in place of unsloth_train(trainer)",
            "pip install -U transformers unsloth unsloth_zoo   (from transformers 4.46 on its "
            "trainer divides by the tokens of all accumulated batches)",
        ),
        why="that loop was made for SFT in October 2024, when transformers averaged accumulated "
        "batches wrongly; ORPO's batches are chosen_labels and rejected_labels",
        known="the call of unsloth_train is in the traceback; that the trainer is one of "
        "preferences is likely",
        certain=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "loop-of-unsloth-without-labels",
        r"KeyError: 'labels'",
        _own_loop,
        {
            "----> 3 trainer_stats = unsloth_train(orpo_trainer)\nKeyError: 'labels'": (
                "trainer.train()"
            ),
            "KeyError: 'labels'": "",
        },
    ),
    General(
        "preferences-not-tokenized",
        r"KeyError: '(?:prompt|chosen|rejected)_(?:input_ids|attention_mask|labels)'",
        always(
            "a preference trainer gets batches whose prompt, chosen or rejected rows were not "
            "tokenized in the form that it reads",
            "print(trainer.train_dataset.column_names, next(iter(trainer.get_train_dataloader()))"
            ".keys())",
            "remove_unused_columns=False, and no data_collator where the trainer has one",
            "the trainer's package and TRL of one time: python -m gemma_compat advise",
            "with images: a release whose DPO takes this processor (pip install -U ms-swift trl)",
            why="TRL's preference trainers tokenize prompt, chosen and rejected themselves, and "
            "where they do it changed with its releases; a subclass of another time misses them",
            known="the key is one of TRL's; who made the batch, the frames say",
            certain=False,
            settles=False,
        ),
        {
            "KeyError: 'prompt_input_ids'": "column_names",
            "KeyError: 'prompt'": "",
        },
    ),
    General(
        "rollout-server-is-not-there",
        r"Server is not up yet\. Retrying|vLLM server can'?t be reached|"
        r"The vLLM server can't be reached at",
        always(
            "GRPO waits for a vLLM server that was not started, or that does not answer there",
            "vllm_mode='colocate' in GRPOConfig: vLLM inside the trainer; with Unsloth "
            "fast_inference=True in from_pretrained and use_vllm=True",
            "or the server first, on other cards: CUDA_VISIBLE_DEVICES=1 trl vllm-serve --model "
            "MODEL, and vllm_server_host, vllm_server_port (8000) in GRPOConfig",
            "curl http://127.0.0.1:8000/health/   on the trainer's machine: a proxy (http_proxy) "
            "also stands between",
            why="TRL from 0.16 on takes vLLM as a server unless told otherwise; Unsloth sets "
            "colocate itself where its release knows that argument",
            known="the line is that of TRL's client",
            settles=False,
        ),
        {
            "INFO vllm_client.py: Server is not up yet. Retrying in 2.0 seconds.": "colocate",
        },
        alone=True,
    ),
    General(
        "flex-attention-of-an-old-torch",
        r"(?:non power of 2 embedding dimension|NYI: Currently non power of 2)",
        always(
            "flex attention of this torch takes only heads whose size is a power of 2; that of "
            "Gemma's image tower (SigLIP) is 72",
            "pip install -U 'torch>=2.8' torchvision   (it raises no such error)",
            "attn_implementation='sdpa' (or 'eager') in from_pretrained",
            "pip install -U unsloth unsloth_zoo   where Unsloth chose flex attention",
            why="the kernel was made for sizes of 16, 32, 64, 128 and 256 at first",
            known="the message; the error is in torch 2.5 to 2.7",
        ),
        {
            "ValueError: NYI: Currently non power of 2 embedding dimension are not supported. Got "
            "E=72 and Ev=72.": "sdpa"
        },
        alone=True,
    ),
    General(
        "xformers-built-for-another-torch",
        r"xFormers (?:can't|cannot) load C\+\+/CUDA extensions",
        always(
            "xformers was built for another torch, CUDA or Python, and its kernels do not load",
            "pip uninstall -y xformers   (torch's own attention is taken then)",
            "or pip install -U xformers --index-url https://download.pytorch.org/whl/cu128   (the "
            "index of torch's CUDA): it takes its torch along, and torchvision has to follow",
            "python -m xformers.info   shows what loads",
            why="each wheel of xformers is for one release of torch: the lines below name both",
            known="xformers prints it; it is a warning, and what is done without those kernels "
            "goes on",
            settles=False,
        ),
        {
            "WARNING[XFORMERS]: xFormers can't load C++/CUDA extensions. xFormers was built for:": (
                "pip uninstall"
            )
        },
        alone=True,
    ),
)
