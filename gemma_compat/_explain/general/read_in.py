"""How answers about a line of another project's source know it: the release it was read in."""

from __future__ import annotations

TRANSFORMERS = "the message; read in transformers 5.23.0"
PEFT = "the message; read in peft 0.21.2"
TRL = "the message; read in trl 1.16.0"
UNSLOTH = "the message; read in unsloth and unsloth_zoo 2026.10.9"
AUTOMODEL = "the message; read in nemo_automodel 0.7.0"
AXOLOTL = "the message; read in axolotl 0.19.0"
FACTORY = "the message; read in llamafactory 0.9.5"
SWIFT = "the message; read in ms-swift 4.6.0"
LIGER = "the message; read in liger-kernel 0.8.5"
VLLM = "the message; read in vllm 0.33.0"
SGLANG = "the message; read in sglang 0.5.23"
KERAS = "the message; read in keras-hub 0.32.0"
MLX = "the message; read in mlx-vlm 0.7.10"
