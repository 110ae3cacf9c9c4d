"""Files of a checkpoint that are not where they are looked for."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

_NO_WEIGHTS = Answer(
    "the folder has no file of weights under a name that is looked for",
    (
        "ls FOLDER   : *.safetensors (with model.safetensors.index.json, if there are several)",
        "an adapter alone has adapter_model.safetensors: merge it, or hand it over as an adapter "
        "beside its base",
    ),
    known="the message",
    settles=False,
)


def _goes_on(case: Case) -> bool:
    """Return whether a line only notes that there is no checkpoint from which to go on."""
    told = r"(?i)\berror|exception|fail|cannot|can't"
    return case.error is None and not re.search(told, case.hit.text)


_OF_THE_RUN = re.compile(
    r"(?:training_args|optimizer|scheduler|scaler|random_states_\d|rng_state\w*)\."
)
_OF_WEIGHTS = re.compile(
    r"\.safetensors$|(?:model|consolidated|adapter|weights|head|projector|mp_rank|pytorch|fsdp|ggml|"
    r"non_lora)[\w.-]*\.bin$"
)


def _no_weights_file(case: Case) -> Answer | None:
    """Answer by the name of the file."""
    found = re.search(r"[\w.-]+\.(?:safetensors|bin|json)\b", case.match[0])
    name = found[0] if found else ""
    if _OF_THE_RUN.match(name):
        return Answer(
            f"{name} is not in the folder: it belongs to the state of a run, not to the weights",
            (
                "ls CHECKPOINT   : a run can be resumed from a folder with optimizer, scheduler, "
                "rng_state and trainer_state.json",
                "without them: start from the weights, with no resume_from_checkpoint",
                "save_only_model=False   before the next run",
            ),
            known="the message has the path",
            settles=False,
        )
    if name == "adapter_config.json":
        return Answer(
            "there is no adapter in that folder: adapter_config.json is not there",
            (
                "ls   of that folder; a checkpoint of a run is a folder below output_dir, "
                "checkpoint-N",
                "model.save_pretrained('FOLDER')   of the PEFT model writes it",
            ),
            known="the message has the path",
            settles=False,
        )
    if not _OF_WEIGHTS.search(name):
        return None  # data of the user's own, which "no such file" answers
    return Answer(
        "a file of weights is not where it is looked for",
        (
            "ls   of that folder; after a download that was stopped: hf download NAME again",
            "after training: the last checkpoint-N holds them, if nothing was saved at the end: "
            "trainer.save_model('FOLDER')",
        ),
        known="the message has the path",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "no-weights-for-vllm",
        r"Cannot find any model weights with|[Cc]an't find weights for|"
        r"No (?:safetensors|weight|checkpoint) files? found|not find any weights",
        lambda case: None if _goes_on(case) else _NO_WEIGHTS,
        {
            "RuntimeError: Cannot find any model weights with `/x`": "adapter_model.safetensors",
            "No checkpoint files found in output directory, starting fresh": "",
            "FileNotFoundError: No safetensors files found in /models/x": "ls FOLDER",
        },
        alone=True,
    ),
    General(
        "file-that-cannot-be-opened",
        r"unable to open file <[^>\n]{1,300}(?:safetensors|bin)>|"
        r"No such file or directory: \S{1,300}(?:\.safetensors|\.bin|adapter_config\.json)",
        _no_weights_file,
        {
            "FileNotFoundError: [Errno 2] No such file or directory: 'out/checkpoint-5/"
            "training_args.bin'": "state of a run",
            "FileNotFoundError: [Errno 2] No such file or directory: 'data/train.bin'": "",
            "FileNotFoundError: [Errno 2] No such file or directory: 'out/adapter_config.json'": (
                "no adapter in that folder"
            ),
            "RuntimeError: unable to open file </x/adapter_model.safetensors> in read-only mode: "
            "No such file or directory (2)": "save_model",
        },
    ),
)
