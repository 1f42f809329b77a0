"""python -m bot is the command `footnote`."""

from bot.cli import main

main()
