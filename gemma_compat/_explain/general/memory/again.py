"""Too little memory where weights or states are loaded beside what a training left on the card."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

_STEPS = re.compile(r"['\"]train_runtime['\"]|['\"]loss['\"]: |\*\*\*\*\* train metrics")
_AFTER_TRAINING = Answer(
    "the card was full while weights were loaded, after the training that the log shows above",
    (
        "a fresh process (restart the kernel) that loads base and adapter alone",
        "or no second load: the trained model is in memory already (trainer.model, "
        "model.merge_and_unload())",
        "or del trainer, model; gc.collect(); torch.cuda.empty_cache()   before it: frees only "
        "what no other name refers to",
        "device_map='cpu'   where it is loaded in order to be merged: a merge needs no GPU",
    ),
    why="model, gradients and optimizer of the training hold the card as long as its process "
    "lives; a model in 4 bits that trained is not room enough for its base in 16",
    known="the frames load weights, and steps stand above; that both are of one process is likely",
    settles=False,
)
_RESUMED = Answer(
    "out of memory as a checkpoint's states are loaded, to resume the run",
    (
        "a fresh process, and an empty card (nvidia-smi) before it",
        "or go on without the optimizer's states: load the checkpoint's weights as the model, and "
        "no resume_from_checkpoint",
        "own code: torch.load(FILE, map_location='cpu')   before load_state_dict",
    ),
    why="the optimizer's states come beside the model (AdamW: two numbers for each trained "
    "weight); with several processes the Trainer reads them straight onto each card (transformers "
    "4.57.6)",
    known="the frames load the optimizer's states or a checkpoint; what else the card holds is not "
    "in the log",
    settles=False,
)
_BEST = Answer(
    "out of memory as the best checkpoint is loaded after the training (load_best_model_at_end)",
    (
        "nothing is lost: best_model_checkpoint in OUTPUT/checkpoint-LAST/trainer_state.json names "
        "the folder; load it in a fresh process",
        "load_best_model_at_end=False   in the next run",
    ),
    why="the checkpoint comes beside the model, the gradients and the optimizer of the training",
    known="the frame is the Trainer's, after its last step",
    settles=False,
)
_RESUMES = (
    r"_load_optimizer_and_scheduler|\bin _load_from_checkpoint|_load_rng_state|"
    r"deepspeed_load_checkpoint|\bin load_fsdp_optimizer|optimizer\.load_state_dict\(|"
    r"optimizer\.pt\b"
)


def loaded_again(case: Case, loads: bool) -> Answer | None:
    """Answer where something is loaded onto a card that a training holds or is to hold.

    Args:
        case: with an error of memory.
        loads: whether its frames load weights.
    """
    if re.search(r"\bin _load_best_model\b|_load_best_model\(", case.frames):
        return _BEST
    if re.search(_RESUMES, case.frames) and not re.search(
        r"\bin training_step\b|\.backward\(", case.frames
    ):
        return _RESUMED
    if not loads or not case.frames or not _STEPS.search(case.above_traceback):
        return None
    return _AFTER_TRAINING
