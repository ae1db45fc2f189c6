"""Everything that runs in the container of a pod; imports nothing of `launcher`."""

import os

# onnxruntime tells its makers of its use, and leaves an id in the person's home, unless this stands there
# before it is loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
