"""keyspace"""
