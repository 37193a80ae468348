"""The conformance checks, one module for each part of the contract; `syncengine.testing.conformance` gathers them."""
