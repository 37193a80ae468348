"""Disasters: what happens to the servers, the log, the settings and the clock when something big goes wrong."""
