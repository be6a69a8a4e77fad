"""Signing on by a provider of OpenID Connect: authorization code with PKCE, state and nonce.

OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3; RFC 7636. Who somebody is, is kept as an account
with a name that tells nobody who they are; what they may, the operator says.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from web.errors import NotFoundError, ProviderError, UnauthenticatedError
from web.people import admission
from web.people.tokens import SIGNED_IN, SIGNED_ON, create_signed_on, digest_of, owner_named
from web.store.base import now
from web.store.identities import Identity, PendingSignOn

if TYPE_CHECKING:
    from web.settings import Settings
    from web.store.tokens import Token

PENDING = timedelta(minutes=10)
"""How long somebody may take at the provider."""

_SECONDS = 10.0
_LEEWAY_SECONDS = 60
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]


def begin(session: Session, settings: Settings, back: str) -> tuple[str, str]:
    """Begin a sign-on.

    Parameters
    ----------
    session : Session
    settings : Settings
    back : str
        Where the provider sends the browser back to.

    Returns
    -------
    str
        Where the browser goes now.
    str
        The state, which that browser has to bring back.

    Raises
    ------
    NotFoundError
        If the operator has named no provider.
    ProviderError
        If it does not answer as one does.
    """
    provider = _provider(settings)
    moment = now(session)
    session.execute(delete(PendingSignOn).where(PendingSignOn.expires <= moment))
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    session.add(
        PendingSignOn(
            digest=digest_of(state), nonce=nonce, verifier=verifier, expires=moment + PENDING
        )
    )
    url, _ = _client(settings, back).create_authorization_url(
        provider["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
    )
    return url, state


def take_pending(session: Session, state: str | None, kept: str | None) -> PendingSignOn:
    """Return the sign-on that a browser comes back from; it cannot come back twice.

    Parameters
    ----------
    session : Session
        Has to be kept whatever comes next.
    state : str or None
        As the provider gives it back.
    kept : str or None
        As the browser has it.

    Raises
    ------
    UnauthenticatedError
    """
    if not state or not kept or not secrets.compare_digest(state.encode(), kept.encode()):
        raise UnauthenticatedError("state: found another than this browser has begun with")
    pending = session.get(PendingSignOn, digest_of(state))
    if pending is None or pending.expires <= now(session):
        raise UnauthenticatedError("state: was used before, or took too long; sign in again")
    session.delete(pending)
    return pending


def subject_of(settings: Settings, pending: PendingSignOn, code: str, back: str) -> str:
    """Return who somebody is, as the provider signs it for a code.

    Raises
    ------
    UnauthenticatedError
        If the provider does not take the code, or what it signs is not for us or not now.
    ProviderError
    """
    from authlib.common.errors import AuthlibBaseError
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet
    from requests import RequestException

    provider = _provider(settings)
    issuer, client = str(settings.sso_issuer), str(settings.sso_client)
    try:
        told = _client(settings, back).fetch_token(
            provider["token_endpoint"],
            code=code,
            code_verifier=pending.verifier,
            timeout=_SECONDS,
        )
        keys = KeySet.import_key_set({"keys": _document(provider["jwks_uri"])["keys"]})
        token = jwt.decode(str(told.get("id_token", "")), keys, algorithms=_ALGORITHMS)
        registry = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": client},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": pending.nonce},
        )
        registry.validate(token.claims)
        _refuse_other_party(token.claims, settings)
    except (AuthlibBaseError, JoseError) as error:
        raise UnauthenticatedError(
            f"the provider does not vouch for this sign-on ({error}); sign in again"
        ) from None
    except RequestException as error:
        raise ProviderError(f"{settings.sso_issuer}: {type(error).__name__}") from None
    except (KeyError, ValueError, TypeError) as error:
        raise UnauthenticatedError(
            f"the provider's answer makes no sense ({type(error).__name__}); sign in again"
        ) from None
    return str(token.claims["sub"])


def _refuse_other_party(claims: Mapping[str, Any], settings: Settings) -> None:
    """Refuse what was signed for another client, too, unless it says that we have asked."""
    audience = claims["aud"]
    party = claims.get("azp")
    if party not in (None, settings.sso_client) or (
        isinstance(audience, list) and len(audience) > 1 and party is None
    ):
        raise UnauthenticatedError("azp: found another client, expected this service")


def account(session: Session, settings: Settings, subject: str) -> Token | str:
    """Return a token for somebody whom the provider knows, or the request that waits.

    Parameters
    ----------
    session : Session
    settings : Settings
    subject : str

    Returns
    -------
    Token or str
        The id of the request for access, where the operator has not said yes.
    """
    issuer = str(settings.sso_issuer)
    identity = session.get(Identity, (issuer, subject))
    if identity is None:
        name = SIGNED_ON + hashlib.sha256(f"{issuer} {subject}".encode()).hexdigest()[:16]
        owner = owner_named(session, name)
        session.flush()  # the account refers to them
        identity = Identity(
            issuer=issuer,
            subject=subject,
            owner_name=owner.name,
            scope=settings.sso_scope,
            created=now(session),
        )
        if identity.scope is None:
            identity.request_id = admission.ask_for_sign_on(session, name, issuer).id
        session.add(identity)
    if identity.scope is None:
        return identity.request_id or identity.owner_name
    return create_signed_on(session, identity.owner_name, identity.scope, SIGNED_IN)


def _provider(settings: Settings) -> Mapping[str, str]:
    """Return what a provider says of itself (OpenID Connect Discovery 1.0, section 4).

    Raises
    ------
    NotFoundError, ProviderError
    """
    from requests import RequestException

    if settings.sso_issuer is None:
        raise NotFoundError("there is no provider of sign-ons here; expected a token")
    try:
        found = _document(f"{settings.sso_issuer.rstrip('/')}/.well-known/openid-configuration")
    except (RequestException, ValueError) as error:
        raise ProviderError(f"{settings.sso_issuer}: {type(error).__name__}") from None
    if found.get("issuer") != settings.sso_issuer:
        raise ProviderError(
            f"{settings.sso_issuer}: says that it is {found.get('issuer')!r}; expected the same"
        )
    return found


def _document(address: str) -> dict[str, Any]:
    import requests

    answer = requests.get(address, timeout=_SECONDS, allow_redirects=False)
    answer.raise_for_status()
    document = answer.json()
    if not isinstance(document, dict):
        raise ValueError("no document")
    return document


def _client(settings: Settings, back: str) -> Any:
    from authlib.integrations.requests_client import OAuth2Session

    secret = settings.sso_secret
    return OAuth2Session(
        settings.sso_client,
        None if secret is None else secret.get_secret_value(),
        scope="openid",
        redirect_uri=back,
        code_challenge_method="S256",
        token_endpoint_auth_method="none" if secret is None else "client_secret_basic",
    )
