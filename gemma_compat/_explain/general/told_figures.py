"""What a person tells of in a sentence, where a figure of the run is not as it should be."""

from __future__ import annotations

from .base import General
from .told import told

# From 6 on: far above what a Gemma has on text that it can read.
_HIGH = r"(?:[6-9]|[1-9]\d{1,4})(?:\.\d{1,4})?(?![\d%]| ?(?:steps?|epochs?|hours?|%))"
_NORM = r"\b(?:grad|gradient)[_ -]norm"

TOLD_FIGURES: tuple[General, ...] = (
    General(
        "loss-that-is-too-high",
        r"(?i:\b(?:high(?:er)?|large|huge) (?:(?:initial|starting|start|first|train(?:ing)?|eval|"
        r"validation) )?loss(?:es)?\b(?! of\b)|"
        r"\bloss(?:es)?\b (?:[a-z]{1,12} ){0,2}(?:is|was|are|starts?|started|begins?|stays?|stuck) "
        r"(?:[a-z]{1,12} ){0,2}(?:high|huge|large)\b|"
        r"\bloss(?:es)?\b (?:[a-z]{1,12} ){0,3}(?:>|above|over|around|about|~|of|at|from) ?"
        rf"{_HIGH})",
        told(
            "a loss is said to be far too high",
            "print(tokenizer.decode(batch['input_ids'][0]))   : <bos> before each text, packed "
            "ones too, and once?",
            "x = tokenizer('The capital of France is Paris.', return_tensors='pt')"
            ".to(model.device); print(model(**x, labels=x['input_ids']).loss)   : below 5, and the "
            "weights are sound",
            "packing=False, gradient_accumulation_steps=1, bf16: which of them brings it down?",
            why="Gemma reads a text without its leading <bos> badly, and a data set that was made "
            "or packed elsewhere often has none. Guessing alone gives ln(vocabulary): 12.5. "
            "A loss above that means wrong weights, a broken attention mask, or a sum over the "
            "steps of accumulation",
            of_gemma=True,
        ),
        {
            "When sample packing is enabled with Gemma 7b, I experience high loss.": "<bos>",
            "the pre-training loss is extremely high (training loss > 20)": "12.5",
            "training gets stuck at a relatively high loss (around 9)": "<bos>",
            "the training loss starts at 9.3 and falls to 7": "<bos>",
            "the loss is down to 0.9 after 100 steps, at a high learning rate": "",
            "a loss of 2 after 60 steps": "",
        },
        alone=True,
    ),
    General(
        "gradient-norm-that-spikes",
        rf"(?i:{_NORM}s?\b[^\n.]{{0,60}} (?:spik|explo|blow|jump|huge|"
        r"(?:very |too |extremely |unusually )(?:high|large))\w{0,4}|"
        r"\b(?:spik|explod|huge|high|large|abnormal)\w{0,5} (?:[a-z-]{1,10} ){0,2}"
        rf"{_NORM}|"
        r"(?<!prevent )(?<!avoid )(?<!against )\bexplod\w{1,3} gradients?\b|"
        r"\bgradients? (?:is |are |were )?explo\w{3,5})",
        told(
            "the norm of the gradients is said to spike",
            "max_grad_norm=1.0   stays on: grad_norm is the figure before it, and the update is "
            "scaled down as a whole",
            "print the rows of that step: their length, how many labels are not -100; few labels "
            "or a broken row give a large gradient",
            'the same step with dtype=torch.float32 and attn_implementation="eager": as large? It '
            "is the rows and not the precision",
            "a lower learning_rate, warmup_ratio=0.03, more rows for each step",
            why="where the loss falls on, clipped spikes alone do little. Where the answers get "
            "worse as well, the learning rate, the rows or the precision is wrong",
        ),
        {
            "Gemma 4 31B grad_norm spikes to 11,000 on a normal-looking step": "max_grad_norm",
            "Exploding pre-clip gradient norms during LoRA fine-tuning": "max_grad_norm",
            "Gemma-3-12b-pt high grad_norm during continual pre-training": "learning_rate",
            "max_grad_norm=1.0  # clip to prevent exploding gradients": "",
        },
        alone=True,
    ),
)
