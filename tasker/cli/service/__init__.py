"""The services to call: address and certificates from options, environment and files; calls to one or more services."""
