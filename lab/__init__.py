"""The Deep Learning Lab: small networks, really trained, on pages a learner can move."""
