"""What people read: tables, sentences, plots, and the formats of files."""
