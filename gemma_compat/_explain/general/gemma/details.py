"""More that is refused of a Gemma: token types, saved configs, diffusion, drafters."""

from __future__ import annotations

from .. import read_in
from ..base import always
from .parallel import Part

DETAILS: tuple[Part, ...] = (
    Part(
        r"Token type ids must be provided during training",
        always(
            "PaliGemma is trained on a batch without token types, which say where its prompt ends",
            "processor(text=prompts, images=images, suffix=answers, return_tensors='pt', "
            "padding='longest')   makes them, and the labels",
            "remove_unused_columns=False, and a collator that keeps token_type_ids",
            why="image and prompt are attended to both ways, the answer causally",
            known="the message; read in transformers 4.50.3 to 4.57.6",
        ),
        ("ValueError: Token type ids must be provided during training", "suffix=answers"),
    ),
    Part(
        r"`(?:images|videos)` should be a list, ragged tensor",
        always(
            "keras-hub's preprocessor got images or videos in a form that it does not read",
            "arrays of height x width x 3, in a list or one array for all rows",
            known=read_in.KERAS,
        ),
        (
            "ValueError: `images` should be a list, ragged tensor, dense tensor.Received: "
            "`type(images)` = <class 'str'>",
            "height",
        ),
    ),
    Part(
        r"Cannot output more soft tokens \(requested \d+\) than there are patches|"
        r"Resizing \[\d+x\d+\] to \[\d+x\d+\] but this exceeds \d+ patches",
        always(
            "the patches of the picture and the number of its soft tokens do not go together",
            "max_soft_tokens, patch_size and pooling_kernel_size as in the published processor",
            "pixels from that processor, not resized by hand",
            known="the message; read in transformers 5.23.0 and sglang 0.5.23",
        ),
        (
            "ValueError: Cannot output more soft tokens (requested 280) than there are patches "
            "(100). Change the value of `num_soft_tokens` when processing.",
            "published processor",
        ),
    ),
    Part(
        r"pixel_values(?:_videos)?\[\d+\] has no matching \w{1,30}",
        always(
            "SGLang got pixels without their places: the processor of this transformers gives "
            "them another name",
            "pip install the transformers that this sglang pins: pip show sglang, or pip check",
            known=read_in.SGLANG,
        ),
        ("ValueError: pixel_values[0] has no matching image_position_ids.", "pip check"),
    ),
    Part(
        r"DiffusionGemma4? audio inputs are not supported yet|"
        r"DiffusionGemma serving supports image input only",
        always(
            "DiffusionGemma takes text and images here, and no sound",
            "rows without sound",
            known="the message",
        ),
        (
            "ValueError: DiffusionGemma serving supports image input only (audio/video are not "
            "implemented).",
            "without sound",
        ),
    ),
    Part(
        r"`?(?:t_min|t_max|stability_threshold|confidence_threshold|entropy_bound|"
        r"max_denoising_steps)`? must be (?:>= |a(?:n integer| float| positive| positive float)|"
        r"at least)",
        always(
            "an option of DiffusionGemma's generation is outside what it takes; the message names "
            "option and bounds",
            "GenerationConfig.from_pretrained of the published model, and change one value at a "
            "time",
            known=read_in.TRANSFORMERS,
        ),
        ("ValueError: `t_max` must be >= t_min` (got 0.1 < 0.4)", "published model"),
    ),
    Part(
        r"The decoder reads the encoder prefix from `(?:past_key_values|cache)`, which must|"
        r"The diffusion mask requires `(?:past_key_values|cache)` to construct",
        always(
            "DiffusionGemma's decoder was run without the keys and values of the prompt",
            "model.generate(**inputs), which reads the prompt first",
            "or run the encoder on input_ids, and hand on the cache that it fills",
            known=read_in.TRANSFORMERS,
        ),
        (
            "ValueError: The decoder reads the encoder prefix from `past_key_values`, which must "
            "not be `None`.",
            "model.generate",
        ),
    ),
    Part(
        r"Gemma4 Unified requires a vision configuration|"
        r"Gemma4 MoE requires an expert intermediate size|"
        r"Gemma 3 VL requires is_vision_language=True",
        always(
            "the config lacks values that this class needs: it was written for another class of "
            "Gemma",
            "config.json as in the published member, with vision_config and the sizes of experts",
            "or the class for text alone: architectures in config.json",
            known="the message; read in vllm 0.33.0 and Megatron-Bridge's source (November 2026)",
        ),
        ("ValueError: Gemma4 Unified requires a vision configuration", "vision_config"),
    ),
    Part(
        r"add_(?:bos|eos)_token = True but (?:bos|eos)_token = None|"
        r"Your fast tokenizer does not have the necessary information to save the vocabulary for",
        always(
            "the folder's tokenizer files are not whole: a mark, or tokenizer.model, is missing",
            "AutoTokenizer.from_pretrained(BASE).save_pretrained(FOLDER), with the base model's "
            "name",
            "legacy_format=False at saving, where only the slow tokenizer's file is missing",
            known="the message; read in transformers 4.57.6",
        ),
        ("ValueError: add_bos_token = True but bos_token = None", "save_pretrained(FOLDER)"),
    ),
    Part(
        r"Gemma4WithDrafter\.from_pretrained requires `(?:base|drafter)_path|"
        r"share_embedding_with_base=True but base embed_tokens shape|"
        r"Gemma4WithDrafter\.load_pretrained: expected sub-checkpoint at",
        always(
            "the recipe for a Gemma 4 with its drafter names one of the two wrongly, or resumes "
            "from a checkpoint of one alone",
            "base_path and drafter_path: a member and the assistant published for it",
            "a checkpoint that this recipe wrote, to resume from",
            known=read_in.AUTOMODEL,
        ),
        (
            "ValueError: Gemma4WithDrafter.from_pretrained requires `drafter_path`.",
            "drafter_path",
        ),
    ),
    Part(
        r"Gemma4 (?:FlexAttention|FFPA) ring CP does not support attention dropout",
        always(
            "context parallelism of Gemma 4 in Automodel takes no dropout in the attention",
            "attention_dropout: 0.0 in the model's config",
            known=read_in.AUTOMODEL,
        ),
        (
            "NotImplementedError: Gemma4 FlexAttention ring CP does not support attention dropout.",
            "attention_dropout",
        ),
    ),
    Part(
        r"Sleep mode is not supported on current platform|\w{1,60} does not support sleep mode\.|"
        r"Sleep mode allocator is not available on platform",
        always(
            "vLLM cannot give memory back between rollouts on this kind of card",
            "vllm_enable_sleep_mode=False in TRL, enable_sleep_mode=False in vLLM, no "
            "UNSLOTH_VLLM_STANDBY in Unsloth",
            "and a smaller gpu_memory_utilization, so that both fit at once",
            known=read_in.VLLM,
        ),
        ("ValueError: Sleep mode is not supported on current platform.", "enable_sleep_mode=False"),
    ),
    Part(
        r"Weight synchronization runs on vLLM's NCCL weight-transfer engine, which needs a CUDA",
        always(
            "TRL sends weights to vLLM over NCCL, which this device has not",
            "train on a CUDA card",
            "or use_vllm=False",
            known=read_in.TRL,
        ),
        (
            "NotImplementedError: Weight synchronization runs on vLLM's NCCL weight-transfer "
            "engine, which needs a CUDA device, got 'cpu'.",
            "use_vllm=False",
        ),
    ),
    Part(
        r"EmbeddingGemma2 needs exactly one <\|image\|>/<\|video\|>/<\|audio\|> placeholder|"
        r"Media token count \(\d+\) does not match feature count",
        always(
            "the text for EmbeddingGemma 2 has another number of places than there are pictures, "
            "videos and sounds",
            "one <|image|>, <|video|> or <|audio|> for each in the text, or no text at all",
            known="the message; read in sglang 0.5.23 and mlx-vlm 0.7.10",
        ),
        ("ValueError: Media token count (256) does not match feature count (512)", "<|image|>"),
    ),
    Part(
        r"EmbeddingGemma only supports identity SentenceTransformers Dense activations",
        always(
            "a dense layer behind this EmbeddingGemma has an activation, which SGLang does not run",
            "activation_function torch.nn.modules.linear.Identity in 2_Dense and 3_Dense, as "
            "published; or sentence-transformers to serve it",
            known=read_in.SGLANG,
        ),
        (
            "ValueError: EmbeddingGemma only supports identity SentenceTransformers Dense "
            "activations",
            "2_Dense",
        ),
    ),
)
