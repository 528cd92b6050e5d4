"""How networks are trained: the ensemble engine, its activations, losses and optimisers."""
