"""mlz.yaml: its typed model, how it is read, and what must hold in it."""
