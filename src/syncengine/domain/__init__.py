"""The rules of two-way synchronisation: pure values and functions, no I/O, no clock, no random numbers."""
