"""Batches and tensors that torch refuses: other lengths, types and places than it expects."""

from __future__ import annotations

from ...answer import Answer
from ...unknown import OWN
from ..base import Case, General, always


def _reduction(case: Case) -> Answer:
    a, b = case.match["a"], case.match["b"]
    if b and not b.endswith(("262144", "262208", "256000", "257152")):
        return Answer(
            f"two matrices of one product do not fit: [{a}] and [{b}]",
            ("print the shapes in the last frame of the script",),
            why="the last size of the first must be the first size of the second",
            known="the compiler's message has both shapes",
            settles=False,
        )
    unsloth = "unsloth" in (case.around + case.hit.before[-2000:] + case.hit.after).lower()
    return Answer(
        f"the head [{b}] is multiplied with something else than hidden states of its width: [{a}]"
        if b
        else "GRPO's loss multiplies the head with something else than hidden states: with logits, "
        "most likely",
        (
            "pip install -U unsloth unsloth_zoo   then delete unsloth_compiled_cache and restart"
            if unsloth
            else "pip install -U of the package whose frame is the last",
            "GRPO in a new process: save the adapter of the first training, restart, load it",
        ),
        why="a loss that is computed in pieces takes hidden states and multiplies them with the "
        "head itself; where the model returns logits in their place, the product does not fit",
        known="the message has both shapes; the second is a Gemma's head. That logits came for "
        "hidden states is likely"
        if b
        else "the function is that of the pieces; the shapes are not in this log",
        certain=False,
        settles=False,
    )


def _unequal(case: Case) -> Answer | None:
    resized = "Trying to resize storage" in case.hit.text
    if resized and not case.says(r"collat|stack|DataLoader|fetch"):
        return None  # loading a checkpoint and sharing storage print it too
    return Answer(
        "the rows of a batch have different lengths, and the default collator only stacks them",
        (
            "DataCollatorForSeq2Seq(tokenizer, padding=True)   pads labels too",
            "or tokenizer(..., padding='max_length', truncation=True, max_length=512)",
        ),
        why="padding is the collator's work: default_data_collator and torch's default do none",
    )


def _not_stacked(case: Case) -> Answer:
    kind = case.match["kind"].rpartition(".")[2]
    if kind == "NoneType":
        return Answer(
            "a field of a row is None, which torch's default collator cannot stack",
            (
                "dataset.filter(lambda row: all(value is not None for value in row.values()))",
                "dataset.remove_columns([...])   for a column that the model does not take",
                "in a data set of your own: a __getitem__ that returns None where a file is "
                "missing",
            ),
            known="the message names the kind; which field it is, it does not say",
            settles=False,
        )
    what = "an image of PIL" if "PIL" in case.match["kind"] else f"a value of the kind {kind}"
    return Answer(
        f"a row holds {what}, which torch's default collator cannot stack",
        (
            "a collator that makes tensors of it: processor(...) or tokenizer.pad(...)",
            "dataset.remove_columns([...])   for what the model does not take",
        ),
        why="images and other objects have to go through a processor or a tokenizer first",
        known="the message names the kind",
    )


def _not_in_one_piece(case: Case) -> Answer:
    """Tell weights, which are broadcast or saved, from what an evaluation gathers."""
    if case.says(r"\bin (?:_?gpu_)?gather\w*|all_gather\b|\bgather_for_metrics"):
        return Answer(
            "a tensor that the processes gather is a view into another, and NCCL wants it in one "
            "piece",
            (
                "preprocess_logits_for_metrics=lambda logits, labels: logits.contiguous()   (or "
                ".argmax(-1) of them)",
                "accelerator.gather(x.contiguous())   in a loop of your own",
            ),
            why="what was cut, transposed or expanded is such a view",
            known="the message, and the frames, which gather",
            settles=False,
        )
    return Answer(
        "a tensor is a view into another, and what sends or saves it wants it in one piece",
        ("for p in model.parameters(): p.data = p.data.contiguous()   before preparing or saving",),
        why="transposed or tied weights are such views; NCCL and safetensors refuse them",
    )


