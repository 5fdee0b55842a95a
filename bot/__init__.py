"""How and when we talk: the only home of telegram, APScheduler and pandas."""
