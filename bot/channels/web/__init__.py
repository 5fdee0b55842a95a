"""The web: citizens' chat, public pages of rounds, and the pages of managers and organisers."""
