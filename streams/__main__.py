"""``python -m streams`` is ``footfall``."""

from streams.commands import main

main()
