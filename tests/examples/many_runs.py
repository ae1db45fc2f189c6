"""Two runs at once, awaited."""

import asyncio

import launcher


async def train(quality: str) -> launcher.Run:
    run = await launcher.deploy.aio(
        {"quality": quality},
        preset="quick-check",
        dataset_repo="me/my-clips",
        results_repo=f"me/my-voice-{quality}",
        agreed_usd=1.0,
    )
    async for event in run.events():
        print(quality, event.event)
    return await run.wait.aio(check=False)


async def main() -> None:
    runs = await asyncio.gather(train("x-low"), train("low"))
    print([(run.address, run.cost_usd) for run in runs])


asyncio.run(main())
