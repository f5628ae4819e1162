"""What the tests of the commands share: an environment without settings of ours, and messages to play."""

import json
import os


def clean_environment(**more):
    return {key: value for key, value in os.environ.items() if not key.startswith("CRYPTOSTREAM_")} | more


def messages(path, count, step_s=1):
    rows = ({"timestamp": 1_723_118_400 + i * step_s, "coin_id": ("bitcoin", "ethereum")[i % 2], "price": 60000.123456789 + i, "volume_24h": 1.5e9}
            for i in range(count))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
