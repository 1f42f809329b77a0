"""The knowledge room: sources in, passages out.

In: files, packages' documentation, notes. Out: `Hit`s, passages with exact spans, for one `Audience`.
It never answers, never calls a language model, and imports no other room.
"""
