"""What the hub or PEFT refuses: a token without rights, a name without an adapter."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always

_without_either = always(
    "Unsloth could read neither a config.json nor an adapter_config.json under that name",
    "AutoConfig.from_pretrained(NAME) alone: it shows the error that Unsloth caught",
    "pip install -U unsloth unsloth_zoo transformers   for a model that is newer than they are",
    "check the name, the folder, and hf auth login for a gated repository",
    why="its loader tries the config first, and where that fails the adapter's; the second error "
    "hides the first",
    known="the frame is that of unsloth/models/loader.py; which error came first, it does not show",
    settles=False,
)


_OF_ANOTHER_SERVER = re.compile(
    r"for url: https?://(?![\w.-]*(?:huggingface|\bhf\b|hf-mirror|modelscope))"
)


def _refused(case: Case) -> Answer | None:
    if not case.is_of_a_hub or _OF_ANOTHER_SERVER.search(case.hit.text):
        return None
    if re.search(r"\bis gated\b|gated repo", case.message):
        return Answer(
            "the repository is gated, and no login with access to it was sent",
            (
                "hf auth login   with a token of the account that accepted its terms",
                "accept the terms on the model's page, once: huggingface.co/MODEL",
            ),
            why="a gated repository is handed out after its terms are accepted; a copy that is "
            "not gated, or a folder, needs no login",
            known="the message",
        )
    login = "hf auth login   with a token that may write (huggingface.co/settings/tokens)"
    space = re.search(r"/api/(?:models|datasets)/([\w.-]{1,60})/[\w.-]{1,90}/commit", case.near)
    if "create_pr=1" in case.near or space or "under th" in case.match[0]:
        return Answer(
            "the token may not write to the repository or the account that the upload names",
            (
                "push_to_hub('YOUR_NAME/MODEL')   hub_model_id=... for a Trainer: your own account "
                "in place of the one that a script or notebook brought along",
                login,
            ),
            why="an upload goes to the account before the slash; a token that only reads is "
            "refused in the same words",
            known="the message; whose account it is, the name in it says",
            settles=False,
        )
    return Answer(
        "the hub refuses this token: it is missing, expired, or may only read",
        (
            login,
            "push under your own name: push_to_hub('YOUR_NAME/MODEL')",
            "a gated model: accept its terms on its page, with the account of the token",
        ),
        known="the message; which of these it is, its text says",
        settles=False,
    )


def _no_adapter(case: Case) -> Answer | None:
    if case.says(r"unsloth[/\\]models[/\\]loader\.py"):
        return _without_either(case)
    name = case.match["name"] or "FOLDER"
    whole = (
        "or load a whole model without PEFT: AutoModelForCausalLM.from_pretrained (LLaMA-Factory: "
        "model_name_or_path alone, after full or freeze tuning)"
    )
    if re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+", name):
        return Answer(
            "PEFT got no adapter_config.json under that name: there is none in it, or it could not "
            "be reached",
            (
                'ls NAME   if it is a folder; else python -c "from huggingface_hub import '
                "list_repo_files; print(list_repo_files('NAME'))\"   : it lists the repository's "
                "files, or says why not",
                whole,
                "hf auth login   for a private or gated repository",
            ),
            why="PEFT takes a name that is not a folder for a repository of the hub, and says the "
            "same whatever stops the download",
            known="PEFT says so; which of these it is, it does not say",
            settles=False,
        )
    return Answer(
        "there is no adapter in that folder: a PEFT adapter has an adapter_config.json",
        (
            "ls FOLDER   from where the script runs; trainer.save_model() and "
            "model.save_pretrained() write it, and a checkpoint of a run is a folder below "
            "output_dir, checkpoint-N",
            whole,
        ),
        known="PEFT says so",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "token-without-rights",
        r"403 (?:Forbidden|Client Error)|You must (?:be authenticated|have (?:at least )?write)|"
        r"[Uu]nauthorized[^\n]{0,80}huggingface|Invalid (?:username or password|user token)|"
        r"don't have the rights to create a model under th|Token is required",
        _refused,
        {
            "HfHubHTTPError: 403 Client Error: Forbidden for url: https://huggingface.co/api/"
            "models/org-x/m/commit/main (Request ID: Root=1-6)\n\nForbidden: pass `create_pr=1` as "
            "a query parameter to create a Pull Request": "your own account",
            "huggingface_hub.utils._errors.HfHubHTTPError: 403 Client Error: Forbidden for url: "
            "https://huggingface.co/api/repos/create\n\nYou don't have the rights to create a "
            'model under the namespace "me"': "hf auth login",
            "huggingface_hub.errors.HfHubHTTPError: 403 Forbidden: You must be authenticated": (
                "hf auth login"
            ),
            "OSError: Repo for model `google/gemma-3-4b-it` is gated. You must be authenticated to "
            "access it. Please run `huggingface-cli login`.": "accept the terms",
        },
    ),
    General(
        "no-adapter-config",
        r"Can't find (?:'adapter_config\.json'|config\.json)(?: at '(?P<name>[^'\n]{1,200})')?",
        _no_adapter,
        {
            "ValueError: Can't find 'adapter_config.json' at 'someone/merged-7b'": (
                "list_repo_files"
            ),
            "调用时报错ValueError: Can't find 'adapter_config.json'": "freeze",
            "ValueError: Can't find config.json at './sst2_lora'": "from where the script runs",
            "ValueError: Can't find 'adapter_config.json' at 'out'": "checkpoint-N",
            'Traceback (most recent call last):\n  File "/x/site-packages/unsloth/models/loader.py"'
            ", line 92, in from_pretrained\n    peft_config = f()\nValueError: Can't find "
            "'adapter_config.json' at 'google/gemma-7b'": "AutoConfig",
        },
    ),
)
