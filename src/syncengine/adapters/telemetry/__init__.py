"""What happens, for those who watch: metrics, traces, vital signs."""
