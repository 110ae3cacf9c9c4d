"""Packages whose module has their name, so that the command to install them is known."""

from __future__ import annotations

_NAMES = """
accelerate ai_edge_torch av axolotl bitsandbytes comet_ml compressed_tensors cut_cross_entropy
datasets decord deepspeed diffusers einops evaluate fire flax gguf gptqmodel gradio hf_transfer
hf_xet hqq huggingface_hub ipywidgets jax jinja2 jsonlines kagglehub keras keras_hub keras_nlp
kernels librosa liger_kernel llamafactory llmcompressor llvmlite lm_eval loguru matplotlib
mediapipe mergekit mistral_common mlflow mlx mlx_lm mlx_vlm modelscope msgspec ninja nltk numba
numpy omegaconf openai optimum optuna outlines packaging pandas peft protobuf psutil pyarrow
pydantic ray requests rich rouge sacrebleu safetensors scipy sentence_transformers sentencepiece
seqeval sglang soundfile tensorboard tensorboardX tensorflow tf_keras tiktoken timm tokenizers
torch torchao torchaudio torchdata torchtune torchvision tqdm trackio transformers triton trl
tyro unsloth unsloth_zoo verl vllm wandb xformers xgrammar
"""
SAME_NAME = frozenset(_NAMES.split())
