"""The server for health and metrics, and finding it."""
