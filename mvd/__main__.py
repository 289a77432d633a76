"""`python -m mvd` is `mvd`."""

from mvd.main import main

main()
