"""The callback, for a script that names it instead of calling ``install``.

``gemma_compat.GemmaCompatCallback`` loads this module on first use, and this module imports
transformers. With Unsloth, import Unsloth first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import ref

from transformers.trainer_callback import TrainerCallback  # noqa: TID253  (see above)

from ..live.trainer import Given
from ..live.unwrap import unwrap
from . import _ranks
from ._patched import announce, is_first_rank, is_gemma_model, logger, merge, tokenizer_in
from ._preflight import Asked, asked_for, require_preflight, trainer_around

if TYPE_CHECKING:
    from ..patching.apply import AppliedPatches

_DETAILS = "print(callback.applied), of the GemmaCompatCallback"

TOO_LATE = (
    "the mixed precision, the keywords of gradient checkpointing, the parameters to train and how "
    + "the loss is divided were fixed before the callback first saw this model",
    "an evaluate() or predict() before train() ran on the unpatched model",
    "transformers 5 may have overwritten config.use_cache by then; that value is what is saved",
)


class GemmaCompatCallback(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Patch the model that a ``Trainer`` is about to train.

        trainer = Trainer(..., callbacks=[gemma_compat.GemmaCompatCallback()])

    Pass it to the constructor: only then is it called before anything runs. Added with
    ``trainer.add_callback``, it is first called at ``on_train_begin``, and never for a bare
    ``evaluate()``. ``gemma_compat.install()`` has neither limit.

    Args:
        select, ignore, unsafe: as for :func:`gemma_compat.patch`.
        preflight: try one batch of the run's data before its first step, and stop if a check
            fails (:func:`gemma_compat.preflight`); ``dict(skip=[...], go_on=True)`` leaves checks
            out, or trains all the same.

    Attributes:
        applied: the findings and patches, or ``None`` before the first; ``.revert()`` undoes them.
        missed: one line for each thing that could not be done any more.

    A copy or a pickle has the options, but not these attributes.

    Raises:
        PatchError: from the events; the run stops rather than train the wrong network. In a
            distributed run all ranks raise the same one.
    """

    applied: AppliedPatches | None
    missed: tuple[str, ...]
    _seen: Callable[[], Any]  # a weak reference: the model it saw last
    _tried: Callable[[], Any]  # likewise: the model that preflight was made on last
    _held: Exception | None

    def __init__(
        self,
        *,
        select: Iterable[str] | None = None,
        ignore: Iterable[str] = (),
        unsafe: bool = False,
        preflight: bool | Mapping[str, Any] = False,
    ) -> None:
        self.select = select if select is None or isinstance(select, str) else tuple(select)
        self.ignore = ignore if isinstance(ignore, str) else tuple(ignore)
        self.unsafe = unsafe
        self.preflight = preflight
        asked_for(preflight)  # raise on an unknown check here, not hours later
        self._start()

    def on_init_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Patch at the end of ``Trainer.__init__``; transformers 5 sets ``use_cache`` after this.

        In a distributed run, a failure is raised at the next event, where all ranks meet: here,
        the others would wait for this one in the constructor of DDP.
        """
        if _ranks.is_alone():
            self._patch(kwargs, args)
            return
        try:
            self._patch(kwargs, args)
        except Exception as error:  # probe boundary: any error is raised at the next event
            self._held = error

    def on_prediction_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stop an evaluation too, if the model could not be patched."""
        with _ranks.failing_together():
            self._raise_held()

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Patch what was changed since; for a new model, say what comes too late."""
        model = kwargs.get("model")
        if not is_gemma_model(model):
            return
        with _ranks.failing_together():
            self._raise_held()
            self._patch_late(kwargs, args)
        _ranks.agree(self.applied.codes if self.applied else ())

    def _patch_late(self, event: dict[str, Any], args: Any) -> None:
        is_new = self._seen() is not unwrap(event["model"])
        self._patch(event, args)
        if is_new:
            self._tell_what_was_missed()
        asked = asked_for(self.preflight)
        if asked is not None and self._tried() is not unwrap(event["model"]):
            self._tried = ref(unwrap(event["model"]))
            self._try_one_batch(event, args, asked)

    def _raise_held(self) -> None:
        error, self._held = self._held, None
        if error is not None:
            raise error

    def _patch(self, event: dict[str, Any], args: Any) -> None:
        from ..api import make_consent, patch_given

        model = event.get("model")
        if not is_gemma_model(model):
            return
        tokenizer = tokenizer_in(event.get("processing_class") or event.get("tokenizer"))
        given = Given(model, args, tokenizer, has_trainer=True)
        consent = make_consent(self.select, self.ignore, self.unsafe, has_trainer=True)
        now = patch_given(given, consent)
        announce(model, now, _DETAILS)
        same = self._seen() is unwrap(model)
        self.applied = merge(self.applied if same else None, now)
        self._seen = ref(unwrap(model))

    def _try_one_batch(self, event: dict[str, Any], args: Any, asked: Asked) -> None:
        from .._preflight.data import batches_of

        trainer = trainer_around(self)
        if trainer is not None:
            require_preflight(trainer, asked)
            return
        tokenizer = tokenizer_in(event.get("processing_class") or event.get("tokenizer"))
        batch = next(iter(batches_of(event["train_dataloader"])), None)
        require_preflight(event["model"], asked, batch, args=args, tokenizer=tokenizer)

    def _tell_what_was_missed(self) -> None:
        self.missed = TOO_LATE
        if is_first_rank():
            logger.warning(
                "gemma_compat: the callback came late, so it could not help with: %s. Pass it to "
                "Trainer(callbacks=[...]), or call gemma_compat.install() first",
                "; ".join(TOO_LATE),
            )

    def _start(self) -> None:
        self.applied = None
        self.missed = ()
        self._seen = _nothing
        self._tried = _nothing
        self._held = None

    def __getstate__(self) -> dict[str, Any]:
        names = ("select", "ignore", "unsafe", "preflight")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()


def _nothing() -> None:
    """Return ``None``, as a weak reference to a freed model does."""
