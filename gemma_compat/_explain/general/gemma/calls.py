"""What a Gemma's class or processor refuses of a call or of a setting, by its sentence."""

from __future__ import annotations

from .. import read_in
from ..base import always
from .parallel import Part

_TRANSFORMERS: tuple[Part, ...] = (
    Part(
        r"You cannot specify both pixel_values(?:/pixel_values_videos)? and "
        r"(?:mm_encoder_outputs|inputs_embeds) at the same time",
        always(
            "the model was given a picture twice: as pixels, and already encoded",
            "pixel_values with input_ids alone; take the encoded ones out of the call",
            known="the message; read in transformers 5.24.0 and liger-kernel 0.8.5",
        ),
        (
            "ValueError: You cannot specify both pixel_values/pixel_values_videos and "
            "mm_encoder_outputs at the same time",
            "pixel_values with input_ids",
        ),
    ),
    Part(
        r"Cannot (?:pool|merge) torch\.Size\(\[[^\]\n]{1,60}\]\) to \d+(?::|$)|"
        r"is not a valid `patch_size \* patch_size \* 3`|"
        r"`model_patch_size` needs to be equal to",
        always(
            "the picture was cut into another number or size of patches than this Gemma 4 pools",
            "AutoProcessor of the very checkpoint that is loaded, and pixel_values as it made them",
            "no padding or cutting of pixel_values in a collator",
            why="each soft token is the mean of a square of patches, so their numbers must fit",
            known="the message; read in transformers 5.24.0",
        ),
        (
            "ValueError: Cannot pool torch.Size([1, 2500, 768]) to 280: k=2^2 times length=280 "
            "must be 2500.",
            "AutoProcessor",
        ),
    ),
    Part(
        r"Shape of extracted_valid_mask_blocks|"
        r"`audio_mel_mask` sequence length must match `audio_mel`|"
        r"rank of `audio_mel_mask` must be exactly one less|"
        r"returned an audio mask of shape [^\n]{1,60} for features of shape",
        always(
            "the mask of the sound is not as long as its features",
            "features and mask from one call of the feature extractor, padded together",
            known="the message; read in transformers 5.24.0, keras-hub 0.32.0 and unsloth_zoo "
            "2026.10.9",
        ),
        (
            "ValueError: `audio_mel_mask` sequence length must match `audio_mel` sequence length. "
            "Received: audio_mel_mask.shape[1]=96 and audio_mel.shape[1]=128",
            "one call",
        ),
    ),
    Part(
        r"Encoder hidden state is required for cross attention|"
        r"`encoder_hidden_states` must be given in decoder|"
        r"Cross-attention needs cross_attention_hidden_size to be specified",
        always(
            "the decoder of a T5Gemma was made or called without its encoder",
            "the whole model: T5GemmaForConditionalGeneration or T5Gemma2ForConditionalGeneration, "
            "with input_ids and labels",
            known="the message; read in transformers 5.24.0",
        ),
        ("ValueError: `encoder_hidden_states` must be given in decoder", "whole model"),
    ),
    Part(
        r"Passing input embeddings is currently not supported for \w{1,60}"
        r"(?: in encoder-decoder mode)?\.",
        always(
            "a classifier on an encoder and decoder was called with embeddings in place of ids",
            "input_ids; its decoder's ids are made from them",
            "no prompt tuning, which hands on embeddings: LoRA",
            known="the message; read in transformers 5.24.0",
        ),
        (
            "NotImplementedError: Passing input embeddings is currently not supported for "
            "T5GemmaForSequenceClassification in encoder-decoder mode.",
            "input_ids",
        ),
    ),
    Part(
        r"Gemma\w{0,30} does not support RoPE types other than|"
        r"(?:Gemma\d?\w{0,30}) supports only axial rope, but requested|"
        r"Unsupported PiGemma rope type",
        always(
            "the config asks for a kind of RoPE that this class does not have",
            "rope_parameters (rope_scaling before transformers 5) as in the published config",
            known="the message; read in transformers 5.24.0 and sglang 0.5.23",
        ),
        (
            "ValueError: RecurrentGemmaRotaryEmbedding does not support RoPE types other than "
            "`default` but got yarn",
            "as in the published config",
        ),
    ),
    Part(
        r"The number of `num_key_value_heads` must be smaller than `num_attention_heads`|"
        r"`sliding_window_pattern` must be a positive integer, got|"
        r"The hidden size \(\d+\) is not a multiple of the number of attention heads|"
        r"hidden_dim must be divisible by num_heads \(got|"
        r"`(?:num_experts|expert_intermediate_dim)` must be set when `enable_moe_block=True`",
        always(
            "sizes in the config of this model contradict each other",
            "config.json as published; in a config made by hand, the value that the message names",
            known="the message; read in transformers 5.24.0 and keras-hub 0.32.0",
        ),
        (
            "ValueError: The number of `num_key_value_heads` must be smaller than "
            "`num_attention_heads`",
            "as published",
        ),
    ),
    Part(
        r"Cannot provide both `cache` and `generation_config\.cache_implementation`",
        always(
            "generate was given a cache, and its generation config asks for another one",
            "cache_implementation=None in the generation config, or no cache in the call",
            known="the message; read in transformers 5.24.0",
        ),
        (
            "ValueError: Cannot provide both `cache` and `generation_config.cache_implementation`.",
            "cache_implementation=None",
        ),
    ),
    Part(
        r"You passed `?overflow_strategy=\S{1,40} but expected one of|"
        r"You must pass `?max_frames`? when requesting an overflow_strategy|"
        r"\b(?:fps|max_frames) [\d.]{1,12} exceeds maximum allowed|"
        r"You must allow adding timestamps when `load_audio_from_video=True`|"
        r"Asked to build a prompt with frame timestamps, but no valid fps",
        always(
            "the settings for a video are none that EmbeddingGemma 2 can read it with",
            "max_frames, and overflow_strategy='uniform' or 'truncate' beside it, or neither",
            "add_timestamps=True where the sound of the video is read, and a video whose fps is "
            "known",
            known="the message; read in transformers 5.24.0 and vllm 0.33.0",
        ),
        (
            "ValueError: You must allow adding timestamps when `load_audio_from_video=True`!",
            "add_timestamps=True",
        ),
    ),
)

