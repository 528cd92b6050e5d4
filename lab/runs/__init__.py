"""Where experiments execute: a pool of worker processes, a bounded store of results, the pages' desk."""
