"""What we ask. Pure: knows no database, no channel, no clock."""
