"""What was found out about machine, model and run, as labelled lines; shared by the renderers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..facts import Facts, Gpu, Package
from .unsloth import unsloth_text

if TYPE_CHECKING:
    from .._explain.explanation import Explanation

Row = tuple[str, str]


def header_rows(facts: Facts) -> list[Row]:
    """Return a label and a text for each line at the head of a report; leave out empty ones."""
    rows = [
        ("Python", _python(facts)),
        ("Packages", _packages(facts)),
        *(("Problem", text) for text in _problems(facts)),
        ("Imports", _imports(facts)),
        ("GPU", _gpus(facts)),
        ("Libraries", ", ".join(f"{name} {text}" for name, text in facts.libraries.items())),
        ("Model", _model(facts)),
        ("Run", _run(facts)),
        ("Unsloth", unsloth_text(facts)),
        ("Assumed", _assumed(facts)),
        ("Detected", _detected(facts)),
    ]
    return [row for row in rows if row[1]]


def _python(facts: Facts) -> str:
    return " on ".join(str(facts.get(name)) for name in ("python", "platform") if facts.known(name))


def _packages(facts: Facts) -> str:
    """List the installed packages, and transformers and torch even where they are absent."""
    names = ["transformers", "torch", *sorted(set(facts.packages) - {"transformers", "torch"})]
    return ", ".join(text for text in (_package(facts, name) for name in names) if text)


def _package(facts: Facts, name: str) -> str:
    if name not in facts.packages:
        return f"{name} unknown"
    package = facts.packages[name]
    if package is None:
        return f"{name} not installed" if name in {"transformers", "torch"} else ""
    version = package.get("version", "unknown")
    notes = list(_package_notes(package))
    if name == "torch":
        version = facts.torch.get("version", version)
        notes.append(_torch_build(facts))
    inside = ", ".join(note for note in notes if note)
    return f"{name} {version}" + (f" ({inside})" if inside else "")


def _package_notes(package: Package) -> Iterator[str]:
    if package.get("editable"):
        yield "editable"
    if package.get("vcs"):
        yield "from a repository"


def _torch_build(facts: Facts) -> str:
    if facts.torch.get("cuda"):
        return f"CUDA {facts.torch.cuda}"
    if facts.torch.get("hip"):
        return f"ROCm {facts.torch.hip}"
    return "no CUDA" if facts.torch.known("cuda") else "CUDA build unknown"


def _problems(facts: Facts) -> Iterator[str]:
    """Yield broken and duplicate installations, and packages that could not be read."""
    for name, package in facts.packages.items():
        if package is not None and package.get("problem"):
            yield f"{name}: {package.problem}"
    for topic, reason in facts.reasons.items():
        area, _, name = topic.partition(".")
        if facts.assumed and (area == "torch" or name not in facts.packages):
            continue  # no problem of this machine: another one is asked about
        if area == "packages" and (facts.packages.get(name) is None or not name):
            yield f"{name or 'packages'}: {reason}"
        if area == "torch" and name != "arch_list" and facts.packages.get("torch") is not None:
            yield f"{topic}: {reason}"
    if facts.torch.get("device_problem"):
        yield f"torch: {facts.torch.device_problem}"


def _imports(facts: Facts) -> str:
    """Return what importing showed; one word where nothing was tried."""
    results = facts.imports
    if not results:
        return ""
    if set(results.values()) == {"not tried"}:
        return "not tried (--probe tries torch and transformers in a child process)"
    return ", ".join(f"{name} {result}" for name, result in results.items())


def _gpus(facts: Facts) -> str:
    if not facts.known("gpus"):
        reason = facts.reason("gpus")
        return "unknown" + (f": {reason}" if reason else "")
    counts: dict[str, int] = {}
    for gpu in facts.gpus:
        text = _gpu(gpu)
        counts[text] = counts.get(text, 0) + 1
    texts = [text if count == 1 else f"{count} x {text}" for text, count in counts.items()]
    visible = ", ".join(texts) or _none_visible(facts)
    note = facts.reason("gpus")  # how the number is known, where it is not simply stated
    return visible + (f" ({note})" if note else "") + _driver(facts)


def _none_visible(facts: Facts) -> str:
    """Return "none visible", with GPUs of other makers and what was not looked for."""
    notes = [*facts.get("other_gpus", ()), facts.reason("other_gpus")]
    inside = "; ".join(note for note in notes if note)
    return "none visible" + (f" ({inside})" if inside else "")


def _driver(facts: Facts) -> str:
    if not facts.get("driver"):
        return ""
    cuda = f" (CUDA {facts.cuda_driver})" if facts.get("cuda_driver") else ""
    return f"; driver {facts.driver}{cuda}"


def _gpu(gpu: Gpu) -> str:
    """Name, compute capability and memory; free memory moves, so equal GPUs would not group."""
    notes = []
    if gpu.known("compute_capability"):
        notes.append("compute capability {}.{}".format(*gpu.compute_capability))
    if gpu.known("memory_total"):
        notes.append(f"{gpu.memory_total / 1024:.0f} GiB")
    name = str(gpu.get("name", "a GPU of unknown name"))
    return f"{name} ({', '.join(notes)})" if notes else name


def _model(facts: Facts) -> str:
    model = facts.model
    if not model.known("model_type"):
        reason = facts.reason("model.model_type")
        return (f"{reason}; " if reason else "none given (--model DIR); ") + "every Gemma is judged"
    notes = [
        model.get("class_name"),
        model.get("dtype"),
        f"attention {model.attn_implementation}" if model.get("attn_implementation") else None,
        f"{model.quantization} quantization" if model.get("quantization") else None,
        f"PEFT {model.peft}" if model.get("peft") else None,
        _sharing(facts),
    ]
    return ", ".join([str(model.model_type), *(str(note) for note in notes if note)])


def _sharing(facts: Facts) -> str | None:
    shared = facts.model.get("num_kv_shared_layers")
    layers = facts.model.get("num_hidden_layers", "its")
    return f"{shared} of {layers} layers share keys and values" if shared else None


def _run(facts: Facts) -> str:
    run = facts.training
    known = run.to_dict()
    if not known:
        reason = facts.reason("training")
        return reason or "not given (--args training_args.json)"
    notes = [
        f"mixed precision {run.mixed_precision}" if run.known("mixed_precision") else None,
        "trains an adapter" if run.get("peft") else None,
        _checkpointing(facts),
        f"distributed {run.distributed}" if run.get("distributed", "no") != "no" else None,
        f"ZeRO-{run.deepspeed_stage}" if run.get("deepspeed_stage") else None,
        "evaluates" if run.get("evaluates") else None,
    ]
    stated = ", ".join(note for note in notes if note)
    return stated or "given; states no precision, adapter or checkpointing"


def _checkpointing(facts: Facts) -> str | None:
    run = facts.training
    if not run.get("gradient_checkpointing"):
        return "no gradient checkpointing" if run.known("gradient_checkpointing") else None
    kind = {True: " (use_reentrant=True)", False: " (use_reentrant=False)"}
    return "gradient checkpointing" + kind.get(run.get("use_reentrant"), "")


def _assumed(facts: Facts) -> str:
    """Return what was given and not found here, with the options that gave it."""
    given: dict[str, list[str]] = {}
    for topic, option in facts.assumed.items():
        area, _, name = topic.partition(".")
        options = given.setdefault(name if area == "packages" else _AREAS.get(area, area), [])
        options += [] if option in options else [option]
    packages = ", ".join(text for text, options in given.items() if options == ["--with"])
    rest = [f"{text} ({', '.join(o)})" for text, o in given.items() if o != ["--with"]]
    return "; ".join([f"{packages} (--with)", *rest] if packages else rest)


_AREAS = {"gpus": "the GPU", "model": "the model", "training": "the run", "adapter": "the adapter"}


def _detected(facts: Facts) -> str:
    """Return what is still this machine's in a what-if; nothing where nothing was assumed."""
    if not facts.assumed:
        return ""
    found = ["Python"] if facts.known("python") else []
    here = [name for name, package in facts.packages.items() if package is not None]
    if any(f"packages.{name}" not in facts.assumed for name in here):
        found.append("the other packages" if len(here) else "the packages")
    if facts.known("gpus") and "gpus" not in facts.assumed:
        found.append("the GPU")
    return ", ".join(found) or "nothing"


def rows_read(found: Explanation, facts: Facts | None = None) -> list[tuple[str, str]]:
    """Return the labelled lines of what was read; from ``facts`` where those are to be shown."""
    known = found.facts.to_dict()
    wanted = {
        "Python": "python" in known,
        "Packages": bool(known["packages"]),
        "GPU": "gpus" in known,
        "Model": bool(known["model"]),
        "Run": bool(known["training"]),
        "Assumed": bool(known["assumed"]),
    }
    rows = [(label, text) for label, text in header_rows(facts or found.facts) if wanted.get(label)]
    if found.facts.model.known("model_type"):
        return rows
    # A log does not ask for every Gemma to be judged: it names another model, or none.
    other = f"{found.other_models[0]}, no Gemma" if found.other_models else ""
    rows = [(label, other if label == "Model" else text) for label, text in rows]
    return [row for row in rows if row[1]]
