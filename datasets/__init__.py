"""Recordings in, windows of sleep stages out; this package knows no network and no cluster."""

__version__ = "0.1.0"
