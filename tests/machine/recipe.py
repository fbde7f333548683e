"""What the disposable machine is made of. Data only: a change here is a change of the image and its hash."""

SUITE = "bookworm"
DISK = "4G"

PACKAGES = (
    "linux-image-cloud-amd64",
    "systemd",
    "systemd-sysv",
    "udev",
    "kmod",
    "dbus",
    "openssh-server",
    "iproute2",
    "procps",
    "python3",
    "apt-utils",
    # What servers have, and what a job may meet there: logins that logind sees, sudo, cron, manual pages.
    "libpam-systemd",
    "sudo",
    "cron",
    "man-db",
    "jq",
)

# Accounts of people, without a password. logind keeps a service manager for those that linger, from the boot on.
ACCOUNTS = ("lin", "guest")
LINGERING = ("lin",)

# The address that qemu's user networking gives to its one guest, and its gateway and name server.
ADDRESS, GATEWAY, RESOLVER = "10.0.2.15", "10.0.2.2", "10.0.2.3"

# Written before the kernel is installed, since its installation makes the initrd. A list of modules instead
# of "most" makes a far smaller initrd, which an emulated processor unpacks in far less time.
EARLY_FILES = {
    "/etc/initramfs-tools/conf.d/machine": "MODULES=list\nCOMPRESS=gzip\nRESUME=none\n",
    "/usr/share/initramfs-tools/modules.d/machine": "virtio_pci\nvirtio_blk\next4\ncrc32c_generic\n",
    "/etc/dpkg/dpkg.cfg.d/machine": "force-unsafe-io\n",  # nobody misses this disk after a power cut
}

FILES = {
    "/etc/hostname": "machine\n",
    "/etc/default/locale": "LANG=C.UTF-8\n",  # else pam_env complains at every login
    "/etc/hosts": "127.0.0.1 localhost\n127.0.1.1 machine\n::1 localhost\n",
    "/etc/resolv.conf": f"nameserver {RESOLVER}\n",
    "/etc/systemd/network/machine.network": (
        f"[Match]\nType=ether\n\n[Network]\nAddress={ADDRESS}/24\nGateway={GATEWAY}\nLinkLocalAddressing=no\n"
    ),
    # Followers of many jobs are ssh sessions here, and the tests open more than the ten that sshd allows.
    "/etc/ssh/sshd_config.d/machine.conf": "MaxSessions 100\nMaxStartups 100\nUseDNS no\n",
}

# Timers that would wake up in the middle of a test.
MASKED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "man-db.timer",
    "systemd-networkd-wait-online.service",
)
ENABLED = ("systemd-networkd.service", "ssh.service")

KERNEL_ARGUMENTS = (
    "root=/dev/vda rw rootfstype=ext4 console=ttyS0 net.ifnames=0 mitigations=off quiet systemd.show_status=yes"
)
