"""Where things lie."""

import os
import shutil
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("MCP_CACHE") or Path.home() / ".cache" / "mcp-platform")
CARGO_TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or CACHE / "target")
IMAGE_PROFILE = os.environ.get("IMAGE_PROFILE", "image")
IMAGE_ARCHIVES = CACHE / "images" if IMAGE_PROFILE == "image" else CACHE / "images" / IMAGE_PROFILE
TESTBED = REPOSITORY / "testbed" / "testbed"
CHART = REPOSITORY / "charts" / "mcp-platform"
EXAMPLES = REPOSITORY / "examples"
WEBHOOK_SAMPLES = REPOSITORY / "simulator" / "schemas" / "meta-webhook.samples.json"


def tool(name: str) -> str:
    """A program of the test bed, else the one on PATH."""
    built = CACHE / "testbed" / "bin" / name
    if built.exists():
        return str(built)
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is neither in {built.parent} nor on PATH; run: testbed/testbed build")
    return found
