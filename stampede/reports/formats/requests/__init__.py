"""Every request turned into bytes: one file per format, named like the ending of the files it is for."""
