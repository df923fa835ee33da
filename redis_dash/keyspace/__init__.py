"""The keyspace: one shared SCAN within a budget, and how many keys of each group there are."""
