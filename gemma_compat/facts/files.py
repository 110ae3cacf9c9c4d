"""What lies beside a model: its tensors' names, an adapter, the tokenizer. Read as text."""

from __future__ import annotations

from typing import Any, ClassVar

from ._record import UNKNOWN, Record, check_keys


class CheckpointFacts(Record):
    """The weights in a model directory, by the headers of their safetensors files.

    Attributes:
        names: names of the tensors, with ``*`` for every number in them, each once, sorted:
            ``model.layers.*.mlp.up_proj.weight``.
        dtypes: the distinct dtypes, as safetensors spells them (``BF16``).
    """

    topic: ClassVar[str] = "checkpoint"

    names: tuple[str, ...] = UNKNOWN
    dtypes: tuple[str, ...] = UNKNOWN

    @classmethod
    def from_dict(cls, data: Any) -> CheckpointFacts:
        return cls(**check_keys(cls, data))


class AdapterFacts(Record):
    """A PEFT adapter: one on disk, or the configuration of one about to be made.

    Attributes:
        peft_type: in capitals, ``LORA``.
        target_modules: the names as a tuple, a regular expression or ``all-linear`` as text,
            ``None`` where PEFT's own default applies.
        target_parameters: names of bare parameters that are adapted; empty for none.
        modules_to_save: names of modules that are trained whole; empty for none.
        names: names of its tensors, as in :class:`CheckpointFacts`; empty for one that is
            about to be made, unknown for one that a model carries.
        peft_version: the release that wrote it; ``None`` where the file does not say.
        rank: of its matrices, ``r``; ``None`` for a method that has none.
        trains_tokens: whether it trains single rows of the embeddings
            (``trainable_token_indices``).
        trains_embeddings: whether it changes ``embed_tokens`` or ``lm_head``.
    """

    topic: ClassVar[str] = "adapter"

    peft_type: str = UNKNOWN
    target_modules: tuple[str, ...] | str | None = UNKNOWN
    target_parameters: tuple[str, ...] = UNKNOWN
    modules_to_save: tuple[str, ...] = UNKNOWN
    names: tuple[str, ...] = UNKNOWN
    peft_version: str | None = UNKNOWN
    trains_tokens: bool = UNKNOWN
    trains_embeddings: bool = UNKNOWN
    rank: int | None = UNKNOWN

    @classmethod
    def from_dict(cls, data: Any) -> AdapterFacts:
        return cls(**check_keys(cls, data))


class TokenizerFacts(Record):
    """A tokenizer and its chat template.

    Attributes:
        padding_side: ``left`` or ``right``.
        adds_bos: whether encoding puts ``<bos>`` in front.
        bos_token, eos_token: the tokens; ``None`` for none.
        largest_id: the largest token id it can produce.
        chat_template: whether there is one.
        template_writes_bos: whether the template itself begins with ``<bos>``.
        template_marks_generation: whether it has ``{% generation %}`` blocks, which TRL's
            ``assistant_only_loss`` needs.
        template_takes_system: whether it takes a system message.
        turn_end: the token that ends a turn (``<end_of_turn>``, ``<turn|>``), ``None`` for none.
    """

    topic: ClassVar[str] = "tokenizer"

    padding_side: str = UNKNOWN
    adds_bos: bool = UNKNOWN
    bos_token: str | None = UNKNOWN
    eos_token: str | None = UNKNOWN
    largest_id: int = UNKNOWN
    chat_template: bool = UNKNOWN
    template_writes_bos: bool = UNKNOWN
    template_marks_generation: bool = UNKNOWN
    template_takes_system: bool = UNKNOWN
    turn_end: str | None = UNKNOWN

    @classmethod
    def from_dict(cls, data: Any) -> TokenizerFacts:
        return cls(**check_keys(cls, data))
