"""What this application is about: its accounts, products and orders, built from the patterns."""
