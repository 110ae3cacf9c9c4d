"""Watch a run: add figures to the Trainer's log, and warn once for each thing that goes wrong.

The figures go into the dict that ``Trainer.log`` passes to every callback, so TensorBoard and W&B
show them; the hook puts this callback first for that. It works only when the Trainer logs, so it
costs a few reads every ``logging_steps`` steps.

Loading this module imports transformers, as the callback does.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from transformers.trainer_callback import TrainerCallback  # noqa: TID253  (see above)

from ._patched import is_first_rank, logger
from ._signs import STILL, History, signs

if TYPE_CHECKING:
    from ..engine.effects import Effect

PREFIX = "gemma_compat/"
_CAUSES = 3  # rules to name with a sign
_SAMPLED = (8, 4_096)  # parameters to watch, and numbers of each
_KEPT = 5 * STILL  # newest entries of a history

# For each sign: the warning, the likely causes, and the effects of the rules that would explain it.
_WARNINGS: dict[str, tuple[str, str, tuple[Effect, ...]]] = {
    "nan": (
        "loss or gradient is not a number",
        "float16 where bfloat16 is needed, or a learning rate that is too high",
        ("not-a-number", "float16-overflow"),
    ),
    "zero": (
        "every gradient is zero: nothing is learned",
        "labels that are all masked, a loss that was detached, or rewards that are all equal",
        ("nothing-learned", "labels-masked"),
    ),
    "rate": (
        "the learning rate is 0, or next to it: nothing is learned",
        "a scheduler made for fewer steps, or learning_rate=0",
        (),
    ),
    "explodes": (
        "the loss stays far above where it began",
        "a learning rate that is too high",
        ("wrong-gradients", "wrong-loss-scale"),
    ),
    "negative": (
        "the loss is below 0, which no loss of tokens is",
        "a loss with the wrong sign, or a term of it that has no lower end",
        ("wrong-loss-scale",),
    ),
    "still": (
        "the loss does not move",
        "weights that are not in the optimizer, or rows that are all the same",
        ("random-weights", "nothing-learned"),
    ),
    "idle": (
        "the weights do not move",
        "weights that are not in the optimizer, or a step that rounds to nothing in bfloat16",
        ("nothing-learned",),
    ),
    "leak": (
        "the evaluation loss is less than half the training loss",
        "evaluation rows among the training rows or much easier than they are, or a logged loss "
        "that accumulation multiplied",
        ("wrong-loss-scale",),
    ),
    "slow": (
        "tokens per second fell to less than a third",
        "a data loader that lags, a GPU that throttles, or other work on this machine",
        ("slow",),
    ),
    "pace": (
        "steps per second fell to less than a quarter",
        "a data loader that lags, rows that get longer, or other work on this machine",
        ("slow",),
    ),
    "peak": (
        "the peak of memory still grows",
        "tensors that are kept in a list",
        ("out-of-memory",),
    ),
}


class Watch(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Add figures to each log, and warn once for each sign of a run gone wrong.

    Args:
        scaler: the gradient scaler of the run, whose scale is logged; ``None`` without one.

    Attributes:
        told: the signs that were reported: ``nan``, ``zero``, ``rate``, ``explodes``,
            ``negative``, ``still``, ``idle``, ``leak``, ``slow``, ``pace``, ``peak``.
    """

    def __init__(self, scaler: Any = None) -> None:
        self.told: list[str] = []
        self._scaler = scaler
        self._seen = History()
        self._weights: list[tuple[Any, Any]] = []
        self._begun = 0
        self._last: tuple[float, int, int] | None = None
        self._new = 0  # training losses since the last evaluation

    def on_train_begin(self, args: Any, state: Any, control: Any, **event: Any) -> None:
        """Copy a few numbers of a few weights, to see later whether they changed."""
        self._last = _now(state)
        self._begun = int(getattr(state, "global_step", 0) or 0)
        self._weights = _sample(event.get("model"))

    def on_log(
        self, args: Any, state: Any, control: Any, logs: Any = None, model: Any = None, **_: Any
    ) -> None:
        """Add figures to ``logs``, the dict that the other callbacks receive too."""
        if not isinstance(logs, dict):
            return
        seen = self._seen
        if "loss" not in logs:  # an evaluation's, or the summary at the end
            self._compare_evaluation(logs)
        else:
            self._new += 1
            seen.rewarded = seen.rewarded or "reward" in logs
            logs.update({PREFIX + name: value for name, value in self._figures(state).items()})
            for values, name in (
                (seen.losses, "loss"),
                (seen.norms, "grad_norm"),
                (seen.rates, "learning_rate"),
            ):
                self._note(values, logs.get(name))
            if seen.first is None and seen.losses:
                seen.first = seen.losses[0]
            self._look_at_weights(state)
        for sign in signs(seen, self.told):
            self._tell(sign, model, args)

    def on_evaluate(self, args: Any, state: Any, control: Any, **event: Any) -> None:
        """Leave the time that an evaluation takes out of the speed of training."""
        self._last = _now(state)

    def on_save(self, args: Any, state: Any, control: Any, **event: Any) -> None:
        """Leave the time that saving takes out of the speed of training."""
        self._last = _now(state)

    def _compare_evaluation(self, logs: dict[str, Any]) -> None:
        """Compare the evaluation loss with the lowest of the newest training losses."""
        evaluated: list[float] = []
        self._note(evaluated, logs.get("eval_loss"))
        lowest = min(self._seen.losses[-3:], default=0.0)
        newest = self._seen.losses[-self._new :] if self._new else []
        mean = sum(newest) / len(newest) if newest else 0.0
        if evaluated:
            self._seen.gaps.append(_share(evaluated[0], lowest))
            self._seen.means.append(_share(evaluated[0], mean))
            self._new = 0

    def _look_at_weights(self, state: Any) -> None:
        seen = self._seen
        seen.steps = int(getattr(state, "global_step", 0) or 0) - self._begun
        total = int(getattr(state, "max_steps", 0) or 0)
        seen.done = (seen.steps + self._begun) / total if total > 0 else None
        if not self._weights or seen.moved or seen.steps < 1:
            return
        now = [_numbers(parameter) for parameter, _ in self._weights]
        moved = sum(
            int((new != old).sum()) for new, (_, old) in zip(now, self._weights, strict=True)
        )
        seen.moved = moved / max(1, sum(old.numel() for _, old in self._weights))

    def _figures(self, state: Any) -> dict[str, float]:
        """Return memory in MiB, tokens per second and the loss scale, each if it is known."""
        found: dict[str, float] = {}
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
            self._seen.peaks.append(torch.cuda.max_memory_allocated() / 2**20)
            found["peak_memory_mib"] = round(self._seen.peaks[-1], 1)
            found["reserved_memory_mib"] = round(torch.cuda.memory_reserved() / 2**20, 1)
        if self._scaler is not None and self._scaler.is_enabled():
            self._seen.scaled = True
            found["loss_scale"] = float(self._scaler.get_scale())
        found.update(self._speed(_now(state)))
        return found

    def _speed(self, now: tuple[float, int, int]) -> dict[str, float]:
        """Return tokens per second since the last log, if the run counts tokens."""
        before, self._last = self._last, now
        if before is None or now[0] <= before[0]:
            return {}
        seconds, tokens, steps = (new - old for new, old in zip(now, before, strict=True))
        if tokens <= 0:
            self._seen.paces.append(steps / seconds)
            return {}
        self._seen.speeds.append(tokens / seconds)
        return {"tokens_per_second": round(self._seen.speeds[-1], 1)}

    def _note(self, values: list[float], value: Any) -> None:
        try:
            values.append(float(value))
        except (TypeError, ValueError):  # not logged, or formatted as text by a subclass
            return
        del values[:-_KEPT]

    def _tell(self, sign: str, model: Any, args: Any) -> None:
        self.told.append(sign)
        if not is_first_rank():
            return
        text, likely, effects = _WARNINGS[sign]
        sure, codes = _explaining(model, args, effects)
        how = "This stack has" if sure else "Not ruled out here:"
        rules = f" {how} {', '.join(codes)} (python -m gemma_compat rule CODE)." if codes else ""
        logger.warning("gemma_compat: %s. Likely: %s.%s", text, likely, rules)


