"""Parameters of programs over HTTP: what they know, but no file of the server."""

import pytest
from pydantic import ValidationError

from web.jobs.inputs import PredictInputs


def asked(**parameters):
    files = ["upload:0123456789abcdef"]
    return PredictInputs(
        module="satellite-bathymetry", version="1", files=files, parameters=parameters
    )


def test_numbers_and_words_of_a_program_are_taken():
    assert asked(tide_m=0.5, law="ratio").parameters == {"tide_m": 0.5, "law": "ratio"}


@pytest.mark.parametrize("name", ["soundings", "unknown"])
def test_files_of_the_server_are_no_parameters_of_a_request(name):
    with pytest.raises(ValidationError, match=f"found '{name}'"):
        asked(**{name: "/etc/passwd"})
