"""Watch a run: figures into the Trainer's own log, and one warning for each thing that goes wrong.

The figures are added to the dict that ``Trainer.log`` hands to every callback, so TensorBoard and
W&B show them; the hook puts this callback first for that. It works when the Trainer logs, never in
between, so it costs what a few reads cost, every ``logging_steps`` steps.

This module imports transformers when it is loaded, as the callback does.
"""

from __future__ import annotations

import math
import sys
import time
from typing import Any

from transformers.trainer_callback import TrainerCallback  # noqa: TID253  (see above)

from ._patched import is_first_rank, logger

PREFIX = "gemma_compat/"
_STILL = 20  # logs without a change of loss or of gradient before it is told
_GROWTH = 1.2  # of the peak of the fifth log, in the tenth or later

# What is told, and the effects whose rules explain it.
_WARNINGS = {
    "nan": ("loss or gradient is not a number", ("not-a-number",)),
    "zero": ("every gradient is zero: nothing is learned", ("nothing-learned", "labels-masked")),
    "still": ("the loss does not move", ("random-weights", "nothing-learned")),
    "peak": ("the peak of memory still grows", ("out-of-memory",)),
}


class Watch(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Adds figures to each log, and warns once for each of four signs of a run gone wrong.

    Args:
        scaler: the gradient scaler of the run, whose scale is logged; ``None`` without one.

    Attributes:
        told: the signs that were told: ``nan``, ``zero``, ``still``, ``peak``.
    """

    def __init__(self, scaler: Any = None) -> None:
        self.told: list[str] = []
        self._scaler = scaler
        self._losses: list[float] = []
        self._norms: list[float] = []
        self._peaks: list[float] = []
        self._last: tuple[float, int] | None = None

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Adds to ``logs``, which is the dict that the other callbacks are given."""
        if not isinstance(logs, dict) or "loss" not in logs:
            return  # an evaluation's, or the summary at the end
        logs.update({PREFIX + name: value for name, value in self._figures(state).items()})
        self._note(self._losses, logs.get("loss"))
        self._note(self._norms, logs.get("grad_norm"))
        for sign in self._signs():
            self._tell(sign)

    def _figures(self, state: Any) -> dict[str, float]:
        """MiB, tokens per second, and the loss scale; each where it can be known."""
        found: dict[str, float] = {}
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
            self._peaks.append(torch.cuda.max_memory_allocated() / 2**20)
            found["peak_memory_mib"] = round(self._peaks[-1], 1)
            found["reserved_memory_mib"] = round(torch.cuda.memory_reserved() / 2**20, 1)
        if self._scaler is not None and self._scaler.is_enabled():
            found["loss_scale"] = float(self._scaler.get_scale())
        found.update(self._speed(int(getattr(state, "num_input_tokens_seen", 0) or 0)))
        return found

    def _speed(self, tokens: int) -> dict[str, float]:
        """Since the last log, where the run counts tokens (``include_num_input_tokens_seen``)."""
        now = time.monotonic()
        before, self._last = self._last, (now, tokens)
        if before is None or tokens <= before[1] or now <= before[0]:
            return {}
        return {"tokens_per_second": round((tokens - before[1]) / (now - before[0]), 1)}

    def _note(self, values: list[float], value: Any) -> None:
        try:
            values.append(float(value))
        except (TypeError, ValueError):  # not logged, or formatted as text by somebody's subclass
            return
        del values[: -2 * _STILL]

    def _signs(self) -> list[str]:
        newest = [values[-1] for values in (self._losses, self._norms) if values]
        last = self._losses[-_STILL:]
        checks = {
            "nan": any(not math.isfinite(value) for value in newest),
            "zero": len(self._norms) >= 3 and not any(self._norms[-3:]),
            "still": len(last) == _STILL and max(last) - min(last) <= 1e-6 * max(map(abs, last)),
            "peak": len(self._peaks) >= 10 and self._peaks[-1] > _GROWTH * self._peaks[4],
        }
        return [sign for sign, seen in checks.items() if seen and sign not in self.told]

    def _tell(self, sign: str) -> None:
        self.told.append(sign)
        if not is_first_rank():
            return
        from ..rules import all_rules

        text, effects = _WARNINGS[sign]
        codes = [rule.code for rule in all_rules() if set(rule.effects) & set(effects)]
        logger.warning(
            "gemma_compat: %s. Rules that explain it: %s (python -m gemma_compat rule CODE)",
            text,
            ", ".join(codes) or "none",
        )
