"""The engine: settle, observe, decide, carry out. It knows the outside only through `ports`."""
