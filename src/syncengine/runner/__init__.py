"""Runs synchronisations: settings, start, schedule, signals, and the command line."""
