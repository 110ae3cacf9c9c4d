"""The checks in their order, and the checks that a failure makes pointless.

Cheap checks come first, and checks share passes. After a failed check, those that would only repeat
it are not run, and say which check they follow from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..result import CheckResult

if TYPE_CHECKING:
    from ...engine.effects import Effect
    from ..subject import Subject

Function = Callable[["Subject"], CheckResult]

_STEP = frozenset({"training-step-runs"})
_PASSES = frozenset(
    {
        "training-step-runs",
        "numbers-are-finite",
        "activations-fit",
        "images-see-themselves",
        "reference-is-the-model",
        "the-future-is-hidden",
        "samples-are-apart",
        "loss-agrees",
        "loss-is-plausible",
        "padding-changes-nothing",
        "adapter-starts-at-nothing",
        "answers-fit-their-prompts",
        "gradients-agree",
        "every-parameter-learns",
        "accumulation-keeps-scale",
        "evaluation-runs",
    }
)
_DEAD = frozenset({"every-parameter-learns"})
_LOSSES = _PASSES - {"activations-fit"}
_LABELS = _LOSSES | {"labels-train", "labels-are-the-tokens", "padding-is-masked"}


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: its name in the table and for ``--skip``.
        run: the function that makes it.
        effects: what a failure does to the run; rules with one of these effects may explain it.
        settles: checks to leave out after this one failed, since they would report the same again.
        generated: whether it works if the Trainer generates the text that it trains on.
    """

    name: str
    run: Function
    effects: tuple[Effect, ...] = ()
    settles: frozenset[str] = frozenset()
    generated: bool = False


def all_checks() -> Iterator[Check]:
    """Yield every check, in order."""
    yield from _of_the_setup()
    yield from _of_the_settings()
    yield from _of_the_batch()
    yield from _of_the_text()
    yield from _of_the_passes()
    yield from _of_the_gradients()


def _of_the_setup() -> Iterator[Check]:
    from . import (
        adapters,
        checkpoint,
        family,
        fresh,
        heads,
        names,
        norms,
        process,
        rotary,
        running,
        weights,
    )

    yield Check("process-makes-gradients", process.process_makes_gradients, (), _PASSES, True)
    yield Check("something-trains", weights.something_trains, (), _PASSES, True)
    yield Check("weights-are-finite", weights.weights_are_finite, (), _PASSES | _ENGLISH, True)
    yield Check("weights-are-loaded", fresh.weights_are_loaded, ("random-weights",), generated=True)
    yield Check(
        "config-is-the-checkpoints", checkpoint.config_is_the_checkpoints, (), frozenset(), True
    )
    yield Check("rotary-is-the-configs", rotary.rotary_is_the_configs, (), frozenset(), True)
    yield Check("norms-are-loaded", norms.norms_are_loaded, (), frozenset(), True)
    yield Check("config-is-the-familys", family.config_is_the_familys, (), _DEAD, True)
    yield Check("adapter-is-sound", adapters.adapter_is_sound, (), frozenset(), True)
    yield Check("adapter-names-match", names.adapter_names_match, (), frozenset(), True)
    yield Check("head-is-trained", heads.head_is_trained, (), frozenset(), True)
    yield Check(
        "quantization-is-real",
        running.quantization_is_real,
        ("weights-not-quantized",),
        generated=True,
    )


def _of_the_settings() -> Iterator[Check]:
    from . import arguments, callbacks, optimizer, saving, schedule, text

    yield Check("checkpoint-can-be-saved", saving.checkpoint_can_be_saved, (), frozenset(), True)
    yield Check(
        "optimizer-holds-the-parameters",
        optimizer.optimizer_holds_the_parameters,
        (),
        frozenset({"schedule-moves"}),
        True,
    )
    yield Check("schedule-moves", schedule.schedule_moves, (), frozenset(), True)
    yield Check("callbacks-can-be-called", callbacks.callbacks_can_be_called, (), frozenset(), True)
    yield Check("arguments-make-sense", arguments.arguments_make_sense, (), frozenset(), True)
    yield Check(
        "update-survives-rounding",
        optimizer.update_survives_rounding,
        ("nothing-learned",),
        frozenset(),
        True,
    )
    yield Check(
        "template-is-the-models",
        text.template_is_the_models,
        ("missing-bos", "labels-masked"),
        frozenset({"text-is-the-models", "one-bos", "turn-end-is-trained"}),
        True,
    )


_ENGLISH = frozenset({"model-knows-english"})
_PAIRS = _PASSES - _STEP | {"text-is-the-models", "turns-alternate"}


