"""A flow as a picture: where everything stands, what the arrows say, how many people went, and the drawing."""
