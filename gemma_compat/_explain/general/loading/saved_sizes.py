"""A tensor of a file in another shape than the model has: empty, packed, resized."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case


def _saved_empty(case: Case) -> Answer:
    return Answer(
        "the file holds empty tensors (size 0): it was saved from ZeRO-3 shards that were not "
        "gathered",
        (
            '"stage3_gather_16bit_weights_on_model_save": true in the DeepSpeed config, then '
            "train and save again",
            "or ZeRO-2, which does not partition the weights",
        ),
        why="under ZeRO-3 (and FSDP) a parameter is an empty shard on each process outside of "
        "its layer's forward. What was saved in this state holds no weights and cannot be "
        "repaired",
        known="the size 0 is in the message; which call saved it is not"
        + ("; the log names ZeRO-3" if case.facts.training.get("deepspeed_stage") == 3 else ""),
        certain=True,
    )


_EMPTY_SHARD = Answer(
    "the model's parameter is an empty ZeRO-3 shard while the file's weights are loaded",
    (
        "load with from_pretrained under the trainer's own DeepSpeed config, which gathers",
        "or ZeRO-2, which does not partition the weights",
    ),
    why="DeepSpeed ZeRO-3 partitions parameters when the model is made; a plain "
    "load_state_dict then meets size 0",
    known="the size 0 is in the message; which call loads the file, the traceback says",
)


def _packed(saved: str, here: str) -> Answer:
    return Answer(
        f"the file holds weights in 4 bits ([{saved}], packed by bitsandbytes), and the model that "
        f"takes them expects [{here}]",
        (
            "load the 16-bit checkpoint: the name without -bnb-4bit, or a merge with "
            "save_method='merged_16bit'",
            "or a loader that knows bitsandbytes: from_pretrained with the quantization_config "
            "beside the weights",
        ),
        why="bitsandbytes packs two values into a byte and keeps them as one column",
        known="a shape [N, 1] in place of a matrix is that of packed weights",
    )


def _expert_adapter(saved: str, here: str) -> Answer:
    return Answer(
        f"the adapter's tensors of the experts have another layout: [{saved}] in the file, [{here}]"
        " in the model",
        (
            "the releases of unsloth, unsloth_zoo, peft and transformers that the run trained with",
            "or train the attention alone: leave the experts out of target_modules and "
            "target_parameters",
        ),
        why="fused experts are adapted as parameters, one wrapper over the other (base_layer); the "
        "order of the wrappers and which side comes first depend on the release",
        known="both shapes are in the message; which release changed it, is not",
        settles=False,
    )


_FLAT = Answer(
    "the file holds a flat piece of a weight: it was saved from FSDP without being put together",
    (
        "fsdp_state_dict_type: FULL_STATE_DICT   while it trains, and trainer.save_model()",
        "from sharded files: accelerate merge-weights CHECKPOINT/pytorch_model_fsdp_0 OUT",
        "a single flat shard cannot be loaded alone: all ranks' shards are needed",
    ),
    why="FSDP1 keeps each unit's weights as one row of numbers, cut over the ranks; a save that "
    "reads the model's own weights writes such a cut",
    known="the saved shape has one dimension, the weight has more",
)


_EMPTY_PIECE = Answer(
    "the file holds an empty piece of a weight: it was saved from shards (FSDP2, ZeRO-3) that "
    "were not put together",
    _FLAT.do,
    why="a weight with fewer rows than there are ranks leaves some of them without any",
    known="one size of the saved shape is 0; which of the two it was, the log need not say",
    settles=False,
)


_HELD_FLAT = Answer(
    "the model's weight is a flat piece (one dimension) while the file holds it whole: FSDP or "
    "tensor parallelism has cut the model already",
    (
        "load the weights first, then wrap the model: from_pretrained(FOLDER), then prepare()",
        "or resume by the trainer that wrote the checkpoint (resume_from_checkpoint)",
    ),
    why="FSDP1 keeps each unit's weights as one row of numbers, cut over the ranks",
    known="the shape in the model has one dimension, the saved one has more",
    settles=False,
)


def size_mismatch(case: Case) -> Answer:
    saved, here = case.match["saved"], case.match["here"]
    piece = _of_pieces(case, saved, here)
    if piece:
        return piece
    if _IS_EMBEDDING.search(case.hit.text) and _rows(saved) != _rows(here):
        return _embeddings(case, _rows(saved), _rows(here))
    if re.fullmatch(r"\d{4,}, 1", saved):
        return _packed(saved, here)
    if re.search(r"experts\S{0,40}\.lora_", case.hit.text):
        return _expert_adapter(saved, here)
    if "lora_" in case.hit.text:
        ranks = _ranks(case, saved, here)
        if ranks is not None:
            return ranks
        return Answer(
            f"the adapter does not belong to this model: a tensor has shape [{saved}] in its file "
            f"and [{here}] here",
            ("load the base model that adapter_config.json names, with the rank that it states",),
            why="another size of the model, another rank, or another class of it",
            known="both shapes are in the message",
        )
    return _other_size(saved, here)


def shape_in_the_file(case: Case) -> Answer:
    """Answer a refusal of from_pretrained, whose message has both shapes and no weight's name."""
    saved, here = case.match["saved"], case.match["here"]
    if here == "0" and case.phase == "loading":
        return _CUT_BEFORE_LOADING
    piece = _of_pieces(case, saved, here)
    if piece:
        return piece
    if saved.endswith(", 1"):
        return _packed(saved, here)
    if here.endswith(", 1"):
        return _PACKED_HERE
    rows, columns = (
        [_rows(shape) for shape in (saved, here)],
        [s.split(",")[1:] for s in (saved, here)],
    )
    if columns[0] == columns[1] and min(map(int, rows)) >= _FEWEST_TOKENS:
        return _tables(*rows)
    return Answer(
        f"the files belong to another model: [{saved}] in the file, [{here}] in the model",
        (
            "the config.json and the class that were saved beside these files",
            "download the folder anew: config.json and weights of one revision",
        ),
        why="a config of another size or another release of the model, or files of two models in "
        "one folder",
        known="both shapes are in the message",
    )


