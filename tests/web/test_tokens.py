"""Tokens: kept as digests, told once, good until they are not."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from web.people.tokens import (
    TokenError,
    create_guest,
    create_token,
    find_signed_in,
    find_token,
    grant_quotas,
    list_tokens,
    revoke_tokens,
    sign_in,
    sign_out,
)
from web.store.tokens import BrowserSession, Token


def test_token_is_found_by_its_text_alone(store):
    with store.session() as session:
        made, secret = create_token(session, "anna", scope="read", country="it")
        assert find_token(session, secret) is made
        for other in (secret[:-1], secret.upper(), made.digest, made.id, "", "\x00", "\udcff"):
            assert find_token(session, other) is None
    assert made.owner.country == "IT"


def test_nothing_secret_is_in_the_database(store):
    with store.session() as session:
        made, secret = create_token(session, "anna")
        _, cookie = sign_in(session, made)
    with store.reading() as session:
        for table in ("owners", "tokens", "browser_sessions"):
            rows = repr(session.execute(text(f"SELECT * FROM {table}")).all())
            assert secret not in rows
            assert secret.removeprefix("witoil_") not in rows
            assert cookie not in rows


def test_revoked_tokens_and_their_browsers_are_good_for_nothing(store):
    with store.session() as session:
        made, secret = create_token(session, "anna")
        _, other = create_token(session, "anna")
        _, foreign = create_token(session, "bob")
        _, cookie = sign_in(session, made)
        assert find_signed_in(session, cookie) is made
        assert revoke_tokens(session, made.id) == [made]
        assert find_token(session, secret) is None
        assert find_signed_in(session, cookie) is None
        assert find_token(session, other) is not None
        assert len(revoke_tokens(session, "anna")) == 1
        assert find_token(session, other) is None
        assert find_token(session, foreign) is not None
        assert revoke_tokens(session, "anna") == []
        with pytest.raises(TokenError, match="found no token 'nobody'"):
            revoke_tokens(session, "nobody")


def test_token_and_browser_expire(store):
    with store.session() as session:
        made, secret = create_token(session, "anna", lasts=timedelta(hours=1))
        signed, cookie = sign_in(session, made)
        assert signed.expires <= made.expires
        made.expires = made.created - timedelta(seconds=1)
        session.flush()
        assert find_token(session, secret) is None
        assert find_signed_in(session, cookie) is None


def test_browser_is_signed_out_alone(store):
    with store.session() as session:
        made, secret = create_token(session, "anna")
        (_, one), (_, two) = sign_in(session, made), sign_in(session, made)
        sign_out(session, one)
        assert find_signed_in(session, one) is None
        assert find_signed_in(session, two) is made
        assert find_token(session, secret) is made


def test_old_browsers_are_forgotten(store):
    with store.session() as session:
        made, _ = create_token(session, "anna")
        old, cookie = sign_in(session, made)
        old.expires = made.created - timedelta(seconds=1)
        session.flush()
        assert find_signed_in(session, cookie) is None
        sign_in(session, made)
        assert len(session.scalars(select(BrowserSession)).all()) == 1


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "../a", "guest-1", "a\nb", "a" * 65, "<b>", "é", "-a", "a;DROP TABLE", "\x00"],
)
def test_names_that_are_none(store, name):
    with store.session() as session, pytest.raises(TokenError, match=r"^name: found"):
        create_token(session, name)


def test_scopes_countries_and_times_that_are_none(store):
    with store.session() as session:
        for options in (
            {"scope": "root"},
            {"country": "ITA"},
            {"country": "ZZ"},
            {"country": "1T"},
            {"lasts": timedelta(0)},
        ):
            with pytest.raises(TokenError, match="expected"):
                create_token(session, "anna", **options)


def test_guests_are_few_and_leave(store):
    with store.session() as session:
        first, secret = create_guest(session, 2)
        create_guest(session, 2)
        with pytest.raises(TokenError, match="2 guests"):
            create_guest(session, 2)
        first.expires = first.created - timedelta(seconds=1)
        session.flush()
        create_guest(session, 2)
        assert find_token(session, secret) is None
        assert list_tokens(session) == []
        assert len({name for (name,) in session.execute(select(Token.owner_name))}) == 3


def test_quotas_are_granted_one_by_one(store):
    with store.session() as session:
        create_token(session, "anna")
        names = dict.fromkeys(("jobs_at_once", "jobs_a_day"))
        assert grant_quotas(session, "anna", names | {"jobs_at_once": 3})["jobs_at_once"] == 3
        shown = grant_quotas(session, "anna", names | {"jobs_a_day": 0})
        assert shown == {"jobs_at_once": 3, "jobs_a_day": 0}
        with pytest.raises(TokenError, match="found nobody"):
            grant_quotas(session, "bob", names)
