"""What all tests share: one torch thread, as in the lab's workers."""

import torch

torch.set_num_threads(1)  # two threads on a busy machine make small steps 3 to 30 times slower
