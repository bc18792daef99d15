"""The store of runs: rows in a database, objects by digest in a folder or at a URL, and ``store://`` addresses."""
