"""The front desk: `desk.Desk` takes every message; each other module is one thing it does."""
