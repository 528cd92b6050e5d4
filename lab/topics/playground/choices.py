"""What the Playground lets one choose from: values, and the names a learner reads."""

from lab.core.labels import _

DATA_SETS = {
    "circle": _("Circle (2 classes)"),
    "xor": _("Exclusive or (2 classes)"),
    "gauss": _("Two clouds (2 classes)"),
    "spiral": _("Spiral (2 classes)"),
    "moons": _("Two moons (2 classes)"),
    "spiral3": _("Three arms (3 classes)"),
    "iris": _("Iris petals (3 species)"),
    "plane": _("Plane (regression)"),
    "multi_gauss": _("Hills (regression)"),
    "csv": _("My own table (CSV)"),
}
REGRESSION = ("plane", "multi_gauss")
LOSSES = {
    "half_squared_error": _("Half squared error"),
    "mean_squared_error": _("Mean squared error"),
    "binary_cross_entropy": _("Binary cross-entropy"),
    "cross_entropy": _("Softmax cross-entropy"),
}
ACTIVATIONS = {
    "tanh": "tanh",
    "relu": "ReLU",
    "leaky_relu": "Leaky ReLU",
    "sigmoid": _("Sigmoid"),
    "gelu": "GELU",
    "linear": _("Linear"),
}
OPTIMIZERS = {
    "sgd": _("Gradient descent (SGD)"),
    "momentum": _("SGD with momentum 0.9"),
    "nesterov": _("Nesterov momentum 0.9"),
    "rmsprop": "RMSProp",
    "adam": "Adam",
    "adamw": "AdamW",
}
INITIALS = {
    "tfp_uniform": _("Uniform, -0.5 to 0.5"),
    "xavier": _("Xavier (Glorot)"),
    "he": _("He"),
    "zeros": _("All zeros"),
}
