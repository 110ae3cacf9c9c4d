"""How a run trains, as far as its memory depends on it."""

from __future__ import annotations

from dataclasses import dataclass

ALL_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Adapter:
    """A LoRA.

    Attributes:
        rank: of each pair of matrices.
        targets: names of the matrices that get one.
        width: bytes of one of its numbers; PEFT makes them float32 beside bfloat16 weights.
        dropout: whether its input is dropped out.
        saved: whether embeddings and head are trained whole beside it.
    """

    rank: int = 16
    targets: tuple[str, ...] = ALL_LINEAR
    width: int = 4
    dropout: bool = False
    saved: bool = False


@dataclass(frozen=True)
class Setup:
    """One run on one GPU, or one rank of several.

    Attributes:
        rows, tokens: of a micro-batch.
        width: bytes of a number of the loaded weights: 2 for bfloat16 and float16, 4 for float32.
        autocast: whether mixed precision is on (``bf16=True`` or ``fp16=True``).
        bits: 4 or 8 where bitsandbytes quantizes the weights.
        double_quant: ``bnb_4bit_use_double_quant``.
        prepared: whether ``prepare_model_for_kbit_training`` ran, which makes what is not
            quantized float32.
        adapter: the LoRA; ``None`` where all weights are trained.
        optimizer: its name in ``TrainingArguments.optim``.
        checkpointing: whether layers recompute their activations.
        every: checkpoint each n-th layer.
        attention: ``sdpa``, ``eager``, ``flash_attention_2`` or ``flex_attention``.
        masked: whether sdpa gets a mask: rows of unequal length, or a multimodal class.
        loss: ``full`` logits, ``chunked`` (TRL from 1.7.0) or ``liger``.
        accumulation: micro-batches per step.
        images: images a row.
        spread: ``no``, ``ddp``, ``fsdp``, ``zero1``, ``zero2`` or ``zero3``.
        ranks: GPUs it is spread over.
        expandable: whether torch's allocator has ``expandable_segments:True``.
        workspace: bytes that cuBLAS keeps.
    """

    rows: int = 1
    tokens: int = 2048
    width: int = 2
    autocast: bool = True
    bits: int | None = None
    double_quant: bool = False
    prepared: bool = False
    adapter: Adapter | None = None
    optimizer: str = "adamw_torch_fused"
    checkpointing: bool = False
    every: int = 1
    attention: str = "sdpa"
    masked: bool = False
    loss: str = "full"
    accumulation: int = 1
    images: int = 0
    spread: str = "no"
    ranks: int = 1
    expandable: bool = False
    workspace: int = 68 << 20

    @property
    def compute(self) -> int:
        """Bytes of a number that a matrix product takes."""
        return 2 if self.autocast or self.width == 2 else 4

    @property
    def liger(self) -> bool:
        """Whether liger's kernels stand for the norms and the MLP too."""
        return self.loss == "liger"

    @property
    def stream(self) -> int:
        """Bytes of a number of the hidden state that flows from layer to layer."""
        return 4 if self.width == 4 or self.prepared else 2
