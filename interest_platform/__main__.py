"""`python -m interest_platform`: the same as `interest`."""

from interest_platform.cli import main

main()
