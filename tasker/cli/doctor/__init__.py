"""Checks of a machine that runs Tasker or a client, with a remedy for each problem.

    system        systemd, cgroups, units, disk, shared memory …    certificates   /etc/tasker, and the caller's own
    service       the engine's socket, the port, the two clocks     finding        one result, as text

A check gets its subjects as parameters and returns findings. It needs no root: it reports what it may not read. It
changes nothing.
"""
