"""Check whether the answers belong to their prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...live.tree import text_models
from ..cost import TOO_SMALL, left_after_the_step
from ..reference import REWRITES, cross_entropy, prepare, rewrites_itself
from ..result import CheckResult
from ..samples import has_pictures, span, two_dimensional
from ..subject import FORWARD
from ._answers import NO_ANSWERS, NOT_TOKENS, does_not_apply, first_line, not_run, passed, warned
from .scan import prompt_and_answer
from .text import rows_of

if TYPE_CHECKING:
    from ..subject import Subject

_ROWS = (4, 8)  # pairs: fewer prove nothing, and more are not worth their time
_COST = 1.5  # passes of the batch that this check may cost
_LONGEST = 256  # tokens of a prompt and its answer
_SHORTEST = 12  # tokens of a prompt and its answer, cut to save time, that still tell something
_KNOWS = 0.8  # of ln V; a model with a higher loss cannot tell one answer from another
_GAIN = 0.15  # how much its own prompt must lower an answer's loss, on average


def answers_fit_their_prompts(subject: Subject) -> CheckResult:
    """Check that answers are likelier after their own prompt than after another row's."""
    if not subject.is_causal:
        return does_not_apply(NOT_TOKENS)
    if has_pictures(subject.batch):
        return not_run("answers about images are not compared")
    if not any(prompt_and_answer(batch, row) for batch, row in rows_of(subject)):
        return does_not_apply(NO_ANSWERS)
    pairs = _pairs(subject)
    if len(pairs) < _ROWS[0]:
        return not_run(f"needs {_ROWS[0]} rows with a masked prompt and an answer, short enough")
    pairs = _affordable(subject, pairs)
    if not pairs:
        return not_run(TOO_SMALL)
    if rewrites_itself(subject.base):
        return not_run(REWRITES)
    try:
        own = [_loss(subject, prompt, answer) for prompt, answer in pairs]
        prompts = [prompt for prompt, _ in pairs]
        turned = [*prompts[1:], *prompts[:1]]
        other = [_loss(subject, p, a) for p, (_, a) in zip(turned, pairs, strict=True)]
    except Exception as error:  # probe boundary: a forward of the user's model
        return not_run(f"the forward does not run: {first_line(error)}")
    import math

    vocabulary = text_models(subject.base)[0][1].embed_tokens.weight.shape[0]
    mean, turned_mean = sum(own) / len(own), sum(other) / len(other)
    if mean > _KNOWS * math.log(vocabulary) or subject.kept.get("english", 0.0) > 5.0:
        return not_run("the model knows too little to tell one answer from another")
    figure = (
        f"answers have a loss of {mean:.2f} after their own prompt, {turned_mean:.2f} after another"
    )
    if turned_mean - mean >= _GAIN:
        return passed(figure, f"at least {_GAIN:g} apart")
    return warned(
        f"{figure}: they do not depend on their prompts, as where questions and answers were "
        "shuffled against each other",
        f"at least {_GAIN:g} apart",
        help="compare a few rows of the data by eye",
    )


def _pairs(subject: Subject) -> list[tuple[Any, Any]]:
    """Return prompt and answer of rows that mask the first and train the second, each in
    one piece.
    """
    found: list[tuple[Any, Any]] = []
    seen = set()
    for batch, row in rows_of(subject, 200):
        labels = two_dimensional(batch, "labels")
        start, end = span(batch, row)
        if labels is None or end - start > 4 * _LONGEST:
            continue
        trained = (labels[row] != -100).nonzero().flatten().tolist()
        trained = [at for at in trained if start <= at < end]
        if not trained or trained[0] - start < 4 or len(trained) != trained[-1] - trained[0] + 1:
            continue
        ids = batch["input_ids"][row]
        prompt = ids[start : trained[0]]
        answer = ids[trained[0] : min(trained[-1] + 1, trained[0] + _LONGEST // 2)]
        key = (tuple(prompt.tolist()), tuple(answer.tolist()))
        if key not in seen:
            seen.add(key)
            found.append((_ending(prompt, _LONGEST), answer))
        if len(found) == _ROWS[1]:
            break
    return found


def _affordable(subject: Subject, pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Return pairs for which the passes suffice: fewer of them, then shorter ones; none if these
    would be too short.
    """
    passes = min(_COST, left_after_the_step(subject))
    tokens = passes / FORWARD * subject.batch["input_ids"].numel() / 2  # each pair runs twice
    for count in range(len(pairs), _ROWS[0] - 1, -1):
        if sum(len(prompt) + len(answer) for prompt, answer in pairs[:count]) <= tokens:
            return pairs[:count]
    each = int(tokens / _ROWS[0])
    return [_cut(*pair, each) for pair in pairs[: _ROWS[0]]] if each >= _SHORTEST else []


def _cut(prompt: Any, answer: Any, tokens: int) -> tuple[Any, Any]:
    """Return the end of a prompt and the beginning of its answer, so many tokens together."""
    answer = answer[: max(tokens // 3, tokens - len(prompt))]
    return _ending(prompt, tokens - len(answer)), answer


def _ending(prompt: Any, tokens: int) -> Any:
    """Return the last tokens of a prompt behind its first one: without <bos> a Gemma knows less."""
    import torch

    return prompt if len(prompt) <= tokens else torch.cat([prompt[:1], prompt[1 - tokens :]])


def _loss(subject: Subject, prompt: Any, answer: Any) -> float:
    import torch

    device = next(subject.model.parameters()).device
    ids = torch.cat([prompt, answer]).to(device)[None]
    with subject.trial(), torch.no_grad():
        prepare(subject, ids.shape[1])
        subject.spend(FORWARD, {"input_ids": ids})
        logits = subject.model(input_ids=ids, use_cache=False).logits[0, -ids.shape[1] :]
        total, number = cross_entropy(logits[len(prompt) - 1 : -1], ids[0, len(prompt) :])
    return total / number
