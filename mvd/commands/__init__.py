"""One module per command; each only wires parts together and shows the outcome."""
