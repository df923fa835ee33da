"""The endpoints, one file for each topic."""

from demo_server.routes import leaderboard, orders, products, sessions, summaries, system, views

ROUTERS = tuple(module.router for module in (system, summaries, products, sessions, orders, leaderboard, views))
