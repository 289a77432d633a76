"""From one version of a form to the next: what became of its lines and columns, and who follows."""
