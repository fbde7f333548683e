"""What the three processes say to each other: a closed set of messages, one to a datagram (SEQPACKET), as JSON.

    ["Launch", 7, {…}]     request 7        ["Launched", -7, {…}]   its reply        ["Exited", 0, {…}]   a notice

message: what all have in common     collector, engine: who says what to whom     codec: datagrams in and out
finding: why a command could not be executed, in codes
Standard library only: the collector imports this.
"""

from tasker.wire.codec import *
from tasker.wire.collector import *
from tasker.wire.engine import *
from tasker.wire.execfailure import *
from tasker.wire.message import *
