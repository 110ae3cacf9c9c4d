"""Trackers that end a run: Weights & Biases."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

_NO_REPORT = (
    "report_to='none'   in the training arguments (or WANDB_MODE=offline, WANDB_DISABLED=true)"
)
_EVERY = "the Trainer reports to every tracker that is installed, unless report_to says otherwise"
_WITHOUT_A_KEY = Answer(
    "Weights & Biases stops the run: it has no key",
    (_NO_REPORT, "or wandb login"),
    why=_EVERY,
    known="the message is that of wandb",
)
_KEY_REFUSED = Answer(
    "Weights & Biases stops the run: it does not accept the key, or got none",
    ("wandb login --relogin   with the whole key of wandb.ai/authorize", f"or {_NO_REPORT}"),
    why="WANDB_API_KEY, where it is set, goes before the key that wandb login stored",
    known="the message is that of wandb",
    settles=False,
)
_NOT_REACHED = Answer(
    "Weights & Biases stops the run: its server was not reached, or did not answer in time",
    (
        "WANDB_MODE=offline   before the command, then wandb sync FOLDER where there is a network",
        "or report_to='none' in the training arguments",
        "wandb.init(settings=wandb.Settings(init_timeout=300))   where the network is slow",
    ),
    why=_EVERY,
    known="the message is that of wandb",
    settles=False,
)
_NOT_ALLOWED = Answer(
    "Weights & Biases refuses: the account of this key may not write to that entity or project, or "
    "there is none of that name",
    (
        "WANDB_ENTITY and WANDB_PROJECT   unset, or your own: the name on your page at wandb.ai",
        "wandb login --relogin   where the key is another account's",
        "or report_to='none' in the training arguments",
    ),
    known="the message is that of wandb",
    settles=False,
)
_NO_RUN_OPEN = Answer(
    "something is logged to Weights & Biases while no run of it is open",
    (
        "wandb.init(reinit=True)   before what logs, as trainer.evaluate() after trainer.train()",
        "or report_to='none' in the training arguments",
    ),
    why="a run ends with wandb.finish(), which a sweep, a second trainer or the end of training "
    "calls; what logs after that needs a new one",
    known="the message is that of wandb",
    settles=False,
)
_OF_WANDB = (
    (r"wandb\.init\(\) before", _NO_RUN_OPEN),
    (
        r"(?i)api key (?:verification|must|may|is (?:in|not )?valid)|invalid api key|\b401\b|"
        r"user is not logged in",
        _KEY_REFUSED,
    ),
    (r"(?i)(?:no )?api[_ ]key[^\n]{0,20}not configured|no api key", _WITHOUT_A_KEY),
    (
        r"(?i)permission denied|\b40[34]\b|(?:entity|project)[^\n]{0,60} not found|not authorized",
        _NOT_ALLOWED,
    ),
    (r"(?i)timed? ?out|network error|connection", _NOT_REACHED),
)


def _wandb(case: Case) -> Answer | None:
    said = f"{case.hit.text}\n{case.message}\n{case.hit.after[:300]}"
    for pattern, answer in _OF_WANDB:
        if re.search(pattern, said):
            return answer
    if case.error is None or "Control-C" in said:
        return None
    return Answer(
        "the error is Weights & Biases' own, not the training's",
        (
            _NO_REPORT,
            "wandb.init(...) with what the message asks for, before the Trainer is made",
        ),
        known="the class of the error",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "wandb-asks-for-a-key",
        r"api_key not configured|wandb\.errors\.(?:errors\.)?[A-Z]\w{3,30}|"
        r"wandb: ERROR",
        _wandb,
        {
            "wandb.errors.errors.UsageError: api_key not configured (no-tty). call "
            "wandb.login(key=[your_api_key])": "report_to='none'",
            "wandb.errors.CommError: Error while calling W&B API: permission denied (<Response "
            "[403]>)": "WANDB_ENTITY",
            "wandb.errors.errors.CommError: Run initialization has timed out after 90.0 sec.": (
                "wandb sync"
            ),
            "wandb.errors.errors.AuthenticationError: API key verification failed. Make sure your "
            "API key is valid.": "does not accept the key",
            "wandb.errors.errors.UsageError: API key must be 40 characters long, yours was 39": (
                "--relogin"
            ),
            "wandb.errors.ServiceStartProcessError: The wandb service process exited with 1.": (
                "not the training's"
            ),
            "wandb.errors.errors.UsageError: Run name must be at most 128 characters": (
                "not the training's"
            ),
            "wandb: ERROR Dropped streaming file chunk (see wandb/debug-internal.log)": "",
            "wandb.errors.errors.Error: You must call wandb.init() before wandb.log()": ("reinit"),
        },
    ),
)
