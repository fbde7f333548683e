"""Each thing that may be wrong, wrong in a directory of its own, and what is said of it. Units: tests/system."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasker import certfiles, certs, issuing
from tasker.cli.doctor import certificates, service, system
from tasker.cli.doctor.finding import Finding, Status
from tasker.cli.service.settings import Settings
from tasker.config import ServerSection
from tasker.identity import Role
from tests.cli.conftest import Machine
from tests.support.port import Port
from tests.support.waiting import DEADLINE

YEAR = 366 * 86400.0


def told(finding: Finding, status: Status, text: str, todo: str = "") -> None:
    """What it says, and what to do; whatever is not well has something to do about it."""
    assert finding.status is status, finding
    assert text in finding.text
    assert todo in finding.todo
    assert bool(finding.todo) == (status is not Status.OK)
    assert "\n" not in finding.text + finding.todo


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """Laid out as /etc/tasker."""
    certfiles.init(tmp_path, ["localhost"])
    certfiles.new_client(tmp_path, "alice", Role.USER)
    return tmp_path


def test_systemd(tmp_path: Path) -> None:
    told(system.systemd("systemd 252 (252.39-1)\n+PAM", tmp_path), Status.OK, "version 252")
    told(system.systemd("systemd 247 (x)", tmp_path), Status.WRONG, "version 247", "252 or newer")
    told(system.systemd(None, tmp_path), Status.UNKNOWN, "does not print", "systemctl --version")
    told(system.systemd("systemd 252", tmp_path / "none"), Status.WRONG, "not process 1")
    assert system.output("false") is None
    assert system.output("no-such-tool") is None
    assert system.output("echo", "x") == "x\n"


def test_cgroups(tmp_path: Path) -> None:
    told(system.cgroups(tmp_path), Status.WRONG, "is not cgroup v2", "systemd.unified_cgroup_hierarchy=1")
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu memory pids\n")
    told(system.cgroups(tmp_path), Status.WRONG, "v2 without io", "cgroup_disable=")
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    told(system.cgroups(tmp_path), Status.OK, "cpu, io, memory, pids")


SHOWN = """\
Id=tasker.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=disabled
Result=success

Id=tasker-collector.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=static
Result=success

Id=tasker.socket
LoadState=not-found
ActiveState=inactive

Id=tasker-frontend@1.service
LoadState=loaded
ActiveState=failed
SubState=failed
UnitFileState=disabled
Result=exit-code

Id=tasker-frontend@2.service
LoadState=loaded
ActiveState=inactive
SubState=dead
UnitFileState=disabled
Result=success

