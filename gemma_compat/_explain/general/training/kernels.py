"""What a kernel of the GPU asserts before Python raises: a row, a label, a place in a cache."""

from __future__ import annotations

import re

from ....conditions.hardware import is_without_bfloat16
from ...answer import Answer
from ..base import Case
from .precision import is_in_bfloat16
from .whose_kernel import library_of

_LOOKUP = r"srcIndex < srcSelectDimSize|indexSelect|vectorized_gather|index out of range in self"
_LABELS = r"t >= 0 && t < n_classes|Target \d+ is out of bounds"
_LOSS = r"nll_loss|cross_entropy_loss|\bcross_entropy\("
_CACHE = r"index_copy_\(\): index out of bounds"
_CHANCES = r"probability tensor contains|input\[0\] != 0|multinomial|Assertion .{0,40}probability"


def past_the_end(text: str) -> Answer:
    """Answer an index past the end of a tensor by the assertion that the kernel printed."""
    where = (
        "CUDA_LAUNCH_BLOCKING=1   before the command, or the same rows on the CPU: the traceback "
        "then ends at the line",
    )
    cache = (
        "a cache: past_key_values=None, or one as long as prompt and answer together "
        "(max_cache_len), with cache_position that begins at 0",
        "pip install -U transformers   where generate() itself made the cache",
    )
    return Answer(
        "on the GPU an index lies past the end of the tensor that it reads or fills",
        (*cache, *where) if re.search(_CACHE, text) else (*where, *cache),
        why="index_copy_ fills a cache at the positions of the tokens: one that is shorter than "
        "these, or a window that was counted otherwise, ends so; other indices are ids past a "
        "table",
        known="the assertion of the kernel; which tensor it is, it does not say",
        certain=False,
        settles=False,
    )


_PER_LAYER = Answer(
    "a token id has no row in embed_tokens_per_layer, the second table of a Gemma 3n or 4",
    (
        "pip install -U 'transformers>=5.6.0'   and resize_token_embeddings there (Gemma 4, and "
        "Gemma 3n's text model)",
        "or reserved tokens (<unused0> and on) in place of new ones",
    ),
    why="releases before 5.6.0 resize the first table alone (GC609)",
    known="the log names that table; the release was run for GC609. That tokens were added is "
    "inferred",
    certain=False,
    settles=False,
    of_gemma=True,
)


_MARKS = re.compile(r"\b(?:image|audio|video)_token_(?:index|id)\b")
_SEVERAL = re.compile(r"(?i)\b(?:multi(?:ple)?|several|two|[2-9])[ -]?gpus?\b|多卡|多GPU")


_POSITION = re.compile(r"position_?embed|\bwpe\(|embed_positions|pos_emb")
_OF_TOKENS = re.compile(r"\bwte\(|word_embed|embed_tokens")
# Families without a table of positions.
_ROTARY = re.compile(
    r"(?i)llama|qwen|mi[sx]tral|gemma|\bphi-?\d|deepseek|\byi-\d|falcon|glm-?\d|vicuna|meditron"
)
_LONGER_THAN_THE_MODEL = re.compile(
    r"sequence length is longer than the specified maximum sequence length for this model"
)
_KIND = re.compile(r"token_type_embed|segment_embed")


def _position(case: Case, of_any: bool) -> Answer | None:
    """Answer a table of positions or of kinds of tokens, by the line that looks it up."""
    near = "\n".join(line for line in case.frames.splitlines()[-8:] if "def " not in line)
    if of_any or _OF_TOKENS.search(near):
        return None
    said = f"{case.near}{case.around}"
    is_longer = _LONGER_THAN_THE_MODEL.search(said) and not _ROTARY.search(said)
    if _POSITION.search(near) or is_longer:
        return Answer(
            "a row is longer than the table of positions that this model has",
            (
                "tokenizer(text, truncation=True, max_length=model.config.max_position_embeddings)"
                "   (RoBERTa: 512 of its 514)",
                "print(input_ids.shape)   before the call",
            ),
            why="models with learned positions (BERT, GPT-2, OPT) have a row for each place and no "
            "more; 512 or 1,024 of them, mostly",
            known="the line that looks it up is that of the positions"
            if _POSITION.search(near)
            else "the tokenizer warned that a row is longer than the model takes",
        )
    if _KIND.search(near):
        return Answer(
            "token_type_ids have a value that this model's table of kinds does not",
            ("inputs.pop('token_type_ids', None)   or zeros_like(input_ids)",),
            why="many models have one kind, or two: another tokenizer gives more",
            known="the line that looks it up is that of the kinds of tokens",
        )
    return None


_LONGER = (
    "truncation=True, max_length=512   where the model has a table of positions (BERT, GPT-2) "
    "and rows are longer than that",
)
_MADE_FOR_MARKS = (
    "the class that was made for these marks (image_token_index), by the transformers that its "
    "config.json names: it replaces them before it looks ids up",
)


