"""From options to a Client: where the service is and who asks."""

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
    """A Client for the settings in force; close it, or use it in `with`. Raises TaskerError.

    An --address that is none is a UsageError: it was typed just now, unlike one in a file or in the environment.
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
    """Whom the caller's certificate names. Raises TaskerError."""
    return identity_of(settings.find(vars(options), os.environ, settings.local_user()))


def wanted_owner(options: argparse.Namespace) -> str:
    """Whose jobs are asked for (options.whose); "" for everybody's."""
    owner: str = own_identity(options).name if options.mine else options.owner
    return owner


def client_of(found: Settings) -> Client:
    """A Client for these settings. Raises TaskerError."""
    from tasker.client.sync import Client

    material = settings.read(found)
    return Client(found.address, ca=material.ca, certificate=material.certificate, key=material.key)


def identity_of(found: Settings) -> Identity:
    """Whom the certificate names. Raises TaskerError."""
    material = settings.read(found)
    return judge(material.certificate, material.ca).identity


def _warn(material: Material) -> None:
    """Warns on stderr when the certificate expires soon. The call itself reports one that is expired or unreadable."""
    left = certs.describe(material.certificate).not_after - time.time()
    if 0 < left < SOON:
        say(f"your certificate ends in {format_duration(left)}: ask for a new one (tasker certs client there)")
