"""Proposed settings as text, markdown or JSON, with lines to paste."""

from __future__ import annotations

from typing import Any

from ..memory.setup import Setup
from ..memory.shape import Shape
from ..memory.tuning import Tuning
from .sharing import clean
from .wording import in_language, wrap

_GIB = 1 << 30


def render_text(found: Tuning, model: str, card: str, remarks: tuple[str, ...] = ()) -> str:
    """Return each choice with its reason and its memory, then the lines to paste."""
    wish = found.wish
    lines = [f"{model} on {card}, rows of {wish.tokens} tokens, {wish.effective} rows a step", ""]
    if found.setup is None:
        lines += wrap(_nothing(found), first="", rest="")
        return "\n".join([*lines, *remarks]) + "\n"
    for step in found.steps:
        memory = f"{step.before / _GIB:7.1f} -> {step.after / _GIB:6.1f} GiB"
        lines += wrap(step.text, first=f"  {memory}  ", rest=" " * 28)
        lines += wrap(step.why, first=" " * 28, rest=" " * 28)
    total, available = found.found.total / _GIB, found.available / _GIB
    lines += ["", f"Takes {total:.1f} of {available:.1f} GiB."]
    for remark in remarks:
        lines += wrap(remark, first="", rest="  ")
    for title, text in snippets(found.setup, model, wish.shape).items():
        lines += ["", title, "", text.rstrip()]
    return in_language("\n".join(lines)) + "\n"


def render_markdown(found: Tuning, model: str, card: str, remarks: tuple[str, ...] = ()) -> str:
    wish = found.wish
    text = f"# {model} on {card}\n\n{wish.tokens} tokens, {wish.effective} rows a step\n\n"
    if found.setup is None:
        return text + _nothing(found) + "\n"
    text += "| choice | why | GiB before | after |\n| --- | --- | --- | --- |\n"
    for step in found.steps:
        before, after = step.before / _GIB, step.after / _GIB
        text += f"| {step.text} | {step.why} | {before:.1f} | {after:.1f} |\n"
    text += "".join(f"\n{remark}\n" for remark in remarks)
    for title, snippet in snippets(found.setup, model, wish.shape).items():
        kind = "python" if title == "Python" else "yaml"
        text += f"\n## {title}\n\n```{kind}\n{snippet}```\n"
    return clean(text)


def render_json(found: Tuning, model: str, card: str, remarks: tuple[str, ...] = ()) -> str:
    from .json import dump

    setup = found.setup
    steps = [
        {
            "text": step.text,
            "why": step.why,
            "before_gib": round(step.before / _GIB, 2),
            "after_gib": round(step.after / _GIB, 2),
        }
        for step in found.steps
    ]
    return dump(
        {
            "model": model,
            "gpu": card,
            "fits": setup is not None,
            "total_gib": round(found.found.total / _GIB, 2),
            "available_gib": round(found.available / _GIB, 2),
            "steps": steps,
            "remarks": list(remarks),
            "snippets": {} if setup is None else snippets(setup, model, found.wish.shape),
        }
    )


def _nothing(found: Tuning) -> str:
    total, available = found.found.total / _GIB, found.available / _GIB
    return (
        f"Nothing fits: even a single row with every layer checkpointed takes {total:.1f} of "
        f"{available:.1f} GiB. Ask again with a smaller --max-length or a larger card."
    )


def snippets(setup: Setup, model: str, shape: Shape) -> dict[str, str]:
    """Return the lines to paste, by where they go.

    axolotl and LLaMA-Factory train no embeddings: a model without a head gets lines of Python only.
    """
    composite = shape.composite
    lines = {"Python": _python(setup, model, shape)}
    if not shape.head:
        return lines
    return lines | {
        "axolotl": _yaml(_axolotl(setup, model, composite)),
        "LLaMA-Factory": _yaml(_llama_factory(setup, model, composite)),
    }


