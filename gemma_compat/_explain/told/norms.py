"""Symptoms told of gradients whose norm is 0 or spikes, and of a loss below 0."""

from __future__ import annotations

from .base import Symptom, near, told
from .figures import ZERO, of_one_model

_NORM = r"(?<!max )\b(?:grad(?:ient)?s?[_ -]?norms?|norm of the gradients?|梯度范数)\b"

NORMS: tuple[Symptom, ...] = (
    Symptom(
        "gradient-norm-of-zero",
        rf"{near(_NORM, ZERO, 30)}|"
        r"\b(?:gradients?|grads?) (?:(?:is|are|was|were|always|all|stays?|remains?|become\w*) )"
        rf"{{1,3}}{ZERO}|\bzero (?:grad_norm|gradients?)\b|"
        r"\bno gradients?\b[^\n]{0,30}\b(?:flow|reach|arrive|propagat)|"
        r"\bgradients? (?:is|are|was|were) (?:all )?None\b|梯度(?:一直|全)?(?:为|是) ?0",
        of_one_model(
            told(
                "gradients are said to be 0",
                "for n, p in model.named_parameters(): print(n, p.requires_grad, p.grad is None)   "
                "after one backward: which have a gradient?",
                "model.print_trainable_parameters()   : what is trained at all?",
                "batch = next(iter(trainer.get_train_dataloader())); print((batch['labels'] != "
                "-100).sum())   : 0 means that no token counts",
                "gradient_checkpointing_kwargs={'use_reentrant': False}, or "
                "model.enable_input_require_grads()   with gradient checkpointing",
                why="a gradient is 0 where no token counts (a loss of 0 then), where checkpointed "
                "layers get inputs without gradient, or, in GRPO, where all answers of a group get "
                "the same reward; NaN may be written as 0",
            ),
        ),
        {
            "grad_norm is always 0.0 when fine-tuning gemma 3 with LoRA": "requires_grad",
            "the gradients are all zero for the vision tower": "requires_grad",
            "grad_norm is 0.03 at the end": "",
            "the grad_norm is 1656 with DeepSpeed ZeRO-0": "",
        },
        words=("grad", "梯度"),
        effects=("nothing-learned", "wrong-gradients", "labels-masked"),
    ),
    Symptom(
        "gradient-norm-that-spikes",
        rf"{_NORM}[^\n.]{{0,60}} (?:spik|explo|blow|jump|huge|diverg|increas|"
        r"(?:very |too |extremely |unusually |so )(?:high|large)|in the (?:thousands|millions)|"
        r"(?:is|are|of|at|reach\w*|to|around|about|over|above) ~?(?:[1-9]\d{2,8}|\d{1,3},\d{3}|"
        r"\d(?:\.\d)?e\+?\d))\w{0,4}|"
        r"\b(?:spik|explod|huge|high|large|abnormal)\w{0,5} (?:[a-z-]{1,10} ){0,2}"
        rf"{_NORM}|\bexplod\w{{1,3}} gradients?\b|\bgradients? (?:is |are |were )?explo\w{{3,5}}|"
        r"grad[_ ]?norm[^\n]{0,10}(?:异常|奇|很|过|非常)(?:大|高)|\b[Aa]bnormal(?:ly)? (?:high |"
        r"large )?`grad_norm`|梯度(?:爆炸|范数(?:很大|过大|异常))",
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
            "grad_norm of 2500 in the first steps": "learning_rate",
            "We use a max grad norm of 1000 and training goes well": "",
            "max_grad_norm=1.0  # clip to prevent exploding gradients": "",
        },
        words=("grad", "gradient", "梯度"),
        effects=("wrong-gradients", "wrong-loss-scale"),
    ),
    Symptom(
        "negative-loss",
        r"\b(?:negative|below (?:0|zero)) (?:train\w* )?loss(?:es)?\b|\bloss(?:es)?\b[^\n.]{0,30} "
        r"(?:(?:is|are|was|becomes?|became|goes|turns?|gets?) )(?:\w+ ){0,2}(?:negative|below (?:0|"
        r"zero))|(?:loss|损失)[^\n。]{0,8}(?:为|是|变成?)负",
        told(
            "a loss below 0 is told of",
            "GRPO, PPO and their kin: nothing to do; rewards and reward_std say how it goes, not "
            "the loss",
            "SFT: print(type(trainer), trainer.compute_loss_func): a custom loss? Without one, "
            "a mean of cross entropy cannot be below 0",
            why="the loss of a policy is advantages times probabilities, and may have either sign; "
            "cross entropy is the negative logarithm of a probability, and has one. An added term "
            "(entropy, a weighted reward) is the usual way below 0",
        ),
        {
            "negative loss???\n\nafter training for several steps, the loss becomes negative": (
                "either sign"
            ),
            "GRPO: the loss is negative": "either sign",
            "negative log likelihood": "",
            "a negative effect on loss": "",
        },
        words=("negative", "below", "负"),
    ),
)
