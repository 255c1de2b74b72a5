"""One thread for torch: on inputs this small, waking others takes longer than the work."""

import torch

torch.set_num_threads(1)
