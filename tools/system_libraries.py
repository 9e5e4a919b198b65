# SPDX-License-Identifier: GPL-3.0-or-later
"""Which shared libraries of the system a Python package lacks, and the command that installs them (Linux)."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Debian and Ubuntu name packages as they please; Fedora's and openSUSE's tools take the library's own name.
_APT = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libGLX.so.0": "libglx0",
    "libGLdispatch.so.0": "libglvnd0",
    "libICE.so.6": "libice6",
    "libOpenGL.so.0": "libopengl0",
    "libSM.so.6": "libsm6",
    "libX11.so.6": "libx11-6",
    "libXau.so.6": "libxau6",
    "libXdmcp.so.6": "libxdmcp6",
    "libXext.so.6": "libxext6",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libXrender.so.1": "libxrender1",
    "libXt.so.6": "libxt6",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libasound.so.2": "libasound2",
    "libatomic.so.1": "libatomic1",
    "libbsd.so.0": "libbsd0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgomp.so.1": "libgomp1",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libstdc++.so.6": "libstdc++6",
    "libuuid.so.1": "libuuid1",
    "libwayland-client.so.0": "libwayland-client0",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g",
}
_NOT_FOUND = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)
_CANNOT_OPEN = re.compile(r"(\S+\.so[.\d]*): cannot open shared object file")


def missing_libraries(compiled: Iterable[Path], error: str = "") -> list[str]:
    """Sonames that compiled modules need and the system lacks, all at once, sorted.

    `error` is the text of the ImportError: it names only the first one, but works where there is no `ldd`.
    """
    missing = set(_CANNOT_OPEN.findall(error))
    ldd = shutil.which("ldd")
    for path in compiled if ldd else ():
        # A module's own libraries are found through it, so one question covers the whole tree.
        done = subprocess.run([str(ldd), str(path)], capture_output=True, text=True, check=False)
        missing.update(_NOT_FOUND.findall(done.stdout))
    return sorted(Path(name).name for name in missing)


def install_advice(missing: list[str], *, has: Iterable[str] | None = None) -> str:
    """The command that installs the libraries with the package tools here (`has`: their names)."""
    tools = {"apt-get", "dnf", "zypper"}
    present = tools & set(has) if has is not None else {tool for tool in tools if shutil.which(tool)}
    capabilities = " ".join(f"'{name}()(64bit)'" for name in missing)
    packages = sorted({_APT[name] for name in missing if name in _APT})
    unknown = [name for name in missing if name not in _APT]
    lines: list[str] = []
    if "apt-get" in present or not present:
        if packages:
            lines.append(f"  Debian, Ubuntu:  sudo apt-get install {' '.join(packages)}")
        lines += [f"  Debian, Ubuntu:  find the package of {name} with: apt-file search {name}" for name in unknown]
    if "dnf" in present or not present:
        lines.append(f"  Fedora, RHEL:    sudo dnf install {capabilities}")
    if "zypper" in present:
        lines.append(f"  openSUSE:        sudo zypper install {capabilities}")
    return "\n".join(lines)
