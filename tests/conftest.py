"""What all tests share: fixtures live beside what they start, in tests/support."""

pytest_plugins = ["tests.support.postgres"]
