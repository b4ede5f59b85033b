"""`python -m opencode_ledger`."""

from opencode_ledger.http.main import main

main()
