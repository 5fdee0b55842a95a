"""Forms that become flows."""
