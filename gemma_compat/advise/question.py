"""The question: a model, GPUs and a run as facts, and requirements on the set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .. import versions
from ..errors import UsageError
from ..facts import Facts
from ..tables import families
from ..values import Value
from . import support
from .releases import Release, Releases, normalise

# If several sets are possible, the newest of the first package decides, then of the second ...
# What states narrow pins comes before what it pins: an old release of it, made before anybody
# knew which newer ones break it, would fit the newest of everything else.
ORDER = (
    "axolotl",
    "llamafactory",
    "ms-swift",
    "unsloth",
    "unsloth-zoo",
    "trl",
    "vllm",
    "transformers",
    "peft",
    "accelerate",
    "bitsandbytes",
    "liger-kernel",
    "torch",
    "torchvision",
    "torchaudio",
    "torchao",
    "xformers",
    "triton",
    "deepspeed",
    "flash-attn",
    "sentence-transformers",
    "timm",
    "datasets",
    "tokenizers",
    "huggingface-hub",
)

# Published on the same day, each for the other; the pins name the oldest that may be used.
_PAIRED = {"unsloth": "unsloth-zoo"}

# Releases that failed when a set with them was installed and run, and that no rule is about.
_FAILED = {
    "datasets": (
        "<5",
        "datasets 5.0.1, 5.1.0 and 5.2.0 could not make a dataset when they were run: "
        "Can't pickle <class 'MonthDayNano'>",
    ),
}


class Want(Value):
    """One thing that the set must satisfy.

    Attributes:
        name: distribution name.
        specifier: PEP 440; empty for any version.
        text: where it comes from, for the user.
        key: the constraint that it belongs to, for explaining a conflict.
    """

    name: str
    specifier: str
    text: str
    key: str

    def allows(self, version: str) -> bool:
        return not self.specifier or versions.contains(self.specifier, version)

    @property
    def is_one_release(self) -> bool:
        """Return whether it has the form ``==2025.3.19``."""
        return self.specifier.startswith("==") and not set(",*") & set(self.specifier)


class Question(Value):
    """One question.

    Attributes:
        facts: the model, the GPUs, the run and this machine's other packages.
        wants: requirements; every package named in one becomes part of the set.
        python: the Python that it is for, ``3.11.7``.
        installed: what is installed of the packages with release data; becomes part of the set
            and moves where it must.
        allow_patched: whether errors are accepted that ``patch(model)`` cures.
    """

    facts: Facts
    wants: tuple[Want, ...]
    python: str
    installed: Mapping[str, str] = {}
    allow_patched: bool = False

    @property
    def members(self) -> frozenset[str]:
        """Return the packages that every set has."""
        return frozenset(want.name for want in self.wants)

    def paired(self, releases: Releases, release: Release) -> tuple[tuple[str, str], ...]:
        """Return the bound on what this release was published with, as a pin.

        Empty for a release without such a companion, where its own pins contradict that, and
        where the user named versions of the companion.
        """
        other = _PAIRED.get(release.name)
        if other is None or any(want.name == other and want.specifier for want in self.wants):
            return ()
        newest = releases.companion(release.name, release.version, other)
        own = dict(release.pins(self.python, ())).get(other, "")
        if newest is None or (own and not versions.contains(own, newest)):
            return ()
        return ((other, f"<={newest}"),)


def make_wants(
    facts: Facts,
    releases: Releases,
    *,
    requirements: Iterable[str] = (),
    keep: Mapping[str, str] | None = None,
    trl: bool = False,
) -> tuple[Want, ...]:
    """Return what the kind of run needs, what the user requires (PEP 508) and what to keep.

    Raises:
        UsageError: no requirement, or one on a package or release without data.
    """
    wants = [*_of_the_run(facts, trl), *_of_the_model(facts), *_of_the_kernels(facts)]
    wants += [_required(text, releases) for text in requirements]
    if {"trl", "unsloth"} & {want.name for want in wants}:  # which bring datasets along
        wants += [Want(name, allowed, text, "proof") for name, (allowed, text) in _FAILED.items()]
    wants += [_kept(name, version, releases) for name, version in (keep or {}).items()]
    return tuple(wants)


def _of_the_run(facts: Facts, trl: bool) -> Iterable[Want]:
    training, model = facts.training, facts.model
    needed = {
        "transformers": "every run needs transformers",
        "accelerate": "the Trainer needs accelerate",
        "torch": "every run needs torch",
    }
    if training.get("peft") or model.get("peft"):
        needed["peft"] = "an adapter is trained with peft"
    if model.get("quantization") == "bitsandbytes":
        needed["bitsandbytes"] = "the weights are quantized with bitsandbytes"
    if trl:
        needed["trl"] = "the run is trl's"
    if training.get("use_liger_kernel"):
        needed["liger-kernel"] = "the run asks for Liger kernels"
    if training.get("images"):
        needed["torchvision"] = "image processors need torchvision"
    return [Want(name, "", text, "run") for name, text in needed.items()]


def _of_the_model(facts: Facts) -> Iterable[Want]:
    model_type = facts.model.model_type
    since = families.KNOWN_MODEL_TYPES.get(model_type)
    if since:
        text = f"{model_type} came with transformers {since}"
        yield Want("transformers", f">={since}", text, "model")


def _of_the_kernels(facts: Facts) -> Iterable[Want]:
    """Yield that liger-kernel has kernels for the model, as its own table says."""
    if not facts.training.get("use_liger_kernel"):
        return
    model_type = facts.model.model_type
    since = support.liger_since(model_type)
    if since is None:
        return
    newest = support.liger_newest()
    text = f"liger-kernel has kernels for {model_type} from {since} on"
    if not since:
        text = f"no liger-kernel up to {newest} has kernels for {model_type}: leave --liger out"
    yield Want("liger-kernel", f">={since}" if since else f">{newest}", text, "kernels")


def _required(text: str, releases: Releases) -> Want:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise UsageError(f"--with {text!r} is not a requirement, as in 'trl<1': {error}") from error
    if requirement.extras or requirement.url or requirement.marker:
        raise UsageError(f"--with {text!r}: give a name and versions only, as in 'trl<1'")
    name = _known(requirement.name, releases)
    specifier = str(requirement.specifier)
    if not any(
        specifier == "" or versions.contains(specifier, r.version) for r in releases.of(name)
    ):
        newest = releases.of(name)[0]
        raise UsageError(
            f"--with {text!r}: no such release is known here; the newest of {name} is "
            f"{newest.version} ({newest.date}; the index was asked on {releases.asked})"
        )
    return Want(name, specifier, f'you asked for "{text}"', f"with {text}")


def _kept(name: str, version: str, releases: Releases) -> Want:
    name = _known(name, releases)
    if releases.get(name, version) is None:
        raise UsageError(
            f"--keep {name}: what {version} requires is not known here (the index was asked on "
            f"{releases.asked}; pre-releases are left out)"
        )
    public = versions.parse(version).public
    return Want(name, f"=={public}", f"you keep {name} {public}", f"keep {name}")


def _known(name: str, releases: Releases) -> str:
    import difflib

    known = normalise(name)
    if known in releases.names:
        return known
    near = difflib.get_close_matches(known, releases.names, n=3, cutoff=0.5)
    hint = f"; nearest: {', '.join(near)}" if near else f"; known: {', '.join(releases.names)}"
    raise UsageError(f"{name!r}: there is no release data of a package of that name{hint}")
