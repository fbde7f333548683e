"""What may be wrong with a machine that Tasker runs on, or is used from, and what to do about each.

    system        systemd, cgroups, units, disk, shared memory …    certificates   /etc/tasker, and one's own
    service       the engine's socket, the port, the two clocks     finding        one result, in words

A check takes what it looks at as parameters and gives findings. It needs no root: what it may not look at, it says so.
Nothing is changed.
"""
