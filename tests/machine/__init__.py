"""The disposable machine: a Debian 12 with a real systemd, booted by qemu, that nothing done in it can spoil.

    recipe.py   what the machine is made of
    image.py    recipe -> disk, kernel, initrd and keys in the cache, under the recipe's hash
    machine.py  image -> a running machine with a name, and the way back to it from a later command
    noskip.py   a pytest plugin for runs in the machine where a skipped test is a failure

Jobs need systemd as process 1, cgroup v2 and a real disk, and many build machines have none of them. Standard
library only, so that a fresh checkout can use it: `python3 -m tests.machine --help`.
"""
