"""What must not be shown is hidden: session ids, secret fields, tokens, passwords in URLs."""
