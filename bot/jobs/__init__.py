"""The clock rings, and what is due gets done."""
