"""TradingView's data feed against its written contract, by a client of our own that reads it as the charts do."""

import json
import time
import urllib.parse

import pytest

START, END = 1_709_424_000, 1_709_424_000 + 3 * 86_400  # of the recording
STEP = {"1": 60, "5": 300, "15": 900, "60": 3600, "240": 14_400, "1D": 86_400}
INTERVAL = {"1": "1m", "5": "5m", "15": "15m", "60": "1h", "240": "4h", "1D": "1d"}


class Feed:
    """What a chart does with a data feed: it asks for the configuration and a symbol, then for bars, page by page into the past."""

    def __init__(self, server):
        self.server = server

    def ask(self, route, **params):
        return self.server.json(f"/udf/{route}?{urllib.parse.urlencode(params)}")

    def bars(self, **params):
        answer = self.ask("history", **params)
        if answer["s"] == "no_data":
            assert set(answer) <= {"s", "nextTime"}
            return [], answer.get("nextTime")
        assert answer["s"] == "ok" and set(answer) - {"v"} == {"s", "t", "o", "h", "l", "c"}, answer
        names = [name for name in "tohlcv" if name in answer]
        assert len({len(answer[name]) for name in names}) == 1
        assert answer["t"] == sorted(set(answer["t"])) and all(isinstance(t, int) for t in answer["t"])
        return [dict(zip(names, row)) for row in zip(*(answer[name] for name in names))], None


@pytest.fixture
def feed(served):
    return Feed(served)


def test_configuration(feed):
    config = feed.ask("config")
    assert config["supported_resolutions"] == list(STEP) and config["supports_search"] and config["supports_marks"]
    assert not config["supports_group_request"] and config["supports_timescale_marks"] and config["supports_time"]
    assert config["exchanges"][0]["value"] == "cryptostream" and config["symbols_types"] == [{"name": "Crypto", "value": "crypto"}]
    status, headers, body = feed.server.get("/udf/time")
    assert status == 200 and headers["Content-Type"] == "text/plain" and abs(int(body) - time.time()) < 5


@pytest.mark.parametrize("asked", ["bitcoin", "BITCOIN", "cryptostream:bitcoin", "CRYPTOSTREAM:Bitcoin"])
def test_a_symbol_in_every_spelling(feed, asked):
    symbol = feed.ask("symbols", symbol=asked)
    assert symbol["ticker"] == symbol["name"] == "bitcoin" and symbol["session"] == "24x7" and symbol["timezone"] == "Etc/UTC"
    assert symbol["minmov"] == 1 and symbol["pricescale"] == 100 and symbol["supported_resolutions"] == list(STEP)
    assert symbol["intraday_multipliers"] == ["1", "5", "15", "60", "240"] and symbol["has_intraday"] and symbol["has_daily"]
    assert symbol["has_no_volume"] and symbol["visible_plots_set"] == "ohlc" and symbol["currency_code"] == "usd"


def test_what_is_no_symbol(feed):
    for asked in ("dogecoin", "x' OR 1=1--", "", "a" * 500, "\u20bfitcoin"):
        answer = feed.ask("symbols", symbol=asked)
        assert answer["s"] == "error" and answer["errmsg"], asked


def test_search(feed):
    assert [found["symbol"] for found in feed.ask("search", query="ETH", type="crypto", exchange="", limit=10)] == ["ethereum"]
    every = feed.ask("search", query="")
    assert {found["ticker"] for found in every} == {"bitcoin", "ethereum"}
    assert set(every[0]) == {"symbol", "full_name", "description", "exchange", "ticker", "type"}
    assert len(feed.ask("search", query="", limit=1)) == 1 and feed.ask("search", query="", type="stock") == [] == feed.ask("search", query="%")
    assert feed.ask("search", query="", exchange="elsewhere") == []


@pytest.mark.parametrize("resolution", list(STEP))
def test_bars_are_those_of_the_candles(feed, resolution):
    begin, end = END - 20 * STEP[resolution] if resolution != "1D" else START, END
    bars, _ = feed.bars(symbol="bitcoin", resolution=resolution, **{"from": begin, "to": end})
    candles = feed.server.json(f"/api/v1/candles?coin=bitcoin&interval={INTERVAL[resolution]}&from={begin}&to={end}")["candles"]
    assert [[bar[name] for name in "ohlc"] for bar in bars] == [[c[name] for name in ("open", "high", "low", "close")] for c in candles]
    assert bars and bars[0]["t"] >= begin and bars[-1]["t"] < end and all(bar["t"] % STEP[resolution] == 0 for bar in bars)


def test_to_is_exclusive_and_from_is_not(feed):
    bars, _ = feed.bars(symbol="bitcoin", resolution="60", **{"from": START + 3600, "to": START + 3 * 3600})
    assert [bar["t"] for bar in bars] == [START + 3600, START + 7200]
    bars, _ = feed.bars(symbol="bitcoin", resolution="D", **{"from": f"{START}.5", "to": END + 0.25})
    assert [bar["t"] for bar in bars] == [START, START + 86_400, START + 172_800]


