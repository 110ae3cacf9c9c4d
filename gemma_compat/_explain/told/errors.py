"""Errors that a title or a sentence names by their kind alone: sizes, devices, figures."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Answering, Case
from .base import Symptom, told
from .contexts import adds_tokens

_STATED = re.compile(
    r"size of tensor a \(|copying a param|cannot be multiplied|must match the existing size|"
    r"Sizes of tensors must match|torch\.Size\(|\bwrong shape; expected\b"
)


def _unless_stated(answer: Answering) -> Answering:
    """Leave sizes to the error that states them."""
    return lambda case: (
        None if _STATED.search(f"{case.hit.before}\n{case.hit.after}") else answer(case)
    )


_sizes = told(
    "sizes of tensors are said not to fit; which ones, the log does not show",
    "python train.py 2>&1 | tee train.log   : the error's own line has both sizes, and the "
    "last frame the layer",
    "per_device_train_batch_size=1   shows whether rows of different lengths are at fault",
    "print(model.config.vocab_size, len(tokenizer))   where it is at loading or merging",
    "pip install -U unsloth unsloth_zoo   where the last frame lies in unsloth_compiled_cache",
    why="at loading: a checkpoint, an adapter or a vocabulary of another size. In a step: "
    "rows cut or padded apart from their masks, images or positions",
)


_of_new_tokens = told(
    "sizes are said not to fit where tokens were added: the base that is loaded has fewer rows "
    "than "
    "the training had",
    "tokenizer = AutoTokenizer.from_pretrained(FOLDER of the training); "
    "base.resize_token_embeddings(len(tokenizer))   and only then PeftModel.from_pretrained(base, "
    "ADAPTER)",
    "modules_to_save=['embed_tokens', 'lm_head'] (or trainable_token_indices, peft 0.15 on)   in "
    "the training: else the new rows are not in the adapter",
    "print(len(tokenizer), base.get_input_embeddings().weight.shape)   on both sides",
    why="the base has as many rows as it was published with; what was resized in the training is "
    "not in its files",
)


def _of_sizes(case: Case) -> Answer | None:
    return (_of_new_tokens if adds_tokens(case) else _sizes)(case)


ERRORS: tuple[Symptom, ...] = (
    Symptom(
        "image-tokens-are-told-not-to-fit",
        r"\b(?:incorrect|wrong|mismatch(?:ed|ing)?|unequal) (?:number of )?(?:image|vision|audio|"
        r"video) tokens?\b|"
        r"\b(?:image|vision|audio|video) tokens? (?:count )?(?:mismatch|(?:do|does)(?:n't| not) "
        r"match)\b",
        told(
            "marks for images (or sound) in the text and what the encoder gives are said not to "
            "fit",
            "inputs = processor(text=..., images=..., return_tensors='pt'): text and images in "
            "one call, and nothing of it changed before model(**inputs)",
            "print((inputs['input_ids'] == model.config.image_token_index).sum())   beside the "
            "rows of image features in the message",
            "max_length=None, truncation=False",
            "pip install -U transformers",
            why="the processor writes one mark for each row of image features: PaliGemma takes "
            "256 at 224 pixels, 1,024 at 448 and 4,096 at 896, Gemma 3 takes 256. Ids made by "
            "the tokenizer alone, or cut, have other counts",
        ),
        {
            "# Incorrect image tokens error while calling PaliGemma": "1,024",
            "training fails since image tokens do not match the features": "one call",
            "the number of image tokens is 256": "",
        },
        words=("token",),
        yields=True,
    ),
    Symptom(
        "sizes-are-told-not-to-fit",
        r"(?i:\b(?:dimensions?|shapes?|sizes?) mist?match(?:es)?\b(?! for | - ckpt)|"
        r"\bmismatch(?:ed|ing) (?:dimensions?|shapes?|tensor sizes)\b|wrong (?:tensor )?shapes?\b)",
        _unless_stated(_of_sizes),
        {
            "# `apply_rotary_pos_emb` dimension mismatch in compiled module during GRPO": "size=1",
            "I also added some new tokens, then it complains about the shape mismatch between the "
            "embeddings": "resize_token_embeddings",
            "size mismatch for lm_head.weight: copying": "",
            "# tensor 'token_embd.weight' has wrong shape\nerror loading model: check_tensor_dims: "
            "tensor 'token_embd.weight' has wrong shape; expected 4096, 92550, got 4096, 92544": "",
            "| Reinit due to size mismatch - ckpt: torch.Size([2]) vs model:torch.Size([3])": "",
        },
    ),
    Symptom(
        "figures-are-told-to-be-wrong",
        r"(?i:\b(?:eval(?:uation)?|validation|training|train) (?:loss(?:es)?|metrics?|scores?|"
        r"accuracy) (?:are|is|were|was|look|seem|being|which are)[a-z ]{0,12} (?:wrong|off|"
        r"incorrect|inconsistent|different|not correct|much higher)\b)",
        told(
            "figures of an evaluation or a training are said to be wrong",
            "python -m gemma_compat run --preflight train.py   tries one batch: labels, masks, "
            "gradients and the loss against a reference",
            "the loss of one row by hand, with dtype=torch.float32 and no trainer, is what to "
            "compare with",
            "pip install -U unsloth unsloth_zoo trl transformers   and the same rows again",
            why="a loss that is summed or averaged another way (num_items_in_batch, gradient "
            "accumulation), logits that are cut or left out for metrics, and labels that were "
            "shifted twice all give other figures without an error",
        ),
        {
            "# Evaluation losses are wrong [FIXED]": "--preflight",
            "the training loss is 2.1": "",
        },
    ),
    Symptom(
        "worse-in-evaluation-mode",
        r"(?i:(?:output|quality|generation|result|accuracy|performance)s? (?:deteriorat|degrad|"
        r"gets? worse|becomes? worse|drops?)\w{0,5}[^\n.]{0,30}(?:model\.eval|for_inference|eval "
        r"mode|inference mode|fast_generate))",
        told(
            "answers are said to become worse once the model is switched to inference",
            "model.generate(..., use_cache=True, do_sample=False) with and without "
            "FastLanguageModel.for_inference(model), in bfloat16: do the tokens differ?",
            "pip install -U unsloth unsloth_zoo",
            "PeftModel and transformers without Unsloth on the saved adapter: what comes there?",
            why="for_inference puts other kernels and another cache in place, which show "
            "padding on the wrong side, float16 and old releases; dropout alone is switched off by "
            "eval() and makes answers better, not worse",
        ),
        {"# Output deterioration with model.eval() (unsloth/gemma-2-9b)": "for_inference"},
    ),
    Symptom(
        "run-that-starts-over",
        r"(?i:(?:endless|infinite|never[- ]ending|unending) loop (?:when|during|while|in|on|at) "
        r"(?:the )?(?:fine-?tun|train|token|load|map|start)\w*|\bcrash loop\b|"
        r"starts? too many processes|(?:spawns?|starts?|launch\w{0,3}) (?:new )?process(?:es)? "
        r"(?:endless|again|over and over|and crash|repeatedly))",
        told(
            "a run is said to start over and over, or to hang in a loop",
            'if __name__ == "__main__":   around everything that runs, on Windows and macOS',
            "dataset_num_proc=None in SFTConfig (1 makes a process too with a newer datasets), "
            "num_proc=None in map, dataloader_num_workers=0",
            "pip install -U unsloth unsloth_zoo   (a guard for Windows is of February 2026)",
            "no such line is printed again and again: pip install py-spy; py-spy dump --pid PID "
            "shows where it stands",
            why="a new process on Windows and macOS imports the script once more; a script "
            "without that guard loads the model and starts processes there again",
        ),
        {
            "The program enters an infinite loop when fine-tuning Qwen3": "__main__",
            "Recent update broke trainer ; endless loop during tokenization": "dataset_num_proc",
            "it generates in an infinite loop": "",
        },
    ),
    Symptom(
        "notebook-that-hangs-after-an-import",
        r"(?i:(?:import|importing) unsloth[^\n]{0,120}(?:infinite|endless|forever|hang|stuck|"
        r"never (?:finish|end|return)|loading time)|(?:infinite|endless) loading[^\n.]{0,30}"
        r"(?:jupyter|notebook))",
        told(
            "a notebook is said to hang after Unsloth is imported",
            "pip install -U unsloth unsloth_zoo, or pip install 'unsloth!=2025.12.5', and restart "
            "the kernel",
            "python -X faulthandler -c 'import unsloth'   in a shell: does it return there?",
            "UNSLOTH_DISABLE_STATISTICS=1 in the environment where the machine is offline",
            why="2025.12.5 is reported to block every later cell in Jupyter, and 2025.12.4 not",
        ),
        {
            "When I run a jupyter cell with 'import unsloth', all the following cells will have an "
            "infinite loading time.": "2025.12.5",
            "we import unsloth and train": "",
        },
        words=("unsloth", "jupyter", "notebook"),
    ),
    Symptom(
        "embeddings-of-another-loader",
        r"(?i:FastSentenceTransformer[^\n]{0,160}(?:degrad|differ|wrong|worse|bad|lower|not the "
        r"same|mismatch)\w*)",
        told(
            "embeddings of Unsloth's FastSentenceTransformer are said to be others than those of "
            "sentence-transformers",
            "pip install -U unsloth unsloth_zoo   (a fix is of July 2026)",
            "SentenceTransformer(MODEL) without Unsloth for what is served; compare "
            "model.encode(one text) of both by cosine: below 0.999 is another model",
            "print(model)   of both: pooling, Dense layers and Normalize must be the same; "
            "EmbeddingGemma has two Dense layers behind the pooling, and attends both ways",
            "encode_query and encode_document (or prompt_name), the same with both",
            why="a loader that leaves out a module, the prompt, the pooling or the attention in "
            "both directions gives vectors without an error",
        ),
        {"FastSentenceTransformer silently degrades the quality (recall: 54.3 to 39.7)": "cosine"},
        words=("fastsentencetransformer",),
    ),
    Symptom(
        "head-as-a-target-module",
        r"(?i:(?:unable|not able|cannot|can't|how) to (?:use|add|train|target)[^\n.]{0,16}"
        r"(?:lm_head|embed_tokens)|(?:lm_head|embed_tokens)['\"`]?,? in target[_ ]modules)",
        told(
            "lm_head or embed_tokens is said not to be usable as a target of LoRA",
            'modules_to_save=["lm_head", "embed_tokens"]   trains them whole (Unsloth and PEFT)',
            "ensure_weight_tying=True in LoraConfig (a newer PEFT) where both are named: Gemma's "
            "are one matrix",
            "pip install -U unsloth unsloth_zoo peft",
            why="older releases of Unsloth assert that only projections are targets, and its fused "
            "loss reads lm_head.weight itself: a LoRA on it is never computed",
        ),
        {
            "Unable to use 'lm_head' in target_modules": "modules_to_save",
            "the lm_head is tied": "",
        },
        words=("lm_head", "embed_tokens"),
    ),
    Symptom(
        "collator-leaves-out-audio",
        r"(?i:Unsloth\w{0,8}DataCollator\w{0,12} (?:\w{1,12} )?(?:ignores?|drops?|skips?|does "
        r"not|doesn't|leaves)[^\n.]{0,30}audio)",
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
            ),
            "DataCollatorForSeq2Seq does not support audio, so I wrote my own": "",
        },
    ),
)
