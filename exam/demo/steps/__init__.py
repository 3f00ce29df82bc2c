"""The road's steps a to i of the batch, one module each, in the order they are taken."""
