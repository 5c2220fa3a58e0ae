"""The library's face: a cache for an application's own code, on an event loop or on threads."""
