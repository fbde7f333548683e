"""What tests share: the three processes on this machine, waits, ports, certificates, programs that fail."""
