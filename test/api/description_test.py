"""openapi.json against the server: schemathesis asks every route what its description allows, and what it does not, and
holds the answers against it. The stream never ends, so it stands aside (stream_test.py)."""

import hypothesis
import pytest
import schemathesis


@schemathesis.hook
def map_query(context, query):
    """A range that ends before it begins is refused, which a description cannot say: positive questions have no such range."""
    if query and "from" in query and "to" in query:
        query = {name: value for name, value in query.items() if name != "to"}
    return query


@pytest.fixture(scope="module")
def description(served):
    return schemathesis.openapi.from_url(f"http://127.0.0.1:{served.port}/openapi.json")


described = schemathesis.pytest.from_fixture("description")


@described.exclude(path="/api/v1/stream").parametrize()
@hypothesis.settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(hypothesis.HealthCheck))
def test_answers_are_as_described(case):
    case.call_and_validate(timeout=20)
