"""The whole document, by requests that are made from it: no 5xx, nothing that it does not say."""

import hypothesis
import pytest
from hypothesis import HealthCheck

from web.errors import ConflictError
from web.previews import asking

# schemathesis is imported by what uses it: every process that collects tests would load it


@pytest.fixture(autouse=True)
def _no_process_of_previews(monkeypatch):
    """Have previews end as the document says, though nobody is there to make them."""

    def ask(data, question):
        raise ConflictError("superseded by a newer request of its session")

    monkeypatch.setattr(asking, "ask", ask)


def checks():
    """Return what is asked of every answer."""
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks as by_document

    return [
        not_a_server_error,
        by_document.status_code_conformance,
        by_document.content_type_conformance,
        by_document.response_headers_conformance,
        by_document.response_schema_conformance,
    ]


def examine(operation, mode, checks, examples):
    """Send requests to an operation."""

    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def send(case):
        # an object in a query arrives as text, which is right where any text is
        hypothesis.assume(not any(isinstance(each, dict) for each in (case.query or {}).values()))
        case.call_and_validate(checks=checks)

    send()


def operations(app):
    """Return all operations of the document."""
    import schemathesis

    document = schemathesis.openapi.from_wsgi("/openapi.json", app)
    return [found.ok() for found in document.get_all_operations()]


@pytest.mark.slow
def test_answers_are_those_of_the_document(app):
    from schemathesis import GenerationMode

    found = operations(app)
    assert len(found) > 15
    for operation in found:
        examine(operation, GenerationMode.POSITIVE, checks(), examples=10)


@pytest.mark.slow
def test_what_the_document_does_not_have_is_refused(app):
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import negative_data_rejection

    # in a path any text would do
    found = [each for each in operations(app) if list(each.body) or list(each.query)]
    assert len(found) > 7
    examined = set()
    for operation in found:
        # one of each of what it takes is spoilt at a time: few suffice for an operation with little
        # that none before had. What is named alike is read alike; so is what is round the inputs of
        # a process, which are half of what is sent.
        asked = {each.name for each in operation.query}
        sent = 10 * len(list(operation.body))
        if sent and asked == {"anew"} <= examined:
            sent = 5
        takes = 2 * len(asked - examined) + sent
        examined |= asked
        refused = [*checks(), negative_data_rejection]
        examine(operation, GenerationMode.NEGATIVE, refused, examples=min(5 + takes, 25))
