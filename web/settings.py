"""What the operator of a service sets, by environment variables ``WITOIL_…`` or options."""

from __future__ import annotations

import ipaddress
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from witoil.case.loading import plainly
from witoil.errors import WitoilError

PREFIX = "WITOIL_"


class SettingsError(WitoilError):
    """Settings with which no service can be started; one line for each mistake."""


def _separated(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if _is_text(value) else value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _tiles(address: str) -> str:
    parts = urlsplit(address)
    words = ("{z}", "{x}", "{y}")
    plain = parts.netloc and not any(mark in parts.netloc for mark in "@{}*; '\"")
    if parts.scheme != "https" or not plain or not all(word in parts.path for word in words):
        raise ValueError(
            "expected the address of tiles, such as https://tiles.example.org/{z}/{x}/{y}.png"
        )
    return address


def _one_word(host: str) -> str:
    if not host or any(mark in host for mark in "/@?# ") or "://" in host:
        raise ValueError("expected names of hosts, such as data.example.org, parted by commas")
    return host.lower()


Hosts = Annotated[
    list[Annotated[str, AfterValidator(_one_word)]], NoDecode, BeforeValidator(_separated)
]
"""Names of hosts, in the environment parted by commas."""


Names = Annotated[list[str], NoDecode, BeforeValidator(_separated)]
"""Texts, in the environment parted by commas."""


class Settings(BaseSettings):
    """Where a service listens, where it keeps its data, whom it lets in, and its bounds."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True
    )

    host: str = Field("127.0.0.1", description="Address to listen at.")
    port: int = Field(8000, ge=0, le=65_535, description="Port; 0: any that is free.")
    data: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("witoil"),
        description="Folder of the database, the uploads and the jobs.",
    )
    database: str | None = Field(
        None, description="URL of SQLAlchemy; default: sqlite in the data folder."
    )
    scheduler: str | None = Field(
        None, pattern=r"^(tcp|tls)://", description="Dask scheduler whose workers run jobs."
    )
    auth: Literal["on", "off"] = Field(
        "on", description="off: whoever reaches the service may do everything; loopback only."
    )
    served_as: Hosts = Field(
        [], description="Names under which clients reach the service; others are refused."
    )
    proxies: int = Field(
        0, ge=0, le=8, description="Proxies in front whose X-Forwarded headers are true."
    )
    allowed_hosts: Hosts = Field([], description="Hosts from which cases may fetch data.")
    private_hosts: Hosts = Field(
        [], description="Those of the allowed hosts that are in a private network."
    )
    callback_hosts: Hosts = Field([], description="Hosts that may be told of the end of a job.")
    catalogue: Path | None = Field(None, description="File that names data for all cases.")
    base_map: Annotated[str, AfterValidator(_tiles)] | None = Field(
        None, description="Tiles of a map from elsewhere, which browsers may load when asked to."
    )
    base_map_credit: str = Field("", description="Whose map that is; stands on it.")
    products: Names = Field(
        [],
        description="Data sets of the registry that jobs may fetch, by id or service: cmems, era5.",
    )
    threads: PositiveInt = Field(
        48, le=1024, description="Requests at once; an event stream keeps one for itself."
    )
    streams: PositiveInt = Field(24, description="Event streams at once; fewer than threads.")
    body_bytes: PositiveInt = Field(4_000_000, description="Largest JSON body. [byte]")
    wait_seconds: PositiveFloat = Field(
        20.0, le=300.0, description="How long a synchronous request waits for its job. [s]"
    )
    preview_bytes: PositiveInt = Field(
        3_000_000_000,
        description="Memory for the cases that previews hold; one has a quarter. [byte]",
    )
    sso_issuer: str | None = Field(
        None,
        pattern=r"^(https://|http://(localhost|127\.0\.0\.1)[:/])",
        description="Provider of sign-ons by OpenID Connect.",
    )
    sso_client: str | None = Field(None, description="Id of this service at the provider.")
    sso_secret: SecretStr | None = Field(None, description="Its secret there.")
    sso_scope: Literal["read", "run"] | None = Field(
        None, description="What new people may; default: nothing until the operator says yes."
    )
    guests: int = Field(0, ge=0, le=1000, description="Guests at once, without tokens; 0: none.")
    jobs_at_once: PositiveInt = Field(50, description="Jobs of one person that wait or run.")
    jobs_a_day: PositiveInt = Field(1000, description="Jobs of one person in 24 hours.")
    particle_steps: PositiveInt = Field(
        10**12, description="Particles times time steps of one person in 24 hours."
    )
    upload_bytes: PositiveInt = Field(500_000_000, description="Largest uploaded file. [byte]")
    stored_bytes: PositiveInt = Field(
        10_000_000_000, description="Uploads of one person together. [byte]"
    )

    @model_validator(mode="after")
    def _unguarded_at_home_only(self) -> Self:
        if self.auth == "off" and not _is_loopback(self.host):
            raise ValueError(
                f"auth: found off with host {self.host}, expected host 127.0.0.1 or ::1: without "
                "tokens everybody who reaches the service may do everything"
            )
        return self

    @model_validator(mode="after")
    def _threads_beside_streams(self) -> Self:
        if self.streams >= self.threads:
            raise ValueError(
                f"streams: found {self.streams}, expected fewer than threads, {self.threads}: "
                "otherwise event streams keep all others out"
            )
        return self

    @model_validator(mode="after")
    def _whole_provider(self) -> Self:
        if self.sso_issuer is not None and self.sso_client is None:
            raise ValueError("sso_client: missing, expected the id of this service at the provider")
        if self.sso_issuer is not None and find_spec("authlib") is None:
            raise ValueError(
                "sso_issuer: needs what is not installed; expected pip install 'witoil[sso]'"
            )
        return self

    @property
    def database_url(self) -> str:
        """Where jobs, tokens and uploads are recorded."""
        return self.database or f"sqlite:///{self.data.resolve() / 'witoil.sqlite'}"

    def environment(self) -> dict[str, str]:
        """Return what gives another process the same settings."""
        # runners sign nobody in
        named = self.model_dump(mode="json", exclude_none=True, exclude={"sso_secret"})
        return {
            PREFIX + name.upper(): ",".join(value) if isinstance(value, list) else str(value)
            for name, value in named.items()
        }

    @property
    def jobs(self) -> Path:
        """Folder with a folder for each job."""
        return self.data / "jobs"

    @property
    def uploads(self) -> Path:
        """Folder with a folder for each content."""
        return self.data / "uploads"

    @property
    def names(self) -> list[str]:
        """What the Host header of a request may be; anything where the list is empty.

        A page elsewhere can give its own name our address; only by the name of the host can its
        requests be told from those of a person at this machine.
        """
        if self.auth == "off":
            return ["localhost", "127.0.0.1", "[::1]", *self.served_as]
        return list(self.served_as)


def read_settings(**given: Any) -> Settings:
    """Return the settings of the environment, and what is given in place of those.

    Raises
    ------
    SettingsError
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise SettingsError("\n".join(map(_in_words, error.errors(include_url=False)))) from None


def _in_words(item: Any) -> str:
    message = plainly(item["msg"]).replace("string should match", "expected a text that matches")
    if not item["loc"]:
        return _named(message)
    return f"{PREFIX}{str(item['loc'][0]).upper()}: found {item['input']!r}, {message}"


def _named(message: str) -> str:
    name, _, rest = message.partition(":")
    return f"{PREFIX}{name.upper()}:{rest}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
