"""What users of Unsloth tell of in a sentence: cards, loaders and parts that are not trained."""

from __future__ import annotations

import re

from ...tables import torch_wheels
from ..answer import Answer
from ..general.base import Case
from ..general.installing.platforms import no_triton
from .base import Symptom, told

_CARDS = (
    r"(?:RTX|GTX|GeForce) ?50[5-9]0|\b50[5-9]0(?: ?Ti)?\b|RTX ?50 ?[xX]{2}|\bBlackwell\b|"
    r"\bsm_?120\b|"
    r"\bB200\b|\bGB10\b|DGX Spark"
)

_new_card = told(
    "a card of the Blackwell family (RTX 50, B200, GB10) is asked about, or said not to work",
    torch_wheels.install("torch torchvision", torch_wheels.label(120), "-U"),
    "pip install -U unsloth unsloth_zoo bitsandbytes triton   and xformers of that same index, or "
    "none",
    "python -c 'import torch; print(torch.__version__, torch.cuda.get_arch_list())'   : is sm_120 "
    "(B200: sm_100) in the list?",
    why="wheels hold kernels for the cards that were known when they were built: torch from 2.7 "
    "with CUDA 12.8, bitsandbytes from 0.45.3 on, and an Unsloth whose metadata allows that torch",
)


def _told_triton(case: Case) -> Answer | None:
    return None if "caught" in case.hit.text else no_triton(case).replace(certain=False)


_classes = told(
    "a reward model or a classifier is to be trained with Unsloth",
    "FastLanguageModel.from_pretrained(NAME, num_labels=1, ...)   gives the class with a head for "
    "classes (1 for rewards); print(model) shows score in place of lm_head",
    "modules_to_save=['score'] in get_peft_model: the head is new, and has to be trained whole",
    "or transformers, PEFT and TRL's RewardTrainer without Unsloth: "
    "AutoModelForSequenceClassification.from_pretrained(NAME, num_labels=1)",
    why="an older Unsloth loads the causal model whatever num_labels says: 2025.3.19 does not know "
    "the argument, 2025.8.10 does (read in models/llama.py; for the families that have a file "
    "there, as Gemma 1 and 2)",
)


def _near(case: Case) -> str:
    return case.hit.before[-3000:] + case.hit.text + case.hit.after


def _of_a_new_card(case: Case) -> Answer | None:
    return _new_card(case) if len(case.hit.text) < 400 else None


_cut_prompts = told(
    "prompts are said to be cut, whatever max_prompt_length says",
    "GRPOConfig(max_prompt_length=None, ...)   (DPOConfig alike; newer TRL has no such option, and "
    "cuts no prompt by it), and max_seq_length at loading above prompt and completion together",
    "print(trainer.args.max_prompt_length, trainer.max_prompt_length, "
    "model.max_seq_length)   : what does the trainer hold?",
    "rm -rf unsloth_compiled_cache   where Unsloth is used: its trainer may be of another TRL",
    why="TRL up to 0.25 cuts prompts of GRPO on the left to max_prompt_length (512 where nothing "
    "was said), which takes the template's first mark away; notebooks set 256",
)


