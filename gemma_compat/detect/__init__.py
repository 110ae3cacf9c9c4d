"""Detection: the only part that reads the world.

Everything is read from files and metadata; nothing under inspection is imported. What cannot be
read becomes an unknown fact, with its reason in ``Facts.reasons``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the child processes import this package too, and must not pay for it
    from collections.abc import Sequence

    from ..facts import Facts


def detect_facts(
    model: Any = None,
    args: Any = None,
    *,
    tokenizer: Any = None,
    adapter: Any = None,
    probe: bool = False,
    path: Sequence[str] | None = None,
    deadline_seconds: float = 3.0,
    probe_seconds: float = 60.0,
) -> Facts:
    """Return all facts about this machine, a model and a run.

    Args:
        model: a live transformers model (wrapped by PEFT, ``torch.compile`` or DDP or not), a
            model directory, a ``config.json``, a mapping of one, or ``None``.
        args: a live ``TrainingArguments``, a mapping of its fields, a JSON file of them, or
            ``None``.
        tokenizer: a live tokenizer or processor, a directory that holds one, or ``None`` for the
            files beside the model's weights.
        adapter: a PEFT configuration, a mapping of one, the directory of a saved adapter, or
            ``None`` for the one that the model carries.
        probe: also import torch and transformers, and PEFT, TRL, bitsandbytes and Unsloth where
            they are installed, each in a child process.
        path: the directories to search for packages; ``sys.path`` if not given.
        deadline_seconds: for the child process that asks NVML.
        probe_seconds: for all child processes of ``probe`` together.

    Raises:
        UsageError: a file that does not exist or is not a JSON object, or a value in it that no
            model or run can have. Everything else that fails is an unknown with its reason.
    """
    from ._machine import detect

    seconds = (deadline_seconds, probe_seconds)
    return detect(model, args, tokenizer, adapter, probe=probe, path=path, seconds=seconds)
