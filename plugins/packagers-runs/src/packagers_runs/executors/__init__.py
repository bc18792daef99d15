"""Where the iterations of runs are done: in this process, in others of this machine, or wherever a plugin's executor brings them."""
