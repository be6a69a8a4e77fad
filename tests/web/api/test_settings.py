"""What the operator sets, and how mistakes in it are told."""

import pytest

from web.settings import Settings, SettingsError, read_settings


@pytest.fixture(autouse=True)
def empty(monkeypatch, tmp_path):
    import os

    for name in os.environ:
        if name.startswith("WITOIL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def test_defaults_are_those_of_one_person_at_one_machine(tmp_path):
    settings = read_settings()
    assert (settings.host, settings.auth) == ("127.0.0.1", "on")
    assert settings.data == tmp_path / "witoil"
    assert settings.database_url == f"sqlite:///{tmp_path}/witoil/witoil.sqlite"


def test_the_environment_and_options(monkeypatch):
    monkeypatch.setenv("WITOIL_PORT", "9000")
    monkeypatch.setenv("WITOIL_ALLOWED_HOSTS", "data.example.org, Other.Example ,")
    monkeypatch.setenv("WITOIL_DATABASE", "")
    assert read_settings().port == 9000
    assert read_settings(port=9001, host=None).port == 9001
    assert read_settings().allowed_hosts == ["data.example.org", "other.example"]
    assert read_settings().database is None


MISTAKES = {
    "WITOIL_PORT": ("many", "WITOIL_PORT: found 'many', expected a valid integer"),
    "WITOIL_AUTH": ("perhaps", "WITOIL_AUTH: found 'perhaps', expected 'on' or 'off'"),
    "WITOIL_SCHEDULER": ("host:8786", "WITOIL_SCHEDULER: found 'host:8786', expected "),
    "WITOIL_CALLBACK_HOSTS": ("https://a", "WITOIL_CALLBACK_HOSTS: found 'https://a', expected names"),
    "WITOIL_STREAMS": ("48", "WITOIL_STREAMS: found 48, expected fewer than threads, 48"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_with_the_variable(monkeypatch, name):
    value, message = MISTAKES[name]
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_all_mistakes_are_told(monkeypatch):
    monkeypatch.setenv("WITOIL_PORT", "70000")
    monkeypatch.setenv("WITOIL_PROXIES", "-1")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", ""])
def test_without_tokens_only_this_machine_is_served(host):
    with pytest.raises(SettingsError, match="WITOIL_AUTH: found off with host"):
        read_settings(auth="off", host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_may_be_served_without_tokens(host):
    assert read_settings(auth="off", host=host).names


def test_another_process_gets_the_same(monkeypatch, tmp_path):
    settings = Settings(
        port=1234, data=tmp_path, allowed_hosts=["a.example", "b.example"], auth="off", streams=3
    )
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert read_settings() == settings
