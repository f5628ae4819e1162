"""The recording that the API is tested over, as lines of messages."""

import json

START_S = 1_709_424_000  # 3 March 2024, 00:00 UTC
DAYS = 3


def message(second, coin, price):
    return json.dumps({"timestamp": START_S + second, "coin_id": coin, "price": price, "volume_24h": 1e9})


def recording():
    """Three days of a price every 5 minutes, the last hour every 20 seconds; ethereum misses the second day."""
    end = DAYS * 86_400
    seconds = list(range(0, end - 3600, 300)) + list(range(end - 3600, end, 20))
    lines = []
    for second in seconds:
        lines.append(message(second, "bitcoin", 60_000 + second % 977 + second / 1e5))
        if not 86_400 <= second < 2 * 86_400:
            lines.append(message(second, "ethereum", 3_000 + second % 331 / 7))
    return lines
