"""Warnings about what a model or processor was given, or which part of a run is left out."""

from __future__ import annotations

from ...answer import Answer
from .. import read_in
from ..base import General, always

KINDS: tuple[General, ...] = (
    General(
        "images-without-pixels",
        r"Your input tokens contain image tokens, but you haven't set `pixel_values`",
        always(
            "the text has image tokens, and no image came with it: the model sees none",
            "inputs = processor.apply_chat_template(messages, tokenize=True, return_dict=True, "
            "return_tensors='pt', add_generation_prompt=True); model.generate(**inputs)",
            known=read_in.TRANSFORMERS,
        ),
        {
            "Your input tokens contain image tokens, but you haven't set `pixel_values`.": (
                "return_dict=True"
            )
        },
        alone=True,
    ),
    General(
        "image-scaled-twice",
        r"It looks like you are trying to rescale already rescaled images",
        always(
            "images with values from 0 to 1 are divided by 255 once more: the model sees almost "
            "black pictures",
            "do_rescale=False in the call of the processor",
            "or give it the images as they are: PIL images, or whole numbers from 0 to 255",
            why="a ToTensor() or a division in the dataset's transform did it already",
            known="the message; read in transformers 4.50.3 and 5.23.0",
        ),
        {
            "It looks like you are trying to rescale already rescaled images. If the input images "
            "have pixel values between 0 and 1, set `do_rescale=False`": "do_rescale=False"
        },
        alone=True,
    ),
    General(
        "argument-of-the-processor-ignored",
        r"Keyword argument `(?P<name>\w{1,60})` is not a valid argument for this processor and will"
        r"|This processor does not use the `(?P<other>\w{1,60})` parameter\. It will be ignored",
        lambda case: Answer(
            f"the processor ignores {case.match['name'] or case.match['other']}",
            (
                "leave it out, or look up its name in this release: help(type(processor).__call__)",
                "what belongs to one kind of input goes there: images_kwargs={...}, "
                "text_kwargs={...}",
            ),
            known="the message; read in transformers 4.50.3 and 5.23.0",
        ),
        {
            "Keyword argument `max_crops` is deprecated for this processor": "",
            "Keyword argument `max_crops` is not a valid argument for this processor and will be "
            "ignored.": "ignores max_crops",
            "This processor does not use the `do_pan_and_scan` parameter. It will be ignored.": (
                "ignores do_pan_and_scan"
            ),
        },
        alone=True,
    ),
    General(
        "time-of-frames-guessed",
        r"requires frame timestamps to construct prompts, but the `fps` of the input video could|"
        r"Asked to sample uniformly with `fps`, but the video metadata has no",
        always(
            "the processor does not know how fast the video runs: times in the prompt, or the "
            "frames that are kept, are guessed",
            "video_metadata=[{'fps': 30, 'total_num_frames': N, 'duration': S}] beside the frames",
            "or the video's path in place of frames that you cut yourself",
            why="without it transformers counts with 24 frames a second, or keeps every frame",
            known=read_in.TRANSFORMERS,
        ),
        {
            "Gemma4 requires frame timestamps to construct prompts, but the `fps` of the input "
            "video could not be inferred. Probably `video_metadata` was missing": "video_metadata="
        },
        alone=True,
    ),
    General(
        "picture-without-a-prompt",
        r"You are using PaliGemma without a text prefix",
        always(
            "PaliGemma's processor got no text: it is run to describe the picture, whatever was "
            "asked",
            "processor(text=['<image>answer en what is this?'], images=[image])",
            "nothing, where a description without a prompt is meant",
            known=read_in.TRANSFORMERS,
        ),
        {
            "You are using PaliGemma without a text prefix. It will perform as a "
            "picture-captioning model.": "<image>answer"
        },
        alone=True,
    ),
    General(
        "padding-of-embeddings-unseen",
        r"will not detect padding tokens in `inputs_embeds`",
        always(
            "the classifier reads the last place of each row, padding or not, since it got "
            "embeddings and no tokens",
            "input_ids in place of inputs_embeds",
            "or padding on the left, or rows one by one",
            known=read_in.TRANSFORMERS,
        ),
        {
            "T5GemmaForSequenceClassification will not detect padding tokens in `inputs_embeds`. "
            "Results may be unexpected": "padding on the left"
        },
        alone=True,
    ),
    General(
        "last-layer-made-full",
        r"Last layer must use `full_attention`, but got `\w{1,40}`",
        always(
            "transformers makes the last layer of this Gemma 4 one with full attention, where the "
            "config says otherwise",
            "layer_types as in the published config.json; after cutting layers keep a full layer "
            "as the last",
            why="weights that were trained with a window in that layer, and with its heads' width, "
            "do not fit it",
            known=read_in.TRANSFORMERS,
            of_gemma=True,
        ),
        {
            "Last layer uses `full_attention`": "",
            "Last layer must use `full_attention`, but got `sliding_attention`. Forcing last layer "
            "to `full_attention`.": "layer_types",
        },
        alone=True,
    ),
    General(
        "labels-of-padding-masked-for-now",
        r"`labels` contains `pad_token_id` which will be masked with",
        always(
            "labels hold padding; this release of transformers masks it for PaliGemma, later ones "
            "train it",
            "labels[labels == processor.tokenizer.pad_token_id] = -100   in the collator",
            "or processor(..., suffix=answers), which makes the labels",
            known="the message; read in transformers 4.46.3 and 4.50.3",
        ),
        {
            "`labels` contains `pad_token_id` which will be masked with `config.ignore_index`.": (
                "suffix=answers"
            )
        },
        alone=True,
    ),
    General(
        "float16-in-place-of-float8",
        r"insufficient for FP8 mixed precision training[^\n]{0,200}Will use FP16 instead",
        always(
            "this card has no FP8, and accelerate trains in float16 in its place",
            "mixed_precision: bf16   (a card from Ampere on)",
            why="Gemma 3 and newer overflow float16: losses of nan or 0",
            known="the message; read in accelerate 1.15.0",
        ),
        {
            "The current device has compute capability of (8, 0) which is insufficient for FP8 "
            "mixed precision training (requires a GPU Hopper/Ada Lovelace or higher, compute "
            "capability of 8.9 or higher). Will use FP16 instead.": "bf16"
        },
        alone=True,
    ),
    General(
        "tensors-left-out-of-the-save",
        r"The following tensors were not saved because they were still on meta device",
        always(
            "accelerate saved a checkpoint without tensors that it could not reach: the folder is "
            "not whole",
            "save on a machine that holds all weights in memory, without offloading to disk",
            "under FSDP or ZeRO-3: accelerator.get_state_dict(model) on every rank, before saving",
            known="the message; read in accelerate 1.15.0",
        ),
        {
            "The following tensors were not saved because they were still on meta device: "
            "['lm_head.weight']": "not whole"
        },
        alone=True,
    ),
    General(
        "device-map-of-other-names",
        r"The following device_map keys do not match any submodules in the model",
        always(
            "names in the device_map are not in this model, so they place nothing",
            "device_map='auto', or names as model.named_modules() prints them",
            "nothing, where the part is gone in this release (rotary_emb_local of Gemma 3)",
            why="layers of a Gemma 3 or 4 with images are under model.language_model, from "
            "transformers 4.52 on",
            known="the message; read in accelerate 1.15.0",
        ),
        {
            "The following device_map is used: {'': 0}": "",
            "The following device_map keys do not match any submodules in the model: "
            "['model.layers.0']": "named_modules",
        },
        alone=True,
    ),
    General(
        "plan-without-its-modules",
        r"The following (?:FSDP rules were not applied to any module|TP rules were not applied on)",
        always(
            "parts of the plan for splitting name no module of this model: those modules are not "
            "split",
            "look at the names in the line against model.named_modules()",
            "nothing, where they are of a part that this member has not (experts, a tower)",
            why="what stays whole costs its full memory on each card",
            known=read_in.TRANSFORMERS,
        ),
        {
            "The following TP rules were not applied on any of the layers: "
            "{'layers.*.experts.gate_up_proj': 'grouped_gemm'}": "named_modules"
        },
        alone=True,
    ),
    General(
        "early-stopping-without-its-metric",
        r"early stopping required metric_for_best_model, but did not find|"
        r"Using EarlyStoppingCallback without load_best_model_at_end=True",
        lambda case: Answer(
            "early stopping is off: the evaluation has no such metric"
            if "did not find" in case.match[0]
            else "the weights at the end are those of the last step, not the best ones",
            (
                "label_names=['labels'] where eval_loss is missing (PEFT)",
                "print(trainer.evaluate().keys())   : metric_for_best_model is one of these",
            )
            if "did not find" in case.match[0]
            else ("load_best_model_at_end=True   where the best ones are meant",),
            known=read_in.TRANSFORMERS,
        ),
        {
            "early stopping required metric_for_best_model, but did not find eval_loss so early "
            "stopping is disabled": "label_names",
            "Using EarlyStoppingCallback without load_best_model_at_end=True. Once training is "
            "finished, the best model will not be loaded automatically.": "not the best ones",
        },
        alone=True,
    ),
    General(
        "new-adapter-options-ignored",
        r"LoRA hyperparameters will be loaded from the adapter itself|"
        r"lora_rank_pattern/lora_alpha_pattern (?:in the config differ|are ignored when loading)",
        always(
            "rank, alpha and targets come from the adapter that is trained on; those of this run's "
            "config have no effect",
            "merge that adapter into its base first, and train a new one on the result",
            "nothing, where its options are as wanted",
            known="the message; read in llamafactory 0.9.5 and axolotl 0.19.0",
        ),
        {
            "Resuming training from existing LoRA adapter at out/ck. LoRA hyperparameters will be "
            "loaded from the adapter itself; the current LoRA configuration will be ignored.": (
                "merge that adapter"
            )
        },
        alone=True,
    ),
    General(
        "token-that-is-not-trained",
        r"is fixed via `fix_untrained_tokens`, yet not in `peft_trainable_token_indices",
        always(
            "a token gets a mean as its start and is not trained after that",
            "peft_trainable_token_indices: with that number too",
            known=read_in.AXOLOTL,
        ),
        {
            "Token 262145 is fixed via `fix_untrained_tokens`, yet not in "
            "`peft_trainable_token_indices: ` list.": "not trained"
        },
        alone=True,
    ),
    General(
        "kernel-of-experts-not-applied",
        r"experts_implementation=\S{1,30} requested, but no submodule of",
        always(
            "the kernel for experts has no effect on this model, which runs its own code for them",
            "leave experts_implementation out; it is for models whose experts transformers runs",
            known=read_in.AXOLOTL,
        ),
        {
            "experts_implementation='scattermoe' requested, but no submodule of "
            "Gemma4ForCausalLM uses transformers' ExpertsInterface": "leave experts_implementation"
        },
        alone=True,
    ),
)