Id=tasker-frontend@local.service
LoadState=loaded
ActiveState=inactive
SubState=dead
UnitFileState=disabled
Result=success
"""


def test_units() -> None:
    engine, collector, sock, first, second, local = system.units(SHOWN, 2)
    told(engine, Status.NOTE, "not started at boot", "systemctl enable tasker")
    told(collector, Status.OK, "active")
    told(sock, Status.WRONG, "not loaded (not-found)", "install the package")
    told(first, Status.WRONG, "failed (exit-code)", "journalctl -u tasker-frontend@1.service")
    told(second, Status.WRONG, "inactive (dead)", "systemctl enable --now tasker-frontend@2.service")
    told(local, Status.WRONG, "inactive (dead)", "systemctl enable --now tasker-frontend@local.service")
    (unasked,) = system.units(None, 1)
    told(unasked, Status.UNKNOWN, "does not answer", "systemctl status")


def test_the_memory_of_a_frontend() -> None:
    shipped = ServerSection()
    as_shipped = system.frontend_memory(shipped.connections, shipped.streams, "1073741824\n")
    told(as_shipped, Status.OK, "4000 connections and 300 streams take up to 811M, of 1G")
    more = system.frontend_memory(2000, 1000, "1073741824\n")
    told(more, Status.NOTE, "take up to 1.6G, but MemoryMax of a frontend is 1G", "lower [server] connections")
    told(system.frontend_memory(2000, 1000, "infinity\n"), Status.OK, "no MemoryMax")
    for silent in (None, "", "much\n"):
        told(system.frontend_memory(1, 1, silent), Status.UNKNOWN, "does not print", "systemctl cat")


def test_pressure_disk_and_time(tmp_path: Path) -> None:
    told(system.pressure(tmp_path), Status.NOTE, "PSI", "psi=1")
    (tmp_path / "pressure").mkdir()
    (tmp_path / "pressure/cpu").write_text("some avg10=0.00")
    told(system.pressure(tmp_path), Status.OK, "PSI")
    told(system.disk(tmp_path / "none"), Status.NOTE, "does not exist", "first start")
    assert system.disk(tmp_path).check == "disk"
    told(system.synchronized(tmp_path, "no\n"), Status.NOTE, "not synchronised", "set-ntp true")
    told(system.synchronized(tmp_path, None), Status.UNKNOWN, "cannot tell", "timedatectl")
    told(system.synchronized(tmp_path, "yes\n"), Status.OK, "synchronised")
    (tmp_path / "synchronized").touch()
    told(system.synchronized(tmp_path, "no\n"), Status.OK, "synchronised")


def test_shared_memory(tmp_path: Path) -> None:
    (tmp_path / "lin").touch()
    told(system.shared_memory("b false\n", ["guest"], tmp_path), Status.OK, "RemoveIPC=no")
    told(system.shared_memory("b true\n", ["lin"], tmp_path), Status.OK, "lingers")
    told(system.shared_memory("b true\n", [], tmp_path / "none"), Status.OK, "lingers")
    removed = system.shared_memory("b true\n", ["lin", "guest", "anna"], tmp_path)
    told(removed, Status.NOTE, "the last login session of anna or guest ends", "loginctl enable-linger ACCOUNT")
    assert "message queues" in removed.text
    assert "RemoveIPC=no" in removed.todo
    for unknown in (None, "", "b maybe"):
        told(system.shared_memory(unknown, ["guest"], tmp_path), Status.UNKNOWN, "logind does not say", "logind.conf")


def test_accounts_whose_shared_memory_logind_may_remove() -> None:
    """Nobody has a uid above 999, daemon one below."""
    assert system.accounts(["alice", "daemon", "no-such"], {"alice": "nobody", "bob": "daemon"}) == {"nobody"}
    assert system.accounts(["nobody"], {}) == {"nobody"}
    assert system.accounts([], {"carol": "nobody"}) == {"nobody"}
    assert system.accounts(["root"], {"root": "no-such"}) == set()


def test_a_full_disk() -> None:
    told(system.disk(Path("/proc")), Status.WRONG, "0B free", "[retention]")  # a file system with no room at all


def test_the_authority(etc: Path) -> None:
    told(certificates.authority(etc / "ca.crt", time.time()), Status.OK, "until")
    told(certificates.authority(etc / "none", time.time()), Status.WRONG, "does not exist", "tasker certs init")
    told(certificates.authority(etc / "server.crt", time.time()), Status.WRONG, "not the certificate of a CA")
    told(certificates.authority(etc / "ca.key", time.time()), Status.WRONG, "cannot read")
    expired = certificates.authority(etc / "ca.crt", time.time() + 100 * YEAR)
    told(expired, Status.WRONG, "it expired on", "init --force")
    told(certificates.authority(etc / "ca.crt", time.time() - YEAR), Status.WRONG, "only from", "set the clock")


def test_the_servers_certificate(etc: Path, tmp_path: Path) -> None:
    def look(name: str = "server.crt", hosts: tuple[str, ...] = ("m", "localhost"), at: float = 0.0) -> Finding:
        return certificates.server(etc / name, etc / "ca.crt", hosts, at or time.time())

    told(look(), Status.OK, "for localhost")
    told(look("none"), Status.WRONG, "does not exist", "tasker certs server")
    told(look("clients/alice.crt"), Status.WRONG, "not the certificate of a server", "tasker certs server --force")
    told(look(hosts=("machine",)), Status.NOTE, "not for this machine (machine)", "--host machine")
    told(look(at=time.time() + 100 * YEAR), Status.WRONG, "it expired on", "systemctl reload tasker")
    end = certfiles.show(etc, "server").description.not_after
    told(look(at=end - 13 * 86400), Status.NOTE, "it expires in 13d", "tasker certs server --force")
    other = tmp_path / "other"
    certfiles.init(other, ["localhost"])
    found = certificates.server(other / "server.crt", etc / "ca.crt", ["localhost"], time.time())
    told(found, Status.WRONG, "not signed by")


def test_who_may_read_keys(etc: Path) -> None:
    (well,) = certificates.keys(etc, etc / "server.key")
    told(well, Status.OK, "3 in")
    (etc / "clients/alice.key").chmod(0o640)
    (etc / "server.key").unlink()
    missing, open_ = certificates.keys(etc, etc / "server.key")
    told(missing, Status.WRONG, "does not exist", "certs server")
    told(open_, Status.WRONG, "alice.key has mode 0640", f"chmod 600 {etc}/clients/alice.key")


def test_clients_that_must_renew(etc: Path) -> None:
    end = certfiles.show(etc, "alice").description.not_after
    assert certificates.clients(etc, time.time()) == []
    (soon,) = certificates.clients(etc, end - 86400)
    told(soon, Status.NOTE, "alice's expires in 1d", "sudo tasker certs client alice --force")
    (over,) = certificates.clients(etc, end + 1)
    told(over, Status.NOTE, "alice's has expired")


def test_ones_own_certificate(etc: Path, tmp_path: Path) -> None:
    stem = etc / "clients/alice"
    own = Settings("localhost:1", etc / "ca.crt", stem.with_suffix(".crt"), stem.with_suffix(".key"))
    told(certificates.own(own, time.time()), Status.OK, "alice, user")
    told(certificates.own(own, time.time() + 100 * YEAR), Status.WRONG, "expired", "certs client")
    other = tmp_path / "other"
    certfiles.init(other, ["localhost"])
    ca = Settings(own.address, other / "ca.crt", own.cert, own.key)
    told(certificates.own(ca, time.time()), Status.WRONG, "not signed by your CA", "--ca")
    key = Settings(own.address, own.ca, own.cert, etc / "server.key")
    told(certificates.own(key, time.time()), Status.WRONG, "it does not belong to the certificate", "made together")
    own.key.chmod(0o644)
    told(certificates.own(own, time.time()), Status.WRONG, "others may read", f"chmod 600 {own.key}")
    own.key.unlink()
    told(certificates.own(own, time.time()), Status.WRONG, "cannot find the key of your certificate", "TASKER_KEY")


def test_what_one_may_not_look_at(etc: Path) -> None:
    """Asked as nobody, who cannot enter the directory."""
    etc.chmod(0o700)
    script = (
        "import os, time; from pathlib import Path; from tasker.cli.doctor import certificates;"
        f"os.setuid(65534); print(certificates.authority(Path({str(etc / 'ca.crt')!r}), time.time()))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=DEADLINE)
    assert "UNKNOWN" in done.stdout
    assert "permission denied" in done.stdout
    assert "as root" in done.stdout


def test_the_engines_socket(tmp_path: Path) -> None:
    path = tmp_path / "s"
    told(service.engine(path), Status.WRONG, "does not exist", "systemctl enable --now tasker")
    path.touch()
    told(service.engine(path), Status.WRONG, "is not a socket", "remove it")
    path.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        sock.bind(str(path))
        path.chmod(0o666)
        told(service.engine(path), Status.WRONG, "has mode 0666", "systemctl restart tasker.socket")


def test_the_local_frontends_socket(tmp_path: Path) -> None:
    """In its directory of its own, which here is of another group than the frontend's."""
    path = tmp_path / "local" / "socket"
    restart = "systemctl restart tasker-frontend@local.service"
    told(service.local(path), Status.WRONG, "there is no", restart)
    path.parent.mkdir(mode=0o755)
    path.touch()
    told(service.local(path), Status.WRONG, "is no socket, its directory 0755, of the group", restart)
    path.unlink()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        told(service.local(path), Status.WRONG, "is a socket, its directory 0755", "has to be 0700 and tasker's")


