"""What processors and models refuse of the text, images and sound that a Gemma is given."""

from __future__ import annotations

from .. import read_in
from ..base import always
from .parallel import Part

_NO_TOWER = always(
    "images or sound were given to a model that was loaded, or made, without a part for them",
    "the class for all kinds of input: AutoModelForImageTextToText, FastVisionModel in Unsloth, "
    "a preset that is not for text alone in keras-hub",
    "a member and a checkpoint that have it: vision_config and audio_config with values in "
    "config.json",
    "or rows of text alone",
    known="the message",
)

INPUTS: tuple[Part, ...] = (
    Part(
        r"The (?:total )?number of \S{1,40} tokens in (?:each prompt|the prompts) should be the "
        r"same as the number of",
        always(
            "the text has another number of places for images, videos or sound than were given",
            "one image token a picture in the text: {'type': 'image'} in the message, and "
            "apply_chat_template, which writes it",
            "images as a list of lists, one for each row: images=[[a], [b, c]]",
            "no token of that name in the text of a row itself, and no truncation of the text",
            why="a flat list of images is dealt out among rows otherwise than is often meant",
            known=read_in.TRANSFORMERS,
        ),
        (
            "ValueError: The number of <|image|> tokens in each prompt should be the same as the "
            "number of images passed. Found [1] <|image|> tokens and [2] images per sample.",
            "list of lists",
        ),
    ),
    Part(
        r"(?:Image|Video) features were requested, but the model was initialized without|"
        r"(?:Vision|Audio) inputs were provided, but (?:vision|audio)_config is None|"
        r"Audio inputs provided but the model (?:does not have|was built without)|"
        r"(?:Image|Video|Audio) inputs provided but (?:vision|audio) tower is not loaded|"
        r"preprocessor/model is text-only, but +`|does not include a vision tower; image inputs|"
        r"(?:Image and video|Audio) inputs require (?:vision|audio)_config",
        _NO_TOWER,
        (
            "ValueError: The initialized preprocessor/model is text-only, but  `images` is not "
            "`None`.",
            "AutoModelForImageTextToText",
        ),
    ),
    Part(
        r"Audio inputs were provided, but the tokenizer does not have an `audio_token`",
        always(
            "the processor's tokenizer knows no audio token, so sound has no place in the text",
            "AutoProcessor.from_pretrained of the published member that hears, not of a tokenizer "
            "that was saved without it",
            known=read_in.TRANSFORMERS,
        ),
        (
            "ValueError: Audio inputs were provided, but the tokenizer does not have an "
            "`audio_token` defined.",
            "AutoProcessor",
        ),
    ),
    Part(
        r"`?max_soft_tokens`? (?:must be one of|value: )|Unsupported max_soft_tokens",
        always(
            "max_soft_tokens is not one of the numbers that this Gemma was trained with",
            "max_soft_tokens=280, or 70, 140, 560, 1120 (more tokens show finer detail)",
            known="the message; read in transformers 5.23.0 and vllm 0.33.0",
        ),
        (
            "ValueError: `max_soft_tokens` must be one of (70, 140, 280, 560, 1120), got 256.",
            "max_soft_tokens=280",
        ),
    ),
    Part(
        r"Attempting to resize to a 0 x 0 image",
        always(
            "an image is so narrow or so low that nothing is left of it at this model's patch size",
            "leave out images that are strips, with one side many times the other",
            known=read_in.TRANSFORMERS,
        ),
        (
            "ValueError: Attempting to resize to a 0 x 0 image. Resized height should be divisible "
            "by `pooling_kernel_size * patch_size`=48.",
            "strips",
        ),
    ),
    Part(
        r"Invalid image type\. (?:Must be of type|Expected either) PIL\.Image\.Image",
        always(
            "what the processor got as an image is none: a path, bytes, a list, a dictionary or "
            "None",
            "dataset.cast_column('image', datasets.Image())   makes images of paths and bytes",
            "or PIL.Image.open(path).convert('RGB')",
            "or leave rows without an image out",
            known="the message",
        ),
        (
            "ValueError: Invalid image type. Must be of type PIL.Image.Image, numpy.ndarray, or "
            "torch.Tensor",
            "cast_column",
        ),
    ),
    Part(
        r"(?:You must provide either `text` or `images`|(?:Provide|provide) at least one of `text`)"
        r"[^\n]{0,60}",
        always(
            "the processor of this model was called with neither text nor images",
            "processor(text=texts, images=images, return_tensors='pt'), by name",
            "the dataset's columns: the collator looks for names that are not there",
            known=read_in.TRANSFORMERS,
        ),
        ("ValueError: You must provide either `text` or `images`.", "by name"),
    ),
    Part(
        r"images must be an image, list of images or list of list of images",
        always(
            "PaliGemma's processor got something else than images",
            "images=[image, ...] of PIL images, one for each text",
            known=read_in.TRANSFORMERS,
        ),
        (
            "ValueError: images must be an image, list of images or list of list of images",
            "one for each text",
        ),
    ),
    Part(
        r"Image processor is missing an `image_seq_length` attribute",
        always(
            "the image processor of this folder is not PaliGemma's: it does not say how many "
            "tokens an image has",
            "AutoProcessor.from_pretrained('google/paligemma2-3b-pt-224')   (or the member that is "
            "trained), and save_pretrained into the folder",
            known=read_in.TRANSFORMERS,
        ),
        (
            "ValueError: Image processor is missing an `image_seq_length` attribute.",
            "AutoProcessor",
        ),
    ),
    Part(
        r"ShieldGemma 2 (?:needs images to classify|requires the use of a specific chat template)|"
        r"S(?:h|he)i?e?i?ldGemma can process at most one image per sample",
        always(
            "ShieldGemma 2 judges one image at a time, by its own chat template",
            "processor(images=[image], return_tensors='pt')   with one image a row and no text: "
            "its policies are the text",
            "AutoProcessor.from_pretrained('google/shieldgemma-2-4b-it'), which has the template",
            known=read_in.TRANSFORMERS,
        ),
        ("ValueError: ShieldGemma 2 needs images to classify", "one image a row"),
    ),
    Part(
        r"You cannot specify per_layer_inputs if input_ids is provided",
        always(
            "a Gemma 4 was given input_ids and per_layer_inputs at once",
            "input_ids alone: from them the model makes the inputs per layer",
            "or inputs_embeds with per_layer_inputs",
            known=read_in.TRANSFORMERS,
        ),
        (
            "ValueError: You cannot specify per_layer_inputs if input_ids is provided",
            "input_ids alone",
        ),
    ),
    Part(
        r"`inputs_embeds` you provided do not exactly match the embedding weights|"
        r"need to reverse the embedding to compute another embedding",
        always(
            "a Gemma with embeddings per layer (3n, Gemma 4 E2B and E4B) got embeddings that no "
            "token has: it cannot find the tokens to look up in its second table",
            "give the model input_ids",
            "or inputs_embeds with per_layer_inputs (of a padding token for a soft prompt)",
            "train LoRA in place of a prompt; leave neftune_noise_alpha out",
            why="a soft prompt, noise on the embeddings or a changed dtype makes vectors that are "
            "none of the table's",
            known=read_in.TRANSFORMERS,
        ),
        (
            "RuntimeError: It seems like you tried to call `forward` from `inputs_embeds` without "
            "providing `input_ids`, and that the `inputs_embeds` you provided do not exactly match "
            "the embedding weights.",
            "per_layer_inputs",
        ),
    ),
    Part(
        r"`num_frames_per_video` is required when passing `pixel_values_videos`",
        always(
            "pixels of videos came without the number of frames of each",
            "pass on all that the processor returns: a collator of your own must keep "
            "num_frames_per_video",
            known=read_in.TRANSFORMERS,
        ),
        (
            "ValueError: `num_frames_per_video` is required when passing `pixel_values_videos`. The"
            " frames of all videos are concatenated along a single axis",
            "collator",
        ),
    ),
    Part(
        r"(?:Sampling with `num_frames` is not supported for|does not accept num_frames; use)",
        always(
            "EmbeddingGemma 2 samples videos by time, not by a number of frames",
            "fps=1, max_frames=32   in place of num_frames",
            known="the message",
        ),
        ("ValueError: EmbeddingGemma2 does not accept num_frames; use max_frames/fps.", "fps=1"),
    ),
    Part(
        r"`sequence_length` should be greater than `max_images_per_prompt \* num_vision_tokens",
        always(
            "the places of the images alone fill sequence_length",
            "a larger sequence_length: tokens of an image times max_images_per_prompt, and room "
            "for the text",
            "or a smaller max_images_per_prompt",
            known=read_in.KERAS,
        ),
        (
            "ValueError: `sequence_length` should be greater than `max_images_per_prompt * "
            "num_vision_tokens_per_image`.Received: `sequence_length` = 512",
            "max_images_per_prompt",
        ),
    ),
    Part(
        r"Image \d+ has \d+ patches, which exceeds the MM LoRA patch limit of",
        always(
            "with LoRA on the vision part vLLM takes no image of more patches than it made room "
            "for",
            "the max_soft_tokens of the request no larger than that of the server "
            "(--mm-processor-kwargs)",
            known=read_in.VLLM,
        ),
        (
            "ValueError: Image 0 has 5040 patches, which exceeds the MM LoRA patch limit of 2520.",
            "--mm-processor-kwargs",
        ),
    ),
    Part(
        r"(?:Truncating sequence batch from \d+ to \d+ tokens )?removed every supervised token",
        always(
            "rows are cut off before what is trained in them: no label is left",
            "a larger sequence_length, or leave such rows out",
            known="the message; read in Megatron-Bridge's source (November 2026)",
        ),
        (
            "ValueError: Truncating sequence batch from 9000 to 4096 tokens removed every "
            "supervised token from rows [3].",
            "sequence_length",
        ),
    ),
    Part(
        r"response length \(\d+\) exceeds canvas_length-1",
        always(
            "an answer is longer than the canvas that DiffusionGemma fills at once",
            "shorter answers, or a larger canvas_length",
            known=read_in.SWIFT,
        ),
        (
            "ValueError: response length (300) exceeds canvas_length-1 (255); please use a shorter "
            "response or increase canvas_length.",
            "canvas_length",
        ),
    ),
    Part(
        r"Block masks are not implemeted yet, use packed=False",
        always(
            "torchtune's Gemma 2 takes no packed rows",
            "dataset.packed=False",
            known="the message; read in torchtune 0.6.1",
        ),
        (
            "NotImplementedError: Block masks are not implemeted yet, use packed=False.",
            "dataset.packed=False",
        ),
    ),
)
