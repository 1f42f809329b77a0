"""Channels whose talk is a source, each because somebody in it asked for that there.

In: what was said, by pages and as it happens. Out: documents for whoever may read the channel. What is gone on the
platform goes here too. Direct conversations are never read.
"""
