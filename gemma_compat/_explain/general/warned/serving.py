"""Warnings of serving engines that a Gemma computes something else than it was trained to."""

from __future__ import annotations

from .. import read_in
from ..base import General, always

KINDS: tuple[General, ...] = (
    General(
        "images-attended-causally",
        r"Those images will receive causal attention|images are split across chunk boundaries|"
        r"Bidirectional attention for image tokens requires TritonAttnBackend",
        always(
            "SGLang lets the tokens of an image see only those before them, where this Gemma was "
            "trained with tokens of one image that all see each other",
            "--attention-backend triton --chunked-prefill-size -1",
            why="only the Triton backend has that mask, and only for an image that is read in one "
            "piece; answers about such images are worse, text alone is right",
            known=read_in.SGLANG,
        ),
        {
            "Bidirectional attention for image tokens is on": "",
            "Bidirectional attention for image tokens requires TritonAttnBackend. Falling back to "
            "causal attention, which may degrade image quality.": "--attention-backend triton",
            "2 images are split across chunk boundaries. First 5 split images (batch, begin, end): "
            "[(0, 12, 267)]. Those images will receive causal attention.": "chunked-prefill-size",
        },
        alone=True,
    ),
    General(
        "window-not-applied-on-mlx",
        r"MLX batched decode will not apply the window",
        always(
            "SGLang on MLX generates without this model's sliding window: wrong past the window's "
            "length",
            "prompts and answers that together stay within sliding_window of config.json",
            "or mlx-lm, which applies it",
            why="the config gives a pattern of layers and no layer_types, which this code reads",
            known=read_in.SGLANG,
        ),
        {
            "Model Gemma3TextModel declares a sliding window but no per-layer layer_types map; MLX "
            "batched decode will not apply the window and long-context output may be incorrect.": (
                "sliding_window"
            )
        },
        alone=True,
    ),
    General(
        "arguments-of-a-tool-call-cut",
        r"Gemma4 (?:args|array) parser made no progress at position",
        always(
            "the model wrote a tool call that vLLM's reader of Gemma 4 cannot read to its end: "
            "the arguments behind that place are lost",
            "look at the raw text: skip_special_tokens=False, without --tool-call-parser",
            'a fine-tune must write calls as the template does, with <|"|> around strings',
            known=read_in.VLLM,
        ),
        {
            "WARNING 11-02 10:11:12 [gemma4.py:199] Gemma4 args parser made no progress at "
            "position 17; aborting on malformed input.": "raw text"
        },
        alone=True,
    ),
    General(
        "softcap-missing-on-cpu",
        r"CPU_ATTN does not support logits softcap for ENCODER",
        always(
            "vLLM on a CPU leaves out the capping of attention scores in an encoder: numbers "
            "differ from training",
            "a GPU, or transformers, for this model",
            known=read_in.VLLM,
        ),
        {
            "CPU_ATTN does not support logits softcap for ENCODER and ENCODER_ONLY, outputs may be "
            "slightly off": "a GPU"
        },
        alone=True,
    ),
    General(
        "crops-attended-otherwise",
        r"`do_pan_and_scan=True` has suboptimal results on V1",
        always(
            "vLLM attends to the crops of an image in a simpler way than Gemma 3 was trained "
            "with: answers can be worse than transformers'",
            "do_pan_and_scan=False in mm_processor_kwargs, if the training had it off too",
            "or transformers, where crops matter",
            known=read_in.VLLM,
        ),
        {
            "`do_pan_and_scan=True` has suboptimal results on V1 because of the simplified "
            "attention pattern being used.": "mm_processor_kwargs"
        },
        alone=True,
    ),
    General(
        "sound-cut-to-its-places",
        r"Gemma3n audio encoder produced \d+ extra tokens",
        always(
            "the sound is longer than its places in the prompt: the end of it is cut off",
            "pieces of at most 30 seconds, each with its own place in the prompt",
            known=read_in.VLLM,
        ),
        {
            "Gemma3n audio encoder produced 188 tokens.": "",
            "Gemma3n audio encoder produced 12 extra tokens. Truncating to match placeholder count "
            "of 188.": "30 seconds",
        },
        alone=True,
    ),
    General(
        "sound-longer-than-the-model-takes",
        r"Audio duration exceeds max: \d",
        always(
            "a sound is longer than this model's processor allows for: what is behind that may "
            "not be heard",
            "pieces within the seconds that the line names",
            known=read_in.VLLM,
            certain=False,
        ),
        {"Audio duration exceeds max: 41.200000 > 30.000000 seconds": "the line names"},
        alone=True,
    ),
    General(
        "draft-layer-without-its-keys",
        r"No target layer of type '\w{1,40}' for draft layer \d",
        always(
            "the drafter has a layer of a kind that the model has not: it shares no keys and "
            "values there, and its drafts are refused more often",
            "the assistant that was published for this very member",
            why="what is drafted wrongly is refused and made anew: answers stay right, only slower",
            known=read_in.VLLM,
        ),
        {"No target layer of type 'full_attention' for draft layer 3": "only slower"},
        alone=True,
    ),
    General(
        "penalties-ignored",
        r"DiffusionGemma does not support repetition/frequency/presence penalties",
        always(
            "repetition, frequency and presence penalties have no effect on this model",
            "leave them out of the request",
            known=read_in.VLLM,
        ),
        {
            "DiffusionGemma does not support repetition/frequency/presence penalties; ignoring "
            "them for this request.": "no effect"
        },
        alone=True,
    ),
    General(
        "frames-of-a-video-sampled-elsewhere",
        r"For file/URL-loaded videos, fps/max_frames/overflow_strategy in mm_processor_kwargs have",
        always(
            "fps and max_frames of mm_processor_kwargs have no effect on videos from a file or "
            "address",
            "media_io_kwargs={'video': {'fps': 1}}   in their place",
            known=read_in.VLLM,
        ),
        {
            "For file/URL-loaded videos, fps/max_frames/overflow_strategy in mm_processor_kwargs "
            "have no effect because frames are decoded and sampled by media_io.": "media_io_kwargs"
        },
        alone=True,
    ),
    General(
        "mask-of-sound-adjusted",
        r"Subsampled mask length \S{1,10} mismatch with feature length",
        always(
            "mlx-vlm made the mask of the sound longer or shorter, so that it fits: which parts "
            "are silence may be marked wrongly",
            "one row at a time, or sounds of one length",
            known=read_in.MLX,
            certain=False,
        ),
        {
            "Warning: Subsampled mask length 47 mismatch with feature length 48 after gather. "
            "Adjusting.": "one length"
        },
        alone=True,
    ),
)
