"""The frontend: faces the network, turns a certificate into an identity, passes requests to the engine, streams rings.

    client ──mTLS──▶ guard ──▶ service ──▶ engine ──unix socket──▶ the engine
                       │          ├─────▶ attach ◀── ring (read-only memory), wake pipe
                       │          └─────▶ watch  ◀── what the engine tells by itself
                      tls                    └── streams: what is open, and ending it

Whom TLS refuses before the guard, `handshakes` finds in grpc's log; `logins` writes both kinds down. `connections` ends
those of an address that has too many, and those of certificates that are refused (`callers`), through the process's own
descriptors (`sockets`). `local` makes a frontend the one that serves root over a unix socket.

Holds no state that anybody would miss, runs without privileges and never forks.
"""

from tasker.api.transport import settle_environment

settle_environment()
