"""Where people meet the assistant: chat platforms, the console, the command line, and what puts it together.

In: mentions and presses. Out: replies, cards, statuses. It decides nothing about an answer's content.
"""
