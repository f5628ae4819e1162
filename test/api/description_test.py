"""openapi.json against the server: schemathesis asks every route what its description allows, and what it does not, and
holds the answers against it. The stream never ends, a WebSocket is no answer, and no description says which text is a SELECT: these stand aside
(stream_test.py, web_socket_test.py, question_test.py)."""

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode

EXAMPLES = 25  # of a route and mode


@pytest.fixture(scope="module")
def description(served):
    return schemathesis.openapi.from_url(f"http://127.0.0.1:{served.port}/openapi.json").exclude(path=["/api/v1/stream", "/api/v1/query", "/ws"])


def forward(case):
    """A range that ends before it begins and a version that there never was are refused, which a description cannot say: no positive question
    has one."""
    without = {"to", "as_of"} if case.query and "from" in case.query else {"as_of"}
    case.query = {name: value for name, value in (case.query or {}).items() if name not in without}
    return case


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_answers_are_as_described(served, description, mode):
    asked = []
    for found in description.get_all_operations():
        operation = found.ok()
        takes = bool(operation.query.items or operation.path_parameters.items)
        if mode is GenerationMode.NEGATIVE and not takes:
            continue  # nothing that could be wrong about the question
        cases = operation.as_strategy(generation_mode=mode)

        @hypothesis.settings(max_examples=EXAMPLES if takes else 1, deadline=None, derandomize=True, database=None,
                             suppress_health_check=list(hypothesis.HealthCheck))
        @hypothesis.given(case=cases.map(forward) if mode is GenerationMode.POSITIVE else cases)
        def ask(case):
            case.call_and_validate(timeout=20)

        ask()
        asked.append(operation.path)
    assert "/api/v1/candles" in asked and "/readyz" in asked
    if mode is GenerationMode.POSITIVE:
        assert set(served.json("/openapi.json")["paths"]) - set(asked) == {"/api/v1/stream", "/api/v1/query", "/ws", "/openapi.json"}
