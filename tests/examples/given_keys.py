"""Keys that are typed and kept nowhere."""

from getpass import getpass

import launcher

keys = {
    "runpod": getpass("RunPod API key: "),
    "hf-upload": getpass("Hugging Face token: "),
}
for run in launcher.runs(refresh=True, keys=keys):
    print(run.address, run.state, run.cost_usd)
