"""Everything that runs on the person's machine."""

import os

__version__ = "0.1.0"

# onnxruntime tells its makers of its use, and leaves an id in the person's home, unless this stands there
# before it is loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
