"""Published figures: what each one allows, and where they contradict each other."""
