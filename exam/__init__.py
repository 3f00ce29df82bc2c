"""What is examined and who sits it: the ground the other three packages stand on."""
