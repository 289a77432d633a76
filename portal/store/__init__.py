"""What the desk keeps in the ledger's database: accounts, sessions, tokens, uploads, letters."""