def test_the_clocks() -> None:
    told(service.clock(0.5), Status.OK, "agree")
    told(service.clock(90), Status.NOTE, "1m 30s ahead of", "timedatectl")
    told(service.clock(-90), Status.NOTE, "behind")


def test_a_client_machine(machine: Machine) -> None:
    done = machine.run("doctor", "--json", user="alice")
    document = json.loads(done.stdout)
    assert (done.returncode, document["healthy"]) == (0, True), done.stdout
    found = {one["check"]: one for one in document["checks"]}
    assert found["port"]["text"].endswith("speaks TLS 1.3 and refuses TLS 1.2")
    assert "answers you, alice, user" in found["service"]["text"]
    assert found["clocks"]["verdict"] == "ok"
    assert "tasker.service" not in found
    words = machine.run("doctor", user="alice").stdout
    assert "ok " in words
    assert "your certificate" in words


def test_settings_that_cannot_be_used(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "tasker").mkdir()
    (tmp_path / "tasker/config.toml").write_text("adress = 1")
    done = machine.run("doctor", XDG_CONFIG_HOME=str(tmp_path))
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if " your settings " in line]
    assert line.startswith("wrong")
    assert "there is no key 'adress'" in line


def test_a_client_machine_without_a_service(machine: Machine) -> None:
    with Port() as port:
        done = machine.run("doctor", "--address", f"localhost:{port.number}", user="alice")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if " port " in line]
    assert line.startswith("wrong")
    assert "connection refused" in line
    assert os.linesep not in line
    assert " service " not in done.stdout  # a call would say the same once more


