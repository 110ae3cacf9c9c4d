"""What trainers and servers refuse of a Gemma: shared weights on many cards, windows, drafters."""

from __future__ import annotations

from .. import read_in
from ..base import always
from .parallel import Part

_OTHER_BACKEND = always(
    "this attention backend lacks the sliding window or the capping of scores that this model "
    "needs",
    "leave --attention-backend out, so that a fitting one is chosen",
    "or --attention-backend FLASH_ATTN or TRITON_ATTN in vLLM, triton or fa3 in SGLang",
    known="the message; read in vllm 0.33.0 and sglang 0.5.23",
)

ENGINES: tuple[Part, ...] = (
    Part(
        r"ROCM_OCTAVE does not support sliding window|Window left is not the same for all layers|"
        r"hpc_ops attention backend does not support sliding window|"
        r"aiter paged decode cannot honor sliding-window|"
        r"Triton (?:dense one-shot prefill|extend) does not support sliding window|"
        r"DCP Triton extend does not support sliding window|"
        r"FlashInfer does not support DiffusionGemma's mixed",
        _OTHER_BACKEND,
        (
            "ValueError: Window left is not the same for all layers. One potential fix is to set "
            "disable_sliding_window=True",
            "--attention-backend",
        ),
    ),
    Part(
        r"Tensor parallelism is incompatible with models configured with `tie_word_embeddings`",
        always(
            "axolotl's tensor parallelism does not take a head that is tied to the embeddings, as "
            "Gemma's is",
            "tensor_parallel_size: 1, and fsdp_version: 2 over all cards",
            known=read_in.AXOLOTL,
        ),
        (
            "ValueError: Tensor parallelism is incompatible with models configured with "
            "`tie_word_embeddings` enabled.",
            "fsdp_version: 2",
        ),
    ),
    Part(
        r"native FSDP2 shard unit `[^`\n]{1,160}` holds parameters that another unit|"
        r"Distinct tied input/output embedding modules inside a ModuleList|"
        r"lm_head\.weight is tied to embed_tokens\.weight across the outer model boundary, but",
        always(
            "embeddings and head, which are one matrix, would be split in two parts of FSDP",
            "keep embed_tokens and lm_head in the outermost part (wrap_outer_model: true in "
            "Automodel), and wrap decoder layers alone",
            why="each part would train its own copy",
            known="the message; read in unsloth 2026.10.9 and nemo_automodel 0.7.0",
        ),
        (
            "ValueError: lm_head.weight is tied to embed_tokens.weight across the outer model "
            "boundary, but wrap_outer_model=False cannot preserve that parameter in one FSDP root.",
            "wrap_outer_model",
        ),
    ),
    Part(
        r"pipeline parallelism v1 (?:only splits embed / layers|cannot train tied input)|"
        r"Pipeline parallelism is currently incompatible with per-layer-input|"
        r"get_embed_and_head\(\) is not implemented for Gemma4|"
        r"(?:Pipeline|Context) parallelism is not supported with Gemma4WithDrafter|"
        r"DiffusionGemma does not support (?:pipeline|context) parallelism",
        always(
            "this model cannot be split into stages here: its head is tied to the embeddings, or "
            "it has embeddings for every layer, as Gemma 4 E2B and E4B",
            "one stage: pp_size 1, --pp-size 1, pipeline_parallel: 1",
            "tensor parallelism or FSDP to spread it",
            known="the message; read in unsloth 2026.10.9, nemo_automodel 0.7.0 and sglang 0.5.23",
        ),
        (
            "ValueError: Pipeline parallelism is not supported with Gemma4WithDrafter (the "
            "KV-sharing path between base and drafter is not pipeline-safe).",
            "pp_size 1",
        ),
    ),
    Part(
        r"is a KV-shared layer but received no shared_kv|"
        r"KV-shared layer \S{1,80} was called without shared_kv",
        always(
            "a layer that takes keys and values from an earlier one was run without them",
            "run the whole model: a loop over single layers (streaming, layer-wise quantization, "
            "stages) must hand on shared_kv",
            known="the message; read in mlx-lm 0.32.2 and keras-hub 0.32.0",
        ),
        (
            "ValueError: Layer 20 is a KV-shared layer but received no shared_kv",
            "hand on shared_kv",
        ),
    ),
    Part(
        r"Gemma-4 E-series KV sharing on transformers 5\.5\.0/5\.5\.1 cannot run two forward",
        always(
            "under transformers 5.5.0 and 5.5.1 a checkpointed Gemma 4 E2B or E4B takes one "
            "forward a backward: DPO and other losses of two need more",
            "pip install 'transformers>=5.5.2'",
            "or no gradient checkpointing",
            why="keys and values that layers share lie on the module there: the second forward "
            "would overwrite those of the first",
            known=read_in.UNSLOTH,
        ),
        (
            "RuntimeError: Unsloth: Gemma-4 E-series KV sharing on transformers 5.5.0/5.5.1 cannot "
            "run two forward passes before a single backward",
            "5.5.2",
        ),
    ),
    Part(
        r"DoRA \(use_dora=True\) merging is not yet supported for",
        always(
            "Unsloth merges no DoRA on embeddings or head",
            "leave embed_tokens and lm_head out of target_modules, or use_dora=False",
            "for this adapter: PeftModel.from_pretrained(base, DIR).merge_and_unload() without "
            "Unsloth, and look at the result",
            known=read_in.UNSLOTH,
        ),
        (
            "RuntimeError: Unsloth: DoRA (use_dora=True) merging is not yet supported for "
            "`lm_head` (a non-Linear target such as an embedding / tied lm_head",
            "use_dora=False",
        ),
    ),
    Part(
        r"=True, but no vision tower was found\. Looked for|"
        r"train_projector=True, but no vision-to-text projector was found",
        always(
            "the run asks to train the vision part, and this model has none",
            "finetune_vision_layers=False, train_projector=False",
            "or a checkpoint with images, loaded with text_only=False",
            known=read_in.UNSLOTH,
        ),
        (
            "ValueError: Unsloth: train_projector=True, but no vision-to-text projector was found. "
            "Looked for a module named one of",
            "train_projector=False",
        ),
    ),
    Part(
        r"gemma4_hybrid_attn_impl requires attn_implementation=flash_attention_2",
        always(
            "gemma4_hybrid_attn_impl runs sliding layers under flash-attn 2, and another attention "
            "is set",
            "flash_attention: true   beside it",
            "or gemma4_hybrid_attn_impl: false",
            known=read_in.AXOLOTL,
        ),
        (
            "ValueError: gemma4_hybrid_attn_impl requires attn_implementation=flash_attention_2 "
            "(sliding-window layers run under FA2); got sdpa.",
            "flash_attention: true",
        ),
    ),
    Part(
        r"sdpa_varlen: sliding-window attention needs varlen_attn\(window_size",
        always(
            "this torch's kernel for packed rows has no sliding window, and this model has one",
            "sdpa_varlen: false, or a newer torch",
            known=read_in.AXOLOTL,
        ),
        (
            "NotImplementedError: sdpa_varlen: sliding-window attention needs "
            "varlen_attn(window_size=...), absent in this torch build",
            "sdpa_varlen: false",
        ),
    ),
    Part(
        r"polora requires a gradient on every LoRA factor at every step",
        always(
            "parts with an adapter take no part in some steps: a tower in rows of text, or experts",
            "lora_exclude_modules: with those parts, or lora_target_modules that name the language "
            "model's alone",
            "or another optimizer",
            known=read_in.AXOLOTL,
        ),
        (
            "RuntimeError: polora requires a gradient on every LoRA factor at every step, but some "
            "had none.",
            "lora_exclude_modules",
        ),
    ),
    Part(
        r"transformers\.models\.gemma4(?:_assistant)? is not available",
        always(
            "this transformers has no Gemma 4, or no assistant of it",
            "pip install -U transformers   (5.5 for Gemma 4, 5.8 for its assistant)",
            known=read_in.AUTOMODEL,
        ),
        (
            "UnavailableError: transformers.models.gemma4_assistant is not available. Install "
            "transformers>=5.8.0.dev",
            "5.8 for its assistant",
        ),
    ),
    Part(
        r"(?:Context parallelism is only supported by|Packed sequence is not supported by) ?"
        r"(?:TE)?DotProductAttention",
        always(
            "Megatron-Bridge's own attention for Gemma 2 takes neither packed rows nor context "
            "parallelism",
            "context_parallel_size=1 and no packed sequences",
            known="the message; read in Megatron-Bridge's source (November 2026)",
        ),
        (
            "ValueError: Packed sequence is not supported by DotProductAttention. Use "
            "TEDotProductAttention instead.",
            "no packed sequences",
        ),
    ),
    Part(
        r"Gemma4 config declares per-layer \S{1,60}, which SGLang cannot express|"
        r"Gemma4 config gives its '\w{1,40}' layers more than one \(head_dim|"
        r"KV sharing layer \d+ has type '\w{1,40}' but no matching type found",
        always(
            "layers of one kind differ in this config, which SGLang cannot hold: it is not that of "
            "a published Gemma 4",
            "serve it with transformers, or with layers as in the published config.json",
            why="a model that was pruned layer by layer has such a config",
            known=read_in.SGLANG,
        ),
        (
            "ValueError: Gemma4 config gives its 'full_attention' layers more than one (head_dim, "
            "num_key_value_heads): {(512, 4), (512, 2)}.",
            "pruned",
        ),
    ),
    Part(
        r"Gemma4AssistantForCausalLM draft requires --speculative-algorithm NEXTN or EAGLE",
        always(
            "EAGLE3 cannot draft with a Gemma 4 assistant",
            "--speculative-algorithm NEXTN",
            known=read_in.SGLANG,
        ),
        (
            "ValueError: Gemma4AssistantForCausalLM draft requires --speculative-algorithm NEXTN "
            "or EAGLE; EAGLE3 is not supported for this draft architecture.",
            "NEXTN",
        ),
    ),
    Part(
        r"NVFP4 embedding is gather-only\. Reaching here means a tied lm_head",
        always(
            "the embeddings were quantized to NVFP4, and as a tied head they must multiply",
            "quantize again with embed_tokens and lm_head left out",
            known=read_in.SGLANG,
        ),
        (
            "NotImplementedError: NVFP4 embedding is gather-only. Reaching here means a tied "
            "lm_head is sharing this module",
            "left out",
        ),
    ),
    Part(
        r"SWA pool \(\d+ tokens\) cannot hold even one request",
        always(
            "too little memory is left for the keys and values of the sliding layers",
            "--mem-fraction-static 0.9, or a larger --swa-full-tokens-ratio",
            "or a smaller --context-length",
            known=read_in.SGLANG,
        ),
        (
            "ValueError: SWA pool (512 tokens) cannot hold even one request: the prefill admission "
            "floor is sliding_window_size (1024) + page_size (64).",
            "--swa-full-tokens-ratio",
        ),
    ),
    Part(
        r"per_device_train_batch_size must be 1 for diffusion gemma|"
        r"Gradient checkpointing is not supported for diffusion gemma",
        always(
            "ms-swift trains DiffusionGemma with one row a step and without gradient checkpointing",
            "--per_device_train_batch_size 1 --gradient_checkpointing false, and "
            "--gradient_accumulation_steps for more rows",
            known=read_in.SWIFT,
        ),
        (
            "ValueError: per_device_train_batch_size must be 1 for diffusion gemma",
            "--gradient_accumulation_steps",
        ),
    ),
)
