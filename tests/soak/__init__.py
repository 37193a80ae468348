"""A whole day of a service, in virtual time."""
