"""The web form as a process of its own, on stand-ins that the environment names; for the browser tests."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace

from launcher.cli.demo_form import NOTE
from launcher.config import read_config
from launcher.ui.application import make_site, serve
from tests.kit.key_store import MemoryKeyStore


def main() -> None:
    """Serve until SIGINT. Launch links go to stdout, one line each.

    Arguments: the port, 0 for that of last time, and the seconds between two looks at the list of pods.
    """
    config = replace(read_config(), poll_seconds=float(sys.argv[2]))
    site = make_site(config, environment=os.environ, key_store=MemoryKeyStore(), demo=NOTE)
    port = int(sys.argv[1]) or None
    asyncio.run(
        serve(site, port=port, open_browser=False, say=lambda text: print(text, flush=True))
    )


if __name__ == "__main__":
    main()
