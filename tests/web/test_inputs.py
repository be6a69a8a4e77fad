"""What a case names is what its owner may have, and nothing else."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.people import FEATURES, assert_problem, bring, case, people
from web.data import names, uploads
from web.data.inputs import MissingInputError, resolve
from web.data.names import WORDS, names_in
from web.jobs import queue
from web.jobs.processes import PROCESSES


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    (folder / "winds-1.nc").write_text("1")
    (folder / "winds-2.nc").write_text("2")
    catalogue = folder / "catalogue.toml"
    catalogue.write_text(
        "[winds]\ntitle = 'Winds'\nfiles = 'winds-*.nc'\n"
        "[two]\ntitle = 'Two files'\nfiles = ['winds-1.nc', 'winds-2.nc']\n"
        "[far]\ntitle = 'Far'\nfiles = 'https://data.example.org/winds.nc'\n"
    )
    options = {"allowed_hosts": "data.example.org,other.test:8443", "jobs_at_once": 1000}
    with (
        pytest.MonkeyPatch.context() as patch,
        people(folder, catalogue=catalogue, **options) as made,
    ):
        patch.setattr(uploads, "check", lambda path, purpose: {})
        yield made


def execute(client, process="simulate", **given_inputs: Any):
    return client.post(f"/ogc/processes/{process}/execution", json={"inputs": given_inputs})


REFUSED = [
    "/etc/passwd",
    "../secret.nc",
    "winds.nc",
    "./winds.nc",
    "~/winds.nc",
    "*.nc",
    "/data/**/*.nc",
    "file:///etc/passwd",
    "file:/etc/passwd",
    "FILE:/etc/passwd",
    "${HOME}/a.nc",
    "$HOME/a.nc",
    "\\\\server\\share\\a.nc",
    "C:\\a.nc",
    "/vsicurl/http://127.0.0.1/a.nc",
    "/vsizip/a.zip/a.nc",
    "zip+file:///a.zip",
    "ftp://data.example.org/a.nc",
    "s3://bucket/a.nc",
    "gs://bucket/a",
    "NETCDF:/etc/passwd:a",
    'HDF5:"a"://b',
    "http://127.0.0.1/a.nc",
    "http://127.0.0.1:80/a.nc",
    "http://2130706433/a.nc",
    "http://0x7f.1/a.nc",
    "http://[::1]/a.nc",
    "http://[::ffff:127.0.0.1]/a.nc",
    "http://169.254.169.254/latest/meta-data",
    "http://localhost/a.nc",
    "https://data.example.org.evil.test/a.nc",
    "https://evil.test/data.example.org",
    "https://evil.test#data.example.org",
    "https://evil.test?data.example.org",
    "https://data.example.org@evil.test/a.nc",
    "https://user:secret@data.example.org/a.nc",
    "https://data.example.org\\@evil.test/a.nc",
    "https://evil.test\\@data.example.org/a.nc",
    "https://data.example.org:8080@evil.test/a.nc",
    "https://data.example.org%00.evil.test/a.nc",
    "https://data.example.org /a.nc",
    "https://data.example.org/a\r\nHost: b",
    "https://data。example。org/a.nc",
    "https://data.example.org:99999/a.nc",
    "https:///a.nc",
    "https:data.example.org/a.nc",
    "https://[data.example.org/a.nc",
    "http://",
    "https://other.test/a.nc",
    "https://other.test:8080/a.nc",
    "opendap:http://127.0.0.1/a",
    "thredds:http://127.0.0.1/catalog.xml#*",
    "thredds:opendap:https://data.example.org/a",
    "opendap:/etc/passwd",
    "upload:",
    "upload:1",
    "upload:../../etc/passwd",
    "upload:00000000-0000-0000-0000-000000000000",
    "upload:{00000000-0000-0000-0000-000000000000}",
    "Upload:00000000-0000-0000-0000-000000000000",
    "job:",
    "job:1/a.nc",
    "job:\x00",
    "job:00000000-0000-0000-0000-000000000000/a.nc",
    "catalogue:",
    "catalogue:winds/../far",
    "catalogue:none",
    "catalogue:/etc/passwd",
    "",
    " ",
    "\x00",
    "osm",
]


@pytest.mark.parametrize("name", REFUSED)
def test_names_that_nobody_may_use(service, name):
    client = service.client("anna")
    for value in (name, [name], ["catalogue:winds", name], {"files": name}, [{"files": [name]}]):
        answer = execute(client, case=case(winds=value))
        assert_problem(answer, 422)
        pointers = [each["pointer"] for each in answer.json["errors"]]
        assert all(pointer.startswith("/inputs/case/forcing/winds") for pointer in pointers)


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("forcing.coastline", {"coastline": "/etc/passwd"}),
        ("forcing.waves", {"waves": "/etc/passwd"}),
        ("forcing.temperature", {"temperature": ["/etc/passwd"]}),
        ("forcing.currents", {"currents": "/etc/passwd"}),
    ],
)
def test_every_key_of_forcing(service, place, change):
    answer = execute(service.client("anna"), case=case(**change))
    assert_problem(answer, 422, f"case.{place}")


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("release.0.geometry", {"release": [{"kind": "area", "geometry": "X", "mass_tonnes": 1}]}),
        ("release.0.geometry", {"release": [{"kind": "line", "geometry": "X", "mass_tonnes": 1}]}),
        ("release.0.track", {"release": [{"kind": "ship", "track": "X", "mass_tonnes": 1}]}),
        ("oil.name", {"oil": {"name": "X.json"}}),
        ("oil.name", {"oil": {"name": "X.JSON "}}),
        ("shore.zones", {"shore": {"zones": "X"}}),
        ("observation.0.geometry", {"observation": [{"geometry": "X"}]}),
        (
            "observation.0.swath",
            {"observation": [{"geometry": "https://data.example.org/a.zip", "swath": "X"}]},
        ),
        ("ensemble.forcing.0.winds", {"ensemble": {"forcing": [{"winds": "X"}]}}),
        ("ensemble.forcing.0.currents", {"ensemble": {"forcing": [{"currents": ["X"]}]}}),
    ],
)
def test_every_other_key(service, place, change):
    answer = execute(service.client("anna"), case=case() | change)
    assert_problem(answer, 422, f"case.{place}")


def test_every_fault_is_named(service):
    answer = execute(service.client("anna"), case=case(winds="/a", currents=["/b", "/c"]))
    pointers = {each["pointer"] for each in answer.json["errors"]}
    assert pointers == {
        "/inputs/case/forcing/winds",
        "/inputs/case/forcing/currents/0",
        "/inputs/case/forcing/currents/1",
    }


def test_inputs_beside_the_case(service):
    client = service.client("anna")
    answer = execute(client, "score", run="/etc/passwd", observation="http://127.0.0.1/")
    assert {e["pointer"] for e in answer.json["errors"]} == {"/inputs/run", "/inputs/observation"}


@pytest.mark.parametrize(
    "name",
    [
        "https://data.example.org/a.nc",
        "HTTPS://Data.Example.org/a.nc",
        "https://data.example.org:8443/a.nc",
        "https://data.example.org./a.nc",
        "http://data.example.org/a.nc?x=1#y",
        "https://other.test:8443/a.nc",
        "opendap:https://data.example.org/dodsC/a",
        "thredds:https://data.example.org/catalog.xml#*.nc",
        "catalogue:winds",
        "catalogue:two",
        "catalogue:far",
        "none",
    ],
)
def test_names_that_everybody_may_use(service, name):
    forcing = {"winds": name, "currents": "catalogue:winds"}
    assert execute(service.client("anna"), case=case(**forcing)).status_code == 201


def test_words_are_no_names(service):
    words = case(coastline="none", stokes_drift="none", gap_policy="hold") | {
        "name": "/etc/passwd",
        "oil": {"name": "generic-heavy-crude"},
        "release": [
            {
                "kind": "ship",
                "mass_tonnes": 1,
                "track": [
                    {"time": "2021-08-24T01:00Z", "lon": 35, "lat": 35},
                    {"time": "2021-08-24T02:00Z", "lon": 35.1, "lat": 35},
                ],
            }
        ],
        "shore": {"type": "rock"},
    }
    assert execute(service.client("anna"), case=words).status_code == 201


def _leaves(schema: Any, definitions: dict[str, Any], keys: tuple[str, ...] = ()) -> set:
    """Return the keys at which any text may stand, by the schema of a model."""
    if "$ref" in schema:
        return _leaves(definitions[schema["$ref"].rpartition("/")[2]], definitions, keys)
    found = set()
    if schema.get("type") == "string" and not {"enum", "const"} & schema.keys():
        found.add(keys)
    for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found |= _leaves(part, definitions, keys)
    for part in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(part, dict):
            found |= _leaves(part, definitions, keys)
    for key, part in schema.get("properties", {}).items():
        found |= _leaves(part, definitions, (*keys, key))
    return found


FILES = {
    "files", "currents", "winds", "waves", "temperature", "coastline", "geometry", "swath",
    "zones", "track", "run", "observation", "runs", "observations", "names",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("process", PROCESSES.values(), ids=lambda process: process.id)
def test_every_text_of_a_schema_is_known_for_a_word_or_a_file(process):
    schema = process.inputs.model_json_schema()
    for keys in _leaves(schema, schema.get("$defs", {})):
        is_name = keys[-2:] in {("case", "name"), ("oil", "name")}
        is_name |= keys[0] == "parameters"  # of a model, which gets no file by them
        assert is_name or (keys[-1] in WORDS) != (keys[-1] in FILES), keys


@given(
    st.recursive(
        st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=10,
    )
)
def test_no_text_is_overlooked(value):
    """Under keys that nobody has looked at, each text is the name of a file."""
    text = json.dumps(value)
    inside = {"new_key": value}
    found = list(names_in(inside))
    for named in found:
        here: Any = inside
        for part in named.location:
            here = here[part]
        assert here == named.text

    def count(part: Any, keys: tuple) -> int:
        if isinstance(part, dict):
            return sum(count(item, (*keys, key)) for key, item in part.items())
        if isinstance(part, list):
            return sum(count(item, keys) for item in part)
        return 0 if keys[-1] in WORDS or keys[-1] in names._SPECIAL else 1

    assert len(found) >= count(inside, ()), text


def test_names_become_files(service):
    client = service.client("anna")
    one = bring(client, "a 1.geojson", FEATURES).json
    asked = case(winds=["catalogue:two", "catalogue:far"], currents="catalogue:winds") | {
        "release": [{"kind": "area", "geometry": one["reference"], "mass_tonnes": 1}]
    }
    inputs = {"case": asked, "pictures": False}
    with service.store.reading() as session:
        found = resolve(session, "anna", inputs, service.settings)
    folder = service.settings.catalogue.parent
    assert found["case"]["release"][0]["geometry"] == str(
        service.settings.uploads / one["sha256"] / "a_1.geojson"
    )
    assert found["case"]["forcing"] == {
        "winds": [
            str(folder / "winds-1.nc"),
            str(folder / "winds-2.nc"),
            "https://data.example.org/winds.nc",
        ],
        "currents": str(folder / "winds-*.nc"),
    }
    assert found["pictures"] is False
    assert inputs["case"]["forcing"]["winds"] == ["catalogue:two", "catalogue:far"]
    with service.store.reading() as session, pytest.raises(MissingInputError, match="no upload"):
        resolve(session, "bob", inputs, service.settings)


def test_entry_of_several_files_where_there_is_to_be_one(service):
    answer = execute(service.client("anna"), case=case(coastline="catalogue:two"))
    assert_problem(answer, 422, "has several files, expected one")


def test_entry_that_has_lost_its_files(service):
    catalogue = service.settings.catalogue
    before = catalogue.read_text()
    catalogue.write_text(before + "[lost]\ntitle = 'Lost'\nfiles = 'lost-*.nc'\n")
    answer = execute(service.client("anna"), case=case(winds="catalogue:lost"))
    catalogue.write_text(before)
    assert_problem(answer, 422, "has lost its files")
    assert str(catalogue.parent) not in answer.get_data(as_text=True)


def key(service, client, **forcing):
    answer = execute(client, case=case(**forcing))
    with service.store.reading() as session:
        return queue.get(session, None, answer.json["jobID"]).key


def test_key_of_a_job_is_that_of_contents(service):
    client = service.client("anna")
    assert key(service, client) == key(service, client)
    before = key(service, client)
    service.settings.catalogue.with_name("winds-2.nc").write_text("changed")
    assert key(service, client) != before
    # what a server has may have changed
    far = "https://data.example.org/a.nc"
    assert key(service, client, winds=far) != key(service, client, winds=far)


@pytest.mark.slow
def test_files_of_jobs(service, tmp_path):
    client = service.client("anna")
    execution = "/ogc/processes/simulate/execution?anew=true"
    job_id = client.post(execution, json={"inputs": {"case": case()}}).json["jobID"]
    with service.store.session() as session:
        while (job := queue.claim(session, "r", timedelta(minutes=1))).id != job_id:
            pass
        queue.finish(session, queue.Held.of(job), {})
    folder = service.settings.jobs / job_id
    (folder / "best").mkdir(parents=True)
    (folder / "particles.nc").write_text("x")
    (folder / ".witoil-checkpoint").mkdir()
    (folder / ".witoil-checkpoint" / "a.nc").write_text("x")
    (folder / "link.nc").symlink_to("/etc/passwd")
    ask = lambda run: execute(client, "score", run=run, observation="catalogue:two")  # noqa: E731
    for name in (
        "../witoil.sqlite", "/etc/passwd", "link.nc", "none.nc", "..", ".witoil-checkpoint/a.nc",
        "best/../../x", "best/../../../data/witoil.sqlite", "\x00",
    ):  # fmt: skip
        assert_problem(ask(f"job:{job_id}/{name}"), 422)
    assert_problem(execute(client, case=case(winds=f"job:{job_id}")), 422, "a folder")
    assert_problem(
        execute(service.client("bob"), case=case(winds=f"job:{job_id}/particles.nc")), 422, "no job"
    )
    assert execute(client, case=case(winds=f"job:{job_id}/particles.nc")).status_code == 201


@pytest.mark.parametrize(
    "content",
    ["[a", "[a]\ntitle = 'A'", "[a]\nfiles = 'a'", "a = 1", "[a]\ntitle='A'\nfiles=[]", "\xff"],
)
def test_catalogues_that_cannot_be_read(tmp_path, content):
    from web.data.catalogue import CatalogueError, read_catalogue

    path = tmp_path / "catalogue.toml"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(CatalogueError, match=r"^catalogue: "):
        read_catalogue(path)
    with pytest.raises(CatalogueError, match="cannot be read"):
        read_catalogue(tmp_path / "none.toml")
