"""The messages between the three processes: a closed set, one per datagram (SEQPACKET), as JSON.

    ["Launch", 7, {…}]     request 7        ["Launched", -7, {…}]   its reply        ["Exited", 0, {…}]   a notice

message: the base of all messages    collector, engine: the messages by pair of processes    codec: datagrams
execfailure: why a command could not be executed
Standard library only: the collector imports this.
"""

from tasker.wire.codec import *
from tasker.wire.collector import *
from tasker.wire.engine import *
from tasker.wire.execfailure import *
from tasker.wire.message import *
