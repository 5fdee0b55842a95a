"""Reading of free text before anybody sees it: what is private, what speaks of danger, in which language it is."""
