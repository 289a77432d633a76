"""Statistics of the panel district × indicator × month: the simulated decade and outliers."""