def test_a_server_of_another_ca(machine: Machine, tmp_path: Path) -> None:
    ca = issuing.make_ca()
    (tmp_path / "ca.crt").write_bytes(ca.certificate)
    done = machine.run("doctor", "--json", "--ca", str(tmp_path / "ca.crt"), user="alice")
    found = {one["check"]: one for one in json.loads(done.stdout)["checks"]}
    assert (done.returncode, found["port"]["verdict"]) == (1, "wrong")
    assert found["port"]["text"].endswith(": its certificate was not signed by your CA")
    assert found["port"]["todo"] == "check --ca (TASKER_CA), or fetch ca.crt from that machine"


def test_info(machine: Machine) -> None:
    lines = machine.out("info", user="alice").splitlines()
    facts = {line.split("  ")[0].strip(): line for line in lines}
    assert "alice, a user" in facts["you are"]
    assert "same as here" in facts["clock"]
    assert "expires" in facts["certificate"]
    info = json.loads(machine.out("info", "--json"))["info"]
    assert info["caller"]["role"] == "admin"
    assert abs(info["clock_difference"]) < 1
    assert info["not_after"].endswith("Z")
    assert info["use"] is None


def test_a_certificate_that_ends_soon_is_warned_of_once(machine: Machine, tmp_path: Path) -> None:
    ca = certs.Pair(*((machine.directory / name).read_bytes() for name in ("ca.crt", "ca.key")))
    made = datetime.now(UTC) - timedelta(days=issuing.CLIENT_DAYS - 9, hours=-12)
    pair = issuing.make_client(ca, "alice", Role.USER, now=made)
    (tmp_path / "a.crt").write_bytes(pair.certificate)
    (tmp_path / "a.key").write_bytes(pair.key)
    own = ("--cert", str(tmp_path / "a.crt"), "--key", str(tmp_path / "a.key"))
    done = machine.run("list", *own)
    assert done.returncode == 0
    assert done.stderr.count("tasker: your certificate expires in 9d") == 1
    assert machine.run("list", "--json", *own).stderr == ""
    assert machine.run("list", user="alice").stderr == ""
