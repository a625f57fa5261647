"""The machine that measures, and what its processes use. Reads /proc, so Linux only."""

import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gateway.edge.binary import find_envoy

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Machine:
    """Without these no figure means anything."""

    cpu: str
    cores: int
    memory_mib: int
    kernel: str
    python: str
    envoy: str
    load_average: tuple[float, float, float]


def this_machine() -> Machine:
    """What runs this process now."""
    memory = os.sysconf("SC_PHYS_PAGES") * PAGE // 2**20
    return Machine(
        _cpu(),
        len(os.sched_getaffinity(0)),
        memory,
        platform.release(),
        platform.python_version(),
        _envoy(),
        os.getloadavg(),
    )


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, all its threads, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss_mib(pid: int) -> float:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 2**20


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _envoy() -> str:
    shown = subprocess.run(
        [find_envoy(os.environ), "--version"], capture_output=True, text=True, check=True
    ).stdout
    return next((part for part in shown.split("/") if part.count(".") == 2), shown.strip())