def _of_the_batch() -> Iterator[Check]:
    from . import batch, classes, columns, labels, pictures, planned, reading, rewards

    yield Check("data-loads", reading.data_loads, (), frozenset(), True)
    yield Check("evaluation-makes-sense", planned.evaluation_makes_sense)
    yield Check("columns-make-sense", columns.columns_make_sense, (), _PAIRS, True)
    yield Check("rewards-tell-apart", rewards.rewards_tell_apart, (), frozenset(), True)
    yield Check("classifier-is-one", classes.classifier_is_one)
    yield Check(
        "ids-are-in-the-vocabulary",
        batch.ids_are_in_the_vocabulary,
        (),
        _PASSES | _ENGLISH | _LABELS,
    )
    yield Check("images-match-tokens", pictures.images_match_tokens, ("images-mismatch",), _LABELS)
    yield Check("pictures-are-whole", pictures.pictures_are_whole, (), _PASSES - _STEP)
    yield Check(
        "labels-train",
        labels.labels_train,
        ("labels-masked",),
        _LOSSES | {"turn-end-is-trained", "answers-are-joined", "dataset-is-varied"},
    )
    yield Check(
        "labels-are-the-tokens",
        labels.labels_are_the_tokens,
        (),
        _LOSSES - _STEP | {"padding-is-masked", "turn-end-is-trained"},
    )
    yield Check(
        "padding-is-masked",
        labels.padding_is_masked,
        (),
        frozenset({"one-bos", "positions-count-up", "turn-end-is-trained"}) | _LOSSES - _STEP,
    )
    yield Check("one-bos", batch.one_bos, ("missing-bos",))
    yield Check("positions-count-up", batch.positions_count_up, (), frozenset({"loss-agrees"}))


def _of_the_text() -> Iterator[Check]:
    from . import batch, english, joints, scan, stops, text, turns, vocabulary, weights, wording

    yield Check(
        "text-is-the-models", text.text_is_the_models, ("missing-bos", "labels-masked"), _STOP
    )
    yield Check("turn-end-is-trained", stops.stop_is_trained, ("wrong-turn-end", "labels-masked"))
    yield Check("turns-alternate", turns.turns_alternate)
    yield Check("answers-are-joined", joints.answers_are_joined, (), _JOINED)
    yield Check("text-is-clean", wording.text_is_clean)
    yield Check("length-fits", batch.length_fits)
    yield Check("tokens-are-known", vocabulary.tokens_are_known)
    yield Check("dataset-is-varied", scan.dataset_is_varied)
    yield Check("answers-differ", scan.answers_differ)
    yield Check("new-tokens-are-trained", weights.new_tokens_are_trained, ())
    yield Check(
        "model-knows-english", english.model_knows_english, ("random-weights",), _STEP, True
    )


_STOP = frozenset({"turn-end-is-trained", "turns-alternate", "answers-are-joined"})
_JOINED = frozenset({"samples-are-apart", "answers-differ", "answers-fit-their-prompts"})


def _of_the_passes() -> Iterator[Check]:
    from . import agreement, future, invariance, learning, numbers, packing, pictures, running

    yield Check("training-step-runs", running.training_step_runs, (), _PASSES - _STEP)
    yield Check(
        "numbers-are-finite",
        numbers.numbers_are_finite,
        ("not-a-number",),
        _PASSES - _STEP,
    )
    yield Check("activations-fit", numbers.activations_fit, ("float16-overflow",))
    yield Check(
        "images-see-themselves", pictures.images_see_themselves, ("wrong-attention",), _AGREE
    )
    yield Check("reference-is-the-model", learning.reference_is_the_model)
    yield Check("samples-are-apart", packing.samples_are_apart, ("wrong-attention",), _AGREE)
    yield Check("the-future-is-hidden", future.the_future_is_hidden, ("wrong-attention",), _FUTURE)
    yield Check("loss-agrees", agreement.loss_agrees, ("wrong-loss", "wrong-attention"))
    yield Check("padding-changes-nothing", invariance.padding_changes_nothing)
    yield Check(
        "loss-is-plausible", learning.loss_is_plausible, ("random-weights", "wrong-weights-saved")
    )
    yield Check("adapter-starts-at-nothing", learning.adapter_starts_at_nothing)


def _of_the_gradients() -> Iterator[Check]:
    from . import accumulation, evaluation, gradients, learning, prompts

    yield Check("gradients-agree", gradients.gradients_agree, ("wrong-gradients",))
    yield Check("experts-are-used", learning.experts_are_used)
    yield Check(
        "every-parameter-learns",
        learning.every_parameter_learns,
        ("nothing-learned", "adapter-refused"),
    )
    yield Check("answers-fit-their-prompts", prompts.answers_fit_their_prompts)
    yield Check(
        "accumulation-keeps-scale", accumulation.accumulation_keeps_scale, ("wrong-loss-scale",)
    )
    yield Check("evaluation-runs", evaluation.evaluation_runs, ("crash-in-evaluation",))


_AGREE = frozenset({"loss-agrees"})
_FUTURE = frozenset(
    {"loss-agrees", "loss-is-plausible", "adapter-starts-at-nothing", "answers-fit-their-prompts"}
)
