"""Healthy rows: conversations, blocks of text, packed and streamed data, by Trainer and by TRL."""

from __future__ import annotations

from typing import Any

import torch

from ..preflight import runs
from . import small
from .healthy import Healthy, NotHere, lora, lora_config, trainer
from .stage import GENERATION, TEMPLATE, Chat, Stage

TRL = ("trl", "datasets", "peft")


def sft(
    stage: Stage,
    rows: Any,
    *,
    adapter: bool = True,
    template: str | None = TEMPLATE,
    **settings: Any,
) -> Any:
    """Return TRL's SFTTrainer on these rows."""
    from trl import SFTConfig, SFTTrainer

    keywords = {"processing_class": stage.tokenizer(template)}
    if adapter:
        keywords["peft_config"] = lora_config()
    arguments = SFTConfig(**{**arguments_of(stage), "max_length": 64, **settings})
    return SFTTrainer(
        model=settings.pop("model", None) or stage.model(),
        args=arguments,
        train_dataset=rows,
        **keywords,
    )


def arguments_of(stage: Stage) -> dict[str, Any]:
    """Return the arguments that keep a run short and quiet."""
    runs.reset_precision()
    return {
        "output_dir": stage.folder,
        "per_device_train_batch_size": 2,
        "max_steps": 6,
        "use_cpu": True,
        "report_to": [],
        "disable_tqdm": True,
        "save_strategy": "no",
        "logging_steps": 1,
        "learning_rate": 5e-5,
        "bf16": False,
    }


def dataset(columns: dict[str, Any]) -> Any:
    from datasets import Dataset, disable_progress_bars

    disable_progress_bars()
    return Dataset.from_dict(columns)


def messages(stage: Stage) -> Any:
    return dataset({"messages": stage.chats()})


def completions(stage: Stage, *, chat: bool) -> Any:
    if chat:
        chats = stage.chats()
        return dataset({"prompt": [c[:1] for c in chats], "completion": [c[1:] for c in chats]})
    return dataset(
        {"prompt": [q for q, _ in stage.pairs], "completion": [f" {a}" for _, a in stage.pairs]}
    )


def several_turns(stage: Stage) -> list[Chat]:
    chats = stage.chats()
    return [[*one, *two] for one, two in zip(chats, chats[1:] + chats[:1], strict=True)]


def ends_with_a_user(stage: Stage) -> list[Chat]:
    thanks = {"role": "user", "content": "What is H2O ?" if stage.name == "small" else "Thanks!"}
    return [[*chat, thanks] for chat in stage.chats()]


def blocks(stage: Stage) -> Any:
    """Return running text cut into blocks of 16: most begin in the middle of a document."""
    ids: list[int] = []
    made = stage.tokenizer()
    for question, answer in [*stage.pairs] * 4:
        ids += [*made(f"{question} {answer}")["input_ids"], made.eos_token_id]
    rows = [ids[at : at + 16] for at in range(0, len(ids) - 16, 16)]
    rows.sort(key=lambda row: made.bos_token_id in row)
    found = torch.tensor(rows[:16])
    return {
        "input_ids": found,
        "attention_mask": torch.ones_like(found),
        "labels": found.clone(),
    }


def packed(stage: Stage) -> Any:
    """Return three conversations a row, told apart by their positions; no mask."""
    rows = stage.rows(trained="all")
    lengths = rows["attention_mask"].sum(1).tolist()
    made = {"input_ids": [], "labels": [], "position_ids": []}  # type: ignore[var-annotated]
    for at in range(0, 15, 3):
        parts = range(at, at + 3)
        ids = [token for row in parts for token in rows["input_ids"][row, : lengths[row]].tolist()]
        places = [place for row in parts for place in range(lengths[row])]
        for name, values in (("input_ids", ids), ("labels", ids), ("position_ids", places)):
            made[name].append(torch.tensor(values[:40]))
    return {name: torch.stack(values) for name, values in made.items()}


def plain(stage: Stage) -> Any:
    """Return texts without a chat, as instructions are written for a base model, ``<eos>`` last."""
    end = "<eos>"
    return [f"Question: {q} Answer: {a} {end}" for q, a in stage.pairs]


def _new_tokens(stage: Stage) -> Any:
    made = stage.tokenizer()
    added = ["<tool_call>", "</tool_call>"]
    made.add_tokens(added)
    model = stage.model()
    if len(made) > model.config.vocab_size:
        model.resize_token_embeddings(len(made))
    ids = made.convert_tokens_to_ids(added)
    texts = [f"{q} <tool_call> {a} </tool_call> <eos>" for q, a in stage.pairs]
    rows = small.encoded(texts, made=made)
    keywords = {"processing_class": made}
    try:
        model = lora(model, trainable_token_indices={"embed_tokens": ids})
    except TypeError as error:
        raise NotHere("this peft has no trainable_token_indices") from error
    return trainer(stage, rows, model, keywords=keywords)


def _streamed(stage: Stage) -> Any:
    return sft(stage, messages(stage).to_iterable_dataset())


def _packed(stage: Stage) -> Any:
    model = stage.model()
    model.set_attn_implementation("sdpa") if hasattr(model, "set_attn_implementation") else None
    model.config.use_cache = False
    return trainer(stage, packed(stage), model)


SETUPS = (
    Healthy("full training of conversations", trainer),
    Healthy("all tokens of conversations", lambda s: trainer(s, s.rows(trained="all"))),
    Healthy("padded left", lambda s: trainer(s, s.rows(side="left"))),
    Healthy(
        "several turns, the last trained", lambda s: trainer(s, s.rows(several_turns(s), "last"))
    ),
    Healthy("several turns, all answers trained", lambda s: trainer(s, s.rows(several_turns(s)))),
    Healthy("ends with a user's turn", lambda s: trainer(s, s.rows(ends_with_a_user(s)))),
    Healthy("blocks of running text", lambda s: trainer(s, blocks(s))),
    Healthy("texts without a chat", lambda s: trainer(s, s.texts(plain(s)))),
    Healthy("packed by positions", _packed),
    Healthy("new tokens trained", _new_tokens, ("peft",)),
    Healthy("no attention mask, rows of one length", lambda s: trainer(s, _unmasked(s))),
    Healthy("SFT, messages, LoRA", lambda s: sft(s, messages(s)), TRL),
    Healthy("SFT, messages, all weights", lambda s: sft(s, messages(s), adapter=False), TRL),
    Healthy("SFT, prompts and completions", lambda s: sft(s, completions(s, chat=True)), TRL),
    Healthy(
        "SFT, plain prompts and completions",
        lambda s: sft(s, completions(s, chat=False), template=None),
        TRL,
    ),
    Healthy(
        "SFT, the assistant's tokens only",
        lambda s: sft(s, messages(s), template=GENERATION, assistant_only_loss=True),
        TRL,
    ),
    Healthy(
        "SFT, checkpointed, accumulated",
        lambda s: sft(s, messages(s), gradient_checkpointing=True, gradient_accumulation_steps=4),
        TRL,
    ),
    Healthy("SFT, packed", lambda s: sft(s, messages(s), packing=True), TRL),
    Healthy(
        "SFT, packed, all weights", lambda s: sft(s, messages(s), packing=True, adapter=False), TRL
    ),
    Healthy("SFT, streamed", _streamed, TRL),
    Healthy("SFT, texts", lambda s: sft(s, dataset({"text": plain(s)}), template=None), TRL),
)


def _unmasked(stage: Stage) -> Any:
    return {name: value for name, value in blocks(stage).items() if name != "attention_mask"}
