"""Runs as pages: one self-contained HTML file for each, in which nothing that data holds is markup."""
