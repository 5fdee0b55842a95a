"""One opening of one flow for one service, from a day to a day."""
