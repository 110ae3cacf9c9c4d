"""Batches and rows of preference trainers that another loop, collator or release reads."""

from __future__ import annotations

import re

from ....tables import torch_wheels
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


_OF_OLD = {"chosen_labels", "rejected_labels", "prompt_labels"}


def _of_swift(name: str) -> Answer:
    return Answer(
        f"ms-swift's own trainer reads {name}, which its template for this model does not "
        "write: a matter of ms-swift, not of the rows",
        (
            "pip install -U ms-swift",
            "or another release of it, if this is the newest: pip install 'ms-swift<VERSION'",
        ),
        why="a model with images is tokenized by another template, and the trainer for "
        "text reads names that it does not make",
        known="the frame is ms-swift's; which release mends it is not known here",
        certain=False,
        settles=False,
    )


def _of_a_script(name: str) -> Answer:
    return Answer(
        f"the script reads {name} of a row or batch that does not have it",
        ("print(batch.keys())   before the line that reads it, and the names that it shows",),
        why="TRL's preference trainers (DPO and its kin) make such names when they tokenize; "
        "rows that none of them tokenized do not have them",
        known="the message names the key, and the frame is the script's",
        settles=False,
    )


def _preferences(case: Case) -> Answer:
    """Answer by who reads the key: the script, a framework on top of TRL, or TRL itself."""
    name = case.match["name"]
    if case.is_of_the_script and name in _OF_OLD:
        return Answer(
            f"the script reads {name} of a batch, which TRL's DPO makes only up to 0.11",
            (
                "pip install 'trl<0.12'   with the transformers and peft of that time, in a "
                "separate environment",
                "or labels from prompt_input_ids and chosen_input_ids, as a newer batch has them: "
                "print(batch.keys())",
            ),
            why="from trl 0.12.0 on a batch has prompt_input_ids, chosen_input_ids and "
            "rejected_input_ids, and the loss builds the labels itself",
            known="read in trl 0.11.4 and 0.12.0; that the trainer is DPO's is likely",
            certain=False,
            settles=False,
        )
    if re.search(r"[/\\]swift[/\\]trainers|ms-swift[/\\]swift", case.frames + case.around):
        return _of_swift(name)
    if case.is_of_the_script and "get_batch" not in case.frames:
        return _of_a_script(name)
    return Answer(
        f"a preference trainer (DPO and its kin) does not find {name} in a row or batch",
        (
            "print(trainer.train_dataset.column_names, next(iter(trainer.get_train_dataloader()))"
            ".keys())",
            "remove_unused_columns=False, and no data_collator where the trainer has one",
            "the trainer's package and TRL of one time: python -m gemma_compat advise",
        ),
        why="TRL's preference trainers tokenize prompt, chosen and rejected themselves, and "
        "where they do it changed with its releases; a subclass of another time misses them",
        known="the key is one of TRL's; who made the batch, the frames say",
        certain=False,
        settles=False,
    )


def _flex(case: Case) -> Answer:
    size = re.search(r"\bE=(\d+)", f"{case.hit.text} {case.message}")
    here = f": they are {size[1]} here" if size else ""
    tower = size is not None and size[1] == "72"
    return Answer(
        f"flex attention of this torch takes only heads whose size is a power of 2{here}",
        (
            "pip install -U 'torch>=2.8' torchvision   (it raises no such error)",
            "attn_implementation='sdpa' (or 'eager') in from_pretrained",
            "pip install -U unsloth unsloth_zoo   where Unsloth chose flex attention",
        ),
        why="the kernel was made for sizes of 16, 32, 64, 128 and 256 at first"
        + ("; 72 is that of Gemma's image tower (SigLIP)" if tower else ""),
        known="the message; the error is in torch 2.5 to 2.7",
    )


_no_server = always(
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
        r"KeyError: '(?P<name>(?:prompt|chosen|rejected)_(?:input_ids|attention_mask|labels))'",
        _preferences,
        {
            "KeyError: 'prompt_input_ids'": "column_names",
            '  File "dpo_train.py", line 118, in get_batch_metrics\n    n = batch["chosen_labels"]'
            ".shape[0]\nKeyError: 'chosen_labels'": "trl<0.12",
            '  File "/w/ms-swift/swift/trainers/dpo_trainer.py", line 114, in tokenize_row\n    n '
            "= len(answer['prompt_input_ids'])\nKeyError: 'prompt_input_ids'": "of ms-swift, not",
            "KeyError: 'prompt'": "",
            'Traceback (most recent call last):\n  File "/w/a.py", line 1, in f\n    '
            "ids = row['prompt_input_ids']\nKeyError: 'prompt_input_ids'": "the script reads",
        },
    ),
    General(
        "rollout-server-is-not-there",
        r"Server is not up yet\. Retrying|vLLM server can'?t be reached|"
        r"The vLLM server can't be reached at",
        lambda case: (
            None  # it came up after a while
            if re.search(r"Server is up|'loss': ", case.hit.after)
            else _no_server(case)
        ),
        {
            "INFO vllm_client.py: Server is not up yet. Retrying in 2.0 seconds.": "colocate",
            "INFO vllm_client.py: Server is not up yet. Retrying in 2.0 seconds.\nServer is "
            "up!": "",
        },
        alone=True,
    ),
    General(
        "flex-attention-of-an-old-torch",
        r"(?:non power of 2 embedding dimension|NYI: Currently non power of 2)",
        _flex,
        {
            "ValueError: NYI: Currently non power of 2 embedding dimension are not supported. Got "
            "E=72 and Ev=72.": "SigLIP",
            "ValueError: NYI: Currently non power of 2 embedding dimension are not supported. Got "
            "E=80 and Ev=80.": "they are 80 here",
        },
        alone=True,
    ),
    General(
        "xformers-built-for-another-torch",
        r"xFormers (?:can't|cannot) load C\+\+/CUDA extensions",
        always(
            "xformers was built for another torch, CUDA or Python, and its kernels do not load",
            "pip uninstall -y xformers   (torch's own attention is taken then)",
            f"or {torch_wheels.XFORMERS}: it takes its torch along, and torchvision has to follow",
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
