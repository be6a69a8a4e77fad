"""`witoil token`: one line in, one line out."""

import pytest
from typer.testing import CliRunner

from web.cli.service import app
from web.people.tokens import find_token
from web.store.base import Store
from witoil.errors import WitoilError


@pytest.fixture
def token(tmp_path, monkeypatch):
    monkeypatch.setenv("WITOIL_DATA", str(tmp_path))

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["token", *arguments])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output

    return run


@pytest.mark.slow
def test_life_of_a_token(token, tmp_path):
    secret = token("create", "anna", "--country", "it", "--scope", "read", "--days", "1").strip()
    store = Store.open(f"sqlite:///{tmp_path / 'witoil.sqlite'}")
    with store.reading() as session:
        found = find_token(session, secret)
        assert (found.owner_name, found.scope, found.owner.country) == ("anna", "read", "IT")
    listed = token("list")
    assert listed.startswith(f"{found.id}  anna  read  IT  good until ")
    assert secret not in listed
    assert token("revoke", found.id) == f"{found.id}  anna  revoked\n"
    assert "good for nothing before" in token("revoke", "anna")
    assert "  revoked " in token("list")
    with store.reading() as session:
        assert find_token(session, secret) is None
    store.close()


@pytest.mark.slow
def test_quotas_are_told(token):
    token("create", "anna")
    assert "jobs_a_day: 5\n" in token("quota", "anna", "--jobs-a-day", "5")
    assert "particle_steps: as everybody\n" in token("quota", "anna")


@pytest.mark.slow
def test_requests_are_answered(token, tmp_path):
    from web.people.admission import ask

    store = Store.open(f"sqlite:///{tmp_path / 'witoil.sqlite'}")
    with store.session() as session:
        asked = ask(
            session,
            name="Bo",
            email="b@example.org",
            institution="Port",
            purpose="deploy",
            message="two\nlines",
            country=None,
        )
    store.close()
    assert f"{asked.id}  waits" in token("requests")
    assert "    two lines\n" in token("requests")
    assert "refused" in token("answer", asked.id, "--refuse")
    assert token("requests") == ""
    assert f"{asked.id}  refused" in token("requests", "--all")


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "a b"),
        ("create", "anna", "--scope", "root"),
        ("create", "anna", "--country", "Italy"),
        ("create", "anna", "--days", "0"),
        ("revoke", "nobody"),
        ("quota", "nobody"),
        ("answer", "none", "--grant"),
    ],
)
def test_mistakes_are_one_line(token, arguments):
    with pytest.raises(WitoilError) as caught:
        token(*arguments)
    assert "\n" not in str(caught.value)
