"""What a folder holds, where the log lists it: shards of FSDP or DeepSpeed, an adapter, a GGUF."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

# A row that os.listdir printed, and rows of ls -l.
_PRINTED = re.compile(r"^\W{0,12}\[(?:'[^'\n]{1,120}'(?:, )?)+\]\s*$", re.MULTILINE)
_LONG_ROWS = re.compile(r"^[-dl][rwxst-]{9}[.+@]? .{0,160} (\S{1,120})\s*$", re.MULTILINE)
_NAMED = re.compile(r"(?:found in directory|model in) ['\"]?(\S{1,200}?)['\"]?[.,]? ")
_KNOWN = "the log lists the folder"
_HELD = (
    (
        r"pytorch_model_fsdp_\d|\.distcp$",
        Answer(
            "the folder holds shards of FSDP (pytorch_model_fsdp_0), and no weights that "
            "from_pretrained reads",
            (
                "accelerate merge-weights CHECKPOINT/pytorch_model_fsdp_0 OUT   puts them "
                "together; "
                "config.json and the tokenizer's files of the base beside them",
                "fsdp_state_dict_type: FULL_STATE_DICT   in the next run",
            ),
            why="SHARDED_STATE_DICT writes .distcp files, which only a run that resumes reads",
            known=_KNOWN,
        ),
    ),
    (
        r"global_step\d+$|zero_to_fp32\.py$",
        Answer(
            "the folder holds shards of DeepSpeed (global_stepN), and no weights that "
            "from_pretrained reads",
            (
                "python zero_to_fp32.py . OUT   in that folder: it writes the weights",
                '"stage3_gather_16bit_weights_on_model_save": true   in zero_optimization, for the '
                "next run",
            ),
            why="under ZeRO-3 the weights are saved whole only where the config says so",
            known=_KNOWN,
        ),
    ),
    (
        r"adapter_model\.(?:safetensors|bin)$",
        Answer(
            "the folder holds an adapter alone, and is loaded as a whole model",
            ("AutoPeftModelForCausalLM.from_pretrained(FOLDER)",),
            known=_KNOWN,
        ),
    ),
)


def by_listing(case: Case) -> Answer | None:
    """Answer by the last listing before the error, if it has no weights of transformers."""
    above = case.hit.before[-8000:]
    rows = list(_PRINTED.finditer(above))
    if rows:
        names = re.findall(r"'([^'\n]{1,120})'", rows[-1][0])
    else:
        names = _LONG_ROWS.findall(above)
    if any(re.match(r"(?:model|pytorch_model)[\w.-]*\.(?:safetensors|bin)$", it) for it in names):
        return None
    found = next(
        (answer for text, answer in _HELD if any(re.search(text, name) for name in names)), None
    )
    if found is None or _is_of_the_folder(case):
        return found
    if _is_of_another(case):
        return None
    return found.replace(certain=False, known="the log lists a folder above the error")


def _is_of_another(case: Case) -> bool:
    """Return whether the command of the last listing names another folder than the error."""
    named = _NAMED.search(f"{case.message} ")
    of = re.findall(r"(?:listdir\([\"']|\bls (?:-\w+ )*)([\w./~-]{2,200})", case.hit.before)
    last = [
        path.rstrip("/.,").rpartition("/")[2] for path in (of[-1:] + ([named[1]] if named else []))
    ]
    return bool(of) and named is not None and last[0] != last[1]


def _is_of_the_folder(case: Case) -> bool:
    """Return whether the listing's command names the folder that the error names."""
    named = _NAMED.search(f"{case.message} ")
    return named is not None and (
        re.search(rf"(?:listdir\(|\bls\b)[^\n]{{0,40}}{re.escape(named[1])}", case.hit.before)
        is not None
    )
