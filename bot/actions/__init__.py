"""What a service does about what people told it, and how they hear of it. Citizens stay unknown to staff throughout."""
