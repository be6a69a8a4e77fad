"""What is wrong with a TLS connection, in words: mostly a certificate that cannot be trusted."""

from __future__ import annotations

import os
import ssl

from catalog.errors import UnreadableFileError, cause_of

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name whom to trust, as requests looks them up."""

# Codes of OpenSSL, x509_vfy.h.
_UNKNOWN_ISSUER = {18, 19, 20, 21}
_OUT_OF_DATE = {9, 10}


def refuse_distrust(url: str, host: str, error: Exception) -> None:
    """Refuse a connection that would fail again, however often it were tried.

    Parameters
    ----------
    url : str
        What was wanted.
    host : str
        Who was asked for it in the end.
    error : Exception
        What became of it; anything else than distrust passes.

    Raises
    ------
    UnreadableFileError
        If the certificate of the host cannot be trusted, or what the environment names to trust is
        not there or holds no certificate.
    """
    cause = cause_of(error, ssl.SSLError)
    if isinstance(cause, ssl.SSLCertVerificationError):
        fault = cause.verify_message or str(cause)
        raise UnreadableFileError(
            f"{url}: the certificate of {host} cannot be trusted ({fault.rstrip('.')}); "
            f"{_advice(cause.verify_code)}"
        ) from error
    is_of_bundle = cause is not None and cause.library == "X509"
    if is_of_bundle or (cause is None and "CA certificate bundle" in str(error)):
        variable = next((name for name in _BUNDLES if os.environ.get(name)), _BUNDLES[0])
        found = os.environ.get(variable, "nothing")
        raise UnreadableFileError(
            f"{url}: {variable} names {found}, which has no certificates; expected a file of "
            "those to trust (PEM)"
        ) from error


def _advice(code: int) -> str:
    if code in _UNKNOWN_ISSUER:
        return (
            f"if you trust whoever issued it, name a file of their certificates (PEM) by "
            f"{_BUNDLES[0]}"
        )
    if code in _OUT_OF_DATE:
        return "check the clock of this machine, or ask those who run the server to renew it"
    return "check the address, or ask those who run the server"
