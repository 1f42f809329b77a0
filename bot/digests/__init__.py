"""Digests: what is new for a place, each morning, once, with each story shown there once.

In: what people subscribe to (topics in plain words, sources, when), the marks they give. Out: editions, kept first and
posted after. A source is read once for all who subscribe to it, and what a model writes of its items once for all who follow
the same topics. Nothing of a source is ever followed as an instruction, and nothing is posted but what was kept as an edition.
"""
