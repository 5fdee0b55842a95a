"""The commands of the command line: thin, each a few calls of what the chat and the pages call too."""
