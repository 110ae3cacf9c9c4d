"""What single rules state, seen on the published weights; each case runs on the CPU.

The parts of these rules that need a GPU are in ``rules_gpu.py``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import torch

import gemma_compat

from . import model as real
from .weights import MODEL

Record = dict[str, Any]
_WITHOUT_BOS = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
_TURN = "<start_of_turn>{{ m['role'] }}\n{{ m['content'] }}<end_of_turn>\n"
_WITH_BOS = "{{ bos_token }}{% for m in messages %}" + _TURN + "{% endfor %}"


def tokenizer() -> Iterator[Record]:
    """Say which rules about tokenizers fire for the real one, as it is and as it is misused."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(MODEL)
    for name, template, adds in (
        ("as published", None, True),
        ("with a chat template", _WITH_BOS, True),
        ("add_bos_token=False, no template", None, False),
        ("add_bos_token=False, a template without `<bos>`", _WITHOUT_BOS, False),
    ):
        coder = real.tokenizer()
        coder.chat_template = template
        coder.add_bos_token = adds
        with tempfile.TemporaryDirectory() as folder:
            config.save_pretrained(folder)
            coder.save_pretrained(folder)
            found = gemma_compat.diagnose(folder)
        text = coder(real.SENTENCE).input_ids
        yield {
            "tokenizer": name,
            "first": coder.convert_ids_to_tokens(text[:2]),
            "begins_with_bos": text[0] == coder.bos_token_id,
            "largest_id": max(coder.get_vocab().values()),
            "found": [f.rule.code for f in found.findings if f.rule.family in ("data", "loading")],
        }


def accumulation() -> Iterator[Record]:
    """Log the loss of one step with and without accumulation: a multimodal class (GC501)."""
    samples = [{**row, "token_type_ids": [0] * 96} for row in real.rows(4, 96)]
    for steps, cured in ((1, False), (4, False), (4, True)):
        yield {"accumulation": steps, "patched": cured, **_logged(samples, steps, cured)}


def _logged(samples: list[Any], steps: int, cured: bool) -> Record:
    """Return what a Trainer logs of one step over these four rows; nothing is learned."""
    from transformers import Trainer, TrainingArguments

    network = _multimodal()
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            per_device_train_batch_size=len(samples) // steps,
            gradient_accumulation_steps=steps,
            max_steps=1,
            logging_steps=1,
            learning_rate=0.0,
            optim="sgd",
            save_strategy="no",
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
        )
        if cured:
            gemma_compat.patch(network, args=arguments)
        trainer = Trainer(
            model=network, args=arguments, train_dataset=samples, data_collator=real.collate
        )
        trainer.train()
    logged = next(entry for entry in trainer.state.log_history if "loss" in entry)
    return {"loss": logged["loss"], "grad_norm": float(logged["grad_norm"])}


def _multimodal() -> Any:
    """Return the multimodal class with the published weights as its language model.

    Its vision tower is small, random and not used: the rows are text.
    """
    import transformers

    from gemma_compat.live.tree import text_models

    text = real.build()
    tower = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 56,
        "patch_size": 14,
    }
    config = transformers.Gemma3Config(
        text_config=text.config.to_dict(), vision_config=tower, mm_tokens_per_image=4
    )
    config._attn_implementation = config.text_config._attn_implementation = "eager"
    network = transformers.Gemma3ForConditionalGeneration(config)
    ((_, inner),) = text_models(network)
    inner.load_state_dict(text.model.state_dict())
    network.tie_weights()
    return network


def bidirectional() -> Iterator[Record]:
    """Change the last word and look at the first ones, with the switch on and off (GC802)."""
    ids = real.tokens(real.SENTENCE)
    changed = ids.clone()
    changed[0, -2] = ids[0, 3]
    for wanted in (False, True):
        network = real.build(use_bidirectional_attention=wanted).eval()
        with torch.no_grad():
            before, after = (network.model(x).last_hidden_state for x in (ids, changed))
        moved = (before - after)[0, :-2].abs().max() / before[0, :-2].abs().max()
        yield {"use_bidirectional_attention": wanted, "earlier_moved": float(moved)}


def half() -> Iterator[Record]:
    """Train all weights in bfloat16 and in float32 for a few steps (GC605)."""
    for dtype in (torch.bfloat16, torch.float32):
        yield half_of(dtype, "cpu", steps=4, rows=1, length=96, rate=1e-5)


def half_of(
    dtype: torch.dtype, device: str, steps: int, rows: int, length: int, rate: float
) -> Record:
    """Return the losses, and the share of weights that no step of AdamW moved.

    The forward is bfloat16 in both: float32 weights run under autocast, as ``bf16=True`` does.
    """
    network = real.build(dtype, device)
    before = [p.detach().clone() for p in network.parameters()]
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.0)
    losses = []
    for batch in _batches(steps + 1, rows, length, device):
        with torch.autocast(device, torch.bfloat16, enabled=dtype == torch.float32):
            loss = network(input_ids=batch, labels=batch).loss
        losses.append(loss.item())
        if len(losses) > steps:
            break
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    after = list(network.parameters())
    still = sum(int((a == b).sum()) for a, b in zip(after, before, strict=True))
    seen = _seen(network, before)
    return {
        "dtype": str(dtype).removeprefix("torch."),
        "rate": rate,
        "steps": steps,
        "losses": losses,
        "unmoved": still / sum(p.numel() for p in after),
        "unmoved_in_layers": seen,
    }


def _seen(network: Any, before: list[torch.Tensor]) -> float:
    """Return the same share without the embeddings, most of whose rows no batch uses."""
    pairs = [
        (p, old)
        for (name, p), old in zip(network.named_parameters(), before, strict=True)
        if "embed" not in name
    ]
    still = sum(int((p == old).sum()) for p, old in pairs)
    share: float = still / sum(p.numel() for p, _ in pairs)
    return share


def _batches(count: int, rows: int, length: int, device: str) -> Iterator[torch.Tensor]:
    samples = [row["input_ids"] for row in real.rows(count * rows, length)]
    for start in range(0, len(samples), rows):
        yield torch.tensor(samples[start : start + rows], device=device)


CASES: dict[str, Callable[[], Iterator[Record]]] = {
    "tokenizer": tokenizer,
    "accumulation": accumulation,
    "bidirectional": bidirectional,
    "half": half,
}
