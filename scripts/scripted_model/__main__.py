"""Runs the scripted model by itself: prints its URL, serves until interrupted."""

import argparse
import asyncio
from contextlib import suppress

from . import ScriptedModel


async def serve(port: int) -> None:
    """Serve directives on `port` (0: a free one) until cancelled."""
    model = ScriptedModel()
    await model.start(port)
    print(model.base_url, flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await model.close()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripted_model", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the port to listen on; 0 takes a free one")
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
