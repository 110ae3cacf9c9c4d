"""What is known of Unsloth: whether the run uses it, how, and what it did to a model."""

from __future__ import annotations

from typing import Any, ClassVar

from ._record import UNKNOWN, Record, check_keys


class UnslothFacts(Record):
    """Unsloth in this process, beside it, and on the model in hand.

    Attributes:
        used: whether the run uses Unsloth: it is imported in this process. Unknown where it is
            installed and only files were looked at.
        imported_after: which of ``transformers``, ``trl`` and ``peft`` this process had imported
            before it; empty where Unsloth came first, or is not imported.
        backend: what it runs on: ``cuda``, ``hip``, ``xpu``, ``cpu`` or ``mlx``; ``None`` where
            it is not imported. Its CPU backend applies none of its patches for Gemma.
        requires: the releases that its metadata asks for, as specifiers by distribution name;
            empty where it is not installed.
        compiled_caches: the versions in the headers of an ``unsloth_compiled_cache``, one text
            for each distinct header: ``unsloth-zoo 2026.10.9, unsloth 2026.10.9, transformers
            5.17.0, trl 1.15.0``. ``None`` where there is no such folder.
        patches: methods of the model's classes that run code of Unsloth's, as ``Class.method``,
            sorted (live only).
        rebuilt: classes of the model whose ``forward`` its compiler wrote (live only).
        carries_shared_kv: whether it carries shared keys and values through this model's forward
            and checkpoints it so that their gradients are right (live only).
        scales_embeddings_twice: whether the input embeddings scale what they give out and the
            forward in place, which is Unsloth's, scales it again (live only).
    """

    topic: ClassVar[str] = "unsloth"

    used: bool = UNKNOWN
    imported_after: tuple[str, ...] = UNKNOWN
    backend: str | None = UNKNOWN
    requires: dict[str, str] = UNKNOWN
    compiled_caches: tuple[str, ...] | None = UNKNOWN
    patches: tuple[str, ...] = UNKNOWN
    rebuilt: tuple[str, ...] = UNKNOWN
    carries_shared_kv: bool = UNKNOWN
    scales_embeddings_twice: bool = UNKNOWN

    @classmethod
    def from_dict(cls, data: Any) -> UnslothFacts:
        return cls(**check_keys(cls, data))
