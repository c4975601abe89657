"""``python -m flaneur``."""

from flaneur.cli.main import main

main()
