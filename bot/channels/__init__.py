"""Ways to reach people, all under one contract."""
