"""Sentences that the layout puts together, which stand nowhere in the source as a whole.

:mod:`tools.translations` puts them into the catalogues beside those that it reads off the source.
"""

from __future__ import annotations

import itertools

from gemma_compat.tables.gpu_tables import ARCHITECTURES

_COUNTS = tuple(
    ", ".join(f"{{{i}}} {word}" for i, word in enumerate(words))
    for kinds in (("error", "warning"), ("error", "notice"), ("warning", "notice"))
    + (("error", "warning", "notice"),)
    for words in itertools.product(*((kind, f"{kind}s") for kind in kinds))
)
# What a release has: of the atlas, and of an answer that was read in the wheels.
_HAVE = (
    *("the module {0} exists", "The module {0} exists", "The model type {0} is known"),
    *("transformers knows {0}", "{0} has the name {1}"),
    *("{0}() takes the argument {1}", "{0}() has {1} in its signature"),
    "{0} has an entry for {1}",
)
_IN_RELEASES = tuple(f"{text} in {{{text.count('{')}}}" for text in _HAVE)
_IN_NO_RELEASE = (
    f"{text} in no {{{n}}} release from {{{n + 1}}} to {{{n + 2}}}"
    for text in _HAVE
    for n in (text.count("{"),)
)
# What a rule says that is judged by releases alone: the packages of its scopes.
_WITH_RELEASES = tuple(
    f"with {', '.join(f'{name} {{{i}}}' for i, name in enumerate(names.split()))}, "
    f"{{{len(names.split())}}}"
    for names in (
        *("unsloth", "unsloth-zoo", "transformers", "unsloth transformers", "unsloth trl"),
        "torch unsloth",
        *("unsloth-zoo transformers", "unsloth-zoo torch", "unsloth-zoo datasets"),
        *("unsloth-zoo peft", "unsloth peft", "unsloth unsloth-zoo", "peft torchao"),
        *("unsloth unsloth-zoo transformers", "unsloth-zoo torch unsloth"),
    )
)
# What fits no release: a value that holds brackets is read whole only where they are spelt out.
_NEAREST = tuple(
    f"{{0}}: no release fits exactly; nearest {named} ({{{n}}} of {{{n + 1}}} frames fit: a build "
    "from the source, changed files, or tracebacks of several environments)"
    for named in ("{1} (the oldest read)", "{1} (the newest read)", "{1} (the oldest read) to {2}")
    for n in (named.count("{") + 1,)
)
COMPOSED = (
    *_NEAREST,
    *(
        "{0} was called, and has no kernels for the GPU",
        "an extension beside torch has no kernels for the GPU",
    ),
    "tokenizer.chat_template = AutoTokenizer.from_pretrained(TUNED).chat_template   : the "
    "tokenizer of the instruction-tuned checkpoint (-Instruct, -it, -Chat) of the family",
    *_WITH_RELEASES,
    # What a card means: sentences that several have in common.
    *dict.fromkeys(item.meaning for item in ARCHITECTURES),
    *("memory", "yes", "no", "unknown"),
    *_IN_RELEASES,
    *_IN_NO_RELEASE,
    "The code of {0} sets the attribute {1} in {2}, as far as its classes show",
    *("the code of {0} sets {1} in {2}", "the code of {0} sets {1} in {2} only, of those read"),
    # Labels of a rule's page.
    *("severity", "effects", "fixed in", "or set", "evidence", "applies to", "fires if"),
    *("cure", "matters for", "no patch if", "never judged", "yields to", "read in", "raised at"),
    *("fixed by", "What breaks", "Why", "Cure"),
    *("and", "with", ", if", ", silent", "and newer types by their config"),
    *("by hand; nothing is patched", "gemma_compat.patch(model), safe"),
    "gemma_compat.patch(model), unsafe",
    *("read in the source, not run", "reported by others, not run", "its check needs {0}"),
    *("error text", "reports", "since"),
    "{0} only, of those read",
    "{0} has {1} in {2}; here it is {3}",
    "{0} has {1} in {2} only, of those read; here it is {3}",
    "{0} has an entry for {1} in {2} only, of those read; here it is {3}",
    "{0}() has {1} in its signature in {2} only, of those read; here it is {3}",
    "{0} has {1} in {2} {3}, which the log states: what ran is another release",
    "error {0}",
    "warning {0}",
    "notice {0}",
    "{0} [read in the source, not run]",
    "{0} [reported by others, not run]",
    "{0} [general: any model can meet this]",
    *("error,", "{0}, no Gemma"),
    *("line {0}:", "error, line {0}:", "not explained, line {0}:", "notice, line {0}:"),
    *("notice, line {0}, {1} times:", "notice, line {0}, {1} times or more:"),
    "{0} (read off the traceback: {1} frame)",
    "{0} (read off the traceback: {1} frames)",
    "{0} gives {1} to {2}(): {3}() has {4} in its signature in {5} only, of those read",
    "{0} gives {1} to {2}(): {3}() has {4} in its signature in {5} only, of those read; here it is "
    "{6}",
    *("{0} (the oldest read) to {1}", "{0} (the oldest read) to {1} and {2}"),
    *("{0} to {1} (the newest read)", "every release from {0} to {1}"),
    *("{0} (the oldest read)", "{0} (the newest read)"),
    *("also: {0}", "possible: {0}", "doubtful: {0}", "ruled out: {0}", "{0} quantization"),
    *("{0} is <{1}", "{0} is <={1}", "{0} is =={1}", "{0} is >={1}"),
    *("{0}, or set {1}", "cuda:{0} and cuda:{1}"),
    "run and seen, broken and working",
    "{0}, and no rule here knows it",
    "{0}, and no rule here knows it for this release and model",
    # An error's text may hold anything, also what looks like a list: the line's number tells it.
    "Line {0}: {1}, and no rule here knows it",
    "Line {0}: {1}, and no rule here knows it for this release and model",
    "Line {0}: {1}, and no rule here knows it; whether it ended the run, the log does not show",
    "Line {0}: {1}. Training went on after it (line {2}), so it did not end the run",
    "Line {0}: the error says: {1}",
    "Line {0}: {1} stops and says: {2}",
    "{0} or {1} (read off the traceback: {2} frame)",
    "{0} or {1} (read off the traceback: {2} frames)",
    "the installed {0} has no {1} in {2}; the last frame that asks for it is of {3}",
    "The last {0} function in the traceback is {1} in {2}",
    *("{0} or {1}", "{0} (read off the traceback)"),
    "by estimate a step with {0} takes {1} GiB at {2} tokens a row and {3} GiB at {4} tokens a "
    "row, which the log does not state; the largest part there is {5}",
    "by estimate a step with {0} takes {1} GiB at {2} tokens a row and {3} GiB at {4} tokens a "
    "row, which the log does not state; {5}; the largest part there is {6}",
    "the weights alone are {0} GiB; the log does not state {1}; assumed: {2}",
    *("one row", "{0} rows", "{0} ({1} GiB)", "a card"),
    *("{0} has {1} in {2}", "{0} has {1} in {2} only, of those read"),
    "a GPU of unknown name (compute capability {0})",
    "{0}, and delete the folder unsloth_compiled_cache",
    "per_device_train_batch_size=1, a shorter max_length",
    "per_device_train_batch_size=1, gradient_checkpointing=True, a shorter max_length",
    "gradient_checkpointing=True, a shorter max_length",
    *("the largest part is {0}; assumed: {1}", "layers recomputed and the loss in chunks"),
    "as Unsloth does (--gradient-checkpointing --liger)",
    "llama.cpp's converter has no place for a tensor of this model (it was writing the mmproj)",
    "--experimental imports safetensors without converting them; the MLX runner then needs its own "
    "class for the architecture",
    "fp16=False, bf16=False and from_pretrained(..., dtype=torch.float32), since {0} has no "
    "bfloat16",
    *("the loss is", "grad_norm is", "the loss and grad_norm are", "grad_norm and the loss are"),
    "python -m gemma_compat report   on that machine, and nvidia-smi dmon -s u during the run",
    *("no model was given", "no training arguments were given", "CUDA build unknown"),
    "Line {0}: {1}",
    "error, line {0}: {1}",
    "line {0}: {1}",
    "{0}, or {1}",
    "{0} and {1}",
    "{0}; {1} not decided",
    "{0} error",
    "{0} errors",
    "{0} warning",
    "{0} warnings",
    "{0} notice",
    "{0} notices",
    *_COUNTS,
    *("evaluates", "given", "no GPU", "kept"),
    "{0} failed",
    "{0} pass",
    "{0} not run",
    "What would decide it:",
    "the model (what is published of {0})",
    "certain; {0}",
    "likely, not certain; {0}",
    "- {0}",
    "as a precaution {0}",
    "{0}; as a precaution {1}",
    "gradient checkpointing ({0})",
    # Preflight's, of a figure and what it ends with.
    "nothing stands between prompt and answer in {0} row{1}",
    "turns of user and model alternate in {0} row{1}",
    "{0} added token{1} ({2}) in the rows, and the embedding is frozen: "
    "they stay what they were set to",
    "{0} added token{1}, with an embedding that is trained",
    "{0} adapted layer{1}, scaled by {2}",
    "{0} is never trained in {1} answer{2}: generation will not stop",
    "{0} row{1} looked at, {2} of them copies",
    "Training was not started: {0} check{1} failed ({2}).",
    *("{0} failed, {1} warning{2}", "nothing failed, {0} warning{1}"),
    *("{0} failed, {1} unknown", "{0} failed, {1} warning{2}, {3} unknown"),
    *("nothing failed, {0} unknown", "nothing failed, {0} warning{1}, {2} unknown"),
    *("{0} more", "{0} checks", "{0} unknown", "pass", "not run"),
    "{0} of {1} token{2} are {3}: words that the tokenizer does not know",
    *("{0}, but the next one", "{0}, but the previous one", "loss only", "outputs collected"),
    "a changed token moves the logits of the next sample by {0}: packed samples see each other",
    "a step of {0} changes {1} of the weights kept in {2}; the others round back to what they were",
    "every label is -100: nothing is trained (every row is cut at max_length={0}, "
    "before its answer)",
    "the learning rate comes to {0} in {1} steps",
    "the run's loss is {0}, the reference {1}, {2} apart; {3}",
    "python -m gemma_compat explain, with the traceback of trainer.train()",
    "the learning rate comes to {0}; recipes for {1} stay above {2}: next to nothing is learned",
    "the learning rate comes to {0}; recipes for {1} stay below {2}",
    "the loss on plain English sentences is {0}; a pretrained Gemma is below 3.5: "
    "as they run, the weights do not know English",
    "use_cache=False and no two-dimensional attention_mask (it or the cache joins them), "
    "or packing off",
    # GC201's advice, with the argument's name in the release in hand.
    "{0} in TrainingArguments and, by the name gradient_checkpointing_kwargs, in "
    "prepare_model_for_kbit_training, or gemma_compat.patch(model)",
    "fits {0}: {1} of {2} GiB, {3} GiB to spare",
    "does not fit {0}: {1} of {2} GiB, {3} GiB too much",
    "may not fit {0}: {1} of {2} GiB, too close to call",
    *("error", "warning", "notice", "pass", "fail", "possible", "likely", "certain"),
    *("what", "why", "sure", "or", "do", "if", "found", "changed", "skipped"),
    *("fits", "total", "weights", "adapter", "gradients", "optimizer", "activations", "buffers"),
    *("new", "stays", "pass", "full", "chunked"),
)
