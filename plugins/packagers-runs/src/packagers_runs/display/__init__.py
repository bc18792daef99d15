"""What is seen in a terminal: tables, and how far long work has come."""
