"""Log lines: their set-up, their rendering, their schema."""