def lookup(case: Case) -> Answer:
    """Answer a lookup in an embedding that went past its table."""
    if re.search(r"embed_tokens_per_layer|get_per_layer_inputs", case.near):
        return _PER_LAYER
    # This kernel serves other lookups by index as well.
    of_any = "vectorized_gather" in case.above_traceback + case.around
    if of_position := _position(case, of_any):
        return of_position
    near = f"{case.near}\n{case.around}"
    is_rotary = _ROTARY.search(near) or "vocab" in near or case.log.model_types
    is_of_tokens = bool(is_rotary) or _OF_TOKENS.search(case.frames) is not None
    alone = ("CUDA_VISIBLE_DEVICES=0: gone on one GPU? Then the ids arrive broken on another",)
    return Answer(
        "a lookup by index went past its table: most often a token id that the embedding has no "
        "row for"
        if of_any
        else "a lookup in an embedding went past its table: a token id is not below the number of "
        "rows"
        if is_of_tokens
        else "a lookup in an embedding went past its table: a token id, or a position, is not "
        "below the number of rows",
        (
            *(_MADE_FOR_MARKS if _MARKS.search(case.near) else ()),
            "compare max(input_ids) with model.get_input_embeddings().num_embeddings",
            "model.resize_token_embeddings(len(tokenizer)) where tokens were added",
            *(() if of_any or is_of_tokens else _LONGER),
            *(alone if _SEVERAL.search(case.near) else ()),
        ),
        why="the tokenizer gives an id that the model has no row for: tokens were added, or the "
        "tokenizer is another checkpoint's",
        known="the text is that of the lookup; how the id came about is not in the log",
        certain=not of_any,
    )


def sampling(case: Case) -> Answer:
    """Answer probabilities that cannot be sampled from."""
    lacks = is_without_bfloat16.is_known_to_hold(case.facts)
    has = not lacks and is_in_bfloat16(case)
    base = (
        "the base alone, without the adapter: numbers then? The training made NaN: look for nan in "
        "its log",
    )
    alone = (
        "one prompt at a time: numbers then? It is the padding: "
        'tokenizer.padding_side = "left", with its attention_mask',
    )
    return Answer(
        "the probabilities to sample from are NaN or infinite: the model's output is not a number",
        (
            *(base if has else ()),
            "load and run in float32: dtype=torch.float32"
            + (" (this card computes no bfloat16)" if lacks else "   shows whether it is that")
            if lacks or has
            else "load and run in bfloat16 or float32: dtype=torch.bfloat16",
            *(base if _TRAINED.search(case.near) and not has else ()),
            *(alone if _IN_BATCHES.search(case.near) else ()),
        ),
        why="a broken checkpoint, or an adapter whose training made NaN, gives it, and so does a "
        "row that attends to padding alone"
        if has
        else "in float16 a Gemma's activations can exceed 65,504; a broken or an untrained "
        "checkpoint gives NaN too, and so does a row that attends to padding alone",
        known="the message"
        + ("; the log says bfloat16" if has else "")
        + "; where the NaN comes from is not in the log",
        certain=False,
    )


_TRAINED = re.compile(r"(?i)q?lora|fine-?tun|train|微调|训练")
_IN_BATCHES = re.compile(r"(?i)batch[ _-]?size|\bbatch(?:es|ed)?\b|padding")


def assertion(case: Case) -> Answer:
    """Answer by the assertion that the kernel printed, where the log has one."""
    # The kernel prints its assertion before Python raises, one row for each thread.
    text = case.above_traceback + case.around
    if re.search(_LOOKUP, text):
        return lookup(case)
    if re.search(_LABELS, text):
        return Answer(
            "a label is not a class of the head: labels must be -100 or from 0 to the number of "
            "classes - 1",
            (
                "check the labels' smallest and largest value against num_labels (or the "
                "vocabulary)",
            ),
            known="the assertion is that of the loss",
        )
    if re.search(_CACHE, text):
        return past_the_end(text)
    if re.search(_CHANCES, text):
        return sampling(case)
    in_a_loss = re.search(_LOSS, "\n".join(case.frames.splitlines()[-4:]))
    return Answer(
        "a kernel on the GPU met a value that it must not; which one, this log does not say",
        (
            *(
                (
                    "print(labels.min(), labels.max())   before the loss: -100, or from 0 to the "
                    "number of classes - 1?",
                )
                if in_a_loss
                else ()
            ),
            "CUDA_LAUNCH_BLOCKING=1 before the command, or one batch on the CPU: the traceback "
            "then ends where it happened",
        ),
        why="kernels run behind Python, so the frame that is shown need not be the one at fault. "
        "Most often an index is out of range: a token id without a row, a label without a class",
        known="too little is in the log to name a cause, of Gemma or of anything else",
        certain=False,
    )


_LEFT_ON_THE_CPU = re.compile(r"[Ss]ome modules are dispatched on the CPU or the disk")


def failed(case: Case) -> Answer:
    """Answer a kernel that failed; an assertion that was printed above it is what came first."""
    if "Assertion `" in case.above_traceback:
        return assertion(case)
    other_cuda = (
        "unset LD_LIBRARY_PATH   where it names a folder of another CUDA: torch then loads a "
        "cuBLAS that is not its own"
    )
    ends = library_of(case.frames)
    one_card = "or CUDA_VISIBLE_DEVICES=0 and one process, to leave device_map and links out"
    is_split = _LEFT_ON_THE_CPU.search(case.hit.before) is not None
    return Answer(
        f"a kernel on the GPU failed; the frames end in {ends[0]}, which need not be where it began"
        if ends
        else "a kernel on the GPU failed; where, this traceback need not show",
        (
            *(
                ('device_map={"": 0}, or a smaller model: parts of this one were left on the CPU',)
                if is_split
                else ()
            ),
            "CUDA_LAUNCH_BLOCKING=1 before the command: the traceback then ends where it happened",
            *(ends[1:] if ends else (one_card,)),
            *([other_cuda] if "CUBLAS_STATUS" in case.hit.text else ()),
        ),
        why="kernels run behind Python. A wrong index, a kernel that was built for another card or "
        "torch, too little memory for a library's workspace, or the card itself",
        known="too little is in the log to name a cause, of Gemma or of anything else",
        certain=False,
    )