def _now(state: Any) -> tuple[float, int, int]:
    """Return the time, and the tokens and steps that were made until then."""
    tokens, steps = (getattr(state, name, 0) for name in ("num_input_tokens_seen", "global_step"))
    return time.monotonic(), int(tokens or 0), int(steps or 0)


def _share(evaluated: float, trained: float) -> float:
    """Return an evaluation loss as a share of a training loss; 1 if they are close."""
    return evaluated / trained if trained - evaluated > 0.3 else 1.0


def _sample(model: Any) -> list[tuple[Any, Any]]:
    """Return some trained parameters, evenly over the model, with copies of their first numbers.

    Embeddings are left out: the rows of tokens that do not occur never move. Empty where this
    process holds none of their numbers.
    """
    if not hasattr(model, "named_parameters"):
        return []
    trained = [
        parameter
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and parameter.numel() and "embed" not in name
    ]
    step = max(1, len(trained) // _SAMPLED[0])
    return [(p, _numbers(p).clone()) for p in trained[::step][: _SAMPLED[0]]]


def _numbers(parameter: Any) -> Any:
    return parameter.detach().flatten()[: _SAMPLED[1]]


def _explaining(model: Any, args: Any, effects: tuple[Effect, ...]) -> tuple[bool, tuple[str, ...]]:
    """Return whether rules with one of these effects fire on this stack, and at most three codes.

    If none fires, return the rules that are not ruled out.
    """
    from ..api import diagnose

    diagnosis = diagnose(model, args=args)
    for sure, items in ((True, diagnosis.findings), (False, diagnosis.undetermined)):
        codes = [item.rule.code for item in items if set(item.rule.effects) & set(effects)]
        if codes:
            return sure, tuple(dict.fromkeys(codes))[:_CAUSES]
    return False, ()
