"""The frontend: faces the network, turns a certificate into an identity, passes requests to the engine, streams rings.

    client ──mTLS──▶ guard ──▶ servicer ──▶ engine ──unix socket──▶ the engine
                       │          ├─────▶ attach ◀── ring (read-only memory), wake pipe
                       │          └─────▶ watch  ◀── notices from the engine
                      tls                    └── streams: the open streams, and ending them

`handshakes` finds connections that TLS refuses before the guard sees them, in grpc's log; `logins` logs both kinds of
refusals. `connections` closes connections of an address that has too many, and those with refused certificates
(`callers`), through the process's own descriptors (`sockets`). `local` serves root over a unix socket.

Holds no state worth keeping, runs without privileges and never forks.
"""

from tasker.api.transport import settle_environment

settle_environment()
