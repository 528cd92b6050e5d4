"""The examples that networks learn from: drawn from a seed, bundled with a package, or the learner's own."""
