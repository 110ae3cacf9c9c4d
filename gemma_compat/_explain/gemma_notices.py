"""Benign lines about a Gemma's own parts. Each was read in the source that prints it."""

from __future__ import annotations

from .notice import Notice

GEMMA_NOTICES: tuple[Notice, ...] = (
    Notice(
        "old-activation-replaced",
        r"legacy value of the official releases but it is meant to target the tanh|"
        r"`config\.hidden_act` is ignored, you should use `config\.hidden_activation`|"
        r"activation function was incorrectly set to exact GeLU in the config",
        "the config of an early Gemma names another GELU than its weights were trained with, and "
        "the right one is used. transformers 4.48 to 5.17 takes the config at its word: there set "
        "hidden_act to gelu_pytorch_tanh.",
    ),
    Notice(
        "empty-thought-added",
        r"Unsloth: This Gemma-4 model expects an empty thought channel on non-thinking turns",
        "Unsloth writes the empty thought of this Gemma 4 before answers without one, as the "
        "model's own template does. Use the same template at inference.",
    ),
    Notice(
        "loaded-for-text-alone",
        r"Loading [^\n]{1,160} as text-only[;:] ?(?:vision/audio towers skipped|only its language)",
        "Unsloth loads the language model of a multimodal Gemma. Training on text is right; for "
        "rows with images or sound load it with FastVisionModel.",
    ),
    Notice(
        "another-kernel-for-the-window",
        r"Unsloth: gemma-4 (?:FA2 sliding fell back to banded|banded sliding fell back to|causal "
        r"SDPA fell back to)|Unsloth: compiled Gemma2 softcapping attention failed on|"
        r"Unsloth: flash-attn decoding failed on|Gemma2: FlexAttention not available",
        "a faster kernel of attention cannot run here, and a slower one with the same mask and cap "
        "is used. The numbers are the same.",
    ),
    Notice(
        "flash-attention-advised-for-gemma2",
        r"Unsloth: If you want to finetune Gemma 2, (?:install|upgrade) flash-attn",
        "about speed and memory only: Unsloth caps the attention of Gemma 2 without it too.",
    ),
    Notice(
        "rope-of-liger-left-out",
        r"rope=True is currently a no-op for Gemma 4|Liger RoPE is not compatible with Gemma4",
        "Liger has no kernel for the positions of Gemma 4 and leaves transformers' own in place. "
        "The numbers are the same.",
    ),
    Notice(
        "settings-of-gemma4-under-ddp",
        r"Gemma4 requires (?:use_reentrant=False for gradient checkpointing|"
        r"ddp_find_unused_parameters=True for DDP)",
        "axolotl sets what Gemma 4 needs on several cards: its layers share keys and values, and "
        "not every parameter gets a gradient at each step.",
    ),
    Notice(
        "heads-of-two-widths-under-vllm",
        r"Gemma4 model has heterogeneous head dimensions",
        "vLLM chooses an attention backend that takes heads of 256 and of 512. It is about speed "
        "only.",
    ),
    Notice(
        "window-kept-in-the-cache",
        r"Hybrid KV cache manager is disabled for this hybrid model|Turning off hybrid kv cache "
        r"manager because",
        "vLLM keeps keys and values outside the sliding window too: more memory, the same answers.",
    ),
    Notice(
        "prompt-of-paligemma-completed",
        r"You are passing both `text` and `images` to `PaliGemmaProcessor`",
        "the processor puts the places of the image before the text itself. With one image a row "
        "the tokens are those of a text that begins with <image>.",
    ),
    Notice(
        "head-taken-from-the-embeddings",
        r"Loading tied source \S{1,80} into lm_head|Materialized missing tied lm_head\.weight from|"
        r"Skipping independent sharding of tied input/output embeddings",
        "a tied model saves one matrix for embeddings and head, and Automodel uses it for both.",
    ),
    Notice(
        "logits-without-the-fused-loss",
        r"Unsloth skipping patching fast linear cross entropy for",
        "Unsloth leaves the loss of this class as it is. The numbers are the same; the logits need "
        "more memory.",
    ),
    Notice(
        "axolotl-masks-the-full-layers",
        r"gemma4_hybrid_mask: (?:patched \S{1,120} to force SDPA|registered ')",
        "axolotl gives the full layers of Gemma 4 the mask that sdpa reads. That is as it should "
        "be.",
    ),
    Notice(
        "embedding-size-advised",
        r"You are resizing the embedding layer without providing a `pad_to_multiple_of`",
        "about speed only: some sizes of a matrix run faster.",
    ),
    Notice(
        "engine-asleep-or-awake",
        r"\bExecutor is (?:already|not) sleeping|Tags? \S{1,60} (?:are already|is not in) sleeping|"
        r"sleep mode is not supported on CPU, ignore it|"
        r"vLLM standby \(sleep mode\) is unstable for multimodal models",
        "vLLM was told to sleep or to wake twice, or cannot sleep here. Memory stays taken "
        "meanwhile; the weights are what they were.",
    ),
    Notice(
        "crops-of-shieldgemma-off",
        r"ShieldGemma2 does not support pan and scan",
        "ShieldGemma 2 reads each picture whole, and the option is turned off.",
    ),
    Notice(
        "window-of-the-draft-kept",
        r"Ignoring --speculative-draft-window-size=\d+: this draft model has a sliding window|"
        r"Disable hybrid SWA memory for \w{1,60} as it is not yet supported",
        "SGLang keeps to the window that the model itself has, or holds the keys and values of "
        "all layers in full. It is about memory and speed only.",
    ),
    Notice(
        "sentences-attended-with-sdpa",
        r"Unsloth: Using SDPA for patched Gemma3 sentence attention",
        "Unsloth runs EmbeddingGemma with sdpa, which keeps padding and both directions of "
        "attention right.",
    ),
    Notice(
        "adapter-merged-for-each-sync",
        r"Training a PEFT model against a vLLM server started without `--enable-lora`|"
        r"Falling back to merged-weight vLLM sync",
        "TRL merges the adapter for vLLM and sends all weights at each step. Rollouts are right; "
        "a server with --enable-lora is sent the adapter alone.",
    ),
    Notice(
        "steps-before-epochs",
        r"max_steps is given, it will override any value given in num_train_epochs|"
        r"Both warmup_ratio and warmup_steps given, warmup_steps will override",
        "of two settings for the same thing the number of steps counts.",
    ),
)
