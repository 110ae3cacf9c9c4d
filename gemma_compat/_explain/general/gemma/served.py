"""What servers refuse of a Gemma: a kind of input, a drafter, a setting of DiffusionGemma."""

from __future__ import annotations

from .. import read_in
from ..base import always
from .parallel import Part

SERVED: tuple[Part, ...] = (
    Part(
        r"\bGemma(?:3n?|4) does not support image_embeds",
        always(
            "vLLM encodes the pictures of a Gemma itself and takes no embeddings of pictures",
            "image_url in the request, or pictures in multi_modal_data, in place of image_embeds",
            known=read_in.VLLM,
        ),
        ("AssertionError: Gemma3 does not support image_embeds.", "image_url"),
    ),
    Part(
        r"^AssertionError: DBO is not supported$",
        always(
            "vLLM does not serve DiffusionGemma in two overlapping batches",
            "the server without --enable-dbo",
            known=read_in.VLLM,
        ),
        ("AssertionError: DBO is not supported", "--enable-dbo"),
    ),
    Part(
        r"ValueError: Only image modality is supported$",
        always(
            "sound or a video was sent to a served model that takes text and pictures alone",
            "image_url in the request, or a member that hears",
            known=read_in.VLLM,
        ),
        ("ValueError: Only image modality is supported", "image_url"),
    ),
    Part(
        r"ValueError: Audio is not supported in vLLM$",
        always(
            "ms-swift gives a Gemma 3n no sound where vLLM runs it",
            "--infer_backend transformers, or rows without sound; in GRPO no --use_vllm",
            known=read_in.SWIFT,
        ),
        ("ValueError: Audio is not supported in vLLM", "infer_backend"),
    ),
    Part(
        r"TypeError: (?:audio data must be a sequence|each audio item must have a length)",
        always(
            "sound was given to vLLM in a form without a length",
            "a one-dimensional array of samples, or (array, sampling rate), for each clip",
            known=read_in.VLLM,
        ),
        ("TypeError: each audio item must have a length", "array of samples"),
    ),
    Part(
        r"DiffusionGemma currently supports CUDA/ROCm GPU execution only",
        always(
            "SGLang runs DiffusionGemma on cards of NVIDIA and AMD only",
            "a machine with such a card, and torch built for it",
            known=read_in.SGLANG,
        ),
        (
            "ValueError: DiffusionGemma currently supports CUDA/ROCm GPU execution only",
            "built for it",
        ),
    ),
    Part(
        r"DiffusionGemma does not support quantized loading",
        always(
            "SGLang serves DiffusionGemma unquantized only",
            "the bfloat16 checkpoint, and no --quantization",
            known=read_in.SGLANG,
        ),
        ("ValueError: DiffusionGemma does not support quantized loading", "bfloat16"),
    ),
    Part(
        r"DiffusionGemma requires tied word embeddings",
        always(
            "the config of this DiffusionGemma says that head and embeddings are not tied",
            "tie_word_embeddings: true in config.json and in its text_config",
            "if the head was trained apart, SGLang cannot serve it",
            known=read_in.SGLANG,
        ),
        ("ValueError: DiffusionGemma requires tied word embeddings", "text_config"),
    ),
    Part(
        r"DiffusionGemma requires an EntropyBound sampler_config|"
        r"`sampler_config` must be an instance of `EntropyBoundSamplerConfig`",
        always(
            "the generation config has no sampler that DiffusionGemma can use",
            "the published generation_config.json beside the weights: its sampler_config names "
            "EntropyBoundSamplerConfig",
            known="the message; read in vllm 0.33.0 and transformers 5.24.0",
        ),
        ("ValueError: DiffusionGemma requires an EntropyBound sampler_config", "generation_config"),
    ),
    Part(
        r"Gemma4Renoise configuration must be a mapping|"
        r"temperature_schedule must satisfy 0 <= t_min|"
        r"Gemma4Renoise FULL prefill CUDA graphs require prefill backend",
        always(
            "SGLang's settings for DiffusionGemma do not fit together",
            "leave the file of the dLLM algorithm out: the defaults are a temperature from 0.4 to "
            "0.8",
            "for full CUDA graphs in prefill: --prefill-attention-backend fa4",
            known=read_in.SGLANG,
        ),
        ("ValueError: temperature_schedule must satisfy 0 <= t_min < t_max", "leave the file"),
    ),
    Part(
        r"Structured decisions need (?:a canvas of|the model's)|"
        r"diffusion_seed_canvas must hold exactly|"
        r"diffusion_constrained needs (?:logprob_token_ids|tensor parallel)|"
        r"tokens and a canvas read adds \d+, more than max_model_len",
        always(
            "the request asks DiffusionGemma for more than this server was started with",
            "a canvas as long as the message says, --tensor-parallel-size 1 for constrained "
            "decoding, and a --max-model-len that holds prompt and canvas",
            known=read_in.VLLM,
        ),
        ("ValueError: diffusion_constrained needs tensor parallel 1.", "tensor-parallel-size 1"),
    ),
    Part(
        r"Frozen-KV MTP centroid head does not support input logprobs",
        always(
            "logprobs of the prompt were asked for while SGLang drafts with Gemma 4's assistant",
            "ask for logprobs of the answer alone, or serve without the assistant",
            known=read_in.SGLANG,
        ),
        (
            "NotImplementedError: Frozen-KV MTP centroid head does not support input logprobs yet.",
            "without the assistant",
        ),
    ),
    Part(
        r"Frozen-KV MTP centroid head requires vocab_size to be a|"
        r"`vocabulary_size` \(\d+\) must be divisible by `num_centroids`",
        always(
            "the assistant's vocabulary does not divide by its number of centroids",
            "the published assistant as it is: its vocabulary cannot be resized by a few tokens",
            known="the message; read in sglang 0.5.23 and keras-hub 0.32.0",
        ),
        (
            "ValueError: `vocabulary_size` (262150) must be divisible by `num_centroids` (2048).",
            "published assistant",
        ),
    ),
    Part(
        r"Frozen-KV MTP(?:: target layer \d+ resolved| assistant layer \d+ has type| cannot locate "
        r"the target trunk)",
        always(
            "the assistant does not fit the model that it drafts for",
            "the assistant published for this very member of Gemma 4, and layer_types of both as "
            "published",
            why="each of its layers reads the keys and values of a layer of the same kind",
            known=read_in.SGLANG,
        ),
        (
            "ValueError: Frozen-KV MTP assistant layer 3 has type 'full_attention', expected one "
            "of ['sliding_attention'].",
            "layer_types",
        ),
    ),
    Part(
        r"(?:EmbeddingGemmaModel|Gemma2ForSequenceClassification) is only used for embedding",
        always(
            "this Gemma gives vectors or scores, and the server was asked for text",
            "serve it with --is-embedding, and ask /v1/embeddings, or /classify for scores",
            known=read_in.SGLANG,
        ),
        ("AssertionError: EmbeddingGemmaModel is only used for embeddings", "--is-embedding"),
    ),
    Part(
        r"Expected Gemma4 '<\S{1,12}\\n' (?:turn separator|header) to tokenize|"
        r"Expected Gemma4 '[^'\n]{1,30}' (?:turn separator|header) to tokenize",
        always(
            "verl was told to build turns for Gemma 4, and the tokenizer is not Gemma 4's",
            "the tokenizer of the Gemma 4 that is trained, with its turn tokens",
            known="the message; read in verl 0.9.1",
        ),
        (
            "ValueError: Expected Gemma4 '<|turn>model\\n' header to tokenize to at least one "
            "token",
            "tokenizer of the Gemma 4",
        ),
    ),
)
