"""What a run says, while it says it."""

import launcher
from pod_image.contract.bodies import Sample, Step

run = launcher.attach("me/my-voice/run-01")
for event in run.events():
    match event.body:
        case Step(step=step, losses=losses, cost_usd=cost_usd):
            print(step, losses, cost_usd)
        case Sample(path=path):
            print("something to hear:", path)
print(run.end_reason)
