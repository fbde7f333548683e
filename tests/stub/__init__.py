"""A stub systemd with its cgroups and logind, on a private bus. Run as `python -m tests.stub.systemd`."""
