"""Check whether a training step runs, and a quantized model is quantized."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...live.tree import is_four_bit_layer
from ..chance import largest_dropout
from ..passes import Pass, is_out_of_memory
from ..result import CheckResult
from ._answers import does_not_apply, failed, first_line, passed, warned
from .agreement import has_own, run_of
from .causes import of_dtypes, of_no_path

if TYPE_CHECKING:
    from ..subject import Subject

_AGAIN = "load it with quantization_config=BitsAndBytesConfig(load_in_4bit=True), on a GPU"
# Error texts of other libraries, and what they mean. The first match is reported.
_MEANINGS = (
    (r"does not require grad and does not have a grad_fn", "no-path", ""),
    (
        r"index out of range in self|device-side assert",
        "an id is past the embedding's rows",
        "model.resize_token_embeddings(len(tokenizer)), or the model's own tokenizer",
    ),
    (
        r"result type Float can't be cast to the desired output type Long|but expected Float",
        "the labels are whole numbers, and this loss takes fractions (several classes at once, or "
        "a quantity)",
        "labels as floats: [float(x) for x in labels]; problem_type='single_label_classification' "
        "if a row has one class",
    ),
    (
        r"expected scalar type Long|not implemented for 'Float'|dtype to be Long|types: Long",
        "labels or input_ids are not whole numbers",
        "batch['labels'].long() in the collator",
    ),
    (
        r"Expected all tensors to be on the same device",
        "model and batch are on different devices",
        "model.to(device), or device_map that keeps one model together",
    ),
    (
        r"m1 and m2 to have the same dtype|mat1 and mat2 must have the same dtype|"
        r"expected scalar type (BFloat16|Half|Float) but found",
        "dtypes",
        "",
    ),
    (
        r"Image features and image tokens do not match",
        "the images do not fill the image tokens of the text",
        "the processor on text and images together, and no max_length that cuts the image",
    ),
    (
        r"forward\(\) got an unexpected keyword argument",
        "the batch holds something that the model does not take",
        "remove_unused_columns=True, or a collator that leaves it out",
    ),
    (
        r"did not return a loss|the model returned no loss",
        "the model gives no loss: the batch has no labels",
        "DataCollatorForLanguageModeling(tokenizer, mlm=False), or labels in each row",
    ),
    (
        r"Target -?\d+ is out of bounds",
        "a label is past the model's classes",
        "num_labels in from_pretrained, and labels from 0 on",
    ),
)


def training_step_runs(subject: Subject) -> CheckResult:
    """Run one step of the run, ``training_step`` of its Trainer: forward and backward."""
    run = run_of(subject)
    if run.error is not None:
        return error_as_result(subject, run.error)
    return _of_step(subject, run) or passed(f"loss {run.loss:.4f}")


def _of_step(subject: Subject, run: Pass) -> CheckResult | None:
    """Judge a step that raised nothing; ``None`` if nothing is wrong with it."""
    figure = f"the training step ends with a loss of {run.loss:.4f} and"
    nothing = run.norms and all(norm is None for norm in run.norms.values())
    if nothing and has_own(subject, "training_step"):
        return failed(
            f"{figure} no gradient: it makes no backward pass",
            help="call self.accelerator.backward(loss) in training_step",
        )
    if nothing and has_own(subject, "compute_loss"):
        return failed(
            f"{figure} no gradient: the loss of compute_loss depends on none of the weights",
            help="make the loss from the model's logits",
        )
    if run.cleared:
        return failed(
            "the training step clears the gradients that it made: no optimizer step sees them",
            help="no zero_grad() in training_step; the Trainer clears them after each step",
        )
    if run.unscaled:
        return failed(
            "the training step passes the gradient scaler of fp16=True by: small gradients become "
            "0, and all are divided by a scale that they never had",
            help="self.accelerator.backward(loss) in place of loss.backward()",
        )
    dropout = largest_dropout(subject.model)
    if run.seeded and dropout:
        return warned(
            "the training step sets torch's seed: each step draws the same mask for its dropout "
            f"of {dropout:g}, and epochs the same order",
            help="set_seed once, before the Trainer is made",
        )
    if run.trains is False:
        return warned(
            "the training step runs the model in evaluation mode: dropout and checkpointing are "
            "off",
            help="model.train() at the beginning of training_step",
        )
    return None


def quantization_is_real(subject: Subject) -> CheckResult:
    """Check that the model has 4-bit layers and each of them its ``quant_state``."""
    config = getattr(subject.base.config, "quantization_config", None)
    if config is None:
        return does_not_apply("the model is not quantized")
    options = config if isinstance(config, dict) else vars(config)
    if not (options.get("load_in_4bit") or options.get("_load_in_4bit")):
        return does_not_apply("not quantized to 4 bits by bitsandbytes")
    layers = [m for m in subject.base.modules() if is_four_bit_layer(m)]
    empty = [m for m in layers if getattr(m.weight, "quant_state", None) is None]
    if not layers:
        return failed("the config says 4 bits, and no layer is a Linear4bit", help=_AGAIN)
    figure = f"{len(layers) - len(empty)} of {len(layers)} Linear4bit layers are quantized"
    return failed(figure, help=_AGAIN) if empty else passed(figure)


def error_as_result(
    subject: Subject, error: BaseException, *, evaluating: bool = False
) -> CheckResult:
    """Return what the error of a step means, and what ends it."""
    if is_out_of_memory(error):
        return failed(
            "out of memory",
            help="a smaller per_device_train_batch_size or max_length; see "
            "gemma_compat.estimate_memory(trainer)",
        )
    text = str(error)
    if _is_without_head(subject, text):
        return failed(
            "the model gives no loss: it has no language head",
            help="AutoModelForCausalLM.from_pretrained, in place of AutoModel",
        )
    rules = _rules_that_say(subject, text, evaluating)
    for pattern, meaning, help in _MEANINGS:
        if re.search(pattern, text):
            if meaning == "no-path":
                return of_no_path(subject)
            if meaning == "dtypes":
                return of_dtypes(subject, error)
            return failed(f"{meaning} ({first_line(error)})", rules=rules, help=help)
    return failed(
        first_line(error),
        rules=rules,
        help="python -m gemma_compat explain, with the traceback of trainer.train()",
    )


def _is_without_head(subject: Subject, text: str) -> bool:
    """Return whether the step fails for want of a head, although the batch has labels."""
    head = getattr(subject.base, "get_output_embeddings", lambda: None)()
    wants = re.search(r"did not return a loss|returned no loss|argument 'labels'", text)
    return head is None and bool(wants) and "labels" in subject.batch


def _rules_that_say(subject: Subject, text: str, evaluating: bool) -> tuple[str, ...]:
    """Return the rules that fire on this stack and have this text as a symptom.

    After a failed evaluation, judge as for a run that evaluates, whatever its arguments say.
    """
    diagnosis = subject.kept.get("diagnosis")
    findings = getattr(diagnosis, "findings", ())
    if evaluating and diagnosis is not None:
        from ...engine.diagnosis import judge_all
        from ...rules import all_rules

        facts = diagnosis.facts
        training = facts.training.replace(evaluates=True, gathers_outputs=True)
        findings = judge_all(facts.replace(training=training), all_rules()).findings
    return tuple(
        item.rule.code
        for item in findings
        if any(re.search(symptom, text[:10_000]) for symptom in item.rule.symptoms)
    )
