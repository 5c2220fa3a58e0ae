"""Raw records, and the folds over them: trials, summaries, validity."""
