"""Silence: the bundled recording plays into a lake of its own, and the real one follows as soon as the provider answers."""

import types

import judge
import pytest
from fake_coingecko import FakeCoinGecko


def nobody(port):
    """Stands for a provider at a port where nobody listens."""
    return types.SimpleNamespace(url=f"https://localhost:{port}/api/v3")


def play(run, port):
    running = run(nobody(port), "source.kind=auto", "source.demo_path=demo")
    running.until(lambda: "playing a recording" in running.log and '"replay"' in running.status())
    return running


def test_the_recording_plays_while_nobody_answers(run, unused_port):
    running = play(run, unused_port)
    demo = running.lake.parent / "demo"
    running.until(lambda: len(judge.rows_while_written(demo, "silver")) > 10_000, seconds=120)
    running.stop()
    assert running.log.count("cannot be reached") == 1
    assert not (running.lake / "bronze").exists()
    silver = judge.tables(demo)["silver"].rows()
    assert {row["source"] for row in silver} == {"binance_usdm"}
    assert len({row["coin_id"] for row in silver}) == 7
    assert max(row["api_timestamp"].year for row in silver) == 2025  # never made to look live


@pytest.mark.long
def test_the_real_lake_follows_when_the_provider_answers(run, unused_port, good_certificate):
    running = play(run, unused_port)
    with FakeCoinGecko(good_certificate, port=unused_port) as server:
        running.until(lambda: len(server.polls()) > 2, seconds=60)
        running.stop()
    assert {row["source"] for row in judge.tables(running.lake)["bronze"].rows()} == {"coingecko"}
