"""`python -m opencode_ledger`."""

from opencode_ledger.http.cli.main import main

main()
