"""The wrappers around ``transformers.Trainer`` and ``accelerate.Accelerator.prepare``.

Why these methods. ``__init__`` decides precision and looks at the parameters, so the model must
be right before it. ``call_model_init`` makes a new model in the middle of ``train``. ``train``,
``evaluate`` and ``predict`` check again, since anything may have happened in between; a bare
``evaluate()`` is where the first bug of this project lives, and no callback hears of it.

Others wrap these too, and both must live. Unsloth wraps ``train`` and ``__init__``, before or
after us. From November 2025 to April 2026 (2026.1.4 was tried) it read the *source* of
``Trainer.__init__`` when a model was loaded, changed a line and put the result in place. Therefore
``__init__``, and only it, carries ``__wrapped__``: their copy is then made from the original, not
from our few lines, which crashed. Ours is lost on ``__init__`` there; the rest still patch.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any
from weakref import WeakSet

from ..errors import PatchConflict
from ..live.trainer import Given
from ..live.unwrap import unwrap
from . import _ranks
from ._patched import (
    RECORD,
    Record,
    announce,
    codes_on,
    is_gemma_model,
    logger,
    merge,
    record_of,
    tokenizer_in,
)
from ._preflight import Asked, keywords_of, require_preflight, require_preflight_of_loop
from ._saved import CODE, remember_use_cache, writes_use_cache
from ._wrapped import Wrapped, wrap

_DETAILS = "print(gemma_compat.hooks.applied_to(model))"


class TrainerHook:
    """What one ``install`` set up.

    Args:
        options: the keywords for every call of ``gemma_compat.patch``.

    Attributes:
        preflight: how to try one batch before the first step of each model; ``None`` for no.
        watch: whether to put :class:`~.watch.Watch` first among the callbacks of each Trainer.
    """

    def __init__(
        self, options: dict[str, Any], preflight: Asked | None = None, watch: bool = False
    ) -> None:
        self.options = options
        self.preflight = preflight
        self.watch = watch
        self._tried: WeakSet[Any] = WeakSet()
        self._wrapped: list[Wrapped] = []
        self._models: WeakSet[Any] = WeakSet()  # those that were written to
        self._seen: WeakSet[Any] = WeakSet()
        self._removed = False
        self._lock = threading.RLock()

    def keywords(self) -> dict[str, Any]:
        """Return the keywords of the last ``install`` call."""
        return {**self.options, "preflight": keywords_of(self.preflight), "watch": self.watch}

    def wrap_trainer_of(self, module: ModuleType) -> None:
        """Wrap the ``Trainer`` of this module, unless it is wrapped or the hook is removed."""
        trainer = vars(module).get("Trainer")
        with self._lock:
            if self._removed or any(item.owner is trainer for item in self._wrapped):
                return
            if not isinstance(trainer, type):
                logger.warning("gemma_compat: %s has no Trainer to hook into", module.__name__)
                return
            self._wrap(trainer, "__init__", self._before_init, self._after_init)
            self._wrap(trainer, "call_model_init", after=self._after_model_init)
            self._wrap(trainer, "train", before=self._before_train)
            for name in ("evaluate", "predict"):
                self._wrap(trainer, name, before=self._before_run)

    def wrap_accelerator_of(self, module: ModuleType) -> None:
        """Wrap ``prepare`` of this module's ``Accelerator``, on the same conditions."""
        accelerator = vars(module).get("Accelerator")
        with self._lock:
            if self._removed or any(item.owner is accelerator for item in self._wrapped):
                return
            if isinstance(accelerator, type):
                self._wrap(accelerator, "prepare", before=self._before_prepare)

    def ensure(
        self, model: Any, args: Any, tokenizer: Any = None, *, has_trainer: bool = False
    ) -> None:
        """Patch the model; nothing happens if it is patched already.

        Raises:
            PatchError: the patch failed; in a distributed run a ``RankFailed``, after telling the
                others.
        """
        if not is_gemma_model(model):
            logger.debug("gemma_compat: %s is not a Gemma, left alone", type(model).__name__)
            return
        given = Given(model, args, tokenizer_in(tokenizer), has_trainer)
        with self._lock, _ranks.failing_together():
            self._patch(given)

    def _patch(self, given: Given) -> None:
        from ..api import make_consent, patch_given

        consent = make_consent(**self.options, has_trainer=given.has_trainer)
        model, now = given.model, None
        try:
            now = patch_given(given, consent)
            if writes_use_cache(given.args):
                now.add(CODE, unwrap(model), remember_use_cache)
            said = announce(model, now, _DETAILS)
            self._seen.add(unwrap(model))
            if said or any(ledger.changes for ledger in now.ledgers):
                self._remember(unwrap(model), now)
        except BaseException:  # Ctrl-C: what is not in the record could not be reverted
            if now is not None:
                now.roll_back()
            raise

    def remove(self) -> tuple[str, ...]:
        """Unwrap the methods and revert the models; return one line for each failure."""
        with self._lock:
            self._removed = True
            problems = [item.remove() for item in reversed(self._wrapped)]
            problems += [_revert(model) for model in self._models]
        told = tuple(problem for problem in problems if problem)
        for problem in told:
            logger.warning("gemma_compat: %s", problem)
        return told

    def _remember(self, model: Any, now: Any) -> None:
        record = record_of(model) or Record()
        record.applied = merge(record.applied, now)
        setattr(model, RECORD, record)
        self._models.add(model)

    def _before_init(self, trainer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Find model, arguments and tokenizer in the call of ``Trainer(model, args, ...)``."""
        model, training_args = (*args, None, None)[:2]
        tokenizer = kwargs.get("processing_class") or kwargs.get("tokenizer")
        self.ensure(kwargs.get("model", model), kwargs.get("args", training_args), tokenizer)

    def _before_run(self, trainer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        tokenizer = getattr(trainer, "processing_class", None)
        model, training_args = getattr(trainer, "model", None), getattr(trainer, "args", None)
        self.ensure(model, training_args, tokenizer, has_trainer=True)

    def _after_init(self, trainer: Any, result: Any) -> None:
        if self.watch and is_gemma_model(getattr(trainer, "model", None)):
            watch_trainer(trainer)

    def _before_train(self, trainer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._before_run(trainer, args, kwargs)
        model = unwrap(getattr(trainer, "model", None))
        if not is_gemma_model(model):
            return
        if self.preflight is not None and model not in self._tried:
            self._tried.add(model)
            with _ranks.failing_together():
                require_preflight(trainer, self.preflight)
        _ranks.agree(codes_on(model))

    def _before_prepare(self, _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Patch each Gemma among the arguments that no Trainer has brought here."""
        models = [item for item in args if is_gemma_model(item) and unwrap(item) not in self._seen]
        for model in models:
            self.ensure(model, None)
        for model in models:
            _ranks.agree(codes_on(model))
        if self.preflight is not None:
            untried = [model for model in models if unwrap(model) not in self._tried]
            for model in untried:
                self._tried.add(unwrap(model))
                with _ranks.failing_together():
                    require_preflight_of_loop(model, args, self.preflight)

    def _after_model_init(self, trainer: Any, model: Any) -> None:
        self.ensure(model, getattr(trainer, "args", None))

    def _wrap(
        self,
        owner: type,
        name: str,
        before: Callable[..., None] | None = None,
        after: Callable[..., None] | None = None,
    ) -> None:
        if not hasattr(owner, name):
            logger.warning("gemma_compat: %s has no %s to hook into", owner.__name__, name)
            return
        self._wrapped.append(wrap(owner, name, before, after))


def watch_trainer(trainer: Any) -> None:
    """Put a :class:`~.watch.Watch` before the callbacks that report, once."""
    from .watch import Watch

    callbacks = trainer.callback_handler.callbacks
    if not any(isinstance(callback, Watch) for callback in callbacks):
        callbacks.insert(0, Watch(getattr(trainer.accelerator, "scaler", None)))


def _revert(model: Any) -> str | None:
    """Revert what the hook did to this model, or return which slots other code holds."""
    record = record_of(model)
    if record is None or record.applied is None:
        return None
    try:
        record.applied.revert()
    except PatchConflict as conflict:
        return f"{type(model).__name__}: {conflict}"
    delattr(model, RECORD)
    return None
