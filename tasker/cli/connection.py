"""From options to a Client: where the service is and who asks."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from tasker import certs
from tasker.cli import settings
from tasker.cli.arguments import UsageError
from tasker.errors import TaskerError

if TYPE_CHECKING:
    from tasker.client import Client


def connect(options: argparse.Namespace) -> Client:
    """A Client for the settings in force; close it, or use it in `with`. Raises TaskerError.

    An --address that is none is a UsageError: it was typed just now, unlike one in a file or in the environment.
    """
    from tasker.client.connection import Client, split_address

    found = settings.find(vars(options), os.environ, settings.local_user())
    if found.address == options.address:
        try:
            split_address(found.address)
        except TaskerError as error:
            raise UsageError(error.message) from error
    material = settings.read(found)
    return Client(found.address, ca=material.ca, certificate=material.certificate, key=material.key)


def own_name(options: argparse.Namespace) -> str:
    """The user that the caller's certificate names."""
    material = settings.read(settings.find(vars(options), os.environ, settings.local_user()))
    return certs.identity_of(material.certificate, material.ca).identity.name
