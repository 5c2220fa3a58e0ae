"""The example service: `app` is the tutorial of the library; the rest keeps several workers of it behind one port."""
