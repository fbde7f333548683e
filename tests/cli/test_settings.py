"""Where address and certificates come from: the first place that names them, and one clear line when none does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasker.cli.service import settings
from tasker.cli.service.configfile import config_path
from tasker.cli.service.settings import Settings, find, read
from tasker.errors import TaskerError

FLAGS = {"address": "flag:1", "ca": "/flag/ca", "cert": "/flag/a.crt", "key": "/flag/a.key"}
VARIABLES = {"TASKER_ADDRESS": "env:1", "TASKER_CA": "/env/ca", "TASKER_CERT": "/env/a.crt", "TASKER_KEY": "/env/k"}
SYSTEM = Path("/etc/tasker")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".config" / "tasker").mkdir(parents=True)
    return tmp_path


def configure(home: Path, text: str) -> Path:
    path = home / ".config" / "tasker" / "config.toml"
    path.write_text(text)
    return path


def found(home: Path, flags: dict[str, str] | None = None, variables: dict[str, str] | None = None) -> Settings:
    return find(flags or {}, {"HOME": str(home), **(variables or {})}, "alice", SYSTEM)


def test_the_order(home: Path) -> None:
    system = found(home)
    assert (system.address, system.ca) == ("localhost:8275", SYSTEM / "ca.crt")
    assert (system.cert, system.key) == (SYSTEM / "clients/alice.crt", SYSTEM / "clients/alice.key")
    configure(home, 'address = "file:1"\nca = "/file/ca"\ncert = "/file/a.crt"\nkey = "/file/k"')
    assert found(home) == Settings("file:1", Path("/file/ca"), Path("/file/a.crt"), Path("/file/k"))
    both = found(home, variables=VARIABLES)
    assert both == Settings("env:1", Path("/env/ca"), Path("/env/a.crt"), Path("/env/k"))
    assert found(home, FLAGS, VARIABLES) == Settings(
        "flag:1", Path("/flag/ca"), Path("/flag/a.crt"), Path("/flag/a.key")
    )


def test_each_by_itself_but_certificate_and_key_together(home: Path) -> None:
    configure(home, 'ca = "/file/ca"\ncert = "/file/a.crt"\nkey = "/file/k"')
    mixed = found(home, {"cert": "/mine/bob.crt"}, {"TASKER_ADDRESS": "env:1", "TASKER_CA": ""})
    assert mixed == Settings("env:1", Path("/file/ca"), Path("/mine/bob.crt"), Path("/mine/bob.key"))
    with pytest.raises(TaskerError, match="cannot use the key /k without its certificate"):
        found(home, {"key": "/k"})


def test_paths_in_the_file_are_relative_to_it(home: Path) -> None:
    path = configure(home, 'ca = "ca.crt"\ncert = "certs/a.crt"')
    settings = found(home)
    assert (settings.ca, settings.cert) == (path.parent / "ca.crt", path.parent / "certs/a.crt")
    assert settings.key == path.parent / "certs/a.key"


def test_xdg(home: Path) -> None:
    assert config_path({"XDG_CONFIG_HOME": "/x", "HOME": "/h"}) == "/x/tasker/config.toml"
    assert config_path({"XDG_CONFIG_HOME": "relative", "HOME": "/h"}) == "/h/.config/tasker/config.toml"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("adress = 'x:1'", "there is no key 'adress'; the keys are address, ca, cert, key, context, contexts"),
        ("address = 8275", 'address must be a string: address = "…"'),
        ('ca = "\\u0000"', 'ca must be a string: ca = "…"'),
        ('cert = "~nobody-of-that-name/x"', "cannot find the home directory"),
        pytest.param(f"ca = {'1' * 5000}", "it is not TOML", id="digits"),
        ("address", "it is not TOML"),
    ],
)
def test_a_bad_file(home: Path, text: str, said: str) -> None:
    path = configure(home, text)
    with pytest.raises(TaskerError) as refused:
        found(home)
    assert refused.value.message.startswith(f"cannot use {path}: {said}")


def test_what_is_missing_is_said(home: Path) -> None:
    settings = find({}, {"HOME": str(home)}, "alice", home)
    with pytest.raises(
        TaskerError, match=r"cannot find the CA's certificate: .*/ca.crt does not exist; set it with --ca"
    ):
        read(settings)
    (home / "ca.crt").write_text("ca")
    with pytest.raises(TaskerError, match=r"cannot find your certificate: .* \(tasker certs client alice\)"):
        read(settings)
    (home / "clients").mkdir()
    (home / "clients/alice.crt").write_text("certificate")
    (home / "clients/alice.key").mkdir()
    with pytest.raises(
        TaskerError, match=r"cannot read the key of your certificate, .*/alice.key: is a directory; ask an admin"
    ):
        read(settings)
    os.rmdir(home / "clients/alice.key")
    (home / "clients/alice.key").write_text("key")
    material = read(settings)
    assert (material.ca, material.certificate, material.key) == (b"ca", b"certificate", b"key")


def test_without_an_address_it_is_the_local_socket_if_there_is_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For whom it is not, tests/system/test_connections.py."""
    monkeypatch.setattr(settings, "LOCAL", home / "socket")
    assert found(home).address == "localhost:8275"
    (home / "socket").touch()
    assert found(home).address == "unix:/run/tasker-local/socket"
    assert found(home, variables={"TASKER_ADDRESS": "env:1"}).address == "env:1"
    assert found(home, {"address": "flag:1"}).address == "flag:1"
    configure(home, 'address = "file:1"')
    assert found(home).address == "file:1"
