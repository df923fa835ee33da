"""Makes docs/screenshot.svg: the dashboard on the running demo, exported by the app itself.

    python docs/screenshot.py [SECONDS]

SECONDS is how long the demo runs before the picture is taken (60 by default).
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

from redis_dash.config import Config
from redis_dash.demo import CONFIGURATION
from redis_dash.hub import Hub
from redis_dash.tui.app import DashApp

SIZE = (120, 36)
PICTURE = Path(__file__).with_name("screenshot.svg")


async def take(redis_url: str, seconds: float) -> None:
    """Watch for a while, then export what is on the screen."""
    app = DashApp(lambda: Hub(Config(url=redis_url, **CONFIGURATION)), title="demo")
    async with app.run_test(size=SIZE):
        await asyncio.sleep(seconds)
        picture = app.export_screenshot(title="redis-dash demo")
    # The reader's own monospace font will do: a picture should not load anything.
    PICTURE.write_text(re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL))


def main() -> None:
    """Run the demo, take the picture, end the demo."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    command = [sys.executable, "-m", "demo_server", "--seed", "3", "--exit-with-stdin"]
    demo = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert demo.stdout is not None
        asyncio.run(take(json.loads(demo.stdout.readline())["redis_url"], seconds))
    finally:
        demo.terminate()
        demo.wait()


if __name__ == "__main__":
    main()
