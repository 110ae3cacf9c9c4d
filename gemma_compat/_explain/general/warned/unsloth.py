"""Warnings of Unsloth about a Gemma, or that an option of the run has no effect."""

from __future__ import annotations

from ...answer import Answer
from .. import read_in
from ..base import Case, General, always


def _not_packed(case: Case) -> Answer:
    reason = case.match["reason"]
    return Answer(
        "Unsloth does not pack the rows, although packing=True asked for it"
        + (f": {reason}" if reason else ""),
        (
            "nothing, where more and shorter rows are fine: each is trained by itself, rightly",
            "count the steps again: an epoch has as many rows as the dataset",
        ),
        known=read_in.UNSLOTH,
    )


def _unmasked(case: Case) -> Answer:
    return Answer(
        f"{case.match['of']} of {case.match['all']} rows have no label: nothing is trained on them",
        (
            "instruction_part and response_part as the template prints them: for Gemma 1 to 3 "
            "'<start_of_turn>user\\n' and '<start_of_turn>model\\n'",
            "or a longer max_seq_length, where the answer is cut off",
        ),
        known=read_in.UNSLOTH,
    )


KINDS: tuple[General, ...] = (
    General(
        "unsloth-on-the-cpu",
        r"Unsloth [\d.]{1,20}: no GPU found, training on CPU",
        always(
            "Unsloth finds no GPU and trains on the CPU",
            "nvidia-smi; python -c 'import torch; print(torch.__version__, "
            "torch.cuda.is_available())'   : a driver, and a torch with CUDA (+cu in its version)",
            "unset CUDA_VISIBLE_DEVICES   where it is set and empty",
            "UNSLOTH_DISABLE_CPU_FALLBACK=1   before the command: it stops instead",
            why="releases of 2026 go on without a GPU, for text and much slower",
            known=read_in.UNSLOTH,
        ),
        {
            "Unsloth 2026.10.9: no GPU found, training on CPU (x86_64, 1 threads, bfloat16 = True)."
            " CPU training is much slower than GPU training": "nvidia-smi"
        },
        alone=True,
    ),
    General(
        "packed-row-without-document-mask",
        r"Unsloth: a packed gemma-4 row reached attention without a document mask",
        always(
            "packed samples of this Gemma 4 see each other: the rows came without position ids",
            "packing=False in SFTConfig",
            "or SFTTrainer's own collator (no data_collator, no batch that you make), which gives "
            "each sample position ids from 0",
            why="without a mask for each sample a token attends to all that stands before it in "
            "the row, other samples too. Nothing else tells of it: the loss looks plausible",
            known=read_in.UNSLOTH,
            of_gemma=True,
        ),
        {
            "Unsloth: Sample packing enabled for SFTTrainer instance.": "",
            "Unsloth: a packed gemma-4 row reached attention without a document mask (no "
            "position_ids?), so its documents attend each other.": "packing=False",
        },
        alone=True,
    ),
    General(
        "base-of-gemma4-without-bos",
        r"Unsloth: add_bos_token was set for this Gemma 4 base tokenizer but it still|"
        r"Unsloth: Could not enable add_bos_token for Gemma 4",
        always(
            "the tokenizer of this base Gemma 4 puts no <bos> before the text, and Unsloth could "
            "not make it do so",
            "put it there yourself: text = tokenizer.bos_token + text   in every row, at "
            "training and at inference",
            why="Gemma was pretrained with <bos> before every text",
            known=read_in.UNSLOTH,
            of_gemma=True,
        ),
        {
            "Unsloth: add_bos_token was set for this Gemma 4 base tokenizer but it still does not "
            "prepend <bos>. See unslothai/unsloth#7903.": "bos_token + text"
        },
        alone=True,
    ),
    General(
        "packing-ignored-by-unsloth",
        r"Unsloth: packing=True (?:is not yet supported|"
        r"ignored(?: \((?P<reason>[^)\n]{1,120})\))?)",
        _not_packed,
        {
            "Unsloth: packing=True ignored (vision dataset).": "vision dataset",
            "Unsloth: packing=True is not yet supported on MLX. Falling back to packing=False "
            "(standard padding).": "count the steps",
        },
        alone=True,
    ),
    General(
        "audio-tower-dropped",
        r"so the Gemma-4 audio tower was dropped from the training model",
        always(
            "this Gemma 4 is trained without its audio tower: rows with sound are not heard",
            "fast_inference=False in from_pretrained, to train on sound",
            "nothing, where rows have text and images alone",
            why="vLLM holds the weights for both, and the checkpoint's sound part could not be "
            "taken from it; the line says why",
            known=read_in.UNSLOTH,
            of_gemma=True,
        ),
        {
            "Unsloth: the checkpoint stores the audio tower quantized (model.audio_tower.x.SCB), "
            "so the Gemma-4 audio tower was dropped from the training model.": "fast_inference"
        },
        alone=True,
    ),
    General(
        "tower-that-is-never-reached",
        r"flag will wrap adapters that the text-only forward pass never reaches|"
        r"but this model has no vision path",
        always(
            "the vision part is not trained: this model was loaded for text alone",
            "text_only=False at loading, to train on images",
            "or finetune_vision_layers=False and train_projector=False",
            known=read_in.UNSLOTH,
        ),
        {
            "Unsloth: finetune_vision_layers=True, but this model was loaded with text_only=True. "
            "Its vision tower is still attached, so the flag will wrap adapters that the text-only "
            "forward pass never reaches and never trains.": "text_only=False"
        },
        alone=True,
    ),
    General(
        "evaluation-never-runs",
        r"Unsloth: `eval_steps = \d+` is ignored because `eval_strategy` is",
        always(
            "eval_steps has no effect, since eval_strategy is not 'steps'",
            "eval_strategy='steps'",
            "nothing, where an evaluation after each epoch, or none, is meant",
            known=read_in.UNSLOTH,
        ),
        {
            "Unsloth: `eval_steps = 50` is ignored because `eval_strategy` is no. Set": (
                "eval_strategy='steps'"
            )
        },
        alone=True,
    ),
    General(
        "revision-ignored",
        r"Unsloth: Ignoring revision = `[^`\n]{1,80}` since",
        always(
            "other weights than the asked revision's are loaded: the newest of the repository that "
            "the line names, or of your own",
            "the model's own name without Unsloth's copy of it: use_exact_model_name=True",
            "or fast_inference=False, where vLLM is what takes no revision",
            known=read_in.UNSLOTH,
        ),
        {
            "Unsloth: loading revision `v1.1`": "",
            "Unsloth: Ignoring revision = `v1.1` since vLLM loads weights from the default branch. "
            "Use `fast_inference = False` to load a pinned revision.": "fast_inference=False",
        },
        alone=True,
    ),
    General(
        "rollouts-of-the-first-weights",
        r"UNSLOTH_VLLM_ALLOW_STALE_ROLLOUTS=1, so vLLM weight sync is skipped",
        always(
            "every rollout is written by the weights of the start: vLLM never gets what was "
            "trained",
            "unset UNSLOTH_VLLM_ALLOW_STALE_ROLLOUTS, and fast_inference=False",
            "or an adapter that vLLM takes (LoRA without modules_to_save), on weights that are "
            "not quantized",
            why="rewards then tell of another policy than the one that is trained",
            known=read_in.UNSLOTH,
        ),
        {
            "Unsloth: UNSLOTH_VLLM_ALLOW_STALE_ROLLOUTS=1, so vLLM weight sync is skipped for this "
            "quantized model and every rollout uses the initial weights.": "unset"
        },
        alone=True,
    ),
    General(
        "rows-without-a-label",
        r"Unsloth: (?P<of>\d+)/(?P<all>\d+) (?:VLM )?samples have all -100 labels",
        _unmasked,
        {
            "Unsloth: 400 samples have labels behind the response part": "",
            "Unsloth: 12/400 samples have all -100 labels (3.0%). Your instruction_part / "
            "response_part may not match the chat template correctly.": "12 of 400",
        },
        alone=True,
    ),
    General(
        "options-ignored-on-mlx",
        r"Unsloth MLX: accepting but not applying unsupported TrainingArguments kwargs: "
        r"(?P<names>[^\n]{1,200}?)\. These|Unsloth: \w{1,60} ignored unsupported argument\(s\)",
        always(
            "options of this run have no effect on MLX; the line names them",
            "leave them out, and look whether one of them matters: a schedule, a clip of the "
            "gradient, what is saved",
            known=read_in.UNSLOTH,
        ),
        {
            "Unsloth MLX: accepting but not applying unsupported TrainingArguments kwargs: "
            "group_by_length. These options are not implemented by MLXTrainer yet.": "no effect"
        },
        alone=True,
    ),
    General(
        "experts-of-gemma4-unpatched",
        r"Unsloth: Could not patch Gemma4 MoE|"
        r"Unsloth: Could not register Gemma-4 MoE LoRA extractor",
        always(
            "Unsloth's code for the experts of Gemma 4 is not in place: this transformers has "
            "another layout",
            "pip install -U unsloth unsloth_zoo, and the transformers that they were released with",
            why="LoRA on the experts then runs in transformers' and PEFT's own code: slower and "
            "with more memory; where layouts of PEFT differ, the first step may raise an error",
            known=read_in.UNSLOTH,
            of_gemma=True,
        ),
        {
            "Unsloth: Could not patch Gemma4 MoE. Neither the current layout (Gemma4TextExperts) "
            "nor the legacy layout (Gemma4TextMoEBlock) was found": "another layout"
        },
        alone=True,
    ),
    General(
        "patch-of-gemma4-skipped",
        r"Unsloth: Gemma4 (?:audio|PLE) dtype patch skipped|"
        r"Unsloth: Gemma4 adapter save hook not installed",
        always(
            "a repair of Unsloth's for Gemma 4 is not in place: this transformers or PEFT is newer "
            "than it",
            "pip install -U unsloth unsloth_zoo",
            "or the transformers and peft that this Unsloth was released with",
            why="what the repair is for, sound or float16 training, may end in an error about "
            "types; without the save hook another PEFT may not load the adapter. Nothing is wrong "
            "until then",
            known=read_in.UNSLOTH,
            of_gemma=True,
        ),
        {
            "Unsloth: Gemma4 PLE dtype patch skipped for `Gemma4TextModel.project_per_layer_inputs`"
            " - the expected source shape was not found (transformers source drift).": "released"
        },
        alone=True,
    ),
    General(
        "untouched-for-full-training",
        r"Unsloth: You selected full finetuning support, but 4bit / 8bit is enabled",
        always(
            "load_in_4bit and load_in_8bit have no effect: the whole model is trained, without "
            "LoRA",
            "full_finetuning=False, where QLoRA was meant",
            "or load_in_4bit=False; it is the default to load in 4 bits",
            why="gradients and optimizer states of all weights take many times the memory",
            known=read_in.UNSLOTH,
        ),
        {
            "Unsloth: You selected full finetuning support, but 4bit / 8bit is enabled - "
            "disabling LoRA / QLoRA.": "full_finetuning=False"
        },
        alone=True,
    ),
)
