"""Which build of torch suits a card and a driver, and the commands that install it.

What a wheel on the package index is built for is in its metadata (``nvidia-cuda-runtime-cu12``,
``cuda-toolkit``), read for each release there up to 2.14. PyTorch's own indexes were not
reachable: which of them the newest releases are in is not known, so a command names no release.
"""

from __future__ import annotations

ADDRESS = "https://download.pytorch.org/whl/"
# First release, and the CUDA of its wheels for Linux on the package index.
ON_PYPI = (
    ((2, 1), "12.1"),
    ((2, 5), "12.4"),
    ((2, 7), "12.6"),
    ((2, 8), "12.8"),
    ((2, 11), "13.0"),
)
# 12.8 has code for Turing (7.5) to Blackwell (12.0), and drivers for any CUDA 12 or 13 run it.
MOST = "cu128"
OLD_CARDS = "cu126"  # Maxwell, Pascal and Volta: 12.8 leaves them out
THOR = "cu130"  # 11.0: CUDA 13 is the first that knows it
OLD_DRIVERS = "cu118"
# A package of compiled code that has to match torch's build.
XFORMERS = (
    f"pip install -U xformers --index-url {ADDRESS}cuNNN   (NNN: torch.version.cuda without its "
    "point)"
)


def label(capability: int = 0) -> str:
    """Return the label of the build with code for a compute capability, as in sm_86.

    Args:
        capability: 0 where the card is not known: then of the build that runs on most.
    """
    if capability // 10 == 11:
        return THOR
    return OLD_CARDS if 0 < capability < 75 else MOST


def install(packages: str = "torch", which: str = MOST, options: str = "--force-reinstall") -> str:
    """Return the command that installs torch from an index, in place of another build.

    Args:
        packages: what is installed, with blanks between.
        which: the label of the index.
        options: of pip; without ``--force-reinstall`` pip leaves a torch of the same release.
    """
    return f"pip install {options} {packages} --index-url {ADDRESS}{which}"


def is_served_by_pypi(capability: int, cuda_driver: str) -> bool:
    """Return whether the newest wheel on the package index runs with that card and driver.

    It is of CUDA 13, which has no code for cards before Turing and needs a driver of its time.
    """
    needed = ON_PYPI[-1][1].partition(".")[0]
    return (not capability or capability >= 75) and cuda_driver.partition(".")[0] == needed
