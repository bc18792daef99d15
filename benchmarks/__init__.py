"""What the paths of packagers cost, next to the raw calls that they are built on."""