def test_countback_beats_from(feed):
    bars, _ = feed.bars(symbol="bitcoin", resolution="5", countback=7, **{"from": END - 300, "to": END})
    assert [bar["t"] for bar in bars] == [END - 300 * i for i in range(7, 0, -1)]
    bars, _ = feed.bars(symbol="ethereum", resolution="60", countback=30, **{"from": 0, "to": START + 2 * 86_400 + 6 * 3600})
    assert len(bars) == 30 and bars[-7]["t"] < START + 86_400 <= bars[-1]["t"]  # over the day that is missing
    bars, _ = feed.bars(symbol="bitcoin", resolution="1D", countback=300, to=END)
    assert len(bars) == 3


def test_where_there_is_nothing_the_chart_is_told_where_to_go_on(feed):
    gap = {"from": START + 86_400 + 3600, "to": START + 86_400 + 7200}
    assert feed.bars(symbol="ethereum", resolution="60", **gap) == ([], START + 86_400 - 3600)
    assert feed.bars(symbol="ethereum", resolution="60", **{"from": 0, "to": START}) == ([], None)
    assert feed.bars(symbol="ethereum", resolution="60", countback=5, **{"from": 0, "to": START}) == ([], None)
    later = {"from": END + 86_400, "to": END + 2 * 86_400}
    assert feed.bars(symbol="bitcoin", resolution="1", **later) == ([], END - 60)


def test_a_chart_scrolls_back_through_all_of_it(feed):
    """Pages as the charts ask for them: each ends where the one before began, `nextTime` steps over what is missing."""
    end, seen = END, []
    for _ in range(200):
        bars, next_time = feed.bars(symbol="ethereum", resolution="15", countback=50, **{"from": end - 50 * 900, "to": end})
        if not bars and next_time is None:
            break
        seen = bars + seen
        end = bars[0]["t"] if bars else next_time + 900
    assert [bar["t"] for bar in seen] == [t for t in range(START, END, 900) if not START + 86_400 <= t < START + 2 * 86_400]


def test_a_range_too_long_gives_its_end(feed):
    bars, _ = feed.bars(symbol="bitcoin", resolution="1", **{"from": 0, "to": 4_000_000_000})
    assert bars[-1]["t"] == END - 60 and len(bars) == feed.server.json("/api/v1/tables/gold")["rows"] - len(
        feed.bars(symbol="ethereum", resolution="1", **{"from": 0, "to": END})[0])


def test_quotes(feed):
    answer = feed.ask("quotes", symbols="bitcoin,dogecoin")
    good, bad = answer["d"]
    assert answer["s"] == "ok" and good["s"] == "ok" and good["n"] == "bitcoin" and bad == {"s": "error", "n": "dogecoin", "v": {}}
    coin = feed.server.json("/api/v1/coins/bitcoin")
    assert good["v"]["lp"] == coin["price"] and good["v"]["chp"] == coin["change_24h_pct"]
    assert abs(good["v"]["lp"] - good["v"]["ch"] - good["v"]["prev_close_price"]) < 1e-6
    assert feed.ask("quotes", symbols="")["d"] == [] and feed.ask("quotes", symbols="a b")["s"] == "error"
    assert feed.ask("quotes", symbols=",".join(f"c{i}" for i in range(101)))["s"] == "error"


def test_marks_of_a_lake_without_gaps(feed):
    for route in ("marks", "timescale_marks"):
        assert feed.ask(route, symbol="bitcoin", resolution="60", **{"from": START, "to": END}) == []
        assert feed.ask(route, symbol="dogecoin") == []


@pytest.mark.parametrize(("query", "word"), [
    ("symbol=bitcoin&resolution=3&from=1&to=2", "resolution"), ("symbol=bitcoin&resolution=1W&from=1&to=2", "resolution"),
    ("symbol=bitcoin&resolution=60", "from and to"), ("symbol=bitcoin&resolution=60&from=5&to=5", "before to"),
    ("symbol=bitcoin&resolution=60&from=x&to=5", "from and to"), ("symbol=bitcoin&resolution=60&to=5&countback=0", "countback"),
    ("symbol=bitcoin&resolution=60&to=5&countback=1e9", "countback"), ("symbol=dogecoin&resolution=60&from=1&to=2", "unknown_symbol"),
    ("resolution=60&from=1&to=2", "symbol"), ("symbol=%27%3B--&resolution=60&from=1&to=2", "symbol"),
])
def test_errors_are_said_as_charts_read_them(feed, query, word):
    answer = feed.server.json(f"/udf/history?{query}")
    assert answer["s"] == "error" and word in answer["errmsg"]


def test_what_charts_send_besides_is_ignored(feed):
    bars, _ = feed.bars(symbol="bitcoin", resolution="60", countback=2, to=END, currencyCode="USD", firstDataRequest="true", symbolType="crypto")
    assert len(bars) == 2
    assert feed.server.get("/udf/history?symbol=%ff")[0] == 400 and feed.server.get("/udf/nothing")[0] == 404


def test_before_there_is_a_lake(serve, tmp_path):
    server = serve(tmp_path / "nothing")
    try:
        feed = Feed(server)
        assert feed.ask("search", query="") == [] == feed.ask("marks", symbol="bitcoin")
        assert feed.ask("symbols", symbol="bitcoin") == {"s": "error", "errmsg": "unknown_symbol"}
        assert feed.ask("history", symbol="bitcoin", resolution="1", to=5, countback=2)["s"] == "error"
        assert json.loads(server.get("/udf/config")[2])["supports_time"] is True
    finally:
        server.stop()
