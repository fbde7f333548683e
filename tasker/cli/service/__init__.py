"""Whom to ask: address and certificates from options, environment and files; calls to one service or to several."""