def _python(setup: Setup, model: str, shape: Shape) -> str:
    auto = "AutoModelForCausalLM" if shape.head else "AutoModel"
    dtype = "bfloat16" if setup.width == 2 else "float32"
    lines = _quantization(setup, dtype)
    quantized = ", quantization_config=quantization" if lines else ""
    lines.append(
        f"model = {auto}.from_pretrained('{model}', dtype='{dtype}', "
        f"attn_implementation='{setup.attention}'{quantized})"
    )
    lines += _arguments(setup)
    if setup.checkpointing and setup.every > 1:
        lines.append(f"gemma_compat.patch(model, args, checkpoint_every={setup.every})")
    if setup.adapter:
        rank = setup.adapter.rank
        task = "CAUSAL_LM" if shape.head else "FEATURE_EXTRACTION"
        lines += [
            f"peft_config = LoraConfig(r={rank}, lora_alpha={rank}, task_type='{task}',",
            f"    target_modules={_targets(setup, shape.composite)})",
        ]
    return "\n".join(lines) + "\n"


def _quantization(setup: Setup, dtype: str) -> list[str]:
    if setup.bits == 4:
        return [
            "quantization = BitsAndBytesConfig(",
            "    load_in_4bit=True, bnb_4bit_quant_type='nf4', bnb_4bit_use_double_quant=True,",
            f"    bnb_4bit_compute_dtype='{dtype}',",
            ")",
        ]
    return ["quantization = BitsAndBytesConfig(load_in_8bit=True)"] if setup.bits == 8 else []


def _arguments(setup: Setup) -> list[str]:
    kinds = ["    gradient_checkpointing_kwargs={'use_reentrant': False},"]
    return [
        "args = TrainingArguments(",
        f"    per_device_train_batch_size={setup.rows},",
        f"    gradient_accumulation_steps={setup.accumulation},",
        f"    gradient_checkpointing={setup.checkpointing},",
        *(kinds if setup.checkpointing else ()),
        f"    optim='{setup.optimizer}',",
        f"    bf16={setup.autocast},",
        ")",
    ]


def pattern(setup: Setup) -> str:
    """Return the language model's matrices: those of its towers have the same names."""
    names = setup.adapter.targets if setup.adapter else ()
    return rf".*language_model.*\.({'|'.join(names)})"


def _targets(setup: Setup, composite: bool) -> str:
    if composite:
        return f"r'{pattern(setup)}'"
    names = setup.adapter.targets if setup.adapter else ()
    return "[" + ", ".join(f"'{name}'" for name in names) + "]"


def _axolotl(setup: Setup, model: str, composite: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"base_model": model}
    if setup.bits:
        found[f"load_in_{setup.bits}bit"] = True
    if setup.adapter:
        found["adapter"] = "qlora" if setup.bits == 4 else "lora"
        found["lora_r"] = found["lora_alpha"] = setup.adapter.rank
        named = list(setup.adapter.targets)
        found["lora_target_modules"] = f"'{pattern(setup)}'" if composite else named
    found |= {
        "sequence_len": setup.tokens,
        "micro_batch_size": setup.rows,
        "gradient_accumulation_steps": setup.accumulation,
        "gradient_checkpointing": setup.checkpointing,
        "optimizer": setup.optimizer,
        "bf16": setup.autocast,
        f"{'eager' if setup.attention == 'eager' else 'sdp'}_attention": True,
    }
    return found


def _llama_factory(setup: Setup, model: str, composite: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"model_name_or_path": model, "stage": "sft"}
    found["finetuning_type"] = "lora" if setup.adapter else "full"
    if setup.bits:
        found["quantization_bit"] = setup.bits
    if setup.adapter:
        found["lora_rank"] = found["lora_alpha"] = setup.adapter.rank
        found["lora_target"] = ",".join(setup.adapter.targets)
    if composite:
        found["freeze_vision_tower"] = True
    return found | {
        "cutoff_len": setup.tokens,
        "per_device_train_batch_size": setup.rows,
        "gradient_accumulation_steps": setup.accumulation,
        "disable_gradient_checkpointing": not setup.checkpointing,
        "optim": setup.optimizer,
        "bf16": setup.autocast,
        "flash_attn": "disabled" if setup.attention == "eager" else "sdpa",
    }


def _yaml(values: dict[str, Any]) -> str:
    lines = []
    for key, value in values.items():
        if isinstance(value, list):
            lines += [f"{key}:", *(f"  - {item}" for item in value)]
        else:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            lines.append(f"{key}: {text}")
    return "\n".join(lines) + "\n"
