"""Facts: everything that a rule may read, as frozen values that can be made by hand.

    >>> from gemma_compat.facts import Facts, ModelFacts, Package
    >>> facts = Facts(packages={"transformers": Package(name="transformers", version="4.50.3")})
    >>> facts.version("transformers")
    '4.50.3'

Three states are kept apart everywhere: known, *known absent* (``packages["peft"] is None``) and
unknown (no entry, or a field left at ``UNKNOWN``); reading an unknown raises ``UnknownFact``.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import intern
from typing import Any, ClassVar

from .. import versions
from ..errors import UnknownFact
from ._record import UNKNOWN, Record, check_keys
from .files import AdapterFacts, CheckpointFacts, TokenizerFacts
from .gpu import Gpu
from .model import ConfigView, ModelFacts
from .packages import Package, TorchBuild
from .training import TrainingFacts
from .unsloth import UnslothFacts

__all__ = [
    "UNKNOWN",
    "AdapterFacts",
    "CheckpointFacts",
    "ConfigView",
    "Facts",
    "Gpu",
    "ModelFacts",
    "Package",
    "Record",
    "TokenizerFacts",
    "TorchBuild",
    "TrainingFacts",
    "UnslothFacts",
]


def made(cls: Any, data: Any) -> Any:
    """Return the record of a class from its part of the data; a ``dict`` as it is."""
    return data if cls is dict else cls.from_dict(data)


class Facts(Record):
    """All facts about one machine, model and run.

    Attributes:
        python: version of the interpreter, ``3.11.7``.
        platform: ``sys.platform``.
        packages: distribution name to :class:`Package`, or to ``None`` where known absent.
        torch: what torch was built for.
        gpus: visible GPUs, in CUDA's order; an empty tuple where there are known to be none.
        other_gpus: GPUs of other makers or without a driver, one text each; whether torch can
            use them is unknown.
        driver: release of the NVIDIA driver, or ``None`` without a driver. Source: NVML.
        cuda_driver: the newest CUDA release that the driver supports, ``13.0``; ``None`` without
            a driver. Source: NVML.
        model: the model that is judged.
        training: the run that is judged.
        checkpoint, adapter, tokenizer: files beside the model on disk, or what the caller gave.
        unsloth: Unsloth, in this process and on the model in hand.
        environment: environment variables that these libraries read, by name; only those that
            are set.
        imports: module to the outcome of importing it: ``ok``, ``not tried``, ``not installed``,
            ``failed: ...``, ``crashed with signal ...`` or ``not finished within ...``.
        libraries: CUDA libraries by what they are, with their versions: ``cuDNN`` and ``cuDNN for
            torch``, ``NCCL loaded``, ``CUDA toolkit``; only what was found.
        reasons: why something is unknown, by dotted topic; printed in every report.
        assumed: facts that the user gave for a what-if, by dotted topic, with the option
            (``--gpu``); empty where everything was detected.
    """

    topic: ClassVar[str] = ""

    python: str = UNKNOWN
    platform: str = UNKNOWN
    packages: dict[str, Package | None] = {}
    torch: TorchBuild = TorchBuild()
    gpus: tuple[Gpu, ...] = UNKNOWN
    other_gpus: tuple[str, ...] = UNKNOWN
    driver: str | None = UNKNOWN
    cuda_driver: str | None = UNKNOWN
    model: ModelFacts = ModelFacts()
    training: TrainingFacts = TrainingFacts()
    checkpoint: CheckpointFacts = CheckpointFacts()
    adapter: AdapterFacts = AdapterFacts()
    tokenizer: TokenizerFacts = TokenizerFacts()
    unsloth: UnslothFacts = UnslothFacts()
    environment: dict[str, str] = UNKNOWN
    imports: dict[str, str] = {}
    libraries: dict[str, str] = {}
    reasons: dict[str, str] = {}
    assumed: dict[str, str] = {}

    @property
    def is_plain(self) -> bool:
        """Return whether nothing is told of a model and a run, and Unsloth is not installed."""
        told = self.assumed or any(vars(getattr(self, area)) for area in TOLD)
        return not told and self.packages.get("unsloth", UNKNOWN) is None

    def package(self, name: str) -> Package | None:
        """Return the installed package, or ``None`` where it is known absent.

        Args:
            name: distribution name, as pip spells it.

        Raises:
            UnknownFact: it could not be found out whether the package is installed.
        """
        if name not in self.packages:
            raise UnknownFact(f"packages.{name}", self.reason(f"packages.{name}"))
        return self.packages[name]

    def is_installed(self, name: str) -> bool:
        """Return whether a package is installed. Raises as :meth:`package`.

        Args:
            name: distribution name, as pip spells it.
        """
        return self.package(name) is not None

    def version(self, name: str) -> str | None:
        """Return the version of a package, or ``None`` where it is known absent.

        Args:
            name: distribution name, as pip spells it.

        Raises:
            UnknownFact: the package or its version could not be read.
        """
        package = self.package(name)
        if package is None:
            return None
        if not package.known("version"):
            raise UnknownFact(f"packages.{name}", package.problem or "its metadata has no version")
        version: str = package.version
        if not versions.is_valid(version):
            shown = version if len(version) <= 40 else version[:39] + "…"
            raise UnknownFact(f"packages.{name}", f"{shown!r} is not a version number")
        return version

    def has_release(self, name: str, specifier: str) -> bool:
        """Return whether a release of this package is installed that the specifier allows.

        Args:
            name: distribution name, as pip spells it.
            specifier: PEP 440, ``>=4.50.0.dev0,<5``.

        Raises:
            UnknownFact: as :meth:`version`; also for a development build of the very release that
                the specifier names.
        """
        version = self.version(name)
        if version is None:
            return False
        if versions.is_undecided(specifier, version):
            raise UnknownFact(f"packages.{name}", f"{version} is a build from before the release")
        return versions.contains(specifier, version)

    def variable(self, name: str) -> str | None:
        """Return the value of an environment variable, or ``None`` where it is not set.

        Args:
            name: as the shell spells it, ``UNSLOTH_COMPILE_DISABLE``.

        Raises:
            UnknownFact: the environment is not known.
        """
        return self.environment.get(name)

    def reason(self, topic: str) -> str:
        """Return why ``topic`` is unknown: its own reason, or that of the nearest topic above
        it.
        """
        while topic:
            if topic in self.reasons:
                return self.reasons[topic]
            topic = topic.rpartition(".")[0]
        return ""

    @classmethod
    def from_dict(cls, data: Any, make: Callable[[Any, Any], Any] = made) -> Facts:
        """Return the facts that ``to_dict`` wrote.

        Args:
            make: does what :func:`made` does; may return an earlier value that is equal.

        Raises:
            ValueError: ``data`` has another shape.
        """
        fields = check_keys(cls, data)
        for name in _PARTS.keys() & fields.keys():
            fields[name] = make(_PARTS[name], fields[name])
        if "gpus" in fields:
            fields["gpus"] = tuple(make(Gpu, item) for item in fields["gpus"])
        fields["packages"] = {
            intern(name): None if item is None else make(Package, item)
            for name, item in fields.get("packages", {}).items()
        }
        return cls(**fields)


# What a user tells, by options, files or objects. Detection alone finds none of it.
TOLD = ("model", "training", "checkpoint", "adapter", "tokenizer")
_PARTS: dict[str, Any] = {
    "torch": TorchBuild,
    "model": ModelFacts,
    "training": TrainingFacts,
    "checkpoint": CheckpointFacts,
    "adapter": AdapterFacts,
    "tokenizer": TokenizerFacts,
    "unsloth": UnslothFacts,
    **dict.fromkeys(("environment", "imports", "libraries", "reasons", "assumed"), dict),
}