def _by_the_script(part: str) -> Answer:
    return Answer(
        f"the script lets the processes exchange values, and one is not a tensor{part}",
        (
            "from accelerate.utils import gather_object; gather_object([x])   for texts, "
            "numbers and lists of them",
            "torch.tensor([x], device=accelerator.device)   where numbers are to be gathered",
        ),
        why="accelerator.gather sends tensors alone, or tuples, lists and dicts of them",
        known="the message names the kind; which value it is, it does not say; the last frame "
        "before accelerate is the script's",
    )


def _not_sent(case: Case) -> Answer:
    """Tell a batch that one process hands out from outputs that an evaluation gathers."""
    kind = case.match["kind"] or ""
    part = f": {kind}" if kind else ""
    if case.caller is not None and case.caller.owner == OWN and not case.says("data_loader"):
        return _by_the_script(part)
    if "_broadcast_one" in case.hit.text:
        return Answer(
            "one process reads the batch and sends it to the others, and a part of it cannot "
            f"be sent{part}",
            (
                'accelerator_config={"dispatch_batches": False} in the training arguments   : each '
                "process reads its own rows then",
                "dataset.remove_columns([...])   for texts and other columns without tensors",
            ),
            why="accelerate does so by default where the data set is a stream (an IterableDataset)",
            known="the message names the step; read in accelerate 1.15.0, data_loader.py",
            settles=False,
        )
    return Answer(
        f"the processes exchange what the model returns, and a part of it cannot be sent{part}",
        (
            "prediction_loss_only=True   where only eval_loss is wanted",
            "or preprocess_logits_for_metrics=lambda logits, labels: logits[0].argmax(-1)",
            'or ignore_keys_for_eval=["past_key_values"] in trainer.train, '
            "model.config.use_cache = False",
        ),
        why="an evaluation gathers all outputs: a cache, None or an object of the model's own "
        "cannot be sent",
        known="the message names the kind; which output it is, it does not say",
        certain="_gather_one" in case.hit.text or case.says(r"\bevaluation_loop\b"),
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "rows-of-a-batch-not-equal",
        r"each element in list of batch should be of equal size|"
        r"Trying to resize storage that is not resizable",
        _unequal,
        {
            "RuntimeError: each element in list of batch should be of equal size": "pads labels",
            'Traceback (most recent call last):\n  File "/x/site-packages/torch/utils/data/_utils/'
            'collate.py", line 9, in collate_tensor_fn\n    return torch.stack(batch, 0, out=out)\n'
            "RuntimeError: Trying to resize storage that is not resizable": "pads labels",
            "RuntimeError: Trying to resize storage that is not resizable": "",
        },
    ),
    General(
        "rows-that-cannot-be-stacked",
        r"batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
        r"<class '(?P<kind>[\w.]{1,60})'>",
        _not_stacked,
        {
            "TypeError: default_collate: batch must contain tensors, numpy arrays, numbers, dicts "
            "or lists; found <class 'PIL.Image.Image'>": "an image of PIL",
            "TypeError: default_collate: batch must contain tensors, numpy arrays, numbers, dicts "
            "or lists; found <class 'NoneType'>": "is None",
        },
    ),
    General(
        "tensors-not-in-one-piece",
        r"Tensors must be contiguous|You are trying to save a non contiguous tensor",
        _not_in_one_piece,
        {
            "ValueError: Tensors must be contiguous": "p.data.contiguous()",
            'Traceback (most recent call last):\n  File "/x/site-packages/accelerate/utils/'
            'operations.py", line 370, in gather\n    return _gpu_gather(tensor)\n  File "/x/'
            'site-packages/torch/distributed/distributed_c10d.py", line 9, in all_gather\n    '
            "work = group.allgather([tensor_list], [tensor])\nValueError: Tensors must be "
            "contiguous": "logits.contiguous()",
        },
    ),
    General(
        "head-multiplied-with-something-else",
        r"a and b must have same reduction dim, but got \[(?P<a>[^\]\n]{1,60})\] X "
        r"\[(?P<b>[\d, ]{3,40})\]|chunked_hidden_states_selective_log_softmax`?,?[^\n]{0,80}"
        r"(?:mismatch|shape)",
        _reduction,
        {
            "Both fail inside UnslothGRPOTrainer.py, in `chunked_hidden_states_selective_"
            "log_softmax`, with a fake-tensor / matmul shape mismatch.": "pip install -U unsloth",
            "a and b must have same reduction dim, but got [s1, s2] X [1152, 262144].": "the head",
            "RuntimeError: a and b must have same reduction dim, but got [8, 64] X [128, 8].": (
                "do not fit"
            ),
        },
        alone=True,
    ),
    General(
        "tensor-without-a-place-in-memory",
        r"Attempted to access the data pointer on an invalid python storage",
        always(
            "what is to be saved has no memory that this process can read: its tensors lie on a "
            "TPU (XLA), or stand for others",
            "model.to('cpu')   right before model.save_pretrained(FOLDER)",
            "FSDP or SPMD over several TPUs: gather the state dict first, or load the checkpoint "
            "that the Trainer wrote and save that",
            "or save_pretrained(FOLDER, safe_serialization=False)",
            why="safetensors asks each tensor where its bytes lie; a tensor of XLA cannot say",
            known="the message; that the run is on XLA is likely where the log says TPU",
            certain=False,
        ),
        {
            "RuntimeError: Attempted to access the data pointer on an invalid python storage.": (
                "model.to('cpu')"
            )
        },
    ),
    General(
        "gathering-what-is-no-tensor",
        r"Unsupported types \((?:<class ')?(?P<kind>[\w.]{1,60})(?:'>)?\)(?: passed to `|[`'\" ])|"
        r"Can't gather the values of type",
        _not_sent,
        {
            "TypeError: Unsupported types (<class 'str'>) passed to `_gpu_broadcast_one`. "
            "Only nested list/tuple/dicts of objects": "dispatch_batches",
            "TypeError: Unsupported types (<class 'NoneType'>) passed to `_gpu_gather_one`. "
            "Only nested list/tuple/dicts of objects": "prediction_loss_only=True",
            "TypeError: Unsupported types (<class 'NoneType'>) passed to "
            "`_pad_across_processes`. Only nested list": "prediction_loss_only=True",
            "`TypeError: Unsupported types (DynamicCache)` at the first epoch": "past_key_values",
        },
    ),
    General(
        "shapes-across-processes",
        r"Cannot apply desired operation due to shape mismatches\. All shapes across devices",
        always(
            "the processes hand in tensors of different shapes to one exchange",
            "accelerator.pad_across_processes(x, dim=1)   before gather",
            "dataloader_drop_last=True, or pad every batch to one length",
        ),
        {
            "accelerate.utils.operations.DistributedOperationException: Cannot apply desired "
            "operation due to shape mismatches. All shapes across devices must be valid.": (
                "pad_across_processes"
            )
        },
    ),
    General(
        "mask-of-another-rank",
        r"Incorrect 4D attention_mask shape: |Wrong shape for input_ids \(shape",
        always(
            "the attention mask has not the shape that this model builds its masks from",
            "attention_mask from the tokenizer, of shape (batch, tokens), or none",
            why="a 4D mask must fit queries and keys exactly: (batch, 1, queries, keys), cached "
            "keys included",
        ),
        {
            "ValueError: Incorrect 4D attention_mask shape: (1, 1, 5, 5); expected: (1, 1, 5, 6)."
            "": "(batch, tokens)"
        },
    ),
    General(
        "operation-without-a-fixed-order",
        r"Deterministic behavior was enabled with|does not have a deterministic implementation, "
        r"but you set",
        lambda case: Answer(
            "the run asks for deterministic kernels, and an operation has none",
            (
                *(
                    ("CUBLAS_WORKSPACE_CONFIG=:4096:8   before the command",)
                    if "cublas" in f"{case.hit.text}{case.message}".lower()
                    else ()
                ),
                "torch.use_deterministic_algorithms(True, warn_only=True)",
                "full_determinism=False   and seed=... for a repeatable order of rows",
            ),
        ),
        {
            "RuntimeError: Deterministic behavior was enabled with either "
            "`torch.use_deterministic_algorithms(True)` or, but this operation is not "
            "deterministic because it uses CuBLAS": "CUBLAS_WORKSPACE_CONFIG",
            "RuntimeError: cumsum_cuda_kernel does not have a deterministic implementation, but "
            "you set 'torch.use_deterministic_algorithms(True)'.": "none. torch.use_deterministic",
        },
    ),
)
