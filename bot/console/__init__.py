"""The console: Footnote as a chat in the browser, with its knowledge and its approvals beside it (NiceGUI).

It is one more chat platform to everything else. It listens on loopback, loads nothing from the internet, and answers
only to its own address.
"""
