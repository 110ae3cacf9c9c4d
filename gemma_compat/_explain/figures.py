"""Find failures that raise nothing and show only in the run's own figures. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..conditions.hardware import is_without_bfloat16
from ..facts import Facts
from .answer import Answer
from .explanation import NAN
from .log_facts import LogFacts

_VOCABULARY = 262_144
NAMES = {
    NAN, "loss-beyond-guessing", "adapter-trains-too-much", "no-gradient-in-any-row",
    "loss-rises", "rewards-all-alike", "evaluation-not-a-number",
}  # fmt: skip  # of the answers
_FEWEST_LOSSES = 6  # before a rise is told
_LEAST_FIRST = 0.5  # the losses of reinforcement learning begin near 0, and may rise
_FEWEST_ROWS = 3  # with a gradient norm of 0 before something is said
_FEWEST_REWARDS = 5  # rows without any spread of rewards, likewise


def figure_answers(log: LogFacts, facts: Facts) -> Iterator[tuple[str, int, Answer]]:
    """Yield name, line and answer for each figure that cannot be right."""
    if nan_in_training(log):
        yield NAN, min(log.figures.nan.values()), _not_a_number(log, facts)
    elif log.figures.nan:
        yield "evaluation-not-a-number", log.figures.nan[EVALUATED], _OF_EVALUATION
    elif log.figures.losses or log.figures.told:
        line, loss = (*log.figures.losses, log.figures.told)[0] or (0, 0.0)
        limit = math.log(int(facts.model.get("vocab_size", 0)) or _VOCABULARY)
        if loss > limit:
            yield "loss-beyond-guessing", line, _beyond_guessing(loss, limit, log, facts)
    rise = None if log.figures.nan or facts.training.get("generates") else _rise(log)
    if rise is not None:
        yield "loss-rises", rise[0], _rises(*rise, log)
    if not log.figures.nan and len(log.figures.flat) >= _FEWEST_ROWS:
        yield "no-gradient-in-any-row", log.figures.flat[0], _no_gradient(log)
    if len(log.figures.alike) >= _FEWEST_REWARDS:
        yield "rewards-all-alike", log.figures.alike[0], _ALIKE
    trained, whole = log.figures.trained, log.figures.parameters
    if trained and whole and facts.training.get("peft") and trained > 0.2 * whole:
        yield (
            "adapter-trains-too-much",
            log.lines.get("figures.trained", 0),
            _too_much(trained, whole),
        )


EVALUATED = "eval_loss"


def nan_in_training(log: LogFacts) -> bool:
    """Return whether a figure of the training was NaN, and not of the evaluation alone."""
    return bool(log.figures.nan.keys() - {EVALUATED})


_OF_EVALUATION = Answer(
    "the loss of the evaluation is not a number; of the training no NaN is told",
    (
        "for b in trainer.get_eval_dataloader(): print((b['labels'] != -100).sum(1))   : a batch "
        "of zeros has no token that counts",
        "fp16_full_eval=False, bf16_full_eval=False, where one of them is on",
        "per_device_eval_batch_size=1   shows which row it is",
    ),
    why="the mean over no label is NaN, and one such batch makes the mean over all of them NaN: "
    "rows that max_length cuts before their answer, or a response marker that they do not have. "
    "Training hides it, since more rows stand in a step",
    known="the figures; which of these it is, they do not say",
    certain=False,
)


def _not_a_number(log: LogFacts, facts: Facts) -> Answer:
    called = {"loss": "the loss", "grad_norm": "grad_norm", EVALUATED: "the loss of the evaluation"}
    names = [called[name] for name in log.figures.nan]
    what = " and ".join(names) + (" are" if len(names) > 1 else " is")
    run, model = facts.training, facts.model
    if run.get("mixed_precision") != "fp16" and model.get("dtype") != "float16":
        began = numbers_before(log)
        if began:
            return _after_numbers(what, began)
        precision = _precision_of(log, facts)
        return Answer(
            f"{what} not a number; why, the figures do not say",
            (
                "one step without mixed precision (float32) shows whether it is the precision",
                'one step with attn_implementation="eager" shows whether it is the attention',
                "one row at a time shows whether it is the padding",
            ),
            why=f"{precision}; labels that are all -100, a broken batch or a wrong mask give NaN "
            "as well"
            if precision
            else "labels that are all -100, a broken batch or a wrong mask give NaN as well",
            known="the figures; no cause is known",
            certain=False,
        )
    lacks = is_without_bfloat16.is_known_to_hold(facts)
    to_float32 = "load the weights in float32 (dtype=torch.float32)"
    return Answer(
        f"the run is in float16, and {what} not a number",
        (f"{to_float32}, with fp16=True or without mixed precision",)
        if lacks
        else ("bf16=True, fp16=False, dtype=torch.bfloat16", f"or {to_float32}"),
        why="float16 ends at 65,504, which activations and updates of weights held in float16 pass"
        + ("; this card does not compute bfloat16" if lacks else ""),
        known="precision and figures are in the log; that the one causes the other is likely",
        certain=False,
    )


_FEWEST_NUMBERS = 3  # losses before NaN that show a run that computed at first


def numbers_before(log: LogFacts) -> list[float]:
    """Return the losses that the run printed before the first NaN, if it printed several."""
    first = min(log.figures.nan.values())
    losses = [value for line, value in log.figures.losses if line < first and value]
    return losses if len(losses) >= _FEWEST_NUMBERS else []


def _after_numbers(what: str, losses: list[float]) -> Answer:
    """Answer NaN that comes after a part of the run had numbers."""
    rises = losses[-1] > max(2 * losses[0], losses[0] + 1)
    rate = "learning_rate a tenth of what it is, with warmup_ratio=0.03 and max_grad_norm=1.0"
    rows = "decode the rows of the step where it begins, and count their labels that are not -100"
    single = "float32 for one short run shows whether it is the precision"
    told = f"; it rose from {losses[0]:g} to {losses[-1]:g} before" if rises else ""
    return Answer(
        f"{what} not a number, after {len(losses)} rows of the log had a loss that is one{told}",
        (rate, rows, single) if rises else (rows, rate, single),
        why="a loss that rises before it is NaN is mostly that of a learning rate that is too "
        "high; one row without a label that counts, or a broken one, is NaN in any precision; "
        "float16 ends at 65,504, which a run may reach late"
        if rises
        else "one row without a label that counts, or a broken one, is NaN in any precision; a "
        "learning rate that is too high, or float16, which ends at 65,504, may show late",
        known="the figures; which of these it is, they do not say",
        certain=False,
    )


def _no_gradient(log: LogFacts) -> Answer:
    losses = [value for _, value in log.figures.losses]
    count = (
        "batch = next(iter(trainer.get_train_dataloader())); print((batch['labels'] != -100)"
        ".sum())   : 0 means that no token counts"
    )
    if losses and not any(losses):
        return Answer(
            "loss and grad_norm are 0 in every row that the run printed: no token counts, or NaN "
            "is written as 0",
            (count, "logging_nan_inf_filter=False   shows whether it is NaN"),
            why="labels that are all -100 (a wrong response marker, rows cut before the answer) "
            "give 0; the Trainer writes 0 for a loss that is NaN from the first step on, as "
            "float16 makes it for a Gemma",
            known="the figures; which of the two it is, they do not say",
            certain=False,
        )
    return Answer(
        "grad_norm is 0 in every row that the run printed, and the loss is not: no gradient "
        "arrives, by these figures",
        (
            "model.print_trainable_parameters()   : are the adapter's weights trained at all?",
            "model.enable_input_require_grads(), or gradient_checkpointing_kwargs="
            "{'use_reentrant': False}   with checkpointing and an adapter",
            "Unsloth: use_gradient_checkpointing='unsloth' in get_peft_model, and no "
            "gradient_checkpointing=True in the config; pip install -U unsloth unsloth_zoo",
        ),
        why="frozen weights, or inputs without a gradient to checkpointed layers, give a loss and "
        "no gradient. A norm that is NaN or infinite may be written as 0 as well, which one step "
        "in float32 shows",
        known="the figures; which of these it is, they do not say",
        certain=False,
    )


_ALIKE = Answer(
    "reward_std is 0 in every row that the run printed: the answers to one prompt all get the same "
    "reward, and nothing is learned from them",
    (
        "print the rewards of a few completions: does any reward function tell a good one from a "
        "bad one?",
        "temperature=1.0 and num_generations=8   : answers that differ",
        "easier prompts, or a reward for parts of the way (format, length), where all get 0",
    ),
    why="GRPO learns from how an answer's reward differs from its group's mean: where none "
    "differs, loss and gradient are 0",
    known="the run's own figures; whether rewards or answers are all the same, they do not say",
    settles=False,
)


def _precision_of(log: LogFacts, facts: Facts) -> str:
    """Return what the log says of the precision; nothing where a line names one that is not read.

    The dtype that a published config has says nothing of the run.
    """
    if facts.training.known("mixed_precision") or "model.dtype" in log.lines:
        return "not float16, by what the log states"
    if log.tells_precision:
        return ""
    return "the log does not state the precision, and float16 ends at 65,504"


def _beyond_guessing(loss: float, limit: float, log: LogFacts, facts: Facts) -> Answer:
    steps = facts.training.get("gradient_accumulation_steps") or 0
    spread = f"; {loss:g} / {steps} accumulation steps = {loss / steps:.2f}" if steps > 1 else ""
    by_steps = "compare one run with gradient_accumulation_steps=1"
    by_keys = "load with output_loading_info=True and look at missing_keys"
    by_rows = (
        "print(tokenizer.decode(batch['input_ids'][0]))   : one <bos>, and the marks of this "
        "model's template?"
    )
    what = f"the first loss is {loss:g}" if log.figures.losses else f"a loss of {loss:g} is told of"
    return Answer(
        f"{what}, and guessing among all tokens gives {limit:.1f}: a sum in place of a mean, "
        "weights that were not loaded, or text and labels that are not what the model expects",
        {
            0: (by_steps, f"or {by_keys}", by_rows),
            1: (by_keys, by_rows),
        }.get(steps, (by_steps, by_rows)),
        why=f"ln(vocabulary) is {limit:.1f}{spread}. A sum over micro-batches is multiplied by "
        "their number; weights that were never loaded, or marks of turns of another template, give "
        "losses beyond guessing too",
        known="by arithmetic from the log's figures; which of these it is, it does not say",
        certain=False,
    )


def _rise(log: LogFacts) -> tuple[int, float, float] | None:
    """Return line and value of the highest loss, if the run ends far above where it began.

    The end is the median of the last three of the first 200 losses: one bad batch does not count.
    """
    losses = log.figures.losses
    if len(losses) < _FEWEST_LOSSES:
        return None
    first, end = losses[0][1], sorted(value for _, value in losses[-3:])[1]
    if first < _LEAST_FIRST or end < max(2 * first, first + 2):
        return None
    line, highest = max(losses, key=lambda row: row[1])
    return line, highest, end


def _rises(line: int, highest: float, end: float, log: LogFacts) -> Answer:
    first_line, first = log.figures.losses[0]
    return Answer(
        f"the loss rises: {first:g} in line {first_line}, up to {highest:g} in line {line}, "
        f"{end:g} in the end",
        (
            "learning_rate a tenth of what it is, with warmup_ratio=0.03",
            "max_grad_norm=1.0   (0 turns clipping off)",
            "float32 for one short run shows whether it is the precision",
        ),
        why="a learning rate that is too high is the commonest reason; LoRA takes about 2e-4, all "
        "weights of a Gemma about 1e-5. Labels that do not belong to their rows, and float16, do "
        "it too",
        known="the run's own figures; why it rises, they do not say",
        settles=False,
    )


def _too_much(trained: int, whole: int) -> Answer:
    return Answer(
        f"{trained / whole:.0%} of the parameters are trained, which is far more than an adapter "
        f"has",
        ("leave embed_tokens and lm_head out of target_modules and modules_to_save",),
        why="embeddings of 262,144 tokens that are trained whole outweigh every LoRA layer",
        known="the log counts the parameters; which modules they are, it does not say",
        certain=False,
    )
