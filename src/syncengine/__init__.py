"""Keeps records in two systems the same, both ways, and never loses or doubles one."""
