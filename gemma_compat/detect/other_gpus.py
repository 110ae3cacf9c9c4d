"""GPUs that NVML does not describe: AMD, Intel, Apple, Jetson, NVIDIA cards without a driver.

Read from the bus and from device files, without loading anything; so it is known that they are
there, and not whether torch can use them.
"""

from __future__ import annotations

import os
import sys

from .. import _files

_MAKERS = {"0x1002": "AMD", "0x8086": "Intel", "0x10de": "NVIDIA"}
_DISPLAY = "0x03"  # class of a PCI device: VGA, 3D and other display controllers
_PCI = "/sys/bus/pci/devices"
_AMD_DRIVER = "/dev/kfd"
_JETSON = ("/dev/nvhost-gpu", "/dev/nvgpu")


def find_other_gpus(nvidia_driver: bool) -> tuple[tuple[str, ...], str]:
    """Return a text for each GPU, and one for what was not looked at (empty if nothing).

    Args:
        nvidia_driver: whether NVML may answer, so that NVIDIA cards are its business.
    """
    if sys.platform == "darwin":
        import platform

        apple = ("Apple GPU (Metal)",) if platform.machine() == "arm64" else ()
        return apple, "" if apple else "GPUs of Intel Macs were not looked for"
    if not os.path.isdir(_PCI):
        return (), "AMD and Intel GPUs were not looked for"
    found = [_described(maker) for maker in sorted(_makers_on_the_bus())]
    jetson = any(map(os.path.exists, _JETSON))
    if jetson:
        found.append("NVIDIA Jetson GPU, which NVML does not describe")
    return tuple(item for item in found if not (nvidia_driver and item.startswith("NVIDIA"))), ""


def _makers_on_the_bus() -> set[str]:
    makers = set()
    for device in (os.path.join(_PCI, name) for name in os.listdir(_PCI)):
        if _read(device, "class").startswith(_DISPLAY):
            makers.add(_MAKERS.get(_read(device, "vendor"), ""))
    return makers - {""}


def _described(maker: str) -> str:
    if maker == "AMD":
        driver = "with" if os.path.exists(_AMD_DRIVER) else "without"
        return f"AMD GPU ({driver} its compute driver, {_AMD_DRIVER})"
    if maker == "NVIDIA":
        return "NVIDIA GPU on the bus, but no driver here"
    return f"{maker} GPU"


def _read(device: str, name: str) -> str:
    try:
        text = _files.read_bytes(os.path.join(device, name), _files.LINE)
        return text.decode("ascii", "replace").strip()
    except OSError:
        return ""
