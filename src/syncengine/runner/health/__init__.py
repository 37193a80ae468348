"""How well a running synchronisation is."""
