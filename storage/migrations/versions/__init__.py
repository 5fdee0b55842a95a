"""One file per revision of the database, in order."""
