"""The examples of docs/api.md are asked and must come back in the shape that is written there."""

import json
import pathlib
import re

import pytest

TEXT = (pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "api.md").read_text()
EXAMPLES = re.findall(r"^    GET (\S+)\n\n```json\n(.*?)```", TEXT, re.MULTILINE | re.DOTALL)


def assert_shape(shown, got, where="answer"):
    if isinstance(shown, dict):
        assert isinstance(got, dict) and list(got) == list(shown), f"{where}: {list(got)} and not {list(shown)}"
        for key in shown:
            assert_shape(shown[key], got[key], f"{where}.{key}")
    elif isinstance(shown, list):
        assert isinstance(got, list), where
        assert bool(got) == bool(shown), where
        for item in got:
            assert_shape(shown[0], item, f"{where}[]")
    elif isinstance(shown, (int, float)) and not isinstance(shown, bool):
        assert isinstance(got, (int, float)) and not isinstance(got, bool), f"{where}: {got!r}"
    else:
        assert type(got) is type(shown), f"{where}: {got!r} and not of the kind of {shown!r}"


def test_there_are_examples():
    assert len(EXAMPLES) >= 6


@pytest.mark.parametrize(("path", "shown"), EXAMPLES, ids=[path for path, _ in EXAMPLES])
def test_example(served, path, shown):
    served.wait_until(lambda: served.json("/api/v1/status")["tables"]["gold"]["rows"])
    shown = json.loads(shown)
    status, _, body = served.get(path)
    assert status == (shown["status"] if "title" in shown else 200)
    if path == "/api/v1/coins":  # ethereum has no price of 24 h before
        answer = json.loads(body)
        answer["coins"] = [coin for coin in answer["coins"] if coin["coin"] == "bitcoin"]
        body = json.dumps(answer)
    assert_shape(shown, json.loads(body))


def test_every_route_is_documented(served):
    for path in served.json("/openapi.json")["paths"]:
        assert path.replace("{coin_id}", "bitcoin").replace("{layer}", "gold") in TEXT, path
