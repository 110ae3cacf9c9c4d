"""Tokens that the Hub does not accept, and accounts that may not do what is asked."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

# Said of a token that is no longer valid, whatever it is used for.
REFUSED_TOKEN = (
    r"Invalid (?:user token|credentials in Authorization header)|api/whoami|"
    r"[Tt]oken[^\n]{0,40} (?:is|has) expired"
)


def bad_token(case: Case) -> Answer:
    """Return the answer where the Hub does not accept the token itself."""
    return Answer(
        "the Hub does not accept the token that was sent: it is mistyped, expired or deleted, or "
        "none was sent",
        (
            "hf auth login   with a new token of huggingface.co/settings/tokens",
            "env | grep HF_TOKEN   : this variable (a secret of Colab or Kaggle too) goes before "
            "the token that hf auth login stored",
        ),
        why="a token that is sent and not valid is refused for public repositories too",
        known="the Hub answers 401",
        settles=False,
    )


def not_allowed(case: Case) -> Answer:
    """Answer for a token that the Hub does not accept, or not for this."""
    said = case.match[0]
    if said.startswith("Invalid"):
        return bad_token(case)
    space = re.search(r"under the namespace \\?\"(?P<name>[\w.-]{1,60})", case.hit.text)
    if "You don't have the rights" in said:
        return Answer(
            f"this token may not make a repository under the name {space['name']}"
            if space
            else "this token may not make a repository under the name before the slash",
            (
                "push_to_hub('YOUR_NAME/MODEL')   hub_model_id='YOUR_NAME/MODEL' for a Trainer; hf "
                "auth whoami shows the name",
                "a token of the kind Write, where the name is yours",
                "an organisation: its settings have to give you the right to write",
            ),
            known="the Hub says so; whose name it is, it does not say",
            settles=False,
        )
    tick = "a fine-grained token: tick access to public gated repositories"
    new = "hf auth login   with a new token of the kind Read (Write, to upload)"
    return Answer(
        "the Hub knows the token, and it does not allow this",
        (tick, new) if "fine-grained" in said else (new, tick),
        why="a token carries its own rights, less than those of the account",
        settles=False,
    )