UNSLOTH: tuple[Symptom, ...] = (
    Symptom(
        "triton-said-to-be-missing",
        r"(?i:(?:say'?s?|said|shows?|get|got|error|saying|like|and|that)\b[^\n.]{0,12}\bno module "
        r"named ['`\"]?triton\b)",
        _told_triton,
        {
            "It say's no module named Triton": "triton",
            "A matching Triton is not available.\nError caught was: No module named 'triton'": "",
        },
    ),
    Symptom(
        "unsloth-and-several-cards",
        r"\b(?:multi(?:ple|-)?[ -]?gpus?|CUDA_VISIBLE_DEVICES|several "
        r"gpus)\b[^\n]{0,80}\bunsloth\b|\bunsloth\b[^\n]{0,80}"
        r"\b(?:multi(?:ple|-)?[ -]?gpus?|CUDA_VISIBLE_DEVICES|several gpus|(?:[2-8]|two|four) "
        r"gpus)\b",
        told(
            "Unsloth is spoken of with several GPUs",
            "CUDA_VISIBLE_DEVICES=0 python train.py   : does it run on one card?",
            "torchrun --nproc_per_node=N train.py, or accelerate launch: one process for each "
            "card, with a recent Unsloth; LoRA or QLoRA alone",
            'a model that does not fit one card: device_map="balanced" in from_pretrained, or '
            "FSDP2 or "
            "ZeRO-3 without Unsloth (use_unsloth: false in LLaMA-Factory)",
            why="Unsloth was made for one card: older releases refuse several or use the first "
            "alone, newer "
            "ones copy the whole model to each card",
        ),
        {
            "multi-gpu training Unsloth": "nproc_per_node",
            "unsloth with 2 gpus gives an error": "use_unsloth",
        },
        words=("unsloth",),
        is_setting=True,
    ),
    Symptom(
        "card-of-the-blackwell-family",
        rf"(?i:(?:{_CARDS})[^\n.]{{0,80}}(?:not (?:recogni[sz]ed|supported|work|compatible|"
        rf"detected)|(?:doesn't|does not|won't|cannot|can't) (?:work|run|support|detect)|"
        rf"support\b|"
        rf"compatib|(?<!without )(?<!no )error\b|only higher version|fails?\b)|"
        rf"(?:support|compatib\w{{3,6}})[^\n.]{{0,30}}"
        rf"(?:{_CARDS}))",
        _of_a_new_card,
        {
            "# Can unsloth_zoo support RTX5090?": "cu128",
            "I have a rtx5090 and only higher version release of torch can support cuda12.8.": (
                "get_arch_list"
            ),
            "GPU: RTX 5090, 32 GB": "",
            "I trained it on an RTX 5090 without error.": "",
        },
        is_setting=True,
    ),
    Symptom(
        "embeddings-dropped-from-the-targets",
        r"(?:embed_tokens|lm_head)\b[^\n.]{0,60}(?:silently )?(?:dropped|ignored|not (?:being )?"
        r"(?:trained|included|applied)|removed) ?(?:from|by|in|$|\b)",
        told(
            "embed_tokens or lm_head is said not to be trained although it was named as a target",
            "print([n for n, p in model.named_parameters() if p.requires_grad and ('embed' in n or "
            "'lm_head' in n)])",
            "modules_to_save=['embed_tokens', 'lm_head'] in get_peft_model",
            "pip install -U unsloth unsloth_zoo peft",
            why="as targets they get LoRA matrices or none, by the release of Unsloth and PEFT; as "
            "modules_to_save they are trained whole. A Gemma's lm_head is its embedding, so one of "
            "the two is enough",
        ),
        {
            "# [Bug] embed_tokens/lm_head silently dropped from target_modules during CPT": (
                "modules_to_save"
            ),
            "embed_tokens are trained": "",
        },
    ),
    Symptom(
        "loading-without-a-network",
        r"(?i:\b(?:offline|without (?:an? )?(?:internet|network)|no internet|air-?gapped)\b[^\n]"
        r"{0,80}(?:load|fine-?tun|train|model|config|unsloth)|(?:load|fine-?tun|train|model|freez)"
        r"\w{0,6}\b[^\n]{0,60}\b(?:offline|without (?:an? )?(?:internet|network)|no internet))",
        told(
            "a model is to be loaded without a network",
            "with a network, once: hf download NAME --local-dir /models/NAME   then "
            "from_pretrained('/models/NAME')",
            "HF_HUB_OFFLINE=1 before the command (and local_files_only=True)",
            "UNSLOTH_DISABLE_STATISTICS=1, and pip install -U unsloth unsloth_zoo from a machine "
            "that has a network: older releases ask the Hub all the same, and wait for it",
            why="a name (OWNER/NAME) is looked up at the Hub even where its files are cached; a "
            "folder with config.json, tokenizer and weights is not. Unsloth maps names to its own "
            "4-bit repositories: use_exact_model_name=True keeps the name",
        ),
        {
            "# [Bug] Problem loading models offline in Unsloth.": "HF_HUB_OFFLINE=1",
            "I want to use unsloth to do fine-tuning while offline!": "local-dir",
            "the server is offline": "",
        },
        is_setting=True,
    ),
    Symptom(
        "unsloth-on-a-mac",
        r"\bunsloth\b(?!/)[^\n.]{0,40}\b(?:mac(?:os|book)?|apple|m[1-5](?: ?(?:pro|max))?|mps|"
        r"metal)\b|"
        r"\b(?:mac(?:os|book)?|apple silicon|mps)\b[^\n.]{0,40}\bunsloth\b(?!/)",
        told(
            "Unsloth is to run on a Mac",
            "pip install -U unsloth unsloth_zoo mlx mlx-lm mlx-vlm   on Apple silicon: its "
            "loaders take MLX there, for SFT with LoRA",
            "or mlx_lm.lora --model NAME --train   without Unsloth",
            "or transformers, PEFT and TRL on MPS, without bitsandbytes: dtype=torch.bfloat16",
            why="its CUDA kernels (Triton, bitsandbytes) do not exist there; releases before the "
            "summer of 2026 stop with an error about the GPU, and GRPO and DPO are not covered",
        ),
        {
            "# Unsloth On Mac": "mlx_lm.lora",
            "unsloth on linux": "",
            "Training setup for unsloth/gemma-3-270m-it on MPS": "",
        },
        words=(
            "mac",
            "apple",
            "mps",
            "metal",
            " m1",
            " m2",
            " m3",
            " m4",
            " m5",
        ),
        is_setting=True,
    ),
    Symptom(
        "steps-that-do-not-depend-on-the-rate",
        r"no effect of (?:the )?(?:learning[ _]rate|lr)\b|(?:learning[ _]rate|lr) (?:has|have|"
        r"had) no (?:effect|impact|influence)|(?:same|identical)[^\n.]{0,60}"
        r"(?:irrespective|regardless|whatever|no matter)[^\n.]{0,40}(?:learning[ _]rate|\blr\b)",
        told(
            "losses are said to be the same whatever the learning rate",
            "print(trainer.args.learning_rate, trainer.lr_scheduler.get_last_lr())   after a few "
            "steps: does the rate arrive, or is the schedule still at 0?",
            "print(sum(p.abs().sum().item() for n, p in model.named_parameters() if 'lora_B' in "
            "n))   after a few steps: 0 means that nothing is updated",
            "bf16=True in place of fp16 (float32 on a T4 or V100): a grad_norm of NaN or inf makes "
            "the scaler leave each step out",
            "pip install -U unsloth unsloth_zoo   where Unsloth is used",
            why="equal first losses are right (lora_B starts at 0); later ones that are equal to "
            "the last digit mean that the optimizer does not step",
        ),
        {"# No effect of Learning Rate while fine-tuning Gemma 3 4b": "lora_B"},
        words=("learning", "lr"),
    ),
    Symptom(
        "grpo-without-vllm",
        r"(?:GRPO|RLHF|\bRL\b)[^\n.]{0,40}(?:without|no|w/o|disable) vllm|(?:GRPO|RLHF)[^\n]{0,60}"
        r"(?:rel(?:y|ies) up?on|needs?|requires?|depends? on) vllm",
        told(
            "GRPO without vLLM is spoken of",
            "fast_inference=False in from_pretrained, and use_vllm=False in GRPOConfig",
            "FastLanguageModel.from_pretrained('ADAPTER_FOLDER', fast_inference=False)   trains an "
            "adapter of SFT on; no second get_peft_model",
            "a smaller num_generations and max_completion_length: generate is slower than vLLM",
            why="without vLLM the trainer generates with the model itself, which takes any model "
            "and adapter that Unsloth loads",
        ),
        {
            "# GRPO without VLLM? unsloth": "use_vllm=False",
            "GRPO with vllm": "",
        },
        is_setting=True,
    ),
    Symptom(
        "prompts-that-are-cut",
        r"prompts? (?:\w{1,8} )?(?:is|are|gets?|being|was|were) (?:\w{1,10} )?(?:cut|truncated|"
        r"clipped)|max_prompt_length[^\n.]{0,40}(?:ignored|no effect|not (?:used|applied|"
        r"respected)|limited)|max(?:imum)? prompt length of \d+",
        lambda case: (
            _cut_prompts(case)
            if re.search(r"(?i)prompt[ _]length|GRPO|DPO|RLOO|KTO|\bRL\b", case.near)
            else None
        ),
        {
            "# Max prompt length of 256": "max_prompt_length=None",
            "I use max_length 512, so prompts are truncated": "",
        },
        words=("prompt",),
        is_setting=True,
    ),
    Symptom(
        "answers-only-is-said-to-fail",
        r"train_on_responses_only`?[^\n.]{0,30}(?:\bbroken\b|not work|doesn't work|does not work|"
        r"fails?\b|wrong|stopped working|ignor|no effect)",
        told(
            "train_on_responses_only is said not to do what it should",
            "row = trainer.train_dataset[0]; print(tokenizer.decode(row['input_ids'])); "
            "print(tokenizer.decode([i for i in row['labels'] if i != -100]))",
            "instruction_part and response_part as the first line prints them (Gemma 2 and 3: "
            "<start_of_turn>user\\n, <start_of_turn>model\\n)",
            "after SFTTrainer is made, and without packing",
            why="the first print shows the marks that the template writes, the second what is "
            "trained on; a template that writes other marks, a truncated row, or a collator that "
            "makes labels anew undoes it",
        ),
        {
            "# [Bug] train_on_responses_only is broken with new Unsloth releases": "labels",
            "trainer = train_on_responses_only(trainer)": "",
        },
    ),
    Symptom(
        "classes-under-unsloth",
        r"(?i:(?:reward model|(?:sequence|text) classif\w{1,8}|classifier|num_labels)[^\n]{0,60}"
        r"(?:\bsupport|\bnot\b|structure|\bhow to|\berror)|(?:support|train|use) [^\n.]{0,30}"
        r"(?:reward models?\b|sequence classif\w{1,8}))",
        lambda case: _classes(case) if "nsloth" in _near(case) else None,
        {
            "# Add Reward Model support to unsloth": "num_labels=1",
            "reward model support in trl": "",
        },
        is_setting=True,
    ),
)