_OTHERS: tuple[Part, ...] = (
    Part(
        r"cross_entropy and fused_linear_cross_entropy cannot both be True",
        always(
            "two of Liger's losses were asked for, and only one can compute the loss",
            "cross_entropy=False with fused_linear_cross_entropy=True, which never holds all "
            "logits, or the other way round",
            known=read_in.LIGER,
        ),
        (
            "AssertionError: cross_entropy and fused_linear_cross_entropy cannot both be True.",
            "cross_entropy=False",
        ),
    ),
    Part(
        r"skip_logits is True, but labels and shift_labels are None",
        always(
            "Liger was told to leave the logits out of a call without labels, so nothing is left",
            "labels in the batch, or skip_logits=False where logits are read",
            known=read_in.LIGER,
        ),
        (
            "ValueError: skip_logits is True, but labels and shift_labels are None",
            "labels in the batch",
        ),
    ),
    Part(
        r"Unsloth MLX: \w{1,60} (?:has no audio feature extractor|does not expose "
        r"_compute_audio_num_tokens)",
        always(
            "the processor that mlx-vlm made cannot tell how many audio tokens a clip needs",
            "another release of mlx-vlm with unsloth: pip install -U unsloth unsloth_zoo mlx-vlm",
            "or the processor of a Gemma that hears",
            known=read_in.UNSLOTH,
        ),
        (
            "NotImplementedError: Unsloth MLX: Gemma4Processor does not expose "
            "_compute_audio_num_tokens, so its audio placeholder count cannot be matched to the "
            "model's audio encoder.",
            "mlx-vlm",
        ),
    ),
    Part(
        r"Invalid device_mesh type\. Expected `keras\.distribution\.Device|"
        r"is not found in the device_mesh\.axis_names",
        always(
            "the layout of a Gemma was asked for a mesh of devices without the axis that it names",
            'keras.distribution.DeviceMesh((1, 8), ["batch", "model"], devices), and '
            'get_layout_map(mesh, model_parallel_dim_name="model")',
            known=read_in.KERAS,
        ),
        (
            "ValueError: Invalid device_mesh type. Expected `keras.distribution.Device`, got "
            "<class 'list'>",
            "DeviceMesh",
        ),
    ),
    Part(
        r"do_resize=False is not supported by Gemma4ImageConverter",
        always(
            "the checkpoint's preprocessor does not resize pictures, and keras-hub always does",
            "do_resize: true in preprocessor_config.json, as published",
            known=read_in.KERAS,
        ),
        (
            "ValueError: image_processor: do_resize=False is not supported by "
            "Gemma4ImageConverter, which always applies aspect-ratio-preserving resize.",
            "preprocessor_config.json",
        ),
    ),
    Part(
        r"Cannot determine video frame dimensions from input of type|"
        r"Video input has unexpected shape [^\n]{1,40} Expected at least 3 dimensions",
        always(
            "a video is not an array of frames",
            "an array of (frames, height, width, channels) for each video",
            known=read_in.KERAS,
        ),
        (
            "ValueError: Cannot determine video frame dimensions from input of type <class "
            "'str'>. Expected a numpy array, tf.Tensor, or torch.Tensor.",
            "frames",
        ),
    ),
    Part(
        r"When setting (?:padding='max_length'|truncation=True), max_length must be defined",
        always(
            "sound is to be padded or cut to a length that was not given",
            "max_length in the call, or padding='longest' and no truncation",
            known=read_in.KERAS,
        ),
        (
            "ValueError: When setting padding='max_length', max_length must be defined",
            "max_length in the call",
        ),
    ),
)

CALLS = _TRANSFORMERS + _OTHERS
