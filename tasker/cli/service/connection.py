"""Makes a Client from the options: address and certificates."""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING

from tasker import certs
from tasker.address import parse
from tasker.cli.grammar.parser import UsageError
from tasker.cli.service import settings
from tasker.cli.service.settings import Material, Settings
from tasker.cli.show.info import SOON
from tasker.cli.show.stderr import say
from tasker.client.explain import judge
from tasker.errors import TaskerError
from tasker.identity import Identity
from tasker.quantity import format_duration

if TYPE_CHECKING:
    from tasker.client import Client


def connect(options: argparse.Namespace) -> Client:
    """Returns a Client for the settings in force; close it, or use it in `with`. Raises TaskerError.

    A malformed --address raises UsageError, unlike a malformed address in a file or in the environment.
    """
    found = settings.find(vars(options), os.environ, settings.local_user())
    if found.address == options.address:
        try:
            parse(found.address)
        except TaskerError as error:
            raise UsageError(error.message) from error
    client = client_of(found)
    if not options.json:
        _warn(settings.read(found))
    return client


def own_identity(options: argparse.Namespace) -> Identity:
    """Returns the identity in the caller's certificate. Raises TaskerError."""
    return identity_of(settings.find(vars(options), os.environ, settings.local_user()))


def wanted_owner(options: argparse.Namespace) -> str:
    """Returns the owner selected by --mine or --owner; "" for all owners."""
    owner: str = own_identity(options).name if options.mine else options.owner
    return owner


def client_of(found: Settings) -> Client:
    """Returns a Client for these settings. Raises TaskerError."""
    from tasker.client.sync import Client

    material = settings.read(found)
    return Client(found.address, ca=material.ca, certificate=material.certificate, key=material.key)


def identity_of(found: Settings) -> Identity:
    """Returns the identity in the certificate of these settings. Raises TaskerError."""
    material = settings.read(found)
    return judge(material.certificate, material.ca).identity


def _warn(material: Material) -> None:
    """Warns on stderr when the certificate expires soon. The call reports other problems."""
    left = certs.describe(material.certificate).not_after - time.time()
    if 0 < left < SOON:
        say(f"your certificate expires in {format_duration(left)}; ask an admin for a new one (tasker certs client)")
