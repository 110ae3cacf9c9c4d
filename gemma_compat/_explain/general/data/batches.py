"""Batches and tensors that torch refuses: other lengths, types and places than it expects."""

from __future__ import annotations

from ...answer import Answer
from ...unknown import OWN
from ..base import Case, General, always


def _backward_types(case: Case) -> Answer:
    return Answer(
        f"the backward pass meets {case.match['one']} where it has to be {case.match['other']}: a "
        "loss in one precision, its input in another",
        (
            "one precision: dtype=torch.bfloat16 at loading with bf16=True, or float32 for both",
            "a loss of your own: logits.float() and labels in float32",
            "a classifier with several labels: labels of floats, not of integers",
        ),
        why="the forward pass lets some losses (mean squares, binary cross-entropy) mix types; "
        "their gradient does not",
        known="the message has both types; which tensor it is, it does not say",
        settles=False,
    )


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


def _not_gathered(case: Case) -> Answer:
    kind = f": {case.match['kind']}" if case.match["kind"] else ""
    known = "the message names the kind; which value it is, it does not say"
    if case.caller is not None and case.caller.owner == OWN:
        return Answer(
            f"the script lets the processes exchange values, and one is not a tensor{kind}",
            (
                "from accelerate.utils import gather_object; gather_object([x])   for texts, "
                "numbers and lists of them",
                "torch.tensor([x], device=accelerator.device)   where numbers are to be gathered",
            ),
            why="accelerator.gather sends tensors alone, or tuples, lists and dicts of them",
            known=f"{known}; the last frame before accelerate is the script's",
        )
    return Answer(
        f"the processes exchange what the model returns, and a part of it cannot be sent{kind}",
        (
            "prediction_loss_only=True   where only eval_loss is wanted",
            "or preprocess_logits_for_metrics=lambda logits, labels: logits[0].argmax(-1)",
            'or ignore_keys_for_eval=["past_key_values"] in trainer.train, '
            "model.config.use_cache = False",
        ),
        why="an evaluation gathers all outputs: a cache, None or an object of the model's own "
        "cannot be sent",
        known=known,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "types-in-the-backward-pass",
        r"Found dtype (?P<one>\w{3,12}) but expected (?P<other>\w{3,12})",
        _backward_types,
        {"RuntimeError: Found dtype Float but expected BFloat16": "logits.float()"},
    ),
    General(
        "labels-of-another-shape",
        r"Target size \(torch\.Size\(\[(?P<target>[\d, ]*)\]\)\) must be the same as input size "
        r"\(torch\.Size\(\[(?P<input>[\d, ]*)\]\)\)",
        lambda case: Answer(
            f"labels of shape [{case.match['target']}] meet outputs of shape "
            f"[{case.match['input']}]",
            (
                'problem_type="single_label_classification"   with one number for each row',
                "several labels for each row: rows of floats, one for each class",
                "num_labels=1   where the label is one figure",
            ),
            why="binary cross-entropy wants a number for each output; the class chooses it from "
            "the type of the labels: floats mean several labels, integers mean one",
            known="the message has both shapes",
            settles=False,
        ),
        {
            "ValueError: Target size (torch.Size([8])) must be the same as input size "
            "(torch.Size([8, 2]))": "[8] meet outputs of shape [8, 2]"
        },
    ),
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
        lambda case: Answer(
            f"a row holds a {case.match['kind'].rpartition('.')[2]}, which torch's default "
            "collator cannot stack",
            (
                "a collator that makes tensors of it: processor(...) or tokenizer.pad(...)",
                "dataset.remove_columns([...])   for what the model does not take",
            ),
            why="images, None and texts have to go through a processor or a tokenizer first",
            known="the message names the kind",
        ),
        {
            "TypeError: default_collate: batch must contain tensors, numpy arrays, numbers, dicts "
            "or lists; found <class 'PIL.Image.Image'>": "a row holds a Image",
        },
    ),
    General(
        "tensors-not-in-one-piece",
        r"Tensors must be contiguous|You are trying to save a non contiguous tensor",
        always(
            "a tensor is a view into another, and what sends or saves it wants it in one piece",
            "for p in model.parameters(): p.data = p.data.contiguous()   before preparing or "
            "saving",
            why="transposed or tied weights are such views; NCCL and safetensors refuse them",
        ),
        {"ValueError: Tensors must be contiguous": ".contiguous()"},
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
        _not_gathered,
        {
            "TypeError: Unsupported types (<class 'NoneType'>) passed to `_gpu_broadcast_one`. "
            "Only nested list/tuple/dicts of objects": "prediction_loss_only=True",
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
        always(
            "the run asks for deterministic kernels, and an operation has none",
            "CUBLAS_WORKSPACE_CONFIG=:4096:8   before the command, where cuBLAS is named",
            "full_determinism=False   and seed=... for a repeatable order of rows",
            "torch.use_deterministic_algorithms(True, warn_only=True)",
        ),
        {
            "RuntimeError: Deterministic behavior was enabled with either "
            "`torch.use_deterministic_algorithms(True)` or, but this operation is not "
            "deterministic because it uses CuBLAS": "CUBLAS_WORKSPACE_CONFIG"
        },
    ),
    General(
        "embedding-of-the-wrong-type",
        r"argument 'indices' \(position \d\) must be Tensor, not (?P<kind>\w{2,20})|"
        r"(?<!max\(\): )(?<!sigmoid\(\): )argument 'input' \(position \d\) must be Tensor, not "
        r"(?P<other>\w{2,20})",
        lambda case: Answer(
            f"the model is given a {case.match['kind'] or case.match['other']} in place of a "
            "tensor",
            (
                'tokenizer(text, return_tensors="pt")',
                "apply_chat_template(..., return_dict=True, return_tensors='pt')   and "
                "model.generate(**inputs)",
            ),
            why="from transformers 5 on apply_chat_template gives a dict by default, where it gave "
            "token ids",
            known="the message names the kind; the last was read in 4.57.6 and 5.23.0",
        ),
        {
            "TypeError: embedding(): argument 'indices' (position 2) must be Tensor, not list": (
                "a list in place of a tensor"
            )
        },
    ),
)
