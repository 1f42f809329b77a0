"""Measurements, each one command: prints a table with the peer beside us, writes JSON."""
