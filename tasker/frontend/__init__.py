"""The frontend: faces the network, turns a certificate into an identity, passes requests to the engine, streams rings.

    client ──mTLS──▶ guard ──▶ servicer ──▶ engine ──unix socket──▶ the engine
                       │          ├─────▶ attach ◀── ring (read-only memory), wake pipe
                       │          └─────▶ watch  ◀── notices from the engine
                      tls                    └── streams: the open streams, and ending them

`handshakes` reads grpc's log for clients whose TLS handshake failed; `logins` logs them and the callers that the guard
refused. `connections` closes connections of an address that has too many, and connections with refused certificates
(`callers`), through the process's descriptors (`sockets`). `local` serves root over a unix socket.

A frontend has no state that must survive a restart, runs without privileges and never forks.
"""

from tasker.api.transport import settle_environment

settle_environment()