_FEWEST_TOKENS = 20_000  # rows of a table that is one of a vocabulary


def _tables(saved: str, here: str) -> Answer:
    return Answer(
        f"a table of the vocabulary has {saved} rows in the file and {here} in the model",
        (
            f"config.json with vocab_size={saved}: the one that was saved beside the weights",
            "then model.resize_token_embeddings(len(tokenizer)), where tokens are to be added",
            "or download config.json and weights of one revision anew",
        ),
        why="from_pretrained makes the model by its config, and the config's vocab_size is not "
        "that of the file: a config of another model, or one that was changed",
        known="both shapes are in the message; that it is the vocabulary follows from their size",
        settles=False,
    )


_PACKED_HERE = Answer(
    "a weight of the file is in 16 bits, and the model that takes it is packed in 4 bits",
    (
        "quantization_config out of config.json, where the files were merged to 16 bits",
        "or the base in 16 bits, with load_in_4bit=True in from_pretrained",
    ),
    why="bitsandbytes keeps a 4-bit weight as one column of bytes",
    known="both shapes are in the message",
)

_CUT_BEFORE_LOADING = Answer(
    "from_pretrained puts weights into a model that ZeRO-3 has cut already (size 0)",
    (
        "no low_cpu_mem_usage=True and no device_map beside ZeRO-3",
        "QLoRA under ZeRO-3: pip install -U transformers accelerate peft bitsandbytes trl",
        "or ZeRO-2, which does not partition the weights",
    ),
    why="with ZeRO-3 in the trainer's arguments the model is made in pieces; only the loader that "
    "knows of it gathers them, and older releases took another one for quantized or big models",
    known="the size 0 is in the message, and the frames are of from_pretrained",
    settles=False,
)


def _ranks(case: Case, saved: str, here: str) -> Answer | None:
    """Answer where the two shapes differ in the rank alone."""
    of_file, of_model = saved.split(", "), here.split(", ")
    if len(of_file) != 2 or len(of_model) != 2:
        return None
    rank, other = (0, 1) if "lora_A" in case.hit.text else (1, 0)
    if of_file[other] != of_model[other] or of_file[rank] == of_model[rank]:
        return None
    return Answer(
        f"the adapter was saved with rank {of_file[rank]}, and is loaded into one of rank "
        f"{of_model[rank]}: shape [{saved}] in its file and [{here}] here",
        (
            f"LoraConfig(r={of_file[rank]}, ...)   to go on with it: its adapter_config.json has "
            "the rest",
            "or start anew without resume_from_checkpoint, where the rank was changed on purpose",
        ),
        known="both shapes are in the message, and differ in the rank alone",
    )


def _of_pieces(case: Case, saved: str, here: str) -> Answer | None:
    """Answer where one side is a piece of a sharded weight: empty, or one row of numbers."""
    if saved in {"0", ""}:
        return _saved_empty(case)
    if saved.startswith("0,"):
        return _EMPTY_PIECE
    if here in {"0", ""} or here.startswith("0,"):
        return _EMPTY_SHARD
    if "," in here and "," not in saved:
        return _FLAT
    if "," in saved and "," not in here:
        return _EMPTY_SHARD if here == "1" else _HELD_FLAT
    return None


_IS_EMBEDDING = re.compile(r"embed_tokens|lm_head|word_embeddings")


def _embeddings(case: Case, saved: str, here: str) -> Answer:
    resize = f"model.resize_token_embeddings({saved}) before the weights are loaded"
    plain = "PeftModel.from_pretrained(BASE_MODEL, FOLDER), which leaves the embeddings alone"
    return Answer(
        f"the embeddings have {saved} rows in the file and {here} in the model",
        (resize, plain) if "AutoPeftModel" in case.above + case.around else (resize,),
        why="tokens were added, or the vocabulary padded, on one of the two sides; "
        "AutoPeftModel sizes the base for the tokenizer that lies beside the adapter",
        known="both shapes are in the message",
    )


def _other_size(saved: str, here: str) -> Answer:
    do = ["load them with the config.json that was saved beside them"]
    why = "a file of another size of the model, or of another class"
    parts = _parts(saved, here)
    if parts:
        do.append(f"or all {parts} parts of a model that is cut over {parts} cards, put together")
        why += (
            f"; one side is {parts} times the other, as a part of a model that is cut over cards is"
        )
    return Answer(
        f"a weight has shape [{saved}] in the file and [{here}] in the model",
        tuple(do),
        why=why,
        known="both shapes are in the message",
        settles=False,
    )


def _rows(shape: str) -> str:
    return shape.partition(",")[0].strip()


def _parts(saved: str, here: str) -> int:
    """Return how many times one shape has what the other has, along one dimension; else 0."""
    pairs = list(zip(_numbers(saved), _numbers(here), strict=False))
    unlike = [(max(pair), min(pair)) for pair in pairs if pair[0] != pair[1]]
    if len(unlike) != 1 or saved.count(",") != here.count(","):
        return 0
    large, small = unlike[0]
    return large // small if small > 1 and large % small == 0 and large // small <= 64 else 0


def _numbers(shape: str) -> list[int]:
    return [int(part) for part in shape.split(",") if part.strip()]
