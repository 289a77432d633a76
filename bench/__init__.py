"""Benchmarks: ratios read in one run, with the machine they were read on."""
