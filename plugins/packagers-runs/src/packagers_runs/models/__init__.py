"""Tasks and runs as documents tell of them."""
