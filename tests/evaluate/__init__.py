"""How well free texts are read, on data that people have coded: `make evaluate`. No part of `make test`."""
