"""Which values of parameters are tried, which iteration was best, and when to stop: no store, no process, nothing that waits."""
