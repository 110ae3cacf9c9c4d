"""Describe how a run trains, as far as its memory depends on it."""

from __future__ import annotations

from ..values import Value

ALL_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class Adapter(Value):
    """A LoRA adapter.

    Attributes:
        rank: the rank of each pair of matrices.
        targets: names of the matrices that get a pair.
        width: bytes of one of its numbers; PEFT keeps them in float32 beside bfloat16 weights.
        dropout: whether its input is dropped out.
        saved: whether embeddings and head are trained whole beside it (``modules_to_save``).
    """

    rank: int = 16
    targets: tuple[str, ...] = ALL_LINEAR
    width: int = 4
    dropout: bool = False
    saved: bool = False


class Setup(Value):
    """One run on one GPU, or one rank of several.

    Attributes:
        rows, tokens: rows of a micro-batch, and tokens of each row.
        width: bytes of a number of the loaded weights: 2 for bfloat16 and float16, 4 for float32.
        autocast: whether mixed precision is on (``bf16=True`` or ``fp16=True``).
        bits: 4 or 8 if bitsandbytes quantizes the weights; ``None`` if it does not.
        double_quant: ``bnb_4bit_use_double_quant``.
        prepared: whether ``prepare_model_for_kbit_training`` ran, which makes what is not quantized
            float32.
        adapter: the LoRA; ``None`` if all weights are trained.
        optimizer: its name in ``TrainingArguments.optim``.
        checkpointing: whether layers recompute their activations.
        every: checkpoint each n-th layer.
        attention: ``sdpa``, ``eager``, ``flash_attention_2`` or ``flex_attention``.
        masked: whether sdpa gets a mask: rows of unequal length, or a multimodal class.
        loss: ``full`` logits, ``chunked`` (TRL from 1.7.0) or ``liger``.
        accumulation: micro-batches per optimizer step.
        images: images in each row.
        spread: ``no``, ``ddp``, ``fsdp``, ``zero1``, ``zero2`` or ``zero3``.
        ranks: how many GPUs the run is spread over.
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
        """Return the bytes of one number in a matrix product."""
        return 2 if self.autocast or self.width == 2 else 4

    @property
    def liger(self) -> bool:
        """Return whether liger's kernels replace the norms and the MLP too."""
        return self.loss == "liger"

    @property
    def stream(self) -> int:
        """Return the bytes of one number of the hidden state that flows from layer to layer."""
        return 4 if self.width == 4 or self.prepared else 2
