"""What we remember: the only home of SQLAlchemy."""
