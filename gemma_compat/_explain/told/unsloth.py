"""What users of Unsloth tell of in a sentence: cards, loaders and parts that are not trained."""

from __future__ import annotations

from ..answer import Answer
from ..general.base import Case
from ..general.platforms import no_triton
from .base import Symptom, told

_CARDS = (
    r"(?:RTX|GTX|GeForce) ?50[5-9]0|\b50[5-9]0(?: ?Ti)?\b|RTX ?50 ?[xX]{2}|\bBlackwell\b|"
    r"\bsm_?120\b|"
    r"\bB200\b|\bGB10\b|DGX Spark"
)

_new_card = told(
    "a card of the Blackwell family (RTX 50, B200, GB10) is said not to work",
    "pip install -U torch torchvision --index-url https://download.pytorch.org/whl/cu128",
    "pip install -U unsloth unsloth_zoo bitsandbytes triton   and xformers of that same index, or "
    "none",
    "python -c 'import torch; print(torch.__version__, torch.cuda.get_arch_list())'   : is sm_120 "
    "(B200: sm_100) in the list?",
    why="wheels hold kernels for the cards that were known when they were built: torch from 2.7 "
    "with CUDA 12.8, bitsandbytes from 0.45.3 on, and an Unsloth whose metadata allows that torch",
)


def _of_a_new_card(case: Case) -> Answer | None:
    return _new_card(case) if len(case.hit.text) < 400 else None


UNSLOTH: tuple[Symptom, ...] = (
    Symptom(
        "triton-said-to-be-missing",
        r"(?i:(?:say'?s?|said|shows?|get|got|error|saying|like|and|that)\b[^\n.]{0,12}\bno module "
        r"named ['`\"]?triton\b)",
        lambda case: no_triton(case) if "caught" not in case.hit.text else None,
        {
            "It say's no module named Triton": "triton",
            "A matching Triton is not available.\nError caught was: No module named 'triton'": "",
        },
    ),
    Symptom(
        "card-of-the-blackwell-family",
        rf"(?i:(?:{_CARDS})[^\n.]{{0,80}}(?:not (?:recogni[sz]ed|supported|work|compatible|"
        rf"detected)|(?:doesn't|does not|won't|cannot|can't) (?:work|run|support|detect)|"
        rf"support\b|"
        rf"compatib|error\b|only higher version|fails?\b)|"
        rf"(?:support|compatib\w{{3,6}})[^\n.]{{0,30}}"
        rf"(?:{_CARDS}))",
        _of_a_new_card,
        {
            "# Can unsloth_zoo support RTX5090?": "cu128",
            "I have a rtx5090 and only higher version release of torch can support cuda12.8.": (
                "get_arch_list"
            ),
            "GPU: RTX 5090, 32 GB": "",
        },
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
        "collator-leaves-out-audio",
        r"(?i:DataCollator\w{0,12} (?:\w{1,12} )?(?:ignores?|drops?|skips?|does not|doesn't|leaves)"
        r"[^\n.]{0,30}audio)",
        told(
            "a collator is said to leave out the audio of the rows",
            "pip install -U unsloth unsloth_zoo 'transformers>=5.10'",
            "print(next(iter(trainer.get_train_dataloader())).keys())   : is input_features among "
            "them?",
            why="UnslothVisionDataCollator knew images and videos only until June 2026; without "
            "input_features the model trains on the text alone",
        ),
        {
            "# UnslothVisionDataCollator ignores audio content parts (Gemma 4 E2B/E4B SFT)": (
                "input_features"
            )
        },
    ),
)
