"""What modules take and answer: forms read from their Swagger, replies in the form of results."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plugins.builders import CASES
from tests.plugins.deepaas import hosting
from witoil.plugins.envelope import fault_of
from witoil.plugins.errors import PluginError
from witoil.plugins.hosted.answers import findings_of
from witoil.plugins.hosted.module import HostedModule
from witoil.plugins.hosted.process import Reply
from witoil.plugins.hosted.record import HostedParameter, HostedRecord

RECORDINGS = CASES.parent / "reference" / "deepaas"
needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="needs the recordings")


def body(name):
    return json.loads((RECORDINGS / f"{name}.json").read_text())["body"]


def module(tmp_path, parameters=(), **changes):
    return HostedModule(tmp_path, hosting.record(parameters=parameters, **changes))


def field(name, kind="file", place="formData", **changes):
    return {"name": name, "in": place, "type": kind, "required": False, **changes}


@needs_recordings
def test_a_real_module_of_the_hub_is_read(tmp_path):
    operation = body("demoapp_swagger")["paths"]["/v2/models/ai4os_demo_app/predict/"]["post"]
    (said,) = body("demoapp_models")["models"]
    record = hosting.record("ai4os_demo_app", predict=operation, metadata=said)
    assert not record.is_wrapped
    assert record.card().model.licence_code == "MIT"
    made = HostedModule(tmp_path, record)
    values, faults = made.read_fields("predict", {"demo_int": ["3"], "demo_bool": ["no"]})
    assert faults == body("demoapp_predict_missing")
    assert values == {"demo_int": 3, "demo_bool": False}
    assert made.read_fields("predict", {"demo_int_range": ["101"]})[1]["demo_int_range"] == [
        "Must be greater than or equal to 1 and less than or equal to 100."
    ]
    with pytest.raises(PluginError, match="takes demo_image, demo_audio, demo_video, expected one"):
        made.predict(tmp_path / "a.jpg", {})
    (answer,) = findings_of(body("demoapp_predict")).features
    assert answer.properties["answer"]["demo_int"] == 3


def test_boxes_of_the_yolo_family_are_features():
    thing = {"name": "fish", "class": 2, "confidence": 0.75}
    corners = {"x1": 0, "y1": 0, "x2": 2, "y2": 0, "x3": 2, "y3": 1, "x4": 0, "y4": 1}
    found = findings_of(
        [
            [thing | {"box": {"x1": 1, "y1": 2, "x2": 5, "y2": 4}}],
            [],
            [
                thing | {"box": corners},
                thing
                | {
                    "box": {"x1": 0, "y1": 0, "x2": 9, "y2": 9},
                    "segments": {"x": [0, 4, 0], "y": [0, 0, 4]},
                },
            ],
        ]
    )
    areas = [(it.frame, it.pixel.area, it.label, it.score) for it in found.features]
    assert areas == [(0, 8, "fish", 0.75), (2, 2, "fish", 0.75), (2, 8, "fish", 0.75)]
    assert not found.remarks


_COORDINATES = st.lists(st.integers(0, 9), min_size=4, max_size=6)


@given(_COORDINATES, _COORDINATES)
def test_outlines_that_cross_themselves_are_mended(x, y):
    x, y = x[: len(y)], y[: len(x)]
    corners = {"x1": min(x), "y1": min(y), "x2": max(x), "y2": max(y)}
    thing = {"name": "wrack", "confidence": 0.5, "box": corners, "segments": {"x": x, "y": y}}
    found = findings_of([[thing, thing | {"segments": None}]])
    assert len(found.features) == 2
    assert fault_of(found) == ""


@pytest.mark.parametrize(
    ("answer", "labels"),
    [
        ({"predictions": [{"file_name": "a", "class_name": "bad", "confidence": 0.5}]}, ["bad"]),
        (
            {
                "filenames": ["a"],
                "pred_lab": [["Tripos", "Ciliophora"]],
                "pred_prob": [[0.75, 0.25]],
                "aphia_ids": [[1, 2]],
            },
            ["Tripos"],
        ),
        ([{"file_name": "a", "top5_prediction": {"x": 0.25, "y": 0.5}}], ["y"]),
        ({"names": ["a"], "scores": [0.5]}, [None]),
        ([[]], []),
    ],
)
def test_other_forms_of_the_programme_are_read(answer, labels):
    found = findings_of(answer)
    assert [it.label for it in found.features] == labels
    assert not found.remarks


@pytest.mark.parametrize(
    "answer",
    [
        {"mean": 1.0},
        "done",
        None,
        [[{"name": "fish", "confidence": 0.5}]],
        [[{"name": "fish", "confidence": 7, "box": {"x1": 0, "y1": 0, "x2": 1, "y2": 1}}]],
        [[{"name": "a", "confidence": 0.5, "box": {"x1": 0, "y1": 0, "x2": "nan", "y2": 1}}]],
        {"pred_lab": [["a"]], "pred_prob": [[0.5, 0.5]]},
        {"names": ["a", "b"], "scores": [0.5]},
        {"predictions": [{"class_name": "a", "confidence": True}]},
    ],
)
def test_an_answer_of_another_form_is_kept_whole_and_said_to_be(answer):
    found = findings_of(answer)
    (kept,) = found.features
    assert kept.properties == {"answer": answer}
    assert kept.score is None
    assert "form that is not known" in found.remarks[0]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda it: st.lists(it) | st.dictionaries(st.text(), it),
    max_leaves=8,
)


@pytest.mark.slow
@given(_JSON)
def test_no_answer_is_lost(answer):
    found = findings_of(answer)
    assert found.features or answer in ([], [[]]) or all(it == [] for it in answer)


@given(st.integers())
def test_integers_are_read_as_they_were_written(number):
    whole = HostedParameter.of({"name": "k", "type": "integer"})
    assert whole.read([str(number)]) == number
    listed = HostedParameter.of({"name": "k", "type": "array", "items": {"type": "integer"}})
    assert listed.read([str(number)] * 2) == [number, number]


@pytest.mark.parametrize("text", ["", "x", "1.5", "nan"])
def test_what_is_no_integer_is_refused(text):
    with pytest.raises(ValueError, match="Not a valid integer"):
        HostedParameter.of({"name": "k", "type": "integer"}).read([text])


@pytest.mark.parametrize("text", ["nan", "inf", "1e999"])
def test_numbers_that_are_none_are_refused(text):
    with pytest.raises(ValueError, match="Not a valid number"):
        HostedParameter.of({"name": "k", "type": "number"}).read([text])


@pytest.mark.parametrize(
    ("fields", "name", "expected"),
    [
        ([field("image", required=True), field("mask")], "a.png", "image"),
        ([field("image"), field("zip", description="a zip of images")], "a.png", "image"),
        ([field("image"), field("zip")], "a.ZIP", "zip"),
        ([field("only")], "a.zip", "only"),
    ],
)
def test_a_file_goes_where_it_fits(tmp_path, fields, name, expected):
    made = module(tmp_path, fields)
    assert made.file_field(tmp_path / name) == expected


def test_a_parameter_says_what_it_may_be():
    entry = {"name": "k", "type": "integer", "minimum": 1, "maximum": 5, "default": 0}
    assert HostedParameter.of(entry).schema() == {
        **{"type": "integer", "description": "", "minimum": 1, "maximum": 5, "default": 0}
    }
    entry = {"name": "a", "type": "array", "items": {"type": "number"}, "minimum": 0}
    assert HostedParameter.of(entry).schema() == {
        **{"type": "array", "items": {"type": "number"}, "description": "", "minimum": 0}
    }
    chosen = HostedParameter.of({"name": "c", "type": "string", "enum": ["x", "y"]}).schema()
    assert chosen == {"type": "string", "description": "", "enum": ["x", "y"]}


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(422, "application/json", b'{"k": ["Not a\\nvalid integer."]}'), "k: Not a valid"),
        (Reply(422, "text/plain", b"no"), "refuses the request without a reason"),
        (Reply(501, "text/plain", b""), "cannot do this"),
        (Reply(500, "text/plain", b""), "failed"),
        (Reply(200, "image/png", b""), "found an answer of the type image/png"),
        (Reply(200, "application/json", b"{"), "no JSON"),
        (Reply(200, "application/json", b'{"status": "OK"}'), "another form than its Swagger"),
        (Reply(200, "application/json", b"[" * 100_000), "no JSON"),
    ],
)
def test_replies_that_are_none_are_told_in_a_line(tmp_path, reply, says):
    with pytest.raises(PluginError) as told:
        module(tmp_path).read(reply)
    assert says in str(told.value)
    assert str(told.value).isprintable()


def test_a_module_of_sound_takes_sound(tmp_path):
    heard = module(tmp_path, [field("audio", required=True)])
    seen = module(tmp_path, [field("files", description="image")])
    assert (heard.card.input.kind, seen.card.input.kind) == ("audio", "image")


@pytest.mark.parametrize("name", ["", "x" * 65, "a b", "_a"])
def test_a_name_that_is_none_for_a_plugin_is_refused(name):
    with pytest.raises(ValueError, match="model"):  # both errors are values
        HostedRecord.model_validate_json(hosting.record().model_dump_json()).model_copy(
            update={"model": name}
        ).card()
